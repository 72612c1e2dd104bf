/**
 * A clock that stands still until a test turns it.
 *
 * Timers due are run in order of their time while the clock is turned, and at no other moment.
 */

import type { Clock } from "../../src/lib/clock.ts";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export class HandClock implements Clock {
  #now: number;
  #timers: Timer[] = [];

  /** Shows `start`, in milliseconds since 1970. */
  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + milliseconds, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets this much time pass, and runs what is due meanwhile. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}
