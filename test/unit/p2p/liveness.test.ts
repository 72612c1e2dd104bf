/**
 * Deadlines of a connection, to the millisecond of a virtual clock.
 */

import { describe, expect, test } from "bun:test";
import {
  BLOCK_TIMEOUT_MS,
  type Expiry,
  HANDSHAKE_TIMEOUT_MS,
  Liveness,
  LONGEST_PONG_MS,
  MESSAGE_TIMEOUT_MS,
  PING_INTERVAL_MS,
  PONG_TIMEOUT_MS,
  STANDSTILL_GRACE_MS,
} from "../../../src/p2p/liveness.ts";
import { MAX_INBOX_BYTES } from "../../../src/p2p/peer.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { framesOf, largeLetter, letter, MAGIC, PeerLab } from "../../support/peer-lab.ts";
import { SeededRandom } from "../../support/random.ts";

const LETTER = letter(1);

/** Lets time pass by the second; the other side does `each` in every one. Returns when it ended. */
function endOf(lab: PeerLab, limitMs: number, each: () => void = () => {}): number | undefined {
  for (let elapsedMs = 0; elapsedMs < limitMs; elapsedMs += 1_000) {
    if (lab.closes.length > 0) return lab.clock.monotonic();
    each();
    lab.clock.pass(1_000);
  }
  return undefined;
}

describe("P-22: the handshake", () => {
  test("has 10 seconds, whoever says nothing", () => {
    for (const isInbound of [true, false]) {
      const lab = new PeerLab({ isInbound });
      lab.clock.run(HANDSHAKE_TIMEOUT_MS - 1);
      expect(lab.peer.isClosed).toBe(false);
      lab.clock.run(HANDSHAKE_TIMEOUT_MS);
      expect([lab.closes, lab.clock.eventsWaiting]).toEqual([["handshake-timeout"], 0]);
    }
  });

  test("has 10 seconds in all, however much is said", () => {
    const lab = new PeerLab();
    const bytes = encodeFrame(MAGIC, "version", new Uint8Array(300));
    let place = 0;
    const endedAt = endOf(lab, 60_000, () => {
      lab.sayBytes(bytes.subarray(place, place + 1));
      place += 1;
    });
    expect([endedAt, lab.closes]).toEqual([HANDSHAKE_TIMEOUT_MS, ["handshake-timeout"]]);
    expect(lab.peer.isDiscouraged).toBe(false);
  });
});

describe("pings", () => {
  test("are sent every 30 seconds for as long as they are answered", () => {
    const lab = new PeerLab().shakeHands();
    for (let count = 1; count <= 100; count++) {
      lab.clock.run(count * PING_INTERVAL_MS - 1);
      expect(lab.answerPings()).toBe(0);
      lab.clock.run(count * PING_INTERVAL_MS);
      expect(lab.answerPings()).toBe(1);
    }
    expect(lab.peer.isReady).toBe(true);
  });

  test("P-22: without any answer end the connection 120 seconds after the last", () => {
    const lab = new PeerLab().shakeHands();
    lab.clock.run(PING_INTERVAL_MS + PONG_TIMEOUT_MS - 1);
    expect(lab.peer.isReady).toBe(true);
    lab.clock.run(PING_INTERVAL_MS + PONG_TIMEOUT_MS);
    expect([lab.closes, lab.clock.eventsWaiting]).toEqual([["no-pong"], 0]);
  });

  test("are waited for while other messages come, since an answer waits behind them", () => {
    const lab = new PeerLab().shakeHands();
    const endedAt = endOf(lab, 3_600_000, () => {
      lab.say(LETTER);
      lab.takeAll();
    });
    expect([endedAt, lab.closes]).toEqual([PING_INTERVAL_MS + LONGEST_PONG_MS, ["no-pong"]]);
  });

  test("are sent at once when a sign of life is wanted, but not twice", () => {
    const lab = new PeerLab().shakeHands();
    lab.clock.pass(1_000);
    lab.peer.probe();
    lab.peer.probe();
    expect(lab.heard().map(({ command }) => command)).toEqual(["ping"]);
    lab.clock.pass(PONG_TIMEOUT_MS);
    expect(lab.closes).toEqual(["no-pong"]);
  });
});

describe("a message", () => {
  test("P-22: has 30 seconds, and a drip of a byte a second is not enough", () => {
    const lab = new PeerLab().shakeHands();
    const large = encodeFrame(MAGIC, "tx", new Uint8Array(300));
    let place = 0;
    const endedAt = endOf(lab, 3_600_000, () => {
      lab.sayBytes(large.subarray(place, place + 1));
      place += 1;
    });
    expect([endedAt, lab.closes]).toEqual([MESSAGE_TIMEOUT_MS, ["message-timeout"]]);
  });

  test("that is a block has 60 seconds", () => {
    const lab = new PeerLab().shakeHands();
    const block = encodeFrame(MAGIC, "block", new Uint8Array(300));
    let place = 0;
    const endedAt = endOf(lab, 3_600_000, () => {
      const length = place === 0 ? 30 : 1;
      lab.sayBytes(block.subarray(place, place + length));
      place += length;
    });
    expect([endedAt, lab.closes]).toEqual([BLOCK_TIMEOUT_MS, ["message-timeout"]]);
  });

  test("that begins later than the last look is late on time all the same", () => {
    const lab = new PeerLab().shakeHands();
    lab.clock.run(PING_INTERVAL_MS + 20_000);
    // The ping of before is not answered: the next look would be long after.
    lab.sayBytes(framesOf([LETTER]).subarray(0, 10));
    lab.clock.pass(MESSAGE_TIMEOUT_MS - 1);
    expect(lab.peer.isReady).toBe(true);
    lab.clock.pass(1);
    expect(lab.closes).toEqual(["message-timeout"]);
  });

  test("each has its own time: any number of slow ones is fine", () => {
    const lab = new PeerLab().shakeHands();
    for (let count = 0; count < 20; count++) {
      const bytes = framesOf([LETTER]);
      lab.sayBytes(bytes.subarray(0, 25));
      lab.clock.pass(MESSAGE_TIMEOUT_MS - 2_000);
      lab.sayBytes(Buffer.concat([bytes.subarray(25), bytes.subarray(0, 3)]));
      lab.clock.pass(1_000);
      lab.sayBytes(bytes.subarray(3));
      lab.answerPings();
    }
    expect([lab.peer.isReady, lab.takeAll().length]).toEqual([true, 40]);
  });

  test("that we do not read is not late, and has its time once we do", () => {
    const lab = new PeerLab().shakeHands();
    const large = framesOf([largeLetter()]);
    while (!lab.connection.isPaused) lab.sayBytes(large);
    // Of a piece that was read before the pause had its way.
    lab.sayBytes(large.subarray(0, 100));
    lab.clock.pass(PONG_TIMEOUT_MS * 2);
    expect(lab.peer.isReady).toBe(true);

    while (lab.connection.isPaused) lab.peer.takeMessage();
    expect(lab.peer.unreadBytes).toBeLessThan(MAX_INBOX_BYTES / 2);
    lab.clock.pass(MESSAGE_TIMEOUT_MS - 1);
    expect(lab.peer.isReady).toBe(true);
    lab.clock.pass(1);
    expect(lab.closes).toEqual(["message-timeout"]);
  });
});

describe("a node that stood still", () => {
  /** A clock whose timers run late by as long as the test says. */
  function lateWorld() {
    let now = 0;
    let timer: { at: number; run: () => void } | undefined;
    const clock = {
      now: () => now,
      monotonic: () => now,
      after(milliseconds: number, run: () => void) {
        const mine = { at: now + milliseconds, run };
        timer = mine;
        return () => {
          if (timer === mine) timer = undefined;
        };
      },
    };
    const ends: Expiry[] = [];
    const pings: bigint[] = [];
    const liveness = new Liveness({
      clock,
      random: new SeededRandom(1),
      port: { ping: (nonce) => pings.push(nonce), expire: (reason) => ends.push(reason) },
    });
    /** Runs the timer that waits, `lateMs` after its time. */
    const fire = (lateMs: number) => {
      const due = timer;
      if (due === undefined) throw new Error("no timer");
      now = due.at + lateMs;
      timer = undefined;
      due.run();
    };
    return { liveness, ends, pings, fire, now: () => now };
  }

  test("reads first what has come meanwhile, and then judges", () => {
    const world = lateWorld();
    world.liveness.ready();
    world.fire(120_000);
    expect(world.ends).toEqual([]);
    const wokeAt = world.now();
    world.liveness.pong(world.pings[0]!);
    world.fire(0);
    expect([world.ends, world.pings.length]).toEqual([[], 2]);
    expect(world.now() - wokeAt).toBeLessThanOrEqual(STANDSTILL_GRACE_MS);
  });

  test("lets the dead go a little later", () => {
    const world = lateWorld();
    world.liveness.ready();
    world.fire(120_000);
    expect(world.ends).toEqual([]);
    world.fire(0);
    expect(world.ends).toEqual(["no-pong"]);
  });

  test("gives a handshake the same chance", () => {
    const world = lateWorld();
    world.fire(60_000);
    expect(world.ends).toEqual([]);
    world.fire(0);
    expect(world.ends).toEqual(["handshake-timeout"]);
  });

  test("does not mind timers that are early or a little late", () => {
    const world = lateWorld();
    world.fire(-1);
    expect(world.ends).toEqual([]);
    world.fire(500);
    expect(world.ends).toEqual(["handshake-timeout"]);
  });
});
