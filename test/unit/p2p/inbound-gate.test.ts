/**
 * Who is let in: every limit at, below and above it, and counts that are exact after anything.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BanList } from "../../../src/p2p/ban-list.ts";
import {
  ACCEPT_RATE,
  InboundGate,
  MAX_PER_HOST,
  MAX_PER_NEIGHBORHOOD,
} from "../../../src/p2p/inbound-gate.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { openPeerStore } from "../../support/peer-store.ts";

function start() {
  const clock = new HandClock();
  const bans = new BanList({ clock, store: openPeerStore() });
  return { clock, bans, gate: new InboundGate({ clock, bans }) };
}

const HOST = "20.0.0.1";
const MINUTE_MS = 60_000;

describe("InboundGate", () => {
  test("P-23: lets 8 connections of one host in, and one more for each that leaves", () => {
    const { gate } = start();
    for (let count = 0; count < MAX_PER_HOST; count++)
      expect(gate.enter(HOST, false)).toBe(undefined);
    expect(gate.enter(HOST, false)).toBe("too-many-of-host");
    expect(gate.enter("20.0.0.2", false)).toBe(undefined);
    gate.leave(HOST);
    expect(gate.enter(HOST, false)).toBe(undefined);
    expect(gate.enter(HOST, false)).toBe("too-many-of-host");
  });

  test.each([
    ["a /24 of IPv4", (index: number) => `20.0.0.${index}`, "20.0.1.1"],
    ["a /64 of IPv6", (index: number) => `2a00:1:2:3::${index.toString(16)}`, "2a00:1:2:4::1"],
    ["a /64 that begins with zeros", (index: number) => `2a00::${index}:1`, "2a00:0:0:1::1"],
  ])("P-23: lets 32 of %s in", (_, hostOf, elsewhere) => {
    const { gate } = start();
    for (let index = 1; index <= MAX_PER_NEIGHBORHOOD; index++) {
      expect(gate.enter(hostOf(index), false)).toBe(undefined);
    }
    expect(gate.enter(hostOf(99), false)).toBe("too-many-of-neighborhood");
    expect(gate.enter(elsewhere, false)).toBe(undefined);
    gate.leave(hostOf(1));
    expect(gate.enter(hostOf(99), false)).toBe(undefined);
  });

  test("lets a whole private network in, but 8 of each of its hosts", () => {
    const { gate } = start();
    for (let index = 1; index < 255; index++) {
      expect(gate.enter(`192.168.1.${index}`, false)).toBe(undefined);
    }
    for (let count = 1; count < MAX_PER_HOST; count++) gate.enter("192.168.1.1", false);
    expect(gate.enter("192.168.1.1", false)).toBe("too-many-of-host");
  });

  test("P-23: takes 10 connections of one host at once, and 5 a second", () => {
    const { gate, clock } = start();
    const enterAndLeave = () => {
      const refusal = gate.enter(HOST, false);
      if (refusal === undefined) gate.leave(HOST);
      return refusal;
    };
    for (let count = 0; count < ACCEPT_RATE.burst; count++) expect(enterAndLeave()).toBe(undefined);
    expect(enterAndLeave()).toBe("too-fast");
    let taken = 0;
    for (let step = 0; step < 1_000; step++) {
      clock.pass(10);
      if (enterAndLeave() === undefined) taken += 1;
    }
    expect(taken).toBe(50);
  });

  test("knows no limit for this machine, of whichever address of it", () => {
    const { gate } = start();
    for (const host of ["127.0.0.1", "127.0.0.2", "::1"]) {
      for (let count = 0; count < 1_000; count++) expect(gate.enter(host, false)).toBe(undefined);
    }
    expect(gate.entryCount).toBe(0);
    gate.leave("127.0.0.1");
    expect(gate.entryCount).toBe(0);
  });

  test("keeps out whom the operator has banned, this machine too", () => {
    const { gate, bans, clock } = start();
    for (const host of [HOST, "127.0.0.1", "2a00::1"]) {
      bans.ban(host, clock.now() + MINUTE_MS, "");
      expect(gate.enter(host, false)).toBe("banned");
    }
    clock.pass(MINUTE_MS);
    expect(gate.enter(HOST, false)).toBe(undefined);
  });

  test("lets in whom we are discouraged from, unless another would have to go", () => {
    const { gate, bans } = start();
    bans.discourage(HOST);
    expect(gate.enter(HOST, true)).toBe("discouraged");
    expect(gate.enter(HOST, false)).toBe(undefined);
    expect(gate.enter("20.0.0.2", true)).toBe(undefined);
  });

  test("keeps out what is no address", () => {
    for (const host of ["", "localhost", "fe80::1%eth0", "1.2.3"]) {
      expect(start().gate.enter(host, false)).toBe("not-an-address");
    }
  });

  test("P-38: counts exactly, whoever comes and goes, and forgets all in the end", () => {
    const hosts = [
      "20.0.0.1",
      "20.0.0.2",
      "20.0.1.1",
      "10.0.0.1",
      "127.0.0.1",
      "2a00::1",
      "2a00::2",
    ];
    const step = fc.record({
      host: fc.constantFrom(...hosts),
      isLeaving: fc.boolean(),
      waitMs: fc.constantFrom(0, 0, 50, 1_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { gate, clock } = start();
        const inside: string[] = [];
        const countOf = (prefix: string) => inside.filter((host) => host.startsWith(prefix)).length;
        for (const { host, isLeaving, waitMs } of steps) {
          clock.pass(waitMs);
          const place = inside.indexOf(host);
          if (isLeaving && place >= 0) {
            inside.splice(place, 1);
            gate.leave(host);
          } else if (!isLeaving) {
            const isHostFull = host !== "127.0.0.1" && countOf(host) >= MAX_PER_HOST;
            const refusal = gate.enter(host, false);
            if (refusal === undefined) inside.push(host);
            expect(refusal === "too-many-of-host").toBe(isHostFull);
          }
          expect(gate.size).toBe(inside.length - countOf("127"));
        }
        for (const host of inside) gate.leave(host);
        expect([gate.size, gate.entryCount]).toEqual([0, 0]);
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});
