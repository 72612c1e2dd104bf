/** Virtual time: order, cancelling, promises, and hosts whose clocks are wrong or end. */

import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../support/random.ts";
import { HostClock, VirtualClock } from "./virtual-clock.ts";

describe("VirtualClock", () => {
  test("runs events by time, and those of one time in the order they were asked for", () => {
    const clock = new VirtualClock();
    const random = new SeededRandom(1);
    const asked = Array.from({ length: 5_000 }, (_, sequence) => ({
      sequence,
      atMs: random.below(200),
    }));
    const seen: { sequence: number; atMs: number }[] = [];
    for (const event of asked) {
      clock.after(event.atMs, () => {
        expect(clock.monotonic()).toBe(event.atMs);
        seen.push(event);
      });
    }
    clock.run(1_000);
    expect(seen).toEqual(asked.toSorted((a, b) => a.atMs - b.atMs || a.sequence - b.sequence));
    expect([clock.monotonic(), clock.eventsRun, clock.eventsWaiting]).toEqual([1_000, 5_000, 0]);
  });

  test("runs what is due up to the end and no more, and shows the end", () => {
    const clock = new VirtualClock(1_000_000);
    const seen: string[] = [];
    clock.after(100, () => {
      seen.push("first");
      clock.after(0, () => seen.push("at once"));
      clock.after(1, () => seen.push("too late"));
    });
    clock.run(100);
    expect(seen).toEqual(["first", "at once"]);
    expect(clock.now()).toBe(1_000_100);
    clock.pass(1);
    expect(seen).toEqual(["first", "at once", "too late"]);
    // Time does not go back.
    clock.run(50);
    expect(clock.monotonic()).toBe(101);
  });

  test("forgets what was cancelled, also by the thousand", () => {
    const clock = new VirtualClock();
    const random = new SeededRandom(2);
    const seen: number[] = [];
    const expected: number[] = [];
    const cancels = Array.from({ length: 20_000 }, (_, index) => {
      const cancel = clock.after(index, () => seen.push(index));
      return { index, cancel };
    });
    for (const { index, cancel } of cancels) {
      if (random.oneIn(5)) expected.push(index);
      else {
        cancel();
        cancel();
      }
    }
    expect(clock.eventsWaiting).toBe(expected.length);
    clock.run(20_000);
    expect(seen).toEqual(expected);
    expect(clock.eventsWaiting).toBe(0);
    // Cancelling what has run does nothing.
    for (const { cancel } of cancels) cancel();
    expect(clock.eventsWaiting).toBe(0);
  });

  test("follows up promises before the next event", () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const later = (milliseconds: number) =>
      new Promise<void>((resolve) => {
        clock.after(milliseconds, resolve);
      });
    const walk = async () => {
      await later(10);
      for (let hop = 0; hop < 20; hop++) await null;
      seen.push(`promise at ${clock.monotonic()}`);
      await later(5);
      seen.push(`promise at ${clock.monotonic()}`);
    };
    void walk();
    clock.after(10, () => seen.push("event at 10"));
    clock.after(15, () => seen.push("event at 15"));
    clock.run(100);
    expect(seen).toEqual(["promise at 10", "event at 10", "event at 15", "promise at 15"]);
  });

  test("looks at what must hold after every event", () => {
    const clock = new VirtualClock();
    let sum = 0;
    const sums: number[] = [];
    clock.afterEvent = () => sums.push(sum);
    for (const amount of [1, 2, 3]) {
      clock.after(amount, () => {
        sum += amount;
      });
    }
    clock.run(10);
    expect(sums).toEqual([1, 3, 6]);
  });

  test("runs until something is so, and throws if that does not come", () => {
    const clock = new VirtualClock();
    let count = 0;
    const tick = () => {
      count++;
      clock.after(10, tick);
    };
    tick();
    clock.runUntil(() => count === 5, 1_000);
    expect(clock.monotonic()).toBe(40);
    expect(() => clock.runUntil(() => false, 1_000)).toThrow("not in 1000 ms");
    expect(() => new VirtualClock().runUntil(() => false, 1_000)).toThrow("nothing is left");
  });
});

describe("HostClock", () => {
  test("may be wrong about the date, and measures as well as any", () => {
    const clock = new VirtualClock(1_000_000);
    const host = new HostClock(clock, -300_000);
    clock.pass(10);
    expect([host.now(), host.monotonic()]).toEqual([700_010, 10]);
  });

  test("drops its timers when it stops, and leaves those of others", () => {
    const clock = new VirtualClock();
    const [stopped, other] = [new HostClock(clock), new HostClock(clock)];
    const seen: string[] = [];
    for (const at of [1, 2, 3]) stopped.after(at, () => seen.push(`stopped ${at}`));
    other.after(2, () => seen.push("other 2"));
    const cancel = other.after(3, () => seen.push("other 3"));
    clock.run(1);
    expect(stopped.timersWaiting).toBe(2);
    stopped.stop();
    cancel();
    stopped.after(1, () => seen.push("after the end"));
    clock.run(10);
    expect(seen).toEqual(["stopped 1", "other 2"]);
    expect([stopped.timersWaiting, other.timersWaiting, clock.eventsWaiting]).toEqual([0, 0, 0]);
  });
});
