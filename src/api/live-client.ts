/**
 * One client of the push API: a place in the log of events, and the topics that it wants.
 *
 * New events, those it missed while it was away, and those it was too slow for are all the same
 * walk through the log. What it asks for is understood in live-hub.ts.
 */

import type { LiveLog } from "./live-log.ts";

/** The end of a connection, as a client is told of by its code (RFC 6455). */
export const CLOSE_CODE = { goingAway: 1001, tooManyMessages: 1008, tooSlow: 1013 } as const;

/** What a client is sent by. */
export interface LiveSocket {
  /** False if it was dropped, since too much waits already. */
  send(text: string): boolean;
  /** Bytes that wait in this process. */
  bufferedBytes(): number;
  /** Puts what `run` sends into as few packets as possible. */
  together(run: () => void): void;
  ping(): void;
  close(code: number, reason: string): void;
  /** Ends it without a word: there is nobody to tell. */
  terminate(): void;
}

/** Why events are missing. */
export type GapReason = "forgotten" | "restarted";

/**
 * Bytes that wait for one client before it gets no more events: the rest is in the log, which all
 * share. Beyond them the system has megabytes of its own.
 */
export const SEND_WINDOW_BYTES = 64 * 1024;

/** Milliseconds for which a client may take nothing while as much waits for it. */
export const STALL_MS = 10_000;

export class LiveClient {
  /** Topics wanted, and from which event on. */
  readonly topics = new Map<string, number>();
  readonly socket: LiveSocket;
  readonly #log: LiveLog;
  /** Number of the next event to look at. */
  #next: number;
  #stalledSince: number | undefined;
  #wasHeard = true;

  constructor(socket: LiveSocket, log: LiveLog) {
    this.socket = socket;
    this.#log = log;
    this.#next = log.last + 1;
  }

  /** Adds `topics`, each from the event `from` on; a topic that is there stays as it is. */
  subscribe(topics: Iterable<string>, from: number): void {
    // Who wanted nothing has missed nothing.
    if (this.topics.size === 0) this.#next = from;
    // What it wanted before goes on from where it was.
    for (const [topic, start] of this.topics) this.topics.set(topic, Math.max(start, this.#next));
    for (const topic of topics) {
      if (!this.topics.has(topic)) this.topics.set(topic, from);
    }
    this.#next = Math.min(this.#next, from);
  }

  /** Sends what it wants of the log, as much as it takes. */
  pump(now: number): void {
    const isBehind = this.topics.size > 0 && this.#next <= this.#log.last;
    if (isBehind) this.socket.together(() => this.#walk(now));
  }

  /** Tells that events from `from` up to `to` will not come. */
  sendGap(from: number, to: number, reason: GapReason): void {
    this.reply({ op: "gap", from, to, reason });
  }

  /** Answers it; a client that takes no answers is closed. */
  reply(message: Readonly<Record<string, unknown>>): void {
    this.#send(JSON.stringify(message));
  }

  /** To be told when something came of it. */
  heard(): void {
    this.#wasHeard = true;
  }

  /** To be told when all that waited for it is gone. */
  drained(now: number): void {
    this.#stalledSince = undefined;
    this.heard();
    this.pump(now);
  }

  /** Closes it if it has taken nothing for too long. */
  endIfStalled(now: number): void {
    this.pump(now);
    if (this.#stalledSince !== undefined && now - this.#stalledSince >= STALL_MS) this.#endSlow();
  }

  /** Asks whether it is there; ends it if the last question was not answered. */
  probe(): void {
    if (!this.#wasHeard) {
      this.socket.terminate();
      return;
    }
    this.#wasHeard = false;
    this.socket.ping();
  }

  #walk(now: number): void {
    const log = this.#log;
    while (this.#next <= log.last) {
      const isLost = this.#next < log.first;
      const event = isLost ? undefined : log.at(this.#next);
      if (event === undefined || this.#wants(event.topic, event.seq)) {
        if (this.socket.bufferedBytes() >= SEND_WINDOW_BYTES) {
          this.#stalledSince ??= now;
          return;
        }
        // What is left of the log is old news to whoever has to ask for everything anyway.
        if (event === undefined) {
          this.sendGap(this.#next, log.last, "forgotten");
          this.#next = log.last + 1;
          return;
        }
        if (!this.#send(event.text)) return;
      }
      this.#next += 1;
    }
    this.#stalledSince = undefined;
  }

  #wants(topic: string, seq: number): boolean {
    const from = this.topics.get(topic);
    return from !== undefined && from <= seq;
  }

  #send(text: string): boolean {
    const isTaken = this.socket.send(text);
    if (!isTaken) this.#endSlow();
    return isTaken;
  }

  #endSlow(): void {
    this.socket.close(CLOSE_CODE.tooSlow, "too slow");
  }
}
