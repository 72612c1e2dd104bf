/**
 * Token buckets: how often each client may ask, in bounded memory.
 *
 * Knows keys and rates, not what is asked. Time is handed in and never goes back.
 */

/** `burst` at once, refilled by `perSecond`. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  updatedAt: number;
}

/** Clients remembered: the one that asked longest ago goes first, with its debt long paid. */
export const MAX_RATE_LIMITED_CLIENTS = 10_000;

export class RateLimiter {
  readonly #buckets = new Map<string, Bucket>();
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
    const bucket = this.#bucketOf(key, rate);
    if (bucket.tokens < 1) return (1 - bucket.tokens) / rate.perSecond;
    bucket.tokens -= 1;
    return 0;
  }

  /** Takes `cost` tokens for what was done already; at most a burst's worth of debt remains. */
  charge(key: string, rate: Rate, cost: number): void {
    const bucket = this.#bucketOf(key, rate);
    bucket.tokens = Math.max(bucket.tokens - cost, -rate.burst);
  }

  #bucketOf(key: string, { perSecond, burst }: Rate): Bucket {
    const now = this.#now();
    const known = this.#buckets.get(key);
    const bucket = known ?? { tokens: burst, updatedAt: now };
    const refill = ((now - bucket.updatedAt) * perSecond) / 1000;
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, refill));
    bucket.updatedAt = now;

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
