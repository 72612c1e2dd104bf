/**
 * A seeded source of chance: the same seed gives the same test, on every machine.
 *
 * For tests only. Nothing here is fit for keys that hold money.
 */

/** Draws numbers, bytes and choices from one seed. */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** An integer of 0..2^32 - 1 (mulberry32). */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer of 0..limit - 1. */
  below(limit: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * limit);
  }

  /** True once in `times` on average. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() >>> 24);
  }

  /** One of `choices`, which has at least one. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

/**
 * Calls `check` `runs` times with chance drawn from `seed`. When it throws, the seed and the run
 * are printed, so that the failure can be had again.
 */
export function repeatSeeded(
  seed: number,
  runs: number,
  check: (random: SeededRandom, run: number) => void,
): void {
  const random = new SeededRandom(seed);
  for (let run = 0; run < runs; run++) {
    try {
      check(random, run);
    } catch (error) {
      console.error(`failed with seed ${seed}, run ${run} of ${runs}`);
      throw error;
    }
  }
}
