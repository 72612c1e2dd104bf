/**
 * P-11 at length: 10,000 blocks, more than any network has ever left.
 */

import { expect, test } from "bun:test";
import { runDeepReorg } from "../support/deep-reorg.ts";

test("P-11: a reorganisation of depth 10,000 ends where a fresh node does, below 1 GiB", () => {
  const result = runDeepReorg(10_000);
  expect(result.reorgs).toEqual([[10_000, 10_001]]);
  expect(result.digests[0]).toBe(result.digests[1]);
  expect(new Set(result.tips).size).toBe(1);
  expect(result.residentMebibytes).toBeLessThan(1024);
  console.log(
    `reorganisation of 10,000: ${result.seconds.toFixed(1)} s, ` +
      `${result.growthMebibytes.toFixed(0)} MiB more, ${result.residentMebibytes.toFixed(0)} in all`,
  );
}, 600_000);
