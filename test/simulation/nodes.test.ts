/**
 * Whole nodes in trouble, seed by seed: blocks, payments, cuts, crashes, wrong clocks and foes.
 *
 * What is drawn is in scenario.ts, what must hold in safety-checks.ts and simulation.ts; two thousand
 * seeds are in nodes.long.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { askedSeed, runSeed } from "./run-seed.ts";

const SEEDS = 50;
const SEEDS_PER_TEST = 10;

const asked = askedSeed();
const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);

describe("whole nodes in trouble", () => {
  if (asked !== undefined) {
    test(`seed ${asked} ends well`, () => {
      const outcome = runSeed(asked);
      console.log(JSON.stringify(outcome));
      expect(outcome.height).toBeGreaterThan(0);
    }, 600_000);
    return;
  }

  for (let first = 0; first < SEEDS; first += SEEDS_PER_TEST) {
    const some = seeds.slice(first, first + SEEDS_PER_TEST);
    test(`agree once it is over: seeds ${some[0]} to ${some.at(-1)}`, () => {
      const outcomes = some.map((seed) => runSeed(seed));
      const sum = (read: (outcome: (typeof outcomes)[number]) => number) =>
        outcomes.reduce((total, outcome) => total + read(outcome), 0);
      const figures = {
        blocks: sum(({ blocks }) => blocks),
        payments: sum(({ payments }) => payments),
        reorgs: sum(({ reorgs }) => reorgs),
        foeLines: sum(({ foeLines }) => foeLines),
      };
      console.log(`seeds ${some[0]} to ${some.at(-1)}: ${JSON.stringify(figures)}`);
      expect(figures.blocks).toBeGreaterThan(SEEDS_PER_TEST);
    }, 600_000);
  }

  test("live the same life with the same seed", () => {
    for (const seed of [3, 17, 29]) {
      const first = runSeed(seed);
      expect(runSeed(seed), `seed ${seed}`).toEqual(first);
    }
  }, 300_000);
});
