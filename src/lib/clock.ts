/**
 * Time as the layers above see it: handed in, so that a test or a simulation can turn it.
 *
 * Only the interface; the real one is made where the node is composed.
 */

export interface Clock {
  /** Whole milliseconds since 1970, by the wall clock: for block times and what people read. */
  now(): number;
  /** Milliseconds that never go back: for measuring and for timers. */
  monotonic(): number;
  /** Calls `run` once after `milliseconds`; returns the function that cancels it. */
  after(milliseconds: number, run: () => void): () => void;
}
