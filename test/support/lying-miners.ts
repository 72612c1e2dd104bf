/**
 * Miners who lie about the time, and what that does to the rate of blocks: a simulation of headers.
 *
 * A block takes as long as its work at a constant hash rate, so that nothing but the timestamps
 * moves the target. Headers are the real rules'; every time a liar picks is one they allow.
 */

import { checkHeader, earliestTime } from "../../src/consensus/check-header.ts";
import { type HeaderContext, nextBits } from "../../src/consensus/difficulty.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import { workOfBits } from "../../src/consensus/target.ts";
import { someHeader } from "./builders.ts";
import { SeededRandom } from "./random.ts";

const { params, genesis } = findNetwork("cairn");
const HONEST_BITS = genesis.header.bits;
const SPACING = 10;
/** Hashes a second at which the first target is exactly right. */
const HASHRATE = Number(workOfBits(HONEST_BITS)) / SPACING;

/** What a miner writes as the time of the next block. */
export type Liar = (next: {
  height: number;
  earliest: number;
  latest: number;
  now: number;
}) => number;

/** Writes what the clock shows. */
export const honest: Liar = ({ earliest, now }) => Math.max(earliest, Math.floor(now));

/** What came of a run. */
export interface Run {
  /** True seconds at which each block was found. */
  readonly found: readonly number[];
  readonly bits: readonly number[];
}

/** Mines `count` blocks; `minerAt` says who finds the block at a height. */
export function mine(count: number, minerAt: (height: number) => Liar): Run {
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
export function highestRate({ found }: Run, window: number): number {
  let highest = 0;
  for (let end = window; end < found.length; end++) {
    const seconds = found[end]! - found[end - window]!;
    highest = Math.max(highest, (window * SPACING) / seconds);
  }
  return highest;
}

/** Difficulty of each block, the first target's being 1. */
export function difficulties({ bits }: Run): number[] {
  const first = Number(workOfBits(HONEST_BITS));
  return bits.map((each) => Number(workOfBits(each)) / first);
}

const CHOICES: readonly Liar[] = [({ earliest }) => earliest, ({ latest }) => latest, honest];

/** What the best of many ways to lie gained. */
export interface Gains {
  /** Highest rate of any so many blocks in a row. */
  readonly over1000: number;
  readonly over5000: number;
  readonly over9999: number;
  /** Lowest difficulty after the honest took over: in the first two periods, and from then on. */
  readonly lowestAtFirst: number;
  readonly lowestAfter: number;
}

/**
 * Tries every way to lie that picks the earliest, the latest or the true time for the last block of
 * a period and for all others, differently in even and odd periods: 81 ways, with 60 of 100 blocks,
 * over 10,000 blocks for each seed.
 */
export function searchLies(seeds: readonly number[]): Gains {
  const gains = { over1000: 0, over5000: 0, over9999: 0, lowestAtFirst: 9, lowestAfter: 9 };
  for (let code = 0; code < 81; code++) {
    const choices = [1, 3, 9, 27].map((place) => CHOICES[Math.floor(code / place) % 3]!);
    const liar: Liar = (next) => {
      const isLast = next.height % 100 === 99;
      const isOdd = Math.floor(next.height / 100) % 2 === 1;
      return choices[(isLast ? 0 : 1) + (isOdd ? 2 : 0)]!(next);
    };
    for (const seed of seeds) tryLie(liar, seed, gains);
  }
  return gains;
}

/** Blocks after which the honest take over, and two periods. */
const TAKEOVER = 2_000;
const TWO_PERIODS = 200;

function tryLie(liar: Liar, seed: number, gains: { -readonly [Key in keyof Gains]: number }): void {
  const random = new SeededRandom(seed);
  const isLying = () => random.below(100) < 60;
  const run = mine(10_000, () => (isLying() ? liar : honest));
  gains.over1000 = Math.max(gains.over1000, highestRate(run, 1_000));
  gains.over5000 = Math.max(gains.over5000, highestRate(run, 5_000));
  gains.over9999 = Math.max(gains.over9999, highestRate(run, 9_999));

  const returned = mine(TAKEOVER + 1_000, (height) =>
    height <= TAKEOVER && isLying() ? liar : honest,
  );
  const after = difficulties(returned).slice(TAKEOVER);
  gains.lowestAtFirst = Math.min(gains.lowestAtFirst, ...after.slice(0, TWO_PERIODS));
  gains.lowestAfter = Math.min(gains.lowestAfter, ...after.slice(TWO_PERIODS));
}
