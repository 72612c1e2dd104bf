/**
 * P-11: reorganisations deeper than any that happened by chance. The longest is in the long tier.
 */

import { expect, test } from "bun:test";
import { runDeepReorg } from "../support/deep-reorg.ts";

/** Mebibytes beyond what there was: block by block, memory does not follow the depth. */
const MOST_GROWTH = 96;

test.each([1, 6, 100, 101, 1_000])(
  "P-11: a reorganisation of depth %i, back to genesis, ends where a fresh node does",
  (depth) => {
    const result = runDeepReorg(depth);
    expect(result.reorgs).toEqual([[depth, depth + 1]]);
    expect(result.digests[0]).toBe(result.digests[1]);
    expect(new Set(result.tips).size).toBe(1);
    expect(result.announced).toEqual({ left: depth, came: depth + 1 });
    expect(result.growthMebibytes).toBeLessThan(MOST_GROWTH);
    console.log(
      `reorganisation of ${depth}: ${result.seconds.toFixed(2)} s, ` +
        `${result.growthMebibytes.toFixed(0)} MiB more, ${result.residentMebibytes.toFixed(0)} in all`,
    );
  },
);
