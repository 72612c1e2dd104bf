/**
 * The feerate below which a mempool that was full lets nothing in: raised by every eviction, halved
 * again and again as blocks make room (Bitcoin Core's rolling minimum fee).
 *
 * Knows feerates and a clock; who is evicted is decided by mempool.ts.
 */

import { INCREMENTAL_RELAY_FEERATE } from "./policy.ts";

/** Bitcoin Core's 12 hours are 72 blocks; so are these 12 minutes at 10 seconds a block. */
export const FLOOR_HALF_LIFE_MS = 12 * 60 * 1000;

/** An emptier mempool needs its floor less: below these parts of its bound it sinks faster. */
const FASTER_DECAY = [
  { belowUse: 1 / 4, divisor: 4 },
  { belowUse: 1 / 2, divisor: 2 },
] as const;

export class FeeFloor {
  readonly #now: () => number;
  #feerate = 0;
  #updatedAt = 0;
  #hadBlock = false;

  constructor({ now }: { now: () => number }) {
    this.#now = now;
  }

  /** Called when something that paid `feerate` (sat per vbyte) was evicted. */
  raise(feerate: number): void {
    const raised = feerate + INCREMENTAL_RELAY_FEERATE;
    if (raised <= this.#feerate) return;
    this.#feerate = raised;
    this.#hadBlock = false;
  }

  /** Called when a block made room; only then the floor begins to sink. */
  blockConnected(): void {
    if (this.#hadBlock) return;
    this.#hadBlock = true;
    this.#updatedAt = this.#now();
  }

  /** Returns the floor in sat per vbyte, 0 for none. `use` is the part of the bound in use. */
  feerate(use: number): number {
    if (this.#feerate === 0 || !this.#hadBlock) return this.#feerate;

    const now = this.#now();
    const { divisor } = FASTER_DECAY.find(({ belowUse }) => use < belowUse) ?? { divisor: 1 };
    const halvings = ((now - this.#updatedAt) * divisor) / FLOOR_HALF_LIFE_MS;
    this.#updatedAt = now;
    // A wall clock that is set back must not raise the floor.
    if (halvings > 0) this.#feerate *= 2 ** -halvings;
    if (this.#feerate < INCREMENTAL_RELAY_FEERATE / 2) this.#feerate = 0;
    return this.#feerate;
  }
}
