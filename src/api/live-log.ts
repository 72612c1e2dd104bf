/**
 * The last events of the node, numbered: what a client that was away, or reads slowly, is given.
 *
 * Each event is turned into text once, for all clients. Knows neither who reads nor what an event
 * means; a client is a place in here, see live-client.ts.
 */

/** An event as it is sent. */
export interface LiveEvent {
  readonly seq: number;
  readonly topic: string;
  readonly text: string;
}

/** Events kept: those of a full block, whose transactions all leave the mempool, twice over. */
export const MAX_LIVE_EVENTS = 65_536;

/** Bytes of their texts. */
export const MAX_LIVE_BYTES = 16 * 1024 * 1024;

/** Forgotten events at the head of the list before it is moved. */
const MAX_DEAD_EVENTS = 8_192;

/** How much a log keeps. */
export interface LiveLogBounds {
  readonly maxEvents?: number;
  readonly maxBytes?: number;
}

export class LiveLog {
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  #events: LiveEvent[] = [];
  /** Place of the oldest event kept. */
  #head = 0;
  #bytes = 0;
  #last: number;

  /** An empty log whose first event will have the number `start`. */
  constructor(
    start: number,
    { maxEvents = MAX_LIVE_EVENTS, maxBytes = MAX_LIVE_BYTES }: LiveLogBounds = {},
  ) {
    this.#last = start - 1;
    this.#maxEvents = maxEvents;
    this.#maxBytes = maxBytes;
  }

  /** Number of the newest event; one below the first if there was none. */
  get last(): number {
    return this.#last;
  }

  /** Number of the oldest event kept; one above `last` if none is. */
  get first(): number {
    return this.#last - this.count + 1;
  }

  get count(): number {
    return this.#events.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Returns the event of that number, which must be from `first` to `last`. */
  at(seq: number): LiveEvent {
    const event = this.#events[this.#head + seq - this.first];
    if (event === undefined) throw new RangeError(`event ${seq} is not kept`);
    return event;
  }

  /** Adds an event, and forgets the oldest as far as the bounds ask for it. */
  append(topic: string, write: (seq: number) => string): void {
    const seq = this.#last + 1;
    const text = write(seq);
    this.#last = seq;
    this.#events.push({ seq, topic, text });
    this.#bytes += text.length;
    while (this.count > this.#maxEvents || this.#bytes > this.#maxBytes) this.#dropOldest();
  }

  /** Takes a number for an event that nobody will see, and forgets all: to everybody, a gap. */
  lose(): void {
    this.#last += 1;
    this.#events = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #dropOldest(): void {
    this.#bytes -= this.#events[this.#head]?.text.length ?? 0;
    this.#head += 1;
    if (this.#head < MAX_DEAD_EVENTS) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
  }
}
