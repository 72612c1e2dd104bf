/**
 * The last reorganisations since the node began, for those who were not listening when they happened.
 *
 * Gone with the process: what lasts are the branches that were left, in the block index.
 */

import type { RecentReorganisationView, ReorganisationView } from "./live-schemas.ts";

/** Reorganisations kept; the oldest makes room. */
export const MAX_RECENT_REORGS = 50;

export class RecentReorgs {
  #newestFirst: readonly RecentReorganisationView[] = [];

  /** Newest first. */
  get list(): readonly RecentReorganisationView[] {
    return this.#newestFirst;
  }

  /** Keeps `reorg`, which was over at `time`, in milliseconds since 1970. */
  add(reorg: ReorganisationView, time: number): void {
    this.#newestFirst = [{ ...reorg, time }, ...this.#newestFirst].slice(0, MAX_RECENT_REORGS);
  }
}
