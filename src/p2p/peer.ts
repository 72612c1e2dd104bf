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
import { encodeFrame, type Frame, FrameCutter } from "../wire/frame.ts";
import {
  type Command,
  decodeMessage,
  encodeMessage,
  HANDSHAKE_LIMITS,
  isCommand,
  type Message,
  peerLimits,
} from "../wire/message.ts";
import type { NetAddress } from "../wire/net-address.ts";
import type { Handshake, HandshakeFailure, PeerProfile } from "./handshake.ts";
import { Inbox } from "./inbox.ts";
import { type Expiry, Liveness } from "./liveness.ts";
import {
  CLEAN_SCORE,
  isOverLimit,
  pointsAt,
  raiseScore,
  type Violation,
  violationPoints,
} from "./misbehavior.ts";
import type { MemoryHolder, PeerMemory } from "./peer-memory.ts";
import { RateBudget } from "./rate-budget.ts";
import type { SharedFrames } from "./shared-frames.ts";
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
  | Expiry
  | "closed-by-peer"
  /** Not our network, or not our protocol: nothing that its host could be blamed for. */
  | "bad-handshake"
  | "send-queue-full"
  | "memory-full"
  | "misbehaving"
  | "duplicate"
  | "not-allowed"
  | "banned"
  | "evicted"
  | "surplus"
  | "feeler-done"
  | "stalled"
  | "by-hand"
  | "wrong-services"
  | "shutdown";

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
  /** In milliseconds since 1970. */
  readonly connectedSince: number;
  /** These by the clock that never goes back. */
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
  /** Shared by all peers. */
  readonly frames: SharedFrames;
  readonly memory: PeerMemory;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly owner: PeerOwner;
}

export class Peer implements ConnectionHandler, MemoryHolder {
  readonly id: number;
  readonly kind: PeerKind;
  /** What it may cost us by the second. */
  readonly budget: RateBudget;

  readonly #parts: PeerParts;
  readonly #cutter: FrameCutter;
  readonly #inbox = new Inbox();
  readonly #liveness: Liveness;
  #isPaused = false;
  #profile: PeerProfile | undefined;
  #readyAt = Number.POSITIVE_INFINITY;
  #closedFor: DisconnectReason | undefined;
  #score = CLEAN_SCORE;
  #isDiscouraged = false;

  readonly #connectedSince: number;
  readonly #connectedAt: number;
  #bytesReceived = 0;
  #bytesSent = 0;
  #messagesReceived = 0;
  #messagesSent = 0;
  #lastReceivedAt: number;
  #lastBlockAt = 0;
  #lastTransactionAt = 0;

  constructor(parts: PeerParts) {
    const { id, kind, clock, random, memory, magic } = parts;
    this.id = id;
    this.kind = kind;
    this.#parts = parts;
    this.#cutter = new FrameCutter(magic, HANDSHAKE_LIMITS);
    this.budget = new RateBudget(clock);
    this.#connectedSince = clock.now();
    this.#connectedAt = clock.monotonic();
    this.#lastReceivedAt = this.#connectedAt;
    this.#liveness = new Liveness({
      clock,
      random,
      port: {
        ping: (nonce) => this.send({ command: "ping", nonce }),
        expire: (reason) => this.disconnect(reason),
      },
    });
    memory.join(this);
  }

  /** Begins to talk; to be called once, when the connection knows this as its handler. */
  start(): void {
    for (const message of this.#parts.handshake.begin()) this.send(message);
  }

  get remote(): NetAddress {
    return this.#parts.connection.remote;
  }

  get isInbound(): boolean {
    return this.#parts.connection.isInbound;
  }

  /** True between the handshake and the end. */
  get isReady(): boolean {
    return this.#profile !== undefined && !this.isClosed;
  }

  /** True once the connection has ended, or is about to. */
  get isClosed(): boolean {
    return this.#closedFor !== undefined;
  }

  /** True once the handshake is done, also after the end. */
  get hasShakenHands(): boolean {
    return this.#profile !== undefined;
  }

  /** When the handshake was done, by the clock that never goes back; Infinity before. */
  get readyAt(): number {
    return this.#readyAt;
  }

  /** What it said of itself; throws before the handshake is done. */
  get profile(): PeerProfile {
    if (this.#profile === undefined) throw new Error("the handshake is not done");
    return this.#profile;
  }

  /** True if so much waits to be sent that nothing should be that can be left out. */
  get isCongested(): boolean {
    return this.unsentBytes > CONGESTION_BYTES;
  }

  /** True while messages of its wait to be taken: it is we who are slow, not the peer. */
  get hasMail(): boolean {
    return !this.#inbox.isEmpty;
  }

  get unreadBytes(): number {
    return this.#inbox.bytes;
  }

  get partialBytes(): number {
    return this.isClosed ? 0 : this.#cutter.bufferedBytes;
  }

  get partialSince(): number {
    return this.#liveness.partialSince;
  }

  get unsentBytes(): number {
    return this.isClosed ? 0 : this.#parts.connection.queuedBytes;
  }

  get statistics(): PeerStatistics {
    return {
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      messagesReceived: this.#messagesReceived,
      messagesSent: this.#messagesSent,
      connectedSince: this.#connectedSince,
      connectedAt: this.#connectedAt,
      lastReceivedAt: this.#lastReceivedAt,
      lastBlockAt: this.#lastBlockAt,
      lastTransactionAt: this.#lastTransactionAt,
      pingMs: this.#liveness.pingMs,
      minPingMs: this.#liveness.minPingMs,
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
    if (this.isClosed) return;
    const { command } = message;
    this.#write(encodeFrame(this.#parts.magic, command, encodeMessage(message)));
  }

  /** As `send`, for a payload that many peers are sent: it is encoded, hashed and held once. */
  sendFrame(command: Command, payload: Uint8Array): void {
    if (!this.isClosed) this.#write(this.#parts.frames.frameOf(command, payload));
  }

  #write(frame: Uint8Array): void {
    const { connection, maxBlockWeight, memory } = this.#parts;
    // Room for one block behind the congestion, or a slow line could never be sent one.
    if (connection.queuedBytes > CONGESTION_BYTES + maxBlockWeight) {
      this.disconnect("send-queue-full");
      return;
    }
    this.#bytesSent += frame.length;
    this.#messagesSent += 1;
    connection.write(frame);
    if (this.isCongested) memory.congested();
  }

  /**
   * Takes the oldest message out of the inbox; undefined if there is none, or if it makes no sense,
   * which ends the connection.
   */
  takeMessage(): Message | undefined {
    const letter = this.#inbox.take();
    if (letter === undefined) return undefined;
    this.#parts.memory.received(this);
    this.readOn();
    return this.#decode(letter.command, letter.payload);
  }

  /** Goes on reading if there is room. */
  readOn(): void {
    const { connection, memory } = this.#parts;
    if (!this.#isPaused || this.isClosed || this.#inbox.bytes >= MAX_INBOX_BYTES / 2) return;
    if (memory.isScarce) {
      memory.wait(this);
      return;
    }
    this.#isPaused = false;
    this.#liveness.resumed();
    connection.resume();
  }

  /** Counts `violation` against the peer; ends the connection if it has gone too far. */
  punish(violation: Violation): void {
    this.addPenalty(violationPoints(violation), violation);
  }

  /** Counts `points` against the peer, for `why`. */
  addPenalty(points: number, why: DisconnectReason = "misbehaving"): void {
    if (points === 0 || this.isClosed) return;
    const now = this.#parts.clock.monotonic();
    this.#score = raiseScore(this.#score, points, now);
    if (!isOverLimit(this.#score, now)) return;
    this.#isDiscouraged = true;
    this.disconnect(why);
  }

  /** True once it has done what only a bad peer does: its host is to be kept away for a while. */
  get isDiscouraged(): boolean {
    return this.#isDiscouraged;
  }

  /** What is counted against it at this moment. */
  get points(): number {
    return pointsAt(this.#score, this.#parts.clock.monotonic());
  }

  /** Asks for a sign of life. An end that does not know of this connection any more ends it. */
  probe(): void {
    this.#liveness.probe();
  }

  /** Ends the connection. */
  disconnect(reason: DisconnectReason): void {
    if (this.isClosed) return;
    this.#close(reason);
    this.#parts.connection.close();
  }

  onData(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.#bytesReceived += bytes.length;
    this.#lastReceivedAt = this.#parts.clock.monotonic();
    const frames = this.#cutter.push(bytes);
    for (let frame = this.#cut(frames); frame !== undefined; frame = this.#cut(frames)) {
      this.#messagesReceived += 1;
      this.#liveness.completed();
      this.#receive(frame);
      // The rest of the bytes is nobody's.
      if (this.isClosed) return;
    }
    if (!this.isClosed) this.#noteHeld();
  }

  onDrain(): void {}

  onClose(): void {
    this.#close("closed-by-peer");
    this.#parts.owner.peerClosed(this, this.#closedFor ?? "closed-by-peer");
  }

  #close(reason: DisconnectReason): void {
    this.#closedFor ??= reason;
    this.#liveness.stop();
    this.#inbox.clear();
    this.#parts.memory.leave(this);
  }

  /** The next frame; undefined if there is no more, or if it makes no sense. */
  #cut(frames: Generator<Frame, void, void>): Frame | undefined {
    try {
      return frames.next().value ?? undefined;
    } catch (error) {
      this.#reject(error);
      return undefined;
    }
  }

  #decode(command: Command, payload: Uint8Array): Message | undefined {
    try {
      return decodeMessage(command, payload);
    } catch (error) {
      this.#reject(error);
      return undefined;
    }
  }

  /**
   * Bytes that make no sense are held against a peer that has shown that it knows how to speak. All
   * others may be of another network, or begin an encryption that we do not have (BIP-0324).
   */
  #reject(error: unknown): void {
    if (!(error instanceof DecodeError)) throw error;
    this.#parts.log.debug("peer speaks badly", { peer: this.id, why: error.message });
    if (this.#profile === undefined) this.disconnect("bad-handshake");
    else this.punish("malformed-message");
  }

  #receive({ command, payload }: Frame): void {
    // Other implementations may know more than we do.
    if (!isCommand(command)) return;
    if (this.#profile === undefined) {
      const message = this.#decode(command, payload);
      if (message !== undefined) this.#shakeHands(message);
      return;
    }
    switch (command) {
      case "ping":
      case "pong":
        this.#receivePing(command, payload);
        return;
      case "version":
        this.disconnect("version-twice");
        return;
      case "verack":
      case "wtxidrelay":
      case "sendaddrv2":
      case "cairn":
      case "cairnproof":
        // Too late to mean anything.
        return;
      default:
        this.#deliver(command, payload);
    }
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
        this.#readyAt = this.#parts.clock.monotonic();
        this.#cutter.limits = peerLimits(this.#parts.maxBlockWeight);
        this.#liveness.ready();
        this.#parts.owner.peerReady(this);
    }
  }

  #deliver(command: Command, payload: Uint8Array): void {
    const wasEmpty = this.#inbox.isEmpty;
    this.#inbox.put({ command, payload });
    if (wasEmpty) this.#parts.owner.peerHasMail(this);
  }

  #receivePing(command: "ping" | "pong", payload: Uint8Array): void {
    const message = this.#decode(command, payload);
    if (message?.command === "ping") this.#answerPing(message.nonce);
    else if (message?.command === "pong") this.#liveness.pong(message.nonce);
  }

  #answerPing(nonce: bigint): void {
    if (!this.budget.take("pings")) this.punish("ping-flood");
    this.send({ command: "pong", nonce });
  }

  /** Looks at what is held after bytes came: since when, and whether it is too much. */
  #noteHeld(): void {
    const { memory, connection } = this.#parts;
    const { partial } = this.#cutter;
    this.#liveness.received({ hasPartial: partial !== undefined, command: partial?.command });
    memory.received(this);
    if (this.#isPaused || this.isClosed) return;
    if (this.#inbox.bytes <= MAX_INBOX_BYTES && !memory.isScarce) return;
    this.#isPaused = true;
    this.#liveness.paused();
    connection.pause();
    if (this.#inbox.isEmpty) memory.wait(this);
  }
}
