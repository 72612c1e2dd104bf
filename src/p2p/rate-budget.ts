/**
 * What one peer may cost us by the second, whatever it sends or asks for.
 *
 * Made with the connection and gone with it. Only counts: what happens to a peer that wants more is
 * decided by those who ask. Addresses are counted in address-manager.ts, by host, so that coming
 * back brings no new burst.
 */

import type { Clock } from "../lib/clock.ts";
import { type Rate, TokenBucket } from "../lib/token-bucket.ts";

const MEBIBYTE = 1024 * 1024;

/** The rates, by what is counted. */
export const PEER_RATES = {
  /** Sent to us, asked for or not: more than a busy network makes, less than stalls us. */
  transactions: { perSecond: 2_000, burst: 10_000 },
  /** Ours come every 30 s; ten at once are what a line that hung may deliver. */
  pings: { perSecond: 1, burst: 10 },
  /** Transactions whose scripts fail: each costs us a verification. */
  badSignatures: { perSecond: 10 / 60, burst: 10 },
  /** Blocks and transactions sent to the peer. The burst is the largest block of any network. */
  uploadBytes: { perSecond: 4 * MEBIBYTE, burst: 16 * MEBIBYTE },
  /** Of those, blocks long buried: who syncs may not hold up who follows the tip. */
  historicalBytes: { perSecond: MEBIBYTE, burst: 16 * MEBIBYTE },
} satisfies Record<string, Rate>;

/** What is counted. */
export type BudgetName = keyof typeof PEER_RATES;

export class RateBudget {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #buckets: Record<BudgetName, TokenBucket>;

  constructor(clock: Pick<Clock, "monotonic">) {
    const now = clock.monotonic();
    const bucket = (name: BudgetName) => new TokenBucket(PEER_RATES[name], now);
    this.#clock = clock;
    this.#buckets = {
      transactions: bucket("transactions"),
      pings: bucket("pings"),
      badSignatures: bucket("badSignatures"),
      uploadBytes: bucket("uploadBytes"),
      historicalBytes: bucket("historicalBytes"),
    };
  }

  /** Takes `cost` if it is left; false if the peer is over its budget. */
  take(name: BudgetName, cost = 1): boolean {
    return this.#buckets[name].take(cost, this.#clock.monotonic());
  }

  /**
   * Books what was sent, whatever its size; what it exceeds is owed. Before sending, `waitMs` must
   * have been 0.
   */
  charge(name: BudgetName, cost: number): void {
    this.#buckets[name].charge(cost, this.#clock.monotonic());
  }

  /** Milliseconds until something is left; 0 if it is. */
  waitMs(name: BudgetName): number {
    return this.#buckets[name].waitMs(1, this.#clock.monotonic());
  }
}
