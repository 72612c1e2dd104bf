/**
 * Whatever is thrown at the address book: it stays within its bounds, and those that were reached
 * are not driven out.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_ADDRESSES_KEPT } from "../../../src/p2p/address-buckets.ts";
import { groupOf } from "../../../src/p2p/address-group.ts";
import {
  ADDRESS_RATE,
  type AddressManager,
  MAX_ANCHORS,
  MAX_MANUAL_ADDRESSES,
  SMALL_BOOK,
} from "../../../src/p2p/address-manager.ts";
import { MAX_ADDRESSES } from "../../../src/wire/address-messages.ts";
import { formatNetAddress, type NetAddress } from "../../../src/wire/net-address.ts";
import { BookWorld, privateAddress, publicAddress } from "../../support/address-book.ts";

const HOUR_MS = 60 * 60 * 1000;

describe("floods", () => {
  test("P-29: 10^6 addresses from one host become what its rate allows", () => {
    const world = new BookWorld();
    const book = world.open();
    for (let message = 0; message < 1_000; message++) {
      const heard = Array.from({ length: 1_000 }, (_, index) =>
        world.heard(publicAddress((message * 7 + index) % 50_000, index)),
      );
      book.add(heard, "8.8.8.8");
      world.clock.pass(1_000);
    }
    expect(book.size).toBeLessThanOrEqual(ADDRESS_RATE.burst + 100);
  });

  test("P-29: 400 hosts of 16 groups fill a part of the book, never more than its slots", () => {
    const world = new BookWorld();
    const book = world.open();
    for (let host = 0; host < 400; host++) {
      const heard = Array.from({ length: 50 }, (_, index) =>
        world.heard(publicAddress(1_000 + ((host * 131 + index) % 40_000), host)),
      );
      book.add(heard, publicAddress(host % 16, host).host);
    }
    expect(book.size).toBeGreaterThan(1_000);
    expect(book.size).toBeLessThanOrEqual(MAX_ADDRESSES_KEPT);
    expect(book.reply("8.8.8.8").length).toBeLessThanOrEqual(MAX_ADDRESSES);
  });

  test("P-31: after a flood of 20,000, eight honest groups among those reached are still dialled", () => {
    const world = new BookWorld({ seed: 31 });
    const book = world.open();
    const honest = Array.from({ length: 8 }, (_, group) => publicAddress(30_000 + group, 1));
    for (const address of honest) book.good(address);
    world.clock.pass(HOUR_MS);
    for (let host = 0; host < 400; host++) {
      const heard = Array.from({ length: 50 }, (_, index) =>
        world.heard(publicAddress(host % 16, (host * 50 + index) % 65_536)),
      );
      book.add(heard, publicAddress(host % 16, host).host);
    }

    // Restarts: eight full and two block-only peers, no two of one group.
    const isHonest = (address: NetAddress) => honest.some(({ host }) => host === address.host);
    let surrounded = 0;
    for (let restart = 0; restart < 1_000; restart++) {
      const chosen = chooseOutbound(book, 10);
      expect(chosen.length).toBe(10);
      if (!chosen.some(isHonest)) surrounded += 1;
    }
    expect(surrounded).toBeLessThanOrEqual(1);
  });

  test("P-31: what one group tells reaches a sixteenth of the book", () => {
    const world = new BookWorld();
    const book = world.open();
    for (let host = 0; host < 40; host++) {
      const heard = Array.from({ length: 250 }, (_, index) =>
        world.heard(publicAddress(1_000 + host * 97 + index, host)),
      );
      book.add(heard, publicAddress(5, host).host);
    }
    expect(book.size).toBe(4 * 64);
  });
});

/** What may happen to a book, in any order. */
const ANY_STEP = fc.record({
  act: fc.constantFrom(
    "add",
    "add",
    "add",
    "good",
    "good",
    "attempt",
    "select",
    "test",
    "own",
    "manual",
    "unmanual",
    "reply",
    "wait",
    "flush",
    "restart",
  ),
  group: fc.integer({ min: 0, max: 3 }),
  first: fc.integer({ min: 0, max: 400 }),
  count: fc.integer({ min: 1, max: 200 }),
  isNear: fc.boolean(),
  hours: fc.constantFrom(0.01, 1, 5, 24, 24 * 8),
});

describe("AddressManager", () => {
  test("property 13: no bound is exceeded, nothing given by hand is lost, after any steps", () => {
    fc.assert(
      fc.property(fc.array(ANY_STEP, { maxLength: 40 }), fc.nat(), (steps, seed) => {
        const world = new BookWorld({ seed });
        let book = world.open();
        const manual = new Set<string>();
        for (const step of steps) {
          const addresses = Array.from({ length: step.count }, (_, index) =>
            step.isNear
              ? privateAddress(step.first + index)
              : publicAddress(step.group, step.first + index),
          );
          book = apply(step, addresses, { world, book, manual });
          checkBook(book, manual);
        }
        book.flush();
        const again = world.open();
        expect(again.size).toBe(book.size);
        checkBook(again, manual);
      }),
      { numRuns: 100 },
    );
  });
});

interface Scene {
  readonly world: BookWorld;
  readonly book: AddressManager;
  readonly manual: Set<string>;
}

function apply(
  { act, hours }: { act: string; hours: number },
  addresses: readonly NetAddress[],
  { world, book, manual }: Scene,
): AddressManager {
  const [first] = addresses as readonly [NetAddress];
  switch (act) {
    case "add":
      book.add(
        addresses.map((address) => world.heard(address)),
        first.host,
      );
      break;
    case "good":
      for (const address of addresses) book.good(address);
      break;
    case "attempt":
      for (const address of addresses) book.attempt(address);
      break;
    case "select": {
      const drawn = book.select();
      expect(drawn === undefined || book.has(drawn)).toBe(true);
      break;
    }
    case "test": {
      const drawn = book.selectTest();
      if (drawn !== undefined) book.attempt(drawn);
      break;
    }
    case "own":
      book.markOwn(first);
      manual.delete(formatNetAddress(first));
      expect(book.has(first)).toBe(false);
      break;
    case "manual":
      for (const address of addresses) {
        if (book.addManual(address)) manual.add(formatNetAddress(address));
      }
      break;
    case "unmanual":
      for (const address of addresses) {
        expect(book.removeManual(address)).toBe(manual.delete(formatNetAddress(address)));
      }
      break;
    case "reply":
      expect(book.reply(first.host).length).toBeLessThanOrEqual(
        Math.max(SMALL_BOOK, MAX_ADDRESSES),
      );
      break;
    case "wait":
      world.clock.pass(hours * HOUR_MS);
      break;
    case "flush":
      book.flush();
      break;
    case "restart":
      book.flush();
      return world.open();
  }
  return book;
}

function checkBook(book: AddressManager, manual: ReadonlySet<string>): void {
  expect(book.size).toBeLessThanOrEqual(MAX_ADDRESSES_KEPT + MAX_MANUAL_ADDRESSES);
  expect(book.triedCount).toBeLessThanOrEqual(book.size - manual.size);
  expect(new Set(book.manual().map(formatNetAddress))).toEqual(manual as Set<string>);
  expect(manual.size).toBeLessThanOrEqual(MAX_MANUAL_ADDRESSES);
  const all = book.all().map(formatNetAddress);
  expect(new Set(all).size).toBe(all.length);
}

/** Draws `count` addresses of as many groups; fewer if the draws do not give them. */
function chooseOutbound(book: AddressManager, count: number): NetAddress[] {
  const groups = new Set<string>();
  const chosen: NetAddress[] = [];
  for (let draw = 0; draw < 2_000 && chosen.length < count; draw++) {
    const drawn = book.select();
    if (drawn === undefined || groups.has(groupOf(drawn.host))) continue;
    groups.add(groupOf(drawn.host));
    chosen.push(drawn);
  }
  return chosen;
}

test("P-31: there are two anchors at most", () => {
  const world = new BookWorld();
  const book = world.open();
  book.putAnchors(Array.from({ length: 50 }, (_, index) => privateAddress(index)));
  expect(book.takeAnchors().length).toBe(MAX_ANCHORS);
});
