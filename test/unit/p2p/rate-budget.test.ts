/**
 * What one peer may cost: each rate at its burst, and over a long time at its refill.
 */

import { expect, test } from "bun:test";
import { type BudgetName, PEER_RATES, RateBudget } from "../../../src/p2p/rate-budget.ts";
import { HandClock } from "../../support/hand-clock.ts";

const NAMES = Object.keys(PEER_RATES) as BudgetName[];
const MEBIBYTE = 1024 * 1024;

test.each(NAMES)("%s: a burst at once, then nothing, then what is refilled", (name) => {
  const clock = new HandClock();
  const budget = new RateBudget(clock);
  const { perSecond, burst } = PEER_RATES[name];
  expect(budget.take(name, burst)).toBe(true);
  expect(budget.take(name)).toBe(false);
  clock.pass(60_000);
  const refilled = Math.min(burst, Math.round(perSecond * 60));
  expect(budget.take(name, refilled)).toBe(true);
  expect(budget.take(name)).toBe(false);
});

test("each is counted by itself", () => {
  const budget = new RateBudget(new HandClock());
  for (const name of NAMES) expect(budget.take(name, PEER_RATES[name].burst)).toBe(true);
});

test("P-36: pings in an endless row are one a second", () => {
  const clock = new HandClock();
  const budget = new RateBudget(clock);
  let taken = 0;
  for (let millisecond = 0; millisecond < 100_000; millisecond += 10) {
    if (budget.take("pings")) taken += 1;
    clock.pass(10);
  }
  expect(taken).toBe(PEER_RATES.pings.burst + 99);
});

test("P-40: a peer that asks for full blocks in a row gets 4 MiB a second, however large they are", () => {
  const block = 4 * MEBIBYTE + 123_457;
  const clock = new HandClock();
  const budget = new RateBudget(clock);
  let sent = 0;
  for (let millisecond = 0; millisecond < 60_000; millisecond++) {
    if (budget.waitMs("uploadBytes") === 0) {
      budget.charge("uploadBytes", block);
      sent += block;
    }
    clock.pass(1);
  }
  const fair = PEER_RATES.uploadBytes.burst + 60 * 4 * MEBIBYTE;
  expect(sent).toBeGreaterThan(fair - block);
  expect(sent).toBeLessThan(fair + block);
});
