/**
 * Token buckets against a model that counts in whole numbers: no token too many, none too few.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TokenBucket } from "../../../src/lib/token-bucket.ts";

/** Milliseconds a token takes, and how many fit: rates whose interval is a whole number. */
const ANY_RATE = fc.record({
  intervalMs: fc.constantFrom(1, 2, 10, 1_000, 6_000, 10_000),
  burst: fc.integer({ min: 1, max: 1_000 }),
});

const ANY_STEP = fc.record({
  passMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30_000 })),
  act: fc.constantFrom("take", "take", "take", "charge"),
  cost: fc.integer({ min: 1, max: 500 }),
});

describe("TokenBucket", () => {
  test("property 14: refill is exact, and what was not paid as debt never goes below zero", () => {
    fc.assert(
      fc.property(
        ANY_RATE,
        fc.array(ANY_STEP, { maxLength: 200 }),
        ({ intervalMs, burst }, steps) => {
          let now = 1_700_000_000_000;
          const bucket = new TokenBucket({ perSecond: 1000 / intervalMs, burst }, now);
          // Counted in thousandths of what is bought by one millisecond.
          let credit = burst * intervalMs;
          for (const { passMs, act, cost } of steps) {
            now += passMs;
            credit = Math.min(credit + passMs, burst * intervalMs);
            const price = cost * intervalMs;
            if (act === "charge") {
              bucket.charge(cost, now);
              credit = Math.max(credit - price, -burst * intervalMs);
              continue;
            }
            expect(bucket.take(cost, now)).toBe(credit >= price);
            if (credit >= price) credit -= price;
            expect(bucket.waitMs(1, now)).toBe(Math.max(0, intervalMs - credit));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("gives the same whether it is asked once or every millisecond meanwhile", () => {
    const often = new TokenBucket({ perSecond: 0.1, burst: 1_000 }, 0);
    const seldom = new TokenBucket({ perSecond: 0.1, burst: 1_000 }, 0);
    expect(often.take(1_000, 0)).toBe(true);
    expect(seldom.take(1_000, 0)).toBe(true);
    for (let now = 1; now < 10_000; now++) expect(often.take(1, now)).toBe(false);
    expect(often.take(1, 10_000)).toBe(true);
    expect(seldom.take(1, 10_000)).toBe(true);
  });

  test("a clock that goes back refills nothing", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, 10_000);
    expect(bucket.take(2, 10_000)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.take(1, 10_999)).toBe(false);
    expect(bucket.take(1, 11_000)).toBe(true);
  });
});
