/**
 * Progress of long work: a bar on a terminal, a line now and then elsewhere, nothing for programs.
 *
 * Writes to standard error, so that a command's result can be piped while its progress is watched.
 */

import { type Output, printable } from "./terminal.ts";
import { formatCount, formatDuration, formatShare } from "./units.ts";

/** What a progress display is made of. */
export interface ProgressNeeds {
  readonly output: Output;
  /** Milliseconds since any fixed moment. */
  readonly now: () => number;
  /** What is being done: `verifying`. */
  readonly label: string;
  /** What is counted: `blocks`. */
  readonly unit: string;
  /** How many there will be, if that is known. */
  readonly total: number | undefined;
  /** True if nothing may be written: the command speaks to a program. */
  readonly isSilent: boolean;
}

/** Least time between two drawings of the bar: ten a second look smooth and cost nothing. */
const BAR_INTERVAL_MS = 100;

/** Least time between two lines where there is no terminal. */
const LINE_INTERVAL_MS = 5_000;

/** Least time between two samples of the rate, and how many are kept: the last ten seconds. */
const SAMPLE_INTERVAL_MS = 1_000;
const MAX_SAMPLES = 10;

const BAR_LENGTH = 24;

/** Takes back what is on the line: to its start, and erase to its end. */
const CLEAR_LINE = "\r\x1b[K";

interface Sample {
  readonly time: number;
  readonly done: number;
}

/** Shows how far some work has come. `finish` must be called, also when the work fails. */
export class Progress {
  readonly #needs: ProgressNeeds;
  readonly #samples: Sample[];
  readonly #startTime: number;
  #done = 0;
  #drawTime = Number.NEGATIVE_INFINITY;

  constructor(needs: ProgressNeeds) {
    this.#needs = needs;
    this.#startTime = needs.now();
    this.#samples = [{ time: this.#startTime, done: 0 }];
    // The first line without a terminal would only say that nothing is done yet.
    if (!needs.output.isTty) this.#drawTime = this.#startTime;
  }

  /** Says that `done` in all are done. Cheap enough to call for each. */
  update(done: number): void {
    this.#done = done;
    if (this.#needs.isSilent) return;

    const time = this.#needs.now();
    const newest = this.#samples.at(-1);
    if (newest === undefined || time - newest.time >= SAMPLE_INTERVAL_MS) {
      this.#samples.push({ time, done });
      if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    }

    const { output } = this.#needs;
    const interval = output.isTty ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
    if (time - this.#drawTime < interval) return;
    this.#drawTime = time;
    if (output.isTty) this.#drawBar(time);
    else output.write(`${this.#needs.label}: ${this.#figures(time)}\n`);
  }

  /** Takes the bar away, and says on one line what was done and how long it took. */
  finish(): void {
    const { output, label, unit, isSilent, now } = this.#needs;
    if (isSilent) return;
    const seconds = (now() - this.#startTime) / 1_000;
    const start = output.isTty ? CLEAR_LINE : "";
    output.write(
      `${start}${label}: ${formatCount(this.#done)} ${unit} in ${formatDuration(seconds)}\n`,
    );
  }

  #drawBar(time: number): void {
    const { output, label, total } = this.#needs;
    const share = total === undefined || total === 0 ? undefined : Math.min(1, this.#done / total);
    const filled = Math.round((share ?? 0) * BAR_LENGTH);
    const bar = share === undefined ? "" : `[${"#".repeat(filled).padEnd(BAR_LENGTH, "-")}] `;

    // A line that wraps could not be taken back.
    const line = printable(`${label} ${bar}${this.#figures(time)}`);
    output.write(`${CLEAR_LINE}${line.slice(0, (output.columns ?? 80) - 1)}`);
  }

  #figures(time: number): string {
    const { total, unit } = this.#needs;
    const rate = this.#rate(time);
    const parts: string[] = [];
    if (total === undefined) {
      parts.push(`${formatCount(this.#done)} ${unit}`);
    } else {
      if (total > 0) parts.push(formatShare(Math.min(1, this.#done / total)));
      parts.push(`${formatCount(this.#done)} of ${formatCount(total)} ${unit}`);
    }
    if (rate > 0) {
      parts.push(`${formatCount(rate, rate < 10 ? 1 : 0)} a second`);
      if (total !== undefined && total > this.#done) {
        parts.push(`about ${formatDuration((total - this.#done) / rate)} left`);
      }
    }
    return parts.join(", ");
  }

  /** Returns how many a second were done lately. */
  #rate(time: number): number {
    const oldest = this.#samples[0];
    if (oldest === undefined || time <= oldest.time) return 0;
    return ((this.#done - oldest.done) * 1_000) / (time - oldest.time);
  }
}
