/**
 * Whom the tracker asks: its bounds under any sequence of events, and that nobody who withholds,
 * floods or is first can keep a transaction from being asked of an honest peer.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  INBOUND_DELAY_MS,
  MAX_ANNOUNCEMENTS,
  MAX_REQUESTS,
  REQUEST_TIMEOUT_MS,
  RequestTracker,
} from "../../../src/p2p/request-tracker.ts";
import { SeededRandom } from "../../support/random.ts";

const ALWAYS = () => true;

function hashOf(number: number): string {
  return number.toString(16).padStart(64, "0");
}

function trackerOf(
  peers: Record<string, "outbound" | "inbound">,
  seed = 1,
): RequestTracker<string> {
  const tracker = new RequestTracker<string>(new SeededRandom(seed));
  for (const [peer, kind] of Object.entries(peers)) {
    tracker.addPeer(peer, { isPreferred: kind === "outbound" });
  }
  return tracker;
}

function announce(tracker: RequestTracker<string>, peer: string, hash: string, now = 0): boolean {
  return tracker.announce(peer, hash, { isWtxid: true, now });
}

/** Who is asked at `now`, and for what. */
function asked(tracker: RequestTracker<string>, now: number): string[] {
  return tracker
    .takeRequests(now, ALWAYS)
    .map(({ peer, hash }) => `${peer} ${Number(`0x${hash}`)}`);
}

describe("RequestTracker", () => {
  test("asks one peer at a time, and the next one when it has not answered in time", () => {
    const tracker = trackerOf({ a: "outbound", b: "outbound", c: "outbound" });
    for (const peer of ["a", "b", "c"]) announce(tracker, peer, hashOf(1));
    const order: string[] = [];
    for (const at of [0, 1, 2, 3].map((round) => round * REQUEST_TIMEOUT_MS)) {
      order.push(...asked(tracker, at));
      expect(asked(tracker, at + REQUEST_TIMEOUT_MS - 1)).toEqual([]);
    }
    expect(order.sort()).toEqual(["a 1", "b 1", "c 1"]);
    // All were asked in vain: nothing is kept, and it may be announced anew.
    expect([tracker.size, tracker.hashCount, tracker.nextChangeAt()]).toEqual([0, 0, undefined]);
    announce(tracker, "a", hashOf(1), 20_000);
    expect(asked(tracker, 20_000)).toEqual(["a 1"]);
  });

  test("whoever was asked in vain is not asked again while others are left", () => {
    const tracker = trackerOf({ a: "outbound", b: "inbound" });
    announce(tracker, "a", hashOf(1));
    announce(tracker, "b", hashOf(1));
    expect(asked(tracker, 0)).toEqual(["a 1"]);
    expect(tracker.fail("a", hashOf(1))).toBe(true);
    announce(tracker, "a", hashOf(1), 10);
    expect(asked(tracker, 10)).toEqual([]);
    expect(tracker.wasRequested("a", hashOf(1))).toBe(true);
    expect(asked(tracker, INBOUND_DELAY_MS)).toEqual(["b 1"]);
    expect(tracker.fail("a", hashOf(1))).toBe(true);
    expect(tracker.fail("b", hashOf(2))).toBe(false);
  });

  test("asks those whom we chose first, and others half a second later", () => {
    const tracker = trackerOf({ in: "inbound", out: "outbound" });
    announce(tracker, "in", hashOf(1));
    expect(asked(tracker, 0)).toEqual([]);
    expect(tracker.nextChangeAt()).toBe(INBOUND_DELAY_MS);
    announce(tracker, "out", hashOf(1), 100);
    expect(asked(tracker, 100)).toEqual(["out 1"]);

    announce(tracker, "in", hashOf(2), 1_000);
    expect(asked(tracker, 1_000 + INBOUND_DELAY_MS)).toEqual(["in 2"]);
    // What an orphan waits for is urgent.
    tracker.announce("in", hashOf(3), { isWtxid: false, now: 2_000, isUrgent: true });
    expect(tracker.takeRequests(2_000, ALWAYS)).toEqual([
      { peer: "in", hash: hashOf(3), isWtxid: false },
    ]);
  });

  test("asks at once where all chose us", () => {
    const tracker = trackerOf({ in: "inbound" });
    announce(tracker, "in", hashOf(1));
    expect(asked(tracker, 0)).toEqual(["in 1"]);
  });

  test("asks others for what a peer that left was to give", () => {
    const tracker = trackerOf({ a: "outbound", b: "outbound" });
    announce(tracker, "a", hashOf(1));
    expect(asked(tracker, 0)).toEqual(["a 1"]);
    announce(tracker, "b", hashOf(1));
    expect(asked(tracker, 1)).toEqual([]);
    tracker.removePeer("a");
    expect(asked(tracker, 1)).toEqual(["b 1"]);
    tracker.removePeer("b");
    expect([tracker.size, tracker.hashCount, tracker.peerCount]).toEqual([0, 0, 0]);
    expect(announce(tracker, "b", hashOf(1))).toBe(false);
  });

  test("P-26: keeps 5,000 announcements of a peer, and asks it for 100 at a time", () => {
    const tracker = trackerOf({ flooder: "inbound", honest: "inbound" });
    let kept = 0;
    for (let number = 0; number < 20_000; number++) {
      if (announce(tracker, "flooder", hashOf(number))) kept++;
    }
    expect([kept, tracker.size]).toEqual([MAX_ANNOUNCEMENTS, MAX_ANNOUNCEMENTS]);
    expect(asked(tracker, 0)).toHaveLength(MAX_REQUESTS);
    expect(asked(tracker, 1)).toEqual([]);
    // Another peer's is heard and asked for all the same.
    expect(announce(tracker, "honest", hashOf(30_000), 2)).toBe(true);
    expect(asked(tracker, 2)).toEqual(["honest 30000"]);
    // Hashes that nobody has go, a hundred every five seconds.
    let now = 0;
    for (; tracker.announcementCount("flooder") > 0; now += REQUEST_TIMEOUT_MS) asked(tracker, now);
    expect(now).toBeLessThanOrEqual((MAX_ANNOUNCEMENTS / MAX_REQUESTS + 1) * REQUEST_TIMEOUT_MS);
  });

  test("P-27: a withholder who floods to be asked again keeps nothing from an honest peer", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const tracker = trackerOf({ bad: "inbound", good: "inbound" }, seed);
      announce(tracker, "bad", hashOf(1));
      asked(tracker, 0);
      let obtainedAt = Number.POSITIVE_INFINITY;
      let next = 100;
      for (let now = 100; now < 60_000 && obtainedAt > now; now += 100) {
        if (now === 200) announce(tracker, "good", hashOf(1), now);
        for (let count = 0; count < 500; count++) announce(tracker, "bad", hashOf(next++), now);
        announce(tracker, "bad", hashOf(1), now);
        if (asked(tracker, now).includes("good 1")) obtainedAt = now;
      }
      expect(obtainedAt).toBeLessThanOrEqual(REQUEST_TIMEOUT_MS + 1_000);
    }
  });

  test("peers that never answer come last, so that a crowd of them delays little", () => {
    const peers: Record<string, "inbound"> = { good: "inbound" };
    for (let number = 0; number < 50; number++) peers[`bad${number}`] = "inbound";
    const tracker = trackerOf(peers);
    let now = 0;
    const delays: number[] = [];
    for (let tx = 0; tx < 100; tx++, now += 1_000) {
      for (const peer of Object.keys(peers)) announce(tracker, peer, hashOf(tx), now);
      const start = now;
      for (let isHere = false; !isHere; now += 1_000) {
        for (const request of tracker.takeRequests(now, ALWAYS)) {
          if (request.peer !== "good") continue;
          tracker.noteAnswer("good");
          tracker.forget(request.hash);
          if (request.hash === hashOf(tx)) isHere = true;
        }
      }
      delays.push(now - start);
    }
    // Each of the fifty has to be asked three times before it counts as one who does not answer.
    expect(delays.reduce((sum, delay) => sum + delay)).toBeLessThanOrEqual(
      50 * 3 * 6_000 + 100_000,
    );
    expect(delays.slice(-10)).toEqual(new Array(10).fill(1_000));
  });

  test("takes nobody beyond what the caller allows", () => {
    const tracker = trackerOf({ a: "outbound", b: "outbound" });
    for (const peer of ["a", "b"]) announce(tracker, peer, hashOf(1));
    expect(tracker.takeRequests(0, () => false)).toEqual([]);
    expect(tracker.isWaiting).toBe(true);
    expect(tracker.takeRequests(0, (peer) => peer === "b")).toEqual([
      { peer: "b", hash: hashOf(1), isWtxid: true },
    ]);
    expect(tracker.isWaiting).toBe(false);
  });

  const PEERS = ["a", "b", "c", "d"] as const;
  const PEER = fc.constantFrom(...PEERS);
  const HASH = fc.nat({ max: 11 });
  const STEP = fc.oneof(
    { weight: 6, arbitrary: fc.record({ act: fc.constant("announce"), peer: PEER, hash: HASH }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant("flood"), peer: PEER, hash: HASH }) },
    { weight: 4, arbitrary: fc.record({ act: fc.constant("pass"), peer: PEER, hash: HASH }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant("fail"), peer: PEER, hash: HASH }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant("forget"), peer: PEER, hash: HASH }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant("leave"), peer: PEER, hash: HASH }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant("join"), peer: PEER, hash: HASH }) },
  );

  test("keeps its bounds and asks nobody twice at once, whatever happens", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 80 }), fc.nat(), (steps, seed) => {
        const tracker = new RequestTracker<string>(new SeededRandom(seed));
        /** Whom each hash was asked of last, and until when. */
        const open = new Map<string, { peer: string; until: number }>();
        let now = 0;
        let flood = 1_000;
        for (const { act, peer, hash } of steps) {
          const text = hashOf(hash);
          if (act === "join") tracker.addPeer(peer, { isPreferred: peer < "c" });
          if (act === "leave") tracker.removePeer(peer);
          if (act === "announce") announce(tracker, peer, text, now);
          if (act === "flood") {
            for (let count = 0; count < 600; count++) announce(tracker, peer, hashOf(flood++), now);
          }
          if (act === "forget") {
            tracker.forget(text);
            open.delete(text);
          }
          if (act === "fail") tracker.fail(peer, text);
          const isEnded = ({ peer: holder }: { peer: string }) =>
            holder === peer && (act === "leave" || act === "fail");
          for (const [key, request] of open) {
            if (isEnded(request) && (act === "leave" || key === text)) open.delete(key);
          }
          if (act === "pass") {
            now += 1_700;
            for (const request of tracker.takeRequests(now, ALWAYS)) {
              const before = open.get(request.hash);
              expect(before === undefined || before.until <= now).toBe(true);
              open.set(request.hash, { peer: request.peer, until: now + REQUEST_TIMEOUT_MS });
            }
          }
          let total = 0;
          for (const name of PEERS) {
            expect(tracker.announcementCount(name)).toBeLessThanOrEqual(MAX_ANNOUNCEMENTS);
            expect(tracker.requestCount(name)).toBeLessThanOrEqual(MAX_REQUESTS);
            expect(tracker.requestCount(name)).toBeGreaterThanOrEqual(0);
            total += tracker.announcementCount(name);
          }
          expect(tracker.size).toBe(total);
          expect(tracker.hashCount).toBeLessThanOrEqual(total);
        }
        for (const name of PEERS) tracker.removePeer(name);
        expect([tracker.size, tracker.hashCount, tracker.peerCount]).toEqual([0, 0, 0]);
        expect([tracker.nextChangeAt(), tracker.isWaiting]).toEqual([undefined, false]);
      }),
      { numRuns: 300 },
    );
  });

  test("an honest peer that has it is asked in the end, whatever a withholder does", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 60 }), fc.nat(), (steps, seed) => {
        const tracker = trackerOf(
          { a: "inbound", b: "outbound", c: "inbound", honest: "inbound" },
          seed,
        );
        let now = 0;
        announce(tracker, "honest", hashOf(5), now);
        let isObtained = false;
        const take = () => {
          for (const { peer, hash } of tracker.takeRequests(now, ALWAYS)) {
            if (peer === "honest" && hash === hashOf(5)) isObtained = true;
          }
        };
        for (const { act, peer, hash } of steps) {
          if (act === "join") tracker.addPeer(peer, { isPreferred: peer < "c" });
          if (act === "leave") tracker.removePeer(peer);
          if (act === "announce") announce(tracker, peer, hashOf(hash), now);
          if (act === "fail") tracker.fail(peer, hashOf(hash));
          if (act === "pass") now += 900;
          take();
        }
        // Three others may be asked before, each for five seconds.
        const end = now + 4 * REQUEST_TIMEOUT_MS;
        for (; now <= end && !isObtained; now += 100) take();
        expect(isObtained).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
