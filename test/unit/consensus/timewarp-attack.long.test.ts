/**
 * C-09 at length: the search for the best lie about the time, with a hundred times the luck.
 */

import { expect, test } from "bun:test";
import { searchLies } from "./lying-miners.ts";

test("C-09: the best of 81 lies in 100 draws of 10,000 blocks gains next to nothing over 5,000", () => {
  const gains = searchLies(Array.from({ length: 100 }, (_, index) => index + 1));
  console.log(`60% liars, best of 81 lies in 100 draws: ${JSON.stringify(gains)}`);
  expect(gains.over5000).toBeLessThan(1.05);
  expect(gains.over9999).toBeLessThan(1.03);
  expect(gains.lowestAfter).toBeGreaterThan(1 / 1.1);
}, 1_200_000);
