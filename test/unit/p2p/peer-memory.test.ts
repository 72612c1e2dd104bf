/**
 * What a hundred peers together can make us hold, by peers that really hold it.
 */

import { describe, expect, test } from "bun:test";
import { LETTER_OVERHEAD_BYTES } from "../../../src/p2p/inbox.ts";
import { CONGESTION_BYTES } from "../../../src/p2p/peer.ts";
import {
  MAX_PARTIAL_BYTES,
  MAX_UNREAD_BYTES,
  MAX_UNSENT_BYTES,
  PeerMemory,
} from "../../../src/p2p/peer-memory.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { framesOf, largeLetter, MAGIC, PeerLab } from "../../support/peer-lab.ts";

/** Peers that share one memory. */
function crowd(count: number, maxBlockWeight = 16_000_000) {
  const clock = new VirtualClock();
  const memory = new PeerMemory();
  const labs = Array.from({ length: count }, () =>
    new PeerLab({ clock, memory, maxBlockWeight }).shakeHands(),
  );
  const endedBy = () => labs.flatMap(({ closes }) => closes);
  return { clock, memory, labs, endedBy };
}

/** Some 180 kB. */
const LARGE = framesOf([largeLetter(0, 5_000)]);

describe("unread messages", () => {
  test("of all peers are bounded; nobody is read until there is room, and nothing is lost", () => {
    const { memory, labs, endedBy } = crowd(125);
    let said = 0;
    while (labs.some(({ connection }) => !connection.isPaused)) {
      for (const lab of labs.filter(({ connection }) => !connection.isPaused)) {
        lab.sayBytes(LARGE);
        said += 1;
      }
    }
    // Nobody had to fill its own inbox: the last to be stopped had one message.
    expect(memory.unreadBytes).toBeGreaterThan(MAX_UNREAD_BYTES);
    expect(memory.unreadBytes).toBeLessThan(MAX_UNREAD_BYTES + 125 * LARGE.length);

    const taken = labs.map((lab) => lab.takeAll().length).reduce((sum, count) => sum + count);
    const stillPaused = labs.filter(({ connection }) => connection.isPaused).length;
    expect([taken, memory.unreadBytes, stillPaused, endedBy()]).toEqual([said, 0, 0, []]);
  });

  test("of one peer do not stop the others while there is room", () => {
    const { memory, labs } = crowd(3);
    const [first, second] = labs;
    while (!first!.connection.isPaused) first!.sayBytes(LARGE);
    second!.sayBytes(LARGE);
    expect([memory.isScarce, second!.connection.isPaused]).toEqual([false, false]);
  });

  test("that others had are room again when those others end", () => {
    const { memory, labs, clock } = crowd(20);
    const [quiet, ...loud] = labs;
    for (const lab of loud) while (!lab.connection.isPaused) lab.sayBytes(LARGE);
    quiet!.sayBytes(LARGE.subarray(0, 100));
    expect([memory.isScarce, quiet!.connection.isPaused]).toEqual([true, true]);
    for (const lab of loud) lab.hangUp();
    expect([memory.isScarce, quiet!.connection.isPaused]).toEqual([false, false]);
    quiet!.sayBytes(LARGE.subarray(100));
    expect(memory.unreadBytes).toBe(LARGE.length - 24 + LETTER_OVERHEAD_BYTES);
    quiet!.hangUp();
    clock.pass(0);
    expect([memory.size, memory.unreadBytes, memory.partialBytes]).toEqual([0, 0, 0]);
  });
});

describe("messages in part", () => {
  const block = encodeFrame(MAGIC, "block", new Uint8Array(8_000_000));

  test("P-20: of all peers are bounded, and the one that takes longest goes first", () => {
    const { memory, labs, clock, endedBy } = crowd(30);
    for (const [place, lab] of labs.entries()) {
      lab.sayBytes(block.subarray(0, 7_000_000));
      expect(memory.partialBytes).toBeLessThanOrEqual(MAX_PARTIAL_BYTES);
      const open = labs.slice(0, place + 1).filter(({ peer }) => peer.isReady);
      expect(open.at(-1)).toBe(lab);
      clock.pass(10);
    }
    expect(new Set(endedBy())).toEqual(new Set(["memory-full"]));
    expect(labs.findIndex(({ peer }) => peer.isReady)).toBe(endedBy().length);
    expect(labs.every(({ peer }) => !peer.isDiscouraged)).toBe(true);
  });

  test("that are small are not worth a connection", () => {
    const { labs, endedBy, memory } = crowd(125);
    for (const lab of labs) lab.sayBytes(block.subarray(0, 60_000));
    expect(endedBy()).toEqual([]);
    for (const lab of labs) lab.sayBytes(block.subarray(60_000, 400_000));
    expect(memory.partialBytes).toBeLessThan(MAX_PARTIAL_BYTES);
    expect(endedBy()).toEqual([]);
  });
});

describe("P-24: unsent messages", () => {
  test("of all peers are bounded, and whoever has most of them goes", () => {
    const { labs, clock, endedBy } = crowd(100);
    for (const { connection } of labs) connection.isStuck = true;
    const payload = new Uint8Array(900_000);
    const total = () => labs.reduce((sum, { peer }) => sum + peer.unsentBytes, 0);
    for (let round = 0; round < 4; round++) {
      for (const { peer } of labs) {
        peer.sendFrame("block", payload);
        expect(total()).toBeLessThanOrEqual(MAX_UNSENT_BYTES);
      }
    }
    clock.pass(0);
    expect(new Set(endedBy())).toEqual(new Set(["send-queue-full"]));
    expect(endedBy().length).toBeGreaterThan(10);
    expect(labs.filter(({ peer }) => peer.isReady).length).toBeGreaterThan(30);
  });

  test("of a hundred that are merely slow are no reason to end any", () => {
    const { labs, clock, endedBy } = crowd(100);
    for (const { connection, peer } of labs) {
      connection.isStuck = true;
      while (!peer.isCongested) peer.sendFrame("tx", new Uint8Array(100_000));
      expect(peer.unsentBytes).toBeLessThan(CONGESTION_BYTES + 101_000);
    }
    clock.pass(0);
    expect(endedBy()).toEqual([]);
  });
});
