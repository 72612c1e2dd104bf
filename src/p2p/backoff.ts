/**
 * How long to wait before dialling again what did not work.
 *
 * One for each address dialled. Knows neither timers nor peers; the caller waits.
 */

import type { Random } from "./transport.ts";

/** Longest wait after the first failure, in milliseconds; it doubles with each further one. */
export const FIRST_BACKOFF_MS = 1_000;

/** Longest wait of all. */
export const MAX_BACKOFF_MS = 300_000;

/** A connection that lasted this long was a good one: the count of failures begins anew. */
export const STABLE_CONNECTION_MS = 60_000;

export class Backoff {
  readonly #random: Pick<Random, "below">;
  #failures = 0;
  #connectedAt: number | undefined;

  constructor(random: Pick<Random, "below">) {
    this.#random = random;
  }

  /** A connection is up since `now`, in milliseconds that do not go back. */
  connected(now: number): void {
    this.#connectedAt = now;
  }

  /**
   * The dial failed, or the connection ended; returns the milliseconds to wait before the next dial.
   * Full jitter, that is anything from 0 up: nodes that lost one peer together do not all come back
   * together.
   */
  failed(now: number): number {
    if (this.#connectedAt !== undefined && now - this.#connectedAt >= STABLE_CONNECTION_MS) {
      this.#failures = 0;
    }
    this.#connectedAt = undefined;
    const most = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, MAX_BACKOFF_MS);
    // Beyond the cap a count would only grow.
    if (most < MAX_BACKOFF_MS) this.#failures += 1;
    return this.#random.below(most + 1);
  }
}
