/**
 * Peers take turns, whatever they send, and nobody else has to wait for them for long.
 */

import { describe, expect, test } from "bun:test";
import { MessagePump } from "../../../src/p2p/message-pump.ts";
import type { Peer } from "../../../src/p2p/peer.ts";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { letter, PeerLab } from "../../support/peer-lab.ts";
import { SeededRandom } from "../../support/random.ts";

/** Peers, and a pump that notes whom it serves; `costMs` is how long one message takes. */
function start(peerCount: number, costMs = 0) {
  const timers = new VirtualClock();
  let spentMs = 0;
  const clock = {
    now: () => timers.now(),
    monotonic: () => timers.monotonic() + spentMs,
    after: (milliseconds: number, run: () => void) => timers.after(milliseconds, run),
  };
  const served: number[] = [];
  const labs = Array.from({ length: peerCount }, () => new PeerLab().shakeHands());
  const pump = new MessagePump(clock, (peer) => {
    served.push(labs.findIndex((lab) => lab.peer === peer));
    spentMs += costMs;
  });
  const say = (place: number, count: number) => {
    for (let number = 0; number < count; number++) labs[place]!.say(letter(number));
    pump.add(labs[place]!.peer);
  };
  return { timers, labs, pump, served, say };
}

describe("MessagePump", () => {
  test("takes one message of each in turn, so that a flood delays nobody else", () => {
    const { timers, served, say } = start(3);
    say(0, 1_000);
    say(1, 2);
    say(2, 1);
    timers.pass(0);
    expect(served.slice(0, 5)).toEqual([0, 1, 2, 0, 1]);
    expect(served.length).toBe(1_003);
  });

  test("serves each as often as any other while both have mail, in any order of arrival", () => {
    const random = new SeededRandom(4);
    const { timers, served, say, labs, pump } = start(10);
    for (let round = 0; round < 50; round++) {
      const before = served.length;
      const counts = labs.map(() => random.below(20));
      for (const [place, count] of counts.entries()) say(place, count);
      timers.pass(0);
      const turns = served.slice(before);
      for (const [place, count] of counts.entries()) {
        expect(turns.filter((other) => other === place).length).toBe(count);
      }
      // Nobody is served twice before another that still waits.
      const least = Math.min(...counts.filter((count) => count > 0));
      const waiting = counts.filter((count) => count > 0).length;
      for (let turn = 0; turn < least; turn++) {
        expect(new Set(turns.slice(turn * waiting, (turn + 1) * waiting)).size).toBe(waiting);
      }
    }
    expect([pump.size, timers.eventsWaiting]).toEqual([0, 0]);
  });

  test("lets others have the thread after 8 ms, and goes on after", () => {
    const { timers, served, say } = start(2, 3);
    say(0, 10);
    say(1, 10);
    const interrupted: number[] = [];
    const look = () => {
      interrupted.push(served.length);
      if (served.length < 20) timers.after(0, look);
    };
    timers.after(0, look);
    timers.pass(0);
    expect(interrupted.slice(0, 3)).toEqual([3, 6, 9]);
    expect(served.length).toBe(20);
  });

  test("lets others have the thread after some hundred messages that take no time", () => {
    const { timers, served, say } = start(1);
    say(0, 2_000);
    let atFirstLook: number | undefined;
    timers.after(0, () => {
      atFirstLook = served.length;
    });
    timers.pass(0);
    expect(atFirstLook).toBe(256);
    expect(served.length).toBe(2_000);
  });

  test("serves mail that comes while it serves", () => {
    const timers = new VirtualClock();
    const lab = new PeerLab().shakeHands();
    let count = 0;
    const pump: MessagePump = new MessagePump(timers, (peer: Peer) => {
      count += 1;
      if (count >= 5) return;
      lab.say(letter(count));
      pump.add(peer);
    });
    lab.say(letter(0));
    pump.add(lab.peer);
    timers.pass(0);
    expect([count, pump.size, timers.eventsWaiting]).toEqual([5, 0, 0]);
  });

  test("passes over a peer that ends, and forgets it", () => {
    const { timers, labs, pump, served, say } = start(2);
    say(0, 3);
    say(1, 1);
    labs[0]!.peer.disconnect("by-hand");
    pump.remove(labs[0]!.peer);
    timers.pass(0);
    expect([served, pump.size]).toEqual([[1], 0]);
  });

  test("serves nobody once it has stopped, also from within", () => {
    const { timers, pump, served, say, labs } = start(2);
    say(0, 3);
    pump.stop();
    say(1, 3);
    timers.pass(1_000);
    expect([served, pump.size, timers.eventsWaiting]).toEqual([[], 0, 0]);

    let count = 0;
    const inner: MessagePump = new MessagePump(timers, () => {
      count += 1;
      inner.stop();
    });
    inner.add(labs[1]!.peer);
    timers.pass(1_000);
    expect([count, inner.size, timers.eventsWaiting]).toEqual([1, 0, 0]);
  });
});
