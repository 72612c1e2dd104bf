/**
 * The fees that peers are told: never below what is asked for at least, and never exact.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { roundFeeFilter } from "../../../src/p2p/fee-filter.ts";
import { SeededRandom } from "../../support/random.ts";

describe("roundFeeFilter", () => {
  test("tells the least as it is while the mempool asks for no more", () => {
    const random = new SeededRandom(1);
    expect(roundFeeFilter(1, 1, random)).toBe(1_000n);
    expect(roundFeeFilter(0, 0, random)).toBe(0n);
    expect(roundFeeFilter(0.1, 0.25, random)).toBe(250n);
  });

  test("is within a step of a tenth, never below the least, and never above the highest", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 9_000, noNaN: true }), fc.nat(), (feerate, seed) => {
        const told = Number(roundFeeFilter(feerate, 1, new SeededRandom(seed)));
        const exact = Math.ceil(feerate * 1000);
        expect(told).toBeGreaterThanOrEqual(1_000);
        expect(told).toBeGreaterThanOrEqual(Math.floor(exact / 1.11));
        expect(told).toBeLessThanOrEqual(Math.ceil(exact * 1.11));
      }),
    );
    expect(roundFeeFilter(1e9, 1, new SeededRandom(1))).toBeLessThanOrEqual(10_000_000n);
  });

  test("tells one of two steps, the lower one more often", () => {
    const random = new SeededRandom(7);
    const counts = new Map<bigint, number>();
    for (let count = 0; count < 3_000; count++) {
      const told = roundFeeFilter(12.345, 1, random);
      counts.set(told, (counts.get(told) ?? 0) + 1);
    }
    const [[lower, lowerCount], [higher, higherCount], ...others] = [...counts].sort((a, b) =>
      Number(a[0] - b[0]),
    ) as [[bigint, number], [bigint, number]];
    expect(others).toEqual([]);
    expect(lower).toBeLessThan(12_345n);
    expect(higher).toBeGreaterThanOrEqual(12_345n);
    expect(lowerCount).toBeGreaterThan(higherCount * 1.5);
  });
});
