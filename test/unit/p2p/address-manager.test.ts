/**
 * The address book: what it takes, what it forgets, whom it names, and what survives a restart.
 * What no flood may do is in address-flood.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { ADDRESS_RATE, type AddressManager, SMALL_BOOK } from "../../../src/p2p/address-manager.ts";
import { MAX_FAILURES } from "../../../src/p2p/address-quality.ts";
import type { NetAddress } from "../../../src/wire/net-address.ts";
import { BookWorld, LAN, privateAddress, publicAddress } from "../../support/address-book.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const NEIGHBOUR = "10.9.9.9";

describe("add", () => {
  test.each([
    ["0.0.0.0", 8333],
    ["169.254.169.254", 8333],
    ["::ffff:127.0.0.1", 8333],
    ["127.0.0.1", 8333],
    ["224.0.0.251", 8333],
    ["10.0.0.1", 0],
    ["10.0.0.1", 22],
    ["10.0.0.1", 25],
    ["10.0.0.1", 1023],
    ["10.0.0.1", 65_536],
    ["somewhere", 8333],
  ])("P-30: a neighbour cannot tell of %s port %d", (host, port) => {
    const world = new BookWorld();
    const book = world.open();
    expect(book.add([world.heard({ host, port })], NEIGHBOUR)).toBe(0);
    expect(book.size).toBe(0);
  });

  test.each([
    ["10.0.0.1", 1024, NEIGHBOUR],
    ["127.0.0.1", 8333, "127.0.0.1"],
    ["192.168.0.1", 8333, "127.0.0.1"],
    ["8.8.8.8", 8333, "9.9.9.9"],
    ["2a00::1", 8333, NEIGHBOUR],
  ])("P-30: takes %s port %d from %s", (host, port, source) => {
    const world = new BookWorld();
    expect(world.open().add([world.heard({ host, port })], source)).toBe(1);
  });

  test("P-30: takes private addresses from private sources alone, and only in a LAN", () => {
    const world = new BookWorld();
    expect(world.open().add([world.heard(privateAddress(1))], "8.8.8.8")).toBe(0);
    const outside = new BookWorld({ filter: { ...LAN, isLan: false } });
    expect(outside.open().add([outside.heard(privateAddress(1))], NEIGHBOUR)).toBe(0);
    expect(outside.open().add([outside.heard(publicAddress(1, 1))], NEIGHBOUR)).toBe(1);
  });

  test("P-30: takes a low port if it is the network's own", () => {
    const world = new BookWorld({ filter: { isLan: true, privilegedPorts: new Set([333]) } });
    const book = world.open();
    expect(book.add([world.heard({ host: "10.0.0.1", port: 333 })], NEIGHBOUR)).toBe(1);
    expect(book.add([world.heard({ host: "10.0.0.1", port: 334 })], NEIGHBOUR)).toBe(0);
  });

  test("P-29: one host tells a thousand at once, then one every ten seconds", () => {
    const world = new BookWorld();
    const book = world.open();
    const tell = (first: number, count: number) => {
      const heard = Array.from({ length: count }, (_, index) =>
        world.heard(publicAddress(first + index, index)),
      );
      return book.add(heard, NEIGHBOUR);
    };
    expect(tell(0, 3_000)).toBeLessThanOrEqual(ADDRESS_RATE.burst);
    expect(tell(4_000, 100)).toBe(0);
    world.clock.pass(9_999);
    expect(tell(5_000, 100)).toBe(0);
    world.clock.pass(1);
    const before = book.size;
    tell(6_000, 100);
    expect(book.size).toBeLessThanOrEqual(before + 1);
  });

  test("many nodes on this machine may tell each other of all of them", () => {
    const world = new BookWorld();
    const book = world.open();
    for (let node = 0; node < 100; node++) {
      const heard = Array.from({ length: 100 }, (_, index) =>
        world.heard({ host: "127.0.0.1", port: 9_000 + index }),
      );
      book.add(heard.slice(0, node), "127.0.0.1");
    }
    expect(book.size).toBe(99);
  });

  test("P-32: what led to ourselves is not taken for a day, whoever tells of it", () => {
    const world = new BookWorld();
    const book = world.open();
    const own = privateAddress(7);
    book.addManual(own);
    book.markOwn(own);
    expect(book.has(own)).toBe(false);
    expect(book.manual()).toEqual([]);
    expect(book.add([world.heard(own)], NEIGHBOUR)).toBe(0);
    world.clock.pass(DAY_MS);
    expect(book.isOwn(own)).toBe(false);
    expect(book.add([world.heard(own)], NEIGHBOUR)).toBe(1);
  });

  test("a time that cannot be true makes an address neither newer nor worthless", () => {
    const world = new BookWorld();
    const book = world.open();
    book.add(
      [world.heard(privateAddress(1), -1_000_000), world.heard(privateAddress(2), 1e9)],
      "10.0.0.1",
    );
    const now = Math.floor(world.clock.now() / 1000);
    const told = book.reply(NEIGHBOUR);
    expect(told.length).toBe(2);
    for (const { time } of told) expect(time).toBeLessThan(now - 4 * 24 * 3_600);
  });
});

describe("attempt", () => {
  /** Dials `address` in vain `times` times while another node answers in between. */
  function failTo(
    world: BookWorld,
    book: ReturnType<BookWorld["open"]>,
    address: NetAddress,
    times: number,
  ) {
    for (let time = 0; time < times; time++) {
      book.attempt(address);
      book.good(privateAddress(60_000));
      world.clock.pass(10 * 60_000);
    }
  }

  test("forgets an address that never answered after ten failures", () => {
    const world = new BookWorld();
    const book = world.open();
    book.add([world.heard(privateAddress(1))], NEIGHBOUR);
    failTo(world, book, privateAddress(1), MAX_FAILURES - 1);
    expect(book.has(privateAddress(1))).toBe(true);
    failTo(world, book, privateAddress(1), 1);
    expect(book.has(privateAddress(1))).toBe(false);
  });

  test("forgets an address that answered once only after a week without an answer", () => {
    const world = new BookWorld();
    const book = world.open();
    const address = privateAddress(1);
    book.add([world.heard(address)], NEIGHBOUR);
    book.good(address);
    failTo(world, book, address, 3 * MAX_FAILURES);
    expect(book.has(address)).toBe(true);
    world.clock.pass(7 * DAY_MS);
    failTo(world, book, address, 1);
    expect(book.has(address)).toBe(false);
  });

  test("never forgets an address given by hand", () => {
    const world = new BookWorld();
    const book = world.open();
    book.addManual(privateAddress(1));
    failTo(world, book, privateAddress(1), 50);
    world.clock.pass(365 * DAY_MS);
    failTo(world, book, privateAddress(1), 50);
    expect(book.manual()).toEqual([privateAddress(1)]);
    expect(book.all()).toContainEqual(privateAddress(1));
  });

  test("does not hold a cut cable against those at its other end", () => {
    const world = new BookWorld();
    const book = world.open();
    const heard = Array.from({ length: 20 }, (_, index) => world.heard(privateAddress(index)));
    book.add(heard, NEIGHBOUR);
    for (let round = 0; round < 100; round++) {
      for (const { address } of heard) book.attempt(address);
      world.clock.pass(5 * 60_000);
    }
    expect(book.size).toBe(20);
  });
});

describe("select", () => {
  test("names nobody if nobody is known", () => {
    const book = new BookWorld().open();
    expect(book.select()).toBeUndefined();
    expect(book.select(true)).toBeUndefined();
  });

  test("draws as often one that was reached as one that was not, and only the latter on demand", () => {
    const world = new BookWorld();
    const book = world.open();
    const heard = Array.from({ length: 40 }, (_, index) => world.heard(privateAddress(index)));
    book.add(heard, NEIGHBOUR);
    for (const { address } of heard.slice(0, 2)) book.good(address);
    world.clock.pass(HOUR_MS);
    const isTried = (address: NetAddress | undefined) =>
      address?.host === heard[0]!.address.host || address?.host === heard[1]!.address.host;
    const draws = Array.from({ length: 2_000 }, () => book.select());
    const tried = draws.filter(isTried).length;
    expect(tried).toBeGreaterThan(850);
    expect(tried).toBeLessThan(1_150);
    expect(Array.from({ length: 500 }, () => book.select(true)).some(isTried)).toBe(false);
  });

  test("prefers those that did not just fail, yet never says there is nobody", () => {
    const world = new BookWorld();
    const book = world.open();
    book.add([world.heard(privateAddress(1)), world.heard(privateAddress(2))], NEIGHBOUR);
    book.attempt(privateAddress(1));
    const draws = Array.from({ length: 500 }, () => book.select()?.host);
    expect(draws.filter((host) => host === privateAddress(1).host).length).toBeLessThan(50);
    book.attempt(privateAddress(2));
    expect(book.select()).toBeDefined();
  });
});

describe("good", () => {
  /** A book whose buckets for nodes outside are full of those of one group. */
  function fillGroup(world: BookWorld) {
    const book = world.open();
    for (let index = 0; index < 160; index++) book.good(publicAddress(1, index));
    return book;
  }

  /** Another of the group that found no room, and whoever holds its place. */
  function findRival(book: ReturnType<BookWorld["open"]>) {
    const held = book.triedCount;
    const newcomer = publicAddress(1, 50_000);
    book.good(newcomer);
    expect(book.triedCount).toBe(held);
    const holder = book.selectTest();
    if (holder === undefined) throw new Error("nobody is to be tested");
    return { newcomer, holder };
  }

  test("P-31: addresses of one group fill two buckets of those reached, and no more", () => {
    expect(fillGroup(new BookWorld()).triedCount).toBe(2 * 64);
  });

  test("P-31: one that answers its test keeps its place", () => {
    const world = new BookWorld();
    const book = fillGroup(world);
    // The latest are waiting already; their holders answered just now.
    expect(book.selectTest()).toBeUndefined();
    world.clock.pass(5 * HOUR_MS);
    const { holder } = findRival(book);
    const tried = book.triedCount;
    book.good(holder);
    expect(book.selectTest()).toBeUndefined();
    expect(book.triedCount).toBe(tried);
  });

  test("P-31: one that fails its test goes back among those heard of", () => {
    const world = new BookWorld();
    const book = fillGroup(world);
    book.selectTest();
    world.clock.pass(5 * HOUR_MS);
    const { holder, newcomer } = findRival(book);
    book.attempt(holder);
    expect(book.selectTest()).toBeUndefined();
    world.clock.pass(2 * 60_000);
    book.selectTest();
    const onlyNew = new Set(Array.from({ length: 5_000 }, () => book.select(true)?.host));
    expect(onlyNew.has(holder.host)).toBe(true);
    expect(onlyNew.has(newcomer.host)).toBe(false);
  });
});

describe("buckets", () => {
  const [TELLER, OTHER_TELLER] = [publicAddress(500, 1).host, publicAddress(600, 1).host];

  /** Tells of addresses of group 1, which all fall into one bucket. */
  function tell(
    world: BookWorld,
    book: AddressManager,
    indexes: readonly number[],
    source: string,
  ) {
    for (const index of indexes) book.add([world.heard(publicAddress(1, index))], source);
  }

  const range = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => from + index);

  test("P-31: newcomers take the place of the worthless, and of nobody else", () => {
    const world = new BookWorld();
    const book = world.open();
    tell(world, book, range(0, 64), TELLER);
    tell(world, book, range(64, 300), TELLER);
    expect(book.size).toBe(64);
    for (const index of range(0, 64)) expect(book.has(publicAddress(1, index))).toBe(true);
    world.clock.pass(8 * DAY_MS);
    tell(world, book, range(64, 300), TELLER);
    expect(book.size).toBe(64);
    expect(range(0, 64).filter((index) => book.has(publicAddress(1, index))).length).toBeLessThan(
      20,
    );
  });

  test("P-31: one that lost its place among those reached displaces one only heard of", () => {
    const world = new BookWorld();
    const book = world.open();
    for (const index of range(0, 160)) {
      tell(world, book, [index], TELLER);
      book.good(publicAddress(1, index));
    }
    tell(world, book, range(160, 250), TELLER);
    expect([book.triedCount, book.size]).toEqual([128, 128 + 64]);
    book.selectTest();
    world.clock.pass(5 * HOUR_MS);

    const newcomer = publicAddress(1, 9_999);
    tell(world, book, [9_999], OTHER_TELLER);
    book.good(newcomer);
    const holder = book.selectTest()!;
    book.attempt(holder);
    world.clock.pass(2 * 60_000);
    book.selectTest();
    expect([book.triedCount, book.size]).toEqual([128, 128 + 64]);
    expect([book.has(holder), book.has(newcomer)]).toEqual([true, true]);
  });
});

describe("reply", () => {
  function bookOf(count: number) {
    const world = new BookWorld();
    const book = world.open();
    for (let index = 0; index < count; index++) {
      // Each tells of itself, as nodes do: no one host has told of more than its rate allows.
      book.add([world.heard(publicAddress(index, 1))], publicAddress(index, 1).host);
    }
    return { world, book };
  }

  test("tells a small book whole, so that few nodes all find each other", () => {
    const { book } = bookOf(SMALL_BOOK);
    expect(book.reply("8.8.8.8").length).toBe(SMALL_BOOK);
  });

  test("P-41: tells at most 23 % of a larger one, the same to everybody for a day", () => {
    const { world, book } = bookOf(1_000);
    const first = book.reply("8.8.8.8");
    expect(first.length).toBe(Math.floor(book.size * 0.23));
    world.clock.pass(DAY_MS - 1);
    expect(book.reply("9.9.9.9")).toEqual(first);
    world.clock.pass(1);
    expect(book.reply("9.9.9.9")).not.toEqual(first);
  });

  test("P-41: tells times to the hour", () => {
    const { book } = bookOf(10);
    for (const { time } of book.reply("8.8.8.8")) expect(time % 3_600).toBe(0);
  });

  test("P-30: tells nothing nearer than whoever asks", () => {
    const world = new BookWorld();
    const book = world.open();
    const near = { host: "127.0.0.1", port: 9_000 };
    const all = [near, privateAddress(1), publicAddress(1, 1)];
    book.add(
      all.map((address) => world.heard(address)),
      "127.0.0.1",
    );
    const told = (asker: string) =>
      book
        .reply(asker)
        .map(({ address }) => address.host)
        .sort();
    expect(told("8.8.8.8")).toEqual([publicAddress(1, 1).host]);
    expect(told(NEIGHBOUR)).toEqual([privateAddress(1).host, publicAddress(1, 1).host].sort());
    expect(told("127.0.0.1")).toEqual(all.map(({ host }) => host).sort());
  });
});

describe("flush", () => {
  test("keeps the book, its places and those given by hand over a restart", () => {
    const world = new BookWorld();
    const book = world.open();
    for (let index = 0; index < 300; index++) {
      book.add([world.heard(publicAddress(index, 1))], publicAddress(index, 1).host);
    }
    for (let index = 0; index < 30; index++) book.good(publicAddress(index, 1), 9n);
    book.addManual(privateAddress(1));
    book.flush();
    const again = world.open();
    expect(again.size).toBe(book.size);
    expect(again.triedCount).toBe(30);
    expect(again.manual()).toEqual([privateAddress(1)]);
    expect(new Set(again.all().map(({ host }) => host))).toEqual(
      new Set(book.all().map(({ host }) => host)),
    );
  });

  test("deletes what was forgotten, and writes nothing that came and went", () => {
    const world = new BookWorld();
    const book = world.open();
    book.addManual(privateAddress(1));
    book.addManual(privateAddress(2));
    book.markOwn(privateAddress(2));
    book.flush();
    expect(world.store.loadAddresses(10).length).toBe(1);
    book.markOwn(privateAddress(1));
    book.flush();
    expect(world.store.loadAddresses(10)).toEqual([]);
  });

  test("deletes what came back and went again between two writes", () => {
    const world = new BookWorld();
    const book = world.open();
    book.add([world.heard(privateAddress(1))], NEIGHBOUR);
    book.flush();
    book.markOwn(privateAddress(1));
    world.clock.pass(DAY_MS);
    expect(book.add([world.heard(privateAddress(1))], NEIGHBOUR)).toBe(1);
    book.markOwn(privateAddress(1));
    book.flush();
    expect(world.store.loadAddresses(10)).toEqual([]);
  });

  test("D-04: rows that make no sense are left out and deleted", () => {
    const world = new BookWorld();
    const row = {
      source: "nowhere",
      services: 0n,
      seenAt: -5,
      triedAt: 2 ** 52,
      succeededAt: 0,
      failures: -1,
      place: 77,
    };
    const hosts = ["not a host", "::ffff:1.2.3.4", "10.0.0.1", "10.0.0.2"];
    const ports = [8333, 8333, 0, 8333];
    const rows = hosts.map((host, index) => ({ ...row, address: { host, port: ports[index]! } }));
    world.store.applyAddresses(rows, []);
    const book = world.open();
    expect(book.size).toBe(1);
    expect(book.select()?.host).toBe("10.0.0.2");
    book.flush();
    expect(world.store.loadAddresses(10).length).toBe(1);
  });
});

describe("anchors", () => {
  test("P-31: are two, and used at one start only", () => {
    const world = new BookWorld();
    world.open().putAnchors([privateAddress(1), privateAddress(2), privateAddress(3)]);
    expect(world.open().takeAnchors()).toEqual([privateAddress(1), privateAddress(2)]);
    expect(world.open().takeAnchors()).toEqual([]);
  });
});

describe("a LAN", () => {
  test("of 250 nodes finds room, although all of them are one group", () => {
    const world = new BookWorld();
    const book = world.open();
    for (let index = 0; index < 250; index++) {
      book.add([world.heard(privateAddress(index))], privateAddress(index).host);
    }
    expect(book.size).toBe(250);
    for (let index = 0; index < 250; index++) book.good(privateAddress(index));
    expect(book.triedCount).toBe(250);
  });
});
