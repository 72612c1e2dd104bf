/**
 * Takes messages out of the peers' inboxes, one from each in turn, and lets others have the thread
 * in between.
 *
 * A peer that sends much waits for itself alone, and a node that catches up goes on answering its
 * API. What messages mean is not known here.
 */

import type { Clock } from "../lib/clock.ts";
import type { Message } from "../wire/message.ts";
import type { Peer } from "./peer.ts";

/** Milliseconds after which a turn ends, at the next message; a block may take longer by itself. */
const TURN_MS = 8;

/** Messages of one turn, where time does not pass. */
const TURN_MESSAGES = 256;

/** Hands each message to `receive`, which must not keep the thread for long. */
export class MessagePump {
  readonly #clock: Clock;
  readonly #receive: (peer: Peer, message: Message) => void;
  /** Peers with mail, in the order in which they are served. */
  readonly #waiting = new Set<Peer>();
  #cancelTurn: (() => void) | undefined;
  #isStopped = false;

  constructor(clock: Clock, receive: (peer: Peer, message: Message) => void) {
    this.#clock = clock;
    this.#receive = receive;
  }

  /** Peers that have mail, or had some. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Serves `peer` until its inbox is empty. */
  add(peer: Peer): void {
    if (this.#isStopped) return;
    this.#waiting.add(peer);
    this.#schedule();
  }

  /** `peer` is gone. */
  remove(peer: Peer): void {
    this.#waiting.delete(peer);
  }

  /** Serves nobody any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTurn?.();
    this.#waiting.clear();
  }

  #schedule(): void {
    this.#cancelTurn ??= this.#clock.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#cancelTurn = undefined;
    const endsAt = this.#clock.monotonic() + TURN_MS;
    for (let count = 0; count < TURN_MESSAGES && this.#waiting.size > 0; count++) {
      this.#serveNext();
      if (this.#clock.monotonic() >= endsAt) break;
    }
    if (this.#waiting.size > 0) this.#schedule();
  }

  #serveNext(): void {
    for (const peer of this.#waiting) {
      // To the end of the line, or out of it.
      this.#waiting.delete(peer);
      const message = peer.takeMessage();
      if (message === undefined) return;
      this.#waiting.add(peer);
      this.#receive(peer, message);
      return;
    }
  }
}
