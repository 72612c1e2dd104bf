/**
 * The bands of the feerate chart: nothing is lost, and nothing is counted twice.
 */

import { describe, expect, test } from "bun:test";
import { bandsOf, totalsOf } from "../../../public/feerate-bands.ts";
import { FEERATE_BOUNDS } from "../../../src/mempool/project-blocks.ts";

const EVERY_BUCKET = FEERATE_BOUNDS.map((feerate, index) => ({
  feerate,
  count: index + 1,
  virtualSize: 100 * (index + 1),
  fees: 1_000 * (index + 1),
}));

describe("bandsOf", () => {
  test("are all there when nothing waits", () => {
    const bands = bandsOf([]);
    expect(bands).toHaveLength(12);
    expect(bands.every(({ count, fees }) => count === 0 && fees === 0)).toBeTrue();
    expect(bands.map(({ label }) => label)).toContain("1k+");
  });

  test("hold everything that the node's histogram has, once", () => {
    const bands = bandsOf(EVERY_BUCKET);
    for (const name of ["count", "virtualSize", "fees"] as const) {
      const given = EVERY_BUCKET.reduce((sum, bucket) => sum + bucket[name], 0);
      expect(bands.reduce((sum, band) => sum + band[name], 0)).toBe(given);
    }
  });

  test("begin where a bucket of the node begins, so that none lies across two", () => {
    const bounds: readonly number[] = FEERATE_BOUNDS;
    for (const { from } of bandsOf([])) expect(bounds).toContain(from);
  });

  test("put a feerate at a bound into the higher band", () => {
    const [bucket] = bandsOf([{ feerate: 5, count: 1, virtualSize: 96, fees: 500 }]).filter(
      ({ count }) => count === 1,
    );
    expect(bucket).toMatchObject({ from: 5, range: "5 to 10 sat/vB" });
  });
});

describe("totalsOf", () => {
  test("sums sizes and fees", () => {
    expect(totalsOf([])).toEqual({ virtualSize: 0, fees: 0 });
    expect(totalsOf(EVERY_BUCKET.slice(0, 3))).toEqual({ virtualSize: 600, fees: 6_000 });
  });
});
