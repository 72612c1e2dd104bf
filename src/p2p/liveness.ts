/**
 * Whether the other side of a connection is alive and in earnest: deadlines, pings, round trips.
 *
 * One for each peer, with one timer. Sees neither bytes nor messages, only when they came; what it
 * says, and how a connection ends, is up to its peer (peer.ts).
 */

import type { Clock } from "../lib/clock.ts";
import { drawNonce } from "./nonce.ts";
import type { Random } from "./transport.ts";

/** Milliseconds in which a handshake has to be done (P-22). */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Milliseconds between pings, and after which a peer that answers nothing at all is dead. */
export const PING_INTERVAL_MS = 30_000;
export const PONG_TIMEOUT_MS = 90_000;

/**
 * Milliseconds after which a ping must have been answered though other messages came: an answer
 * waits behind all that was asked for before, and a slow line is no fault.
 */
export const LONGEST_PONG_MS = 600_000;

/** Milliseconds for which one message may be on its way; a block may take longer. */
export const MESSAGE_TIMEOUT_MS = 30_000;
export const BLOCK_TIMEOUT_MS = 60_000;

/**
 * A deadline that is looked at later than this has passed while the whole node stood still, so that
 * what came meanwhile is still to be read; after as many milliseconds more it is looked at again.
 */
export const STANDSTILL_MS = 2_000;
export const STANDSTILL_GRACE_MS = 5_000;

/** Which deadline was missed. */
export type Expiry = "handshake-timeout" | "message-timeout" | "no-pong";

/** What is asked of the peer. */
export interface LivenessPort {
  /** Sends a ping. */
  ping(nonce: bigint): void;
  /** The other side is dead, or as good as dead. Told once. */
  expire(reason: Expiry): void;
}

const NEVER = Number.POSITIVE_INFINITY;

export class Liveness {
  readonly #clock: Clock;
  readonly #random: Pick<Random, "bytes">;
  readonly #port: LivenessPort;
  readonly #startedAt: number;
  #isReady = false;
  #isStopped = false;
  #isPaused = false;
  /** Since when nothing has come that could have. */
  #quietSince: number;
  /** Since when a message has been on its way that came in part. */
  #partialSince = NEVER;
  #isPartialBlock = false;
  /** The ping that was not answered. */
  #ping: { readonly nonce: bigint; readonly sentAt: number } | undefined;
  #lastPingAt = 0;
  #pingMs: number | undefined;
  #minPingMs: number | undefined;
  #checkAt = NEVER;
  #cancelCheck: (() => void) | undefined;

  /** The handshake has begun. */
  constructor({
    clock,
    random,
    port,
  }: {
    clock: Clock;
    random: Pick<Random, "bytes">;
    port: LivenessPort;
  }) {
    this.#clock = clock;
    this.#random = random;
    this.#port = port;
    this.#startedAt = clock.monotonic();
    this.#quietSince = this.#startedAt;
    this.#schedule();
  }

  /** Milliseconds of the last round trip, and of the shortest; undefined before the first. */
  get pingMs(): number | undefined {
    return this.#pingMs;
  }

  get minPingMs(): number | undefined {
    return this.#minPingMs;
  }

  /** Since when a message has been on its way; Infinity if none is. */
  get partialSince(): number {
    return this.#partialSince;
  }

  /** The handshake is done. */
  ready(): void {
    this.#isReady = true;
    this.#sendPing();
  }

  /** Looks at nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelCheck?.();
  }

  /** A message is complete. */
  completed(): void {
    this.#partialSince = NEVER;
  }

  /** Bytes came. `command` is that of a message of which there is a part, if it is known. */
  received({ hasPartial, command }: { hasPartial: boolean; command: string | undefined }): void {
    const now = this.#clock.monotonic();
    this.#quietSince = now;
    if (hasPartial) this.#partialSince = Math.min(this.#partialSince, now);
    this.#isPartialBlock = command === "block";
    if (this.#deadline() < this.#checkAt) this.#schedule();
  }

  /** Nothing is read any more: what does not come is no fault of the other side. */
  paused(): void {
    this.#isPaused = true;
  }

  /** Everything is read again. */
  resumed(): void {
    this.#isPaused = false;
    this.#quietSince = this.#clock.monotonic();
    if (this.#partialSince !== NEVER) this.#partialSince = this.#quietSince;
    this.#schedule();
  }

  /** A pong came. One that nobody asked for means nothing. */
  pong(nonce: bigint): void {
    if (this.#ping?.nonce !== nonce) return;
    const pingMs = this.#clock.monotonic() - this.#ping.sentAt;
    this.#ping = undefined;
    this.#pingMs = pingMs;
    this.#minPingMs = Math.min(this.#minPingMs ?? pingMs, pingMs);
    this.#schedule();
  }

  /** Asks for a sign of life now. */
  probe(): void {
    if (this.#isReady && this.#ping === undefined) this.#sendPing();
  }

  #sendPing(): void {
    const nonce = drawNonce(this.#random);
    this.#lastPingAt = this.#clock.monotonic();
    this.#ping = { nonce, sentAt: this.#lastPingAt };
    this.#schedule();
    this.#port.ping(nonce);
  }

  #deadline(): number {
    if (!this.#isReady) return this.#startedAt + HANDSHAKE_TIMEOUT_MS;
    const next = this.#ping === undefined ? this.#lastPingAt + PING_INTERVAL_MS : this.#deadAt();
    return Math.min(next, this.#messageDueAt());
  }

  #deadAt(): number {
    if (this.#ping === undefined) return NEVER;
    const { sentAt } = this.#ping;
    const quietSince = this.#isPaused ? NEVER : Math.max(sentAt, this.#quietSince);
    return Math.min(quietSince + PONG_TIMEOUT_MS, sentAt + LONGEST_PONG_MS);
  }

  #messageDueAt(): number {
    if (this.#isPaused) return NEVER;
    return this.#partialSince + (this.#isPartialBlock ? BLOCK_TIMEOUT_MS : MESSAGE_TIMEOUT_MS);
  }

  #schedule(at = this.#deadline()): void {
    if (this.#isStopped) return;
    this.#cancelCheck?.();
    const now = this.#clock.monotonic();
    this.#checkAt = Math.max(at, now);
    this.#cancelCheck = this.#clock.after(Math.ceil(this.#checkAt - now), () => this.#check());
  }

  #check(): void {
    const now = this.#clock.monotonic();
    if (now - this.#checkAt > STANDSTILL_MS) {
      this.#schedule(now + STANDSTILL_GRACE_MS);
      return;
    }
    const expiry = this.#expiryAt(now);
    if (expiry !== undefined) this.#port.expire(expiry);
    else if (this.#isPingDue(now)) this.#sendPing();
    else this.#schedule();
  }

  #expiryAt(now: number): Expiry | undefined {
    if (!this.#isReady) return now >= this.#deadline() ? "handshake-timeout" : undefined;
    if (now >= this.#deadAt()) return "no-pong";
    return now >= this.#messageDueAt() ? "message-timeout" : undefined;
  }

  #isPingDue(now: number): boolean {
    return this.#isReady && this.#ping === undefined && now >= this.#lastPingAt + PING_INTERVAL_MS;
  }
}
