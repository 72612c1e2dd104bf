/**
 * Whom we want nothing to do with, for how long, and that no crowd of them takes more than its room.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  BanList,
  DISCOURAGEMENT_MS,
  MAX_BAN_REASON_LENGTH,
  MAX_BANS,
  MAX_DISCOURAGED_HOSTS,
} from "../../../src/p2p/ban-list.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { openPeerStore } from "../../support/peer-store.ts";

const HOST = "10.0.0.1";

function start() {
  const clock = new HandClock();
  const store = openPeerStore();
  const open = () => new BanList({ clock, store });
  return { clock, store, open, bans: open() };
}

/** IPv6 address `index` of 2^32. */
function hostOf(index: number): string {
  return `2a00:${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}::1`;
}

describe("discourage", () => {
  test("lasts a day", () => {
    const { bans, clock } = start();
    bans.discourage(HOST);
    clock.pass(DISCOURAGEMENT_MS - 1);
    expect(bans.isDiscouraged(HOST)).toBe(true);
    expect(bans.isBanned(HOST)).toBe(false);
    clock.pass(1);
    expect(bans.isDiscouraged(HOST)).toBe(false);
    expect(bans.discouragedCount).toBe(0);
  });

  test("never falls on this machine, whose nodes have one address", () => {
    const { bans } = start();
    for (const host of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "nobody"]) {
      bans.discourage(host);
      expect(bans.isDiscouraged(host)).toBe(false);
    }
  });

  test("P-29: 30,000 hosts leave the latest 10,000", () => {
    const { bans } = start();
    for (let index = 0; index < 30_000; index++) bans.discourage(hostOf(index));
    expect(bans.discouragedCount).toBe(MAX_DISCOURAGED_HOSTS);
    expect(bans.isDiscouraged(hostOf(29_999))).toBe(true);
    expect(bans.isDiscouraged(hostOf(19_999))).toBe(false);
    const listed = bans.listDiscouraged(3);
    expect(listed.length).toBe(3);
    expect(bans.isDiscouraged(listed[0]!.host)).toBe(true);
  });

  test("is forgotten at a restart", () => {
    const { bans, open } = start();
    bans.discourage(HOST);
    expect(open().isDiscouraged(HOST)).toBe(false);
  });
});

describe("ban", () => {
  test("holds until its end, over restarts, for every spelling of the host", () => {
    const { bans, clock, open, store } = start();
    expect(bans.ban("::ffff:10.0.0.1", clock.now() + 5_000, "spam")).toBe("banned");
    for (const list of [bans, open()]) {
      expect(list.isBanned("10.0.0.1")).toBe(true);
      expect(list.isBanned("::ffff:a00:1")).toBe(true);
      expect(list.isBanned("10.0.0.2")).toBe(false);
      expect(list.list()).toEqual([{ host: HOST, until: clock.now() + 5_000, reason: "spam" }]);
    }
    clock.pass(5_000);
    for (const list of [bans, open()]) {
      expect(list.isBanned(HOST)).toBe(false);
      expect(list.list()).toEqual([]);
    }
    expect(store.loadBans(10)).toEqual([]);
  });

  test("refuses what is no address", () => {
    const { bans, clock } = start();
    expect(bans.ban("example.org", clock.now() + 5_000, "")).toBe("not-an-address");
  });

  test("refuses the 1,001st, until one has ended", () => {
    const { bans, clock } = start();
    for (let index = 0; index < MAX_BANS; index++) {
      expect(bans.ban(hostOf(index), clock.now() + 10_000 + index, "")).toBe("banned");
    }
    expect(bans.ban(HOST, clock.now() + 99_999, "")).toBe("full");
    expect(bans.ban(hostOf(5), clock.now() + 99_999, "longer")).toBe("banned");
    clock.pass(10_000);
    expect(bans.ban(HOST, clock.now() + 99_999, "")).toBe("banned");
    expect(bans.list().length).toBe(MAX_BANS);
  });

  test("keeps so much of a reason and no more", () => {
    const { bans, clock } = start();
    bans.ban(HOST, clock.now() + 1, "x".repeat(10_000));
    expect(bans.list()[0]!.reason.length).toBe(MAX_BAN_REASON_LENGTH);
  });
});

describe("lift", () => {
  test("forgives both kinds, on the disk too", () => {
    const { bans, clock, open } = start();
    bans.ban(HOST, clock.now() + 5_000, "");
    bans.discourage(HOST);
    expect(bans.lift("::ffff:10.0.0.1")).toBe(true);
    expect([bans.isBanned(HOST), bans.isDiscouraged(HOST)]).toEqual([false, false]);
    expect(open().isBanned(HOST)).toBe(false);
    expect(bans.lift(HOST)).toBe(false);
  });
});

describe("BanList", () => {
  const ANY_STEP = fc.record({
    act: fc.constantFrom("discourage", "ban", "lift", "wait", "restart"),
    host: fc.integer({ min: 0, max: 20 }),
    seconds: fc.integer({ min: 1, max: 100_000 }),
  });

  test("property 13: answers as a list with no bounds would, after any steps", () => {
    fc.assert(
      fc.property(fc.array(ANY_STEP, { maxLength: 60 }), (steps) => {
        const { clock, open } = start();
        let bans = open();
        const banned = new Map<string, number>();
        const discouraged = new Map<string, number>();
        for (const { act, host: index, seconds } of steps) {
          const host = hostOf(index);
          const until = clock.now() + seconds * 1000;
          if (act === "discourage") {
            bans.discourage(host);
            discouraged.set(host, clock.now() + DISCOURAGEMENT_MS);
          }
          if (act === "ban") {
            bans.ban(host, until, "");
            banned.set(host, until);
          }
          if (act === "lift") {
            bans.lift(host);
            banned.delete(host);
            discouraged.delete(host);
          }
          if (act === "wait") clock.pass(seconds * 1000);
          if (act === "restart") {
            bans = open();
            discouraged.clear();
          }
          for (let other = 0; other <= 20; other++) {
            const name = hostOf(other);
            expect(bans.isBanned(name)).toBe((banned.get(name) ?? 0) > clock.now());
            expect(bans.isDiscouraged(name)).toBe((discouraged.get(name) ?? 0) > clock.now());
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
