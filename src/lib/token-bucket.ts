/**
 * A token bucket: a burst at once, and after it as much as is refilled.
 *
 * Knows neither who takes nor what for; many of them by key are in rate-limiter.ts. Time is handed
 * in, in milliseconds that do not go back.
 */

/** `burst` at once, refilled by `perSecond`. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export class TokenBucket {
  readonly #intervalMs: number;
  readonly #fullMs: number;
  /**
   * The moment at which the bucket was last empty, or would have been: its tokens are the time since
   * then. One subtraction refills it, so nothing is lost to rounding however often it is asked.
   */
  #emptyAt: number;

  /** A full bucket. */
  constructor({ perSecond, burst }: Rate, now: number) {
    this.#intervalMs = 1000 / perSecond;
    this.#fullMs = burst * this.#intervalMs;
    this.#emptyAt = now - this.#fullMs;
  }

  /** Takes `cost` tokens if there are as many; else takes none and returns false. */
  take(cost: number, now: number): boolean {
    if (this.waitMs(cost, now) > 0) return false;
    this.#emptyAt += cost * this.#intervalMs;
    return true;
  }

  /** Takes `cost` tokens for what was done already; at most a burst's worth of debt remains. */
  charge(cost: number, now: number): void {
    this.#refill(now);
    this.#emptyAt = Math.min(this.#emptyAt + cost * this.#intervalMs, now + this.#fullMs);
  }

  /** Milliseconds until there are `cost` tokens, which must be at most a burst; 0 if there are. */
  waitMs(cost: number, now: number): number {
    this.#refill(now);
    return Math.max(0, this.#emptyAt + cost * this.#intervalMs - now);
  }

  #refill(now: number): void {
    this.#emptyAt = Math.max(this.#emptyAt, now - this.#fullMs);
  }
}
