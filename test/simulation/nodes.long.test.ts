/**
 * The seeds of nodes.test.ts and many more, each with twice the time for trouble.
 */

import { expect, test } from "bun:test";
import { runSeed } from "./run-seed.ts";
import { drawScenario } from "./scenario.ts";

const FIRST_SEED = 1_001;
const SEEDS = 2_000;
const SEEDS_PER_TEST = 100;

for (let first = FIRST_SEED; first < FIRST_SEED + SEEDS; first += SEEDS_PER_TEST) {
  const last = first + SEEDS_PER_TEST - 1;
  test(`whole nodes agree once their trouble is over: seeds ${first} to ${last}`, () => {
    for (let seed = first; seed <= last; seed++) {
      const { troubleMs } = drawScenario(seed);
      const outcome = runSeed(seed, { troubleMs: 2 * troubleMs });
      expect(outcome.blocks, `seed ${seed}`).toBeGreaterThan(1);
    }
  }, 3_600_000);
}
