/**
 * Hash rates measured over a sliding window of reports.
 *
 * Adds up what workers report; knows neither jobs nor clocks.
 */

/** Reports kept: about ten seconds of a worker that reports twice a second. */
const WINDOW_REPORTS = 20;

/** Adds up hashes, and tells how fast they came lately. */
export class HashrateMeter {
  readonly #reports: { hashes: number; elapsedMs: number }[] = [];
  #total = 0;

  /** Hashes since the start. */
  get totalHashes(): number {
    return this.#total;
  }

  /** Hashes per second over the last reports; 0 before the first. */
  get hashrate(): number {
    let hashes = 0;
    let elapsedMs = 0;
    for (const report of this.#reports) {
      hashes += report.hashes;
      elapsedMs += report.elapsedMs;
    }
    return elapsedMs > 0 ? (hashes * 1000) / elapsedMs : 0;
  }

  add(hashes: number, elapsedMs: number): void {
    this.count(hashes);
    this.#reports.push({ hashes, elapsedMs });
    if (this.#reports.length > WINDOW_REPORTS) this.#reports.shift();
  }

  /** Counts hashes that say nothing of the present rate: those of a worker that was told to rest. */
  count(hashes: number): void {
    this.#total += hashes;
  }

  /** Forgets the recent reports: the worker rests. */
  pause(): void {
    this.#reports.length = 0;
  }
}
