/**
 * C-09 as a simulation: what miners gain who lie about the time.
 *
 * The aim of 1.10 over any 1,000 blocks holds for each lie by name below, also with nobody honest.
 * A search over 81 lies finds better ones by the luck of the draw: with 60 of 100 blocks the clock of
 * the chain can fall behind and catch up later. That moves blocks from one period to another, and
 * gains next to nothing over more of them; both figures are asserted and printed.
 */

import { describe, expect, test } from "bun:test";
import {
  difficulties,
  highestRate,
  honest,
  type Liar,
  mine,
  searchLies,
} from "../../support/lying-miners.ts";
import { SeededRandom } from "../../support/random.ts";

const LIARS: Record<string, Liar> = {
  "always as early as possible": ({ earliest }) => earliest,
  "always as late as possible": ({ latest }) => latest,
  "late at the end of a period, early else": ({ height, earliest, latest }) =>
    height % 100 === 99 ? latest : earliest,
  "early at the end of a period, late else": ({ height, earliest, latest }) =>
    height % 100 === 99 ? earliest : latest,
  "late at the start of a period, early else": ({ height, earliest, latest }) =>
    height % 100 === 0 ? latest : earliest,
  "late at both ends, early between": ({ height, earliest, latest }) =>
    height % 100 === 99 || height % 100 === 0 ? latest : earliest,
  "late, early, late by turns of a period": ({ height, earliest, latest }) =>
    Math.floor(height / 100) % 2 === 0 ? latest : earliest,
};

describe("C-09: the rate of blocks", () => {
  const COUNT = 10_000;

  test("stays at the aim when all are honest", () => {
    const run = mine(COUNT, () => honest);
    expect(highestRate(run, 1_000)).toBeLessThan(1.02);
  });

  test.each(Object.entries(LIARS))(
    "stays below 1.10 of the aim with 60%% liars: %s",
    (_name, liar) => {
      const seed = 0xc09;
      const random = new SeededRandom(seed);
      const run = mine(COUNT, () => (random.below(100) < 60 ? liar : honest));
      expect(highestRate(run, 1_000), `seed ${seed}`).toBeLessThanOrEqual(1.1);
    },
  );

  test.each(Object.entries(LIARS))(
    "stays below 1.10 of the aim with nobody honest: %s",
    (_name, liar) => {
      expect(
        highestRate(
          mine(COUNT, () => liar),
          1_000,
        ),
      ).toBeLessThanOrEqual(1.1);
    },
  );

  test.each(Object.entries(LIARS))(
    "is not too high after 60%% liars and two honest periods: %s",
    (_, liar) => {
      const seed = 0xc091;
      const random = new SeededRandom(seed);
      const lies = (height: number) => height <= 1_000 && random.below(100) < 60;
      const run = mine(1_500, (height) => (lies(height) ? liar : honest));
      for (const difficulty of difficulties(run).slice(1_200)) {
        expect(difficulty, `seed ${seed}`).toBeGreaterThan(1 / 1.1);
      }
    },
  );

  test("gains no more than luck by the best of 81 lies, and is right two periods after", () => {
    const gains = searchLies([6]);
    console.log(`60% liars, best of 81 lies: ${JSON.stringify(gains)}`);
    expect(gains.over1000).toBeLessThan(1.2);
    expect(gains.over5000).toBeLessThan(1.02);
    expect(gains.over9999).toBeLessThan(1.01);
    expect(gains.lowestAfter).toBeGreaterThan(1 / 1.1);
    // The two periods whose measured spans begin in the liars' time pay their debt.
    expect(gains.lowestAtFirst).toBeGreaterThan(0.5);
  });
});
