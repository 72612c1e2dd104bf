/**
 * Token buckets: bursts, refill, debt, and memory that others cannot fill.
 */

import { expect, test } from "bun:test";
import { RateLimiter } from "../../../src/lib/rate-limiter.ts";
import { HandClock } from "../../support/hand-clock.ts";

const RATE = { perSecond: 10, burst: 20 };

function start(capacity?: number) {
  const clock = new HandClock();
  const now = () => clock.monotonic();
  const limiter = new RateLimiter(capacity === undefined ? { now } : { now, capacity });
  return { clock, limiter };
}

function takeAll(limiter: RateLimiter, key: string): number {
  let taken = 0;
  while (limiter.take(key, RATE) === 0) taken += 1;
  return taken;
}

test("gives a burst at once and then as much as is refilled", () => {
  const { clock, limiter } = start();
  expect(takeAll(limiter, "a")).toBe(20);
  clock.pass(1_000);
  expect(takeAll(limiter, "a")).toBe(10);
  clock.pass(60_000);
  expect(takeAll(limiter, "a")).toBe(20);
});

test("says how long to wait, and that is enough", () => {
  const { clock, limiter } = start();
  takeAll(limiter, "a");
  const seconds = limiter.take("a", RATE);
  expect(seconds).toBeCloseTo(0.1);
  clock.pass(seconds * 1000);
  expect(limiter.take("a", RATE)).toBe(0);
});

test("keeps clients apart", () => {
  const { limiter } = start();
  takeAll(limiter, "a");
  expect(limiter.take("b", RATE)).toBe(0);
});

test("charges work done already as debt, at most a burst of it", () => {
  const { clock, limiter } = start();
  limiter.charge("a", RATE, 1_000_000);
  clock.pass(2_000);
  expect(limiter.take("a", RATE)).toBeGreaterThan(0);
  clock.pass(100);
  expect(limiter.take("a", RATE)).toBe(0);
});

test("a clock that stands still or is odd refills nothing", () => {
  const { limiter } = start();
  takeAll(limiter, "a");
  for (let attempt = 0; attempt < 1_000; attempt++) {
    expect(limiter.take("a", RATE)).toBeGreaterThan(0);
  }
});

test("remembers a bounded number of clients, those who asked last (A-09)", () => {
  const { limiter } = start(100);
  takeAll(limiter, "busy");
  for (let client = 0; client < 10_000; client++) {
    limiter.take(`client ${client}`, RATE);
    limiter.take("busy", RATE);
  }
  expect(limiter.size).toBe(100);
  expect(limiter.take("busy", RATE)).toBeGreaterThan(0);
});

test("tells how long there is to wait without taking anything", () => {
  const { limiter } = start();
  expect(limiter.waitSeconds("a", RATE)).toBe(0);
  expect(takeAll(limiter, "a")).toBe(20);
  expect(limiter.waitSeconds("a", RATE)).toBeCloseTo(0.1);
  expect(limiter.waitSeconds("a", RATE)).toBe(limiter.take("a", RATE));
});
