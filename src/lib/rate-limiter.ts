/**
 * Token buckets by key: how often each client or peer may ask, in bounded memory.
 *
 * Knows keys and rates, not what is asked. Time is handed in and never goes back.
 */

import { type Rate, TokenBucket } from "./token-bucket.ts";

/** Clients remembered: the one that asked longest ago goes first, with its debt long paid. */
export const MAX_RATE_LIMITED_CLIENTS = 10_000;

/** Buckets of many keys. A key comes with the same rate whenever it comes. */
export class RateLimiter {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #now: () => number;
  readonly #capacity: number;

  /** `now` is in milliseconds. */
  constructor({
    now,
    capacity = MAX_RATE_LIMITED_CLIENTS,
  }: {
    now: () => number;
    capacity?: number;
  }) {
    this.#now = now;
    this.#capacity = capacity;
  }

  /** Buckets held. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one token from the bucket of `key`; returns 0, or the seconds until there is one. */
  take(key: string, rate: Rate): number {
    const now = this.#now();
    const bucket = this.#bucketOf(key, rate, now);
    return bucket.take(1, now) ? 0 : bucket.waitMs(1, now) / 1000;
  }

  /** Returns the seconds until the bucket of `key` has a token, 0 if it has one; takes none. */
  waitSeconds(key: string, rate: Rate): number {
    const now = this.#now();
    return this.#bucketOf(key, rate, now).waitMs(1, now) / 1000;
  }

  /** Takes `cost` tokens for what was done already; at most a burst's worth of debt remains. */
  charge(key: string, rate: Rate, cost: number): void {
    const now = this.#now();
    this.#bucketOf(key, rate, now).charge(cost, now);
  }

  #bucketOf(key: string, rate: Rate, now: number): TokenBucket {
    const known = this.#buckets.get(key);
    const bucket = known ?? new TokenBucket(rate, now);

    // Set anew, so that the order of the map is that of last use.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (known === undefined && this.#buckets.size > this.#capacity) this.#dropOldest();
    return bucket;
  }

  #dropOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
