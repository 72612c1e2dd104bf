/**
 * One connection to another node: bytes to messages and back, the handshake, pings, and the bounds
 * of all that the other side can make us hold.
 *
 * Knows no chain and no mempool. Messages after the handshake wait in an inbox until the owner takes
 * them; what they mean, and whom to connect to, is decided elsewhere.
 */

import type { Clock } from "../lib/clock.ts";
import { DecodeError } from "../lib/codec.ts";
import type { Logger } from "../lib/logger.ts";
import { encodeFrame, FrameCutter } from "../wire/frame.ts";
import {
  type Command,
  decodeMessage,
  encodeMessage,
  HANDSHAKE_LIMITS,
  type Message,
  peerLimits,
} from "../wire/message.ts";
import type { NetAddress } from "../wire/net-address.ts";
import type { Handshake, HandshakeFailure, PeerProfile } from "./handshake.ts";
import {
  CLEAN_SCORE,
  isOverLimit,
  raiseScore,
  type Violation,
  violationPoints,
} from "./misbehavior.ts";
import { RateBudget } from "./rate-budget.ts";
import type { Connection, ConnectionHandler, Random } from "./transport.ts";

/** Why we have a connection. */
export type PeerKind =
  /** It dialled us. */
  | "inbound"
  /** Ours, for everything. */
  | "outbound"
  /** Ours, for blocks alone: harder to find out about, so that nobody can cut us off (P-31). */
  | "block-relay"
  /** Ours, to see whether an address works, and closed at once. */
  | "feeler"
  /** Named by the operator. */
  | "manual";

/** Why a connection ended. */
export type DisconnectReason =
  | HandshakeFailure
  | Violation
  | "closed-by-peer"
  | "handshake-timeout"
  | "message-timeout"
  | "no-pong"
  | "send-queue-full"
  | "misbehaving"
  | "duplicate"
  | "not-allowed"
  | "banned"
  | "evicted"
  | "feeler-done"
  | "stalled"
  | "by-hand"
  | "wrong-services"
  | "shutdown";

/** Milliseconds in which a handshake has to be done (P-22). */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Milliseconds between pings, and after which a peer without an answer is dead. */
export const PING_INTERVAL_MS = 30_000;
export const PONG_TIMEOUT_MS = 90_000;

/** Milliseconds for which one message may be on its way; a block may take longer. */
const MESSAGE_TIMEOUT_MS = 30_000;
const BLOCK_TIMEOUT_MS = 60_000;

/** Milliseconds between two looks at the deadlines. */
const CHECK_INTERVAL_MS = 5_000;

/** Bytes of messages that wait in an inbox, after which nothing more is read (Bitcoin Core's
 * DEFAULT_MAXRECEIVEBUFFER). */
export const MAX_INBOX_BYTES = 5_000_000;

/** Bytes queued for a peer, after which nothing is sent that can be left out. */
export const CONGESTION_BYTES = 1_000_000;

/** What a peer tells its owner. */
export interface PeerOwner {
  /** The handshake is done. */
  peerReady(peer: Peer): void;
  /** Its inbox has something. */
  peerHasMail(peer: Peer): void;
  /** It is gone; called exactly once. */
  peerClosed(peer: Peer, reason: DisconnectReason): void;
}

/** Figures of one connection. */
export interface PeerStatistics {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** By the clock that never goes back. */
  readonly connectedAt: number;
  readonly lastReceivedAt: number;
  /** When it last brought a block, or a transaction, that was accepted; 0 for never. */
  readonly lastBlockAt: number;
  readonly lastTransactionAt: number;
  /** Milliseconds of the last and of the shortest round trip; undefined before the first. */
  readonly pingMs: number | undefined;
  readonly minPingMs: number | undefined;
}

/** What a peer is made of. */
export interface PeerParts {
  /** Of this connection alone, rising. */
  readonly id: number;
  readonly kind: PeerKind;
  readonly connection: Connection;
  readonly handshake: Handshake;
  readonly magic: Uint8Array;
  readonly maxBlockWeight: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly owner: PeerOwner;
}

interface Letter {
  readonly message: Message;
  readonly bytes: number;
}

export class Peer implements ConnectionHandler {
  readonly id: number;
  readonly kind: PeerKind;
  /** What it may cost us by the second. */
  readonly budget: RateBudget;

  /** Where it accepts peers, if it dialled us and that is known from elsewhere. */
  listeningAddress: NetAddress | undefined;

  readonly #parts: PeerParts;
  readonly #cutter: FrameCutter;
  readonly #inbox: Letter[] = [];
  #inboxBytes = 0;
  #isPaused = false;
  #profile: PeerProfile | undefined;
  #closedFor: DisconnectReason | undefined;
  #cancelCheck: (() => void) | undefined;

  #score = CLEAN_SCORE;

  readonly #connectedAt: number;
  #bytesReceived = 0;
  #bytesSent = 0;
  #messagesReceived = 0;
  #messagesSent = 0;
  #lastReceivedAt: number;
  #lastBlockAt = 0;
  #lastTransactionAt = 0;
  #partialSince: number | undefined;
  #ping: { readonly nonce: bigint; readonly sentAt: number } | undefined;
  #lastPingAt = Number.NEGATIVE_INFINITY;
  #pingMs: number | undefined;
  #minPingMs: number | undefined;

  constructor(parts: PeerParts) {
    const { id, kind, clock } = parts;
    this.id = id;
    this.kind = kind;
    this.#parts = parts;
    this.#cutter = new FrameCutter(parts.magic, HANDSHAKE_LIMITS);
    this.budget = new RateBudget(clock);
    this.#connectedAt = clock.monotonic();
    this.#lastReceivedAt = this.#connectedAt;
  }

  /** Begins to talk; to be called once, when the owner knows of the peer. */
  start(): void {
    for (const message of this.#parts.handshake.begin()) this.send(message);
    this.#scheduleCheck();
  }

  get remote(): NetAddress {
    return this.#parts.connection.remote;
  }

  get isInbound(): boolean {
    return this.#parts.connection.isInbound;
  }

  /** True between the handshake and the end. */
  get isReady(): boolean {
    return this.#profile !== undefined && this.#closedFor === undefined;
  }

  /** True once the handshake is done, also after the end. */
  get hasShakenHands(): boolean {
    return this.#profile !== undefined;
  }

  /** What it said of itself; throws before the handshake is done. */
  get profile(): PeerProfile {
    if (this.#profile === undefined) throw new Error("the handshake is not done");
    return this.#profile;
  }

  /** True if so much waits to be sent that nothing should be that can be left out. */
  get isCongested(): boolean {
    return this.#parts.connection.queuedBytes > CONGESTION_BYTES;
  }

  get statistics(): PeerStatistics {
    return {
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      messagesReceived: this.#messagesReceived,
      messagesSent: this.#messagesSent,
      connectedAt: this.#connectedAt,
      lastReceivedAt: this.#lastReceivedAt,
      lastBlockAt: this.#lastBlockAt,
      lastTransactionAt: this.#lastTransactionAt,
      pingMs: this.#pingMs,
      minPingMs: this.#minPingMs,
    };
  }

  /** It brought a block that was accepted, and so deserves its place. */
  noteBlock(): void {
    this.#lastBlockAt = this.#parts.clock.monotonic();
  }

  /** It brought a transaction that was accepted. */
  noteTransaction(): void {
    this.#lastTransactionAt = this.#parts.clock.monotonic();
  }

  /** Queues `message`. A peer that does not take what it asked for is dropped (P-24). */
  send(message: Message): void {
    if (this.#closedFor !== undefined) return;
    this.sendFrame(message.command, encodeMessage(message));
  }

  /** As `send`, for a payload that many peers are sent and that is encoded once. */
  sendFrame(command: Command, payload: Uint8Array): void {
    if (this.#closedFor !== undefined) return;
    const { connection, magic, maxBlockWeight } = this.#parts;
    // Room for one block behind the congestion, or a slow line could never be sent one.
    if (connection.queuedBytes > CONGESTION_BYTES + maxBlockWeight) {
      this.disconnect("send-queue-full");
      return;
    }
    const frame = encodeFrame(magic, command, payload);
    this.#bytesSent += frame.length;
    this.#messagesSent += 1;
    connection.write(frame);
  }

  /** True while messages of its wait to be taken: it is we who are slow, not the peer. */
  get hasMail(): boolean {
    return this.#inbox.length > 0;
  }

  /** Takes the oldest message out of the inbox. */
  takeMessage(): Message | undefined {
    const letter = this.#inbox.shift();
    if (letter === undefined) return undefined;
    this.#inboxBytes -= letter.bytes;
    if (this.#isPaused && this.#inboxBytes < MAX_INBOX_BYTES / 2) {
      this.#isPaused = false;
      this.#parts.connection.resume();
    }
    return letter.message;
  }

  /** Counts `violation` against the peer; ends the connection if it has gone too far. */
  punish(violation: Violation): void {
    this.addPenalty(violationPoints(violation), violation);
  }

  /** Counts `points` against the peer, for `why`. */
  addPenalty(points: number, why: DisconnectReason = "misbehaving"): void {
    if (points === 0 || this.#closedFor !== undefined) return;
    this.#score = raiseScore(this.#score, points, this.#parts.clock.monotonic());
    if (this.isDiscouraged) this.disconnect(why);
  }

  /** True if it has done what only a bad peer does: its host is to be kept away for a while. */
  get isDiscouraged(): boolean {
    return isOverLimit(this.#score, this.#parts.clock.monotonic());
  }

  /** Ends the connection. */
  disconnect(reason: DisconnectReason): void {
    if (this.#closedFor !== undefined) return;
    this.#closedFor = reason;
    this.#forget();
    this.#parts.connection.close();
  }

  onData(bytes: Uint8Array): void {
    if (this.#closedFor !== undefined) return;
    this.#bytesReceived += bytes.length;
    this.#lastReceivedAt = this.#parts.clock.monotonic();
    try {
      for (const { command, payload } of this.#cutter.push(bytes)) {
        this.#messagesReceived += 1;
        this.#partialSince = undefined;
        this.#receive(command, payload);
        if (this.#closedFor !== undefined) return;
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#parts.log.debug("peer speaks badly", { peer: this.id, why: error.message });
      this.punish("malformed-message");
      return;
    }
    this.#notePartial();
    if (this.#inboxBytes > MAX_INBOX_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.#parts.connection.pause();
    }
  }

  onDrain(): void {}

  onClose(): void {
    this.#closedFor ??= "closed-by-peer";
    this.#forget();
    this.#parts.owner.peerClosed(this, this.#closedFor);
  }

  #forget(): void {
    this.#cancelCheck?.();
    this.#inbox.length = 0;
    this.#inboxBytes = 0;
  }

  #receive(command: string, payload: Uint8Array): void {
    const message = decodeMessage(command, payload);
    // Other implementations may know more than we do.
    if (message === undefined) return;
    if (this.#profile === undefined) this.#shakeHands(message);
    else if (message.command === "ping") this.#answerPing(message.nonce);
    else if (message.command === "pong") this.#receivePong(message.nonce);
    else this.#deliver(message, payload.length);
  }

  #shakeHands(message: Message): void {
    const step = this.#parts.handshake.receive(message);
    switch (step.status) {
      case "continue":
        for (const answer of step.send) this.send(answer);
        return;
      case "failed":
        if (step.failure === "bad-identity-proof") this.punish(step.failure);
        this.disconnect(step.failure);
        return;
      case "done":
        this.#profile = step.profile;
        this.#cutter.limits = peerLimits(this.#parts.maxBlockWeight);
        this.#sendPing();
        this.#parts.owner.peerReady(this);
    }
  }

  #deliver(message: Message, payloadBytes: number): void {
    // What a message takes in memory is some multiple of its bytes; empty ones take some, too.
    const bytes = payloadBytes + 64;
    this.#inbox.push({ message, bytes });
    this.#inboxBytes += bytes;
    if (this.#inbox.length === 1) this.#parts.owner.peerHasMail(this);
  }

  #answerPing(nonce: bigint): void {
    if (!this.budget.take("pings")) this.punish("ping-flood");
    this.send({ command: "pong", nonce });
  }

  /** One that nobody asked for means nothing. */
  #receivePong(nonce: bigint): void {
    if (this.#ping?.nonce !== nonce) return;
    const pingMs = this.#parts.clock.monotonic() - this.#ping.sentAt;
    this.#ping = undefined;
    this.#pingMs = pingMs;
    this.#minPingMs = Math.min(this.#minPingMs ?? pingMs, pingMs);
  }

  #sendPing(): void {
    const view = new DataView(this.#parts.random.bytes(8).buffer);
    const nonce = view.getBigUint64(0);
    const sentAt = this.#parts.clock.monotonic();
    this.#ping = { nonce, sentAt };
    this.#lastPingAt = sentAt;
    this.send({ command: "ping", nonce });
  }

  #notePartial(): void {
    if (this.#cutter.partial !== undefined) this.#partialSince ??= this.#parts.clock.monotonic();
  }

  #scheduleCheck(): void {
    this.#cancelCheck = this.#parts.clock.after(CHECK_INTERVAL_MS, () => {
      this.#check();
      if (this.#closedFor === undefined) this.#scheduleCheck();
    });
  }

  /** Deadlines: half-open lines, drips, and peers that died without a word (P-22). */
  #check(): void {
    const now = this.#parts.clock.monotonic();
    if (this.#profile === undefined) {
      if (now - this.#connectedAt >= HANDSHAKE_TIMEOUT_MS) this.disconnect("handshake-timeout");
      return;
    }
    if (this.#ping !== undefined && now - this.#ping.sentAt >= PONG_TIMEOUT_MS) {
      this.disconnect("no-pong");
    } else if (this.#isMessageLate(now)) {
      this.disconnect("message-timeout");
    } else if (this.#ping === undefined && now - this.#lastPingAt >= PING_INTERVAL_MS) {
      this.#sendPing();
    }
  }

  #isMessageLate(now: number): boolean {
    // What we do not read cannot arrive.
    if (this.#partialSince === undefined || this.#isPaused) return false;
    const isBlock = this.#cutter.partial?.command === "block";
    return now - this.#partialSince >= (isBlock ? BLOCK_TIMEOUT_MS : MESSAGE_TIMEOUT_MS);
  }
}
