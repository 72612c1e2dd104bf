/**
 * C-09 as a simulation: miners who lie about the time, and what that does to the rate of blocks.
 *
 * A block takes as long as its work at a constant hash rate, so that nothing but the timestamps
 * moves the target. Headers are the real rules'; every time a liar picks is one they allow.
 */

import { describe, expect, test } from "bun:test";
import { checkHeader, earliestTime } from "../../../src/consensus/check-header.ts";
import { type HeaderContext, nextBits } from "../../../src/consensus/difficulty.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { workOfBits } from "../../../src/consensus/target.ts";
import { someHeader } from "../../support/builders.ts";
import { SeededRandom } from "../../support/random.ts";

const { params, genesis } = findNetwork("cairn");
const HONEST_BITS = genesis.header.bits;
const SPACING = 10;
/** Hashes a second at which the first target is exactly right. */
const HASHRATE = Number(workOfBits(HONEST_BITS)) / SPACING;

/** What a miner writes as the time of the next block. */
type Liar = (next: { height: number; earliest: number; latest: number; now: number }) => number;

const honest: Liar = ({ earliest, now }) => Math.max(earliest, Math.floor(now));

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

interface Run {
  /** True seconds at which each block was found. */
  readonly found: readonly number[];
  readonly bits: readonly number[];
}

/** Mines `count` blocks; `minerAt` says who finds the block at a height. */
function mine(count: number, minerAt: (height: number) => Liar): Run {
  let now = genesis.header.time + 1_000_000;
  let parent: HeaderContext = {
    height: 0,
    time: genesis.header.time,
    bits: HONEST_BITS,
    parent: undefined,
  };
  const found: number[] = [];
  const bits: number[] = [];
  for (let height = 1; height <= count; height++) {
    const next = nextBits(parent, params);
    now += Number(workOfBits(next)) / HASHRATE;
    const latest = Math.floor(now) + params.maxFutureSeconds;
    const earliest = earliestTime(parent, params);
    const time = Math.min(
      latest,
      Math.max(earliest, minerAt(height)({ height, earliest, latest, now })),
    );
    checkHeader(someHeader({ time, bits: next }), parent, Math.floor(now), params);
    parent = { height, time, bits: next, parent };
    found.push(now);
    bits.push(next);
  }
  return { found, bits };
}

/** The highest rate, relative to the aim, of any `window` blocks in a row. */
function highestRate({ found }: Run, window: number): number {
  let highest = 0;
  for (let end = window; end < found.length; end++) {
    const seconds = found[end]! - found[end - window]!;
    highest = Math.max(highest, (window * SPACING) / seconds);
  }
  return highest;
}

describe("C-09: the rate of blocks", () => {
  const COUNT = 3_000;

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
      const work = Number(workOfBits(HONEST_BITS));
      for (const bits of run.bits.slice(1_200)) {
        expect(Number(workOfBits(bits)) / work, `seed ${seed}`).toBeGreaterThan(1 / 1.1);
      }
    },
  );
});
