/**
 * Time for simulations: it stands still until `run`, and then jumps from one event to the next.
 *
 * Events run in order of their time, and those of one time in the order in which they were asked
 * for, so that the same seed gives the same run. After each event all promises that it settled are
 * followed up, as the engine would do before anything else. No real timer, no real clock.
 */

import { drainMicrotasks } from "bun:jsc";
import type { Clock } from "../../src/lib/clock.ts";

/** Something that will happen; without `run` it was cancelled. */
interface VirtualEvent {
  readonly atMs: number;
  readonly sequence: number;
  run: (() => void) | undefined;
}

/** Heaps with more cancelled events than this, and than others, are swept. */
const MAX_CANCELLED = 1_024;

/** The clock of a whole simulated world. */
export class VirtualClock implements Clock {
  readonly #startMs: number;
  #nowMs = 0;
  #sequence = 0;
  /** A heap: no event before the one at half its place. */
  #events: VirtualEvent[] = [];
  #cancelled = 0;
  #eventsRun = 0;
  /** Called after every event: for checks that must hold at any time. */
  afterEvent: (() => void) | undefined;

  /** Shows `startMs`, in milliseconds since 1970, and a monotonic time of 0. */
  constructor(startMs = 1_700_000_000_000) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + Math.floor(this.#nowMs);
  }

  monotonic(): number {
    return this.#nowMs;
  }

  /** How many events have run. */
  get eventsRun(): number {
    return this.#eventsRun;
  }

  /** How many events are to come. */
  get eventsWaiting(): number {
    return this.#events.length - this.#cancelled;
  }

  after(milliseconds: number, run: () => void): () => void {
    const event = this.#add(this.#nowMs + Math.max(0, milliseconds), run);
    return () => {
      if (event.run === undefined) return;
      event.run = undefined;
      this.#cancelled++;
      if (this.#cancelled > MAX_CANCELLED && this.#cancelled * 2 > this.#events.length) {
        this.#sweep();
      }
    };
  }

  /** Calls `run` at monotonic time `atMs`, or as the next but those asked for if that is past. */
  at(atMs: number, run: () => void): void {
    this.#add(Math.max(atMs, this.#nowMs), run);
  }

  /** Runs every event up to monotonic time `untilMs`, and leaves the clock there. */
  run(untilMs: number): void {
    this.#runWhile(() => true, untilMs);
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Lets this much time pass. */
  pass(milliseconds: number): void {
    this.run(this.#nowMs + milliseconds);
  }

  /**
   * Runs events until `isDone`; throws if that takes more than `limitMs` of virtual time, or if
   * nothing is left to happen.
   */
  runUntil(isDone: () => boolean, limitMs: number): void {
    const endMs = this.#nowMs + limitMs;
    drainMicrotasks();
    this.#runWhile(() => !isDone(), endMs);
    if (isDone()) return;
    const rest = this.eventsWaiting === 0 ? "nothing is left to happen" : `not in ${limitMs} ms`;
    throw new Error(`at ${this.#nowMs} ms of virtual time: ${rest}`);
  }

  #runWhile(goesOn: () => boolean, endMs: number): void {
    drainMicrotasks();
    while (goesOn()) {
      const next = this.#events[0];
      if (next === undefined || next.atMs > endMs) return;
      this.#removeFirst();
      if (next.run === undefined) {
        this.#cancelled--;
        continue;
      }
      this.#nowMs = next.atMs;
      this.#eventsRun++;
      const { run } = next;
      // Cancelling it from now on does nothing.
      next.run = undefined;
      run();
      drainMicrotasks();
      this.afterEvent?.();
    }
  }

  #add(atMs: number, run: () => void): VirtualEvent {
    const event: VirtualEvent = { atMs, sequence: this.#sequence++, run };
    const events = this.#events;
    let place = events.length;
    events.push(event);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = events[above]!;
      if (!isBefore(event, other)) break;
      events[place] = other;
      place = above;
    }
    events[place] = event;
    return event;
  }

  #removeFirst(): void {
    const events = this.#events;
    const last = events.pop()!;
    if (events.length > 0) siftDown(events, 0, last);
  }

  #sweep(): void {
    this.#events = this.#events.filter(({ run }) => run !== undefined);
    // Sorted is a heap too.
    this.#events.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }
}

/**
 * One host's view of a virtual clock: its wall clock may be wrong, and its timers end with it.
 */
export class HostClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #timers = new Set<() => void>();
  #isStopped = false;
  /** How far this host's wall clock is ahead of the world's, in milliseconds. */
  skewMs: number;

  constructor(clock: VirtualClock, skewMs = 0) {
    this.#clock = clock;
    this.skewMs = skewMs;
  }

  now(): number {
    return this.#clock.now() + this.skewMs;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(milliseconds: number, run: () => void): () => void {
    if (this.#isStopped) return () => {};
    const cancelEvent = this.#clock.after(milliseconds, () => {
      this.#timers.delete(cancel);
      run();
    });
    const cancel = () => {
      this.#timers.delete(cancel);
      cancelEvent();
    };
    this.#timers.add(cancel);
    return cancel;
  }

  /** How many timers wait. */
  get timersWaiting(): number {
    return this.#timers.size;
  }

  /** Drops every timer for good, as the end of a process does. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of [...this.#timers]) cancel();
  }
}

function isBefore(a: VirtualEvent, b: VirtualEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}

/** Puts `event` where it belongs, at `place` or below. */
function siftDown(events: VirtualEvent[], start: number, event: VirtualEvent): void {
  let place = start;
  for (;;) {
    let below = place * 2 + 1;
    if (below >= events.length) break;
    if (below + 1 < events.length && isBefore(events[below + 1]!, events[below]!)) below++;
    const other = events[below]!;
    if (!isBefore(other, event)) break;
    events[place] = other;
    place = below;
  }
  events[place] = event;
}
