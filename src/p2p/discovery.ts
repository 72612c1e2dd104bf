/**
 * Finds nodes nearby: says by multicast that this one is here, and listens to what others say.
 *
 * Never answers, so nobody can make it send (P-50); dials nobody, but tells whom it heard of. Nothing
 * in a datagram is proven: what is kept is bounded by host, by rate and in all (P-52, P-53).
 */

import { BoundedMap } from "../lib/bounded.ts";
import { equalBytes, toHex } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import { DecodeError } from "../lib/codec.ts";
import { Emitter } from "../lib/emitter.ts";
import type { Logger } from "../lib/logger.ts";
import { type Rate, TokenBucket } from "../lib/token-bucket.ts";
import {
  type Announcement,
  decodeAnnouncement,
  encodeAnnouncement,
  MAX_DATAGRAM_BYTES,
} from "../wire/announcement.ts";
import type { NetAddress } from "../wire/net-address.ts";
import type { NodeId } from "../wire/node-id.ts";
import { drawNonce } from "./nonce.ts";
import type { DatagramSocket, Datagrams, Random } from "./transport.ts";

/** Milliseconds after the start at which a node says that it is here, and between all later times. */
export const FIRST_ANNOUNCEMENTS_MS: readonly number[] = [0, 1_000, 2_000, 5_000];
export const ANNOUNCEMENT_INTERVAL_MS = 30_000;

/** Every wait is longer or shorter by up to a quarter, and the first by as much of a second. */
const JITTER_SHARE = 4;
const FIRST_JITTER_MS = 250;

/**
 * Announcements of others within a second, after which one of the first few is left out: whoever
 * hears so many has somebody to dial, and is known through them (P-51). Later ones are rare enough,
 * and never left out, so nobody can silence a node.
 */
export const SUPPRESSING_COUNT = 16;
const SUPPRESSING_MS = 1_000;

/** Milliseconds between two announcements, however often one is asked for. */
export const MIN_ANNOUNCEMENT_INTERVAL_MS = 1_000;

/** Datagrams looked at, of one host and in all. */
export const HOST_DATAGRAM_RATE: Rate = { perSecond: 10, burst: 10 };
export const DATAGRAM_RATE: Rate = { perSecond: 100, burst: 100 };

/** Nodes remembered, in all and of one host. */
export const MAX_HEARD_NODES = 1_024;
export const MAX_HEARD_NODES_PER_HOST = 8;

/** Milliseconds after which a node that says nothing makes room for another. */
export const HEARD_EXPIRY_MS = 120_000;

/** Hosts whose rates are remembered, and foreign networks that are told apart. */
const MAX_HOSTS = 1_024;
const MAX_FOREIGN_NETWORKS = 64;

/** Ports below belong to other services, which nobody may make us dial. */
const FIRST_UNPRIVILEGED_PORT = 1_024;

/** What a node says of itself. */
export interface DiscoveryParts {
  readonly magic: Uint8Array;
  readonly nodeId: NodeId;
  readonly p2pPort: number;
  readonly apiPort: number;
  readonly height: () => number;
  readonly datagrams: Datagrams;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A node that says it is there. */
export interface HeardNode {
  readonly address: NetAddress;
  /** Not proven. */
  readonly nodeId: NodeId;
  /** For display; never to be trusted. */
  readonly height: number;
}

export type DiscoveryEvents = { "node-heard": HeardNode };

/** Why one may be alone. Times are in milliseconds since 1970. */
export interface DiscoveryState {
  /** Addresses of this machine from which we send; none while that is not possible. */
  readonly interfaces: readonly string[];
  /** What is wrong, in words; undefined if nothing is. */
  readonly problem: string | undefined;
  readonly lastSentAt: number | undefined;
  /** Of this network, by others. */
  readonly lastHeardAt: number | undefined;
  /** Nodes of this network heard of in the last minutes. */
  readonly nodeCount: number;
  /** Datagrams of other networks, and how many networks those are, as far as they are told apart. */
  readonly foreignCount: number;
  readonly foreignNetworks: number;
  /** Datagrams that were none of ours, or damaged. */
  readonly malformedCount: number;
  /** Datagrams that were too many to be looked at. */
  readonly droppedCount: number;
}

interface Heard {
  readonly host: string;
  at: number;
}

export class Discovery {
  readonly events = new Emitter<DiscoveryEvents>();
  readonly #parts: DiscoveryParts;
  readonly #token: bigint;
  readonly #bucket: TokenBucket;
  readonly #hostBuckets = new BoundedMap<string, TokenBucket>(MAX_HOSTS);
  /** In the order in which they were heard, the latest last. */
  readonly #heard = new Map<NodeId, Heard>();
  readonly #hostCounts = new Map<string, number>();
  readonly #foreign = new BoundedMap<string, true>(MAX_FOREIGN_NETWORKS);
  /** When the latest announcements of others came, the oldest first. */
  readonly #recent: number[] = [];
  #socket: DatagramSocket | undefined;
  #failure: string | undefined;
  #isStopped = false;
  #announcements = 0;
  /** By the clock that never goes back. */
  #announcedAt = Number.NEGATIVE_INFINITY;
  #cancelAnnouncement: (() => void) | undefined;
  #lastSentAt: number | undefined;
  #lastHeardAt: number | undefined;
  #foreignCount = 0;
  #malformedCount = 0;
  #droppedCount = 0;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    this.#token = drawNonce(parts.random);
    this.#bucket = new TokenBucket(DATAGRAM_RATE, parts.clock.monotonic());
  }

  /** Begins to listen and to announce. Where that is impossible, `state` says why. */
  async start(): Promise<void> {
    const { datagrams, log } = this.#parts;
    try {
      this.#socket = await datagrams.open((bytes, from) => this.#receive(bytes, from));
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
      log.warn("no discovery", { why: this.#failure });
      return;
    }
    if (this.#isStopped) this.#socket.close();
    else this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelAnnouncement?.();
    this.#socket?.close();
  }

  /**
   * Says now that this node is here, unless it has said so within the last second; false if it
   * cannot.
   */
  announceNow(): boolean {
    if (this.#isStopped || this.#socket === undefined) return false;
    const now = this.#parts.clock.monotonic();
    if (now - this.#announcedAt >= MIN_ANNOUNCEMENT_INTERVAL_MS) this.#announce();
    return true;
  }

  /** Nodes and hosts remembered. */
  get size(): number {
    return this.#heard.size + this.#hostBuckets.size;
  }

  state(): DiscoveryState {
    this.#dropExpired();
    return {
      interfaces: this.#socket?.interfaces ?? [],
      problem: this.#failure ?? this.#socket?.problem,
      lastSentAt: this.#lastSentAt,
      lastHeardAt: this.#lastHeardAt,
      nodeCount: this.#heard.size,
      foreignCount: this.#foreignCount,
      foreignNetworks: this.#foreign.size,
      malformedCount: this.#malformedCount,
      droppedCount: this.#droppedCount,
    };
  }

  #schedule(): void {
    const { clock } = this.#parts;
    this.#cancelAnnouncement = clock.after(this.#nextWaitMs(), () => {
      const isEarly = this.#announcements < FIRST_ANNOUNCEMENTS_MS.length;
      this.#announcements += 1;
      if (!isEarly || !this.#hasHeardEnough()) this.#announce();
      this.#schedule();
    });
  }

  #nextWaitMs(): number {
    const { random } = this.#parts;
    if (this.#announcements === 0) return random.below(FIRST_JITTER_MS);
    const at = FIRST_ANNOUNCEMENTS_MS[this.#announcements];
    const before = FIRST_ANNOUNCEMENTS_MS[this.#announcements - 1] ?? 0;
    const waitMs = at === undefined ? ANNOUNCEMENT_INTERVAL_MS : at - before;
    const jitterMs = waitMs / JITTER_SHARE;
    return waitMs - jitterMs + random.below(2 * jitterMs + 1);
  }

  #hasHeardEnough(): boolean {
    const now = this.#parts.clock.monotonic();
    const first = this.#recent[0];
    return (
      this.#recent.length >= SUPPRESSING_COUNT &&
      first !== undefined &&
      now - first < SUPPRESSING_MS
    );
  }

  #announce(): void {
    const { magic, nodeId, p2pPort, apiPort, height, clock } = this.#parts;
    const token = this.#token;
    this.#socket?.send(
      encodeAnnouncement({ magic, nodeId, p2pPort, apiPort, height: height(), token }),
    );
    this.#lastSentAt = clock.now();
    this.#announcedAt = clock.monotonic();
  }

  #receive(bytes: Uint8Array, from: NetAddress): void {
    if (this.#isStopped) return;
    if (!this.#mayLookAt(from.host)) {
      this.#droppedCount += 1;
      return;
    }
    const announcement = decode(bytes);
    if (announcement === undefined) {
      this.#malformedCount += 1;
      return;
    }
    const { magic, nodeId, token } = announcement;
    if (!equalBytes(magic, this.#parts.magic)) {
      this.#foreignCount += 1;
      this.#foreign.set(toHex(magic), true);
      return;
    }
    if (token === this.#token || nodeId === this.#parts.nodeId) return;
    this.#note(announcement, from.host);
  }

  /** Our own come back to us, too, and count as any others do. */
  #mayLookAt(host: string): boolean {
    const now = this.#parts.clock.monotonic();
    const bucket = this.#hostBuckets.get(host) ?? new TokenBucket(HOST_DATAGRAM_RATE, now);
    this.#hostBuckets.set(host, bucket);
    return bucket.take(1, now) && this.#bucket.take(1, now);
  }

  #note({ nodeId, p2pPort: port, height }: Announcement, host: string): void {
    const { clock } = this.#parts;
    this.#lastHeardAt = clock.now();
    this.#recent.push(clock.monotonic());
    if (this.#recent.length > SUPPRESSING_COUNT) this.#recent.shift();
    if (port < FIRST_UNPRIVILEGED_PORT && port !== this.#parts.p2pPort) return;
    if (!this.#remember(nodeId, host)) return;
    this.events.emit("node-heard", { address: { host, port }, nodeId, height });
  }

  /** False if there is no room for one more, of this host or at all. */
  #remember(nodeId: NodeId, host: string): boolean {
    this.#dropExpired();
    const known = this.#heard.get(nodeId);
    // Whoever says to be another host's node takes nothing from that host's.
    const isMoved = known !== undefined && known.host !== host;
    if (known === undefined || isMoved) {
      if ((this.#hostCounts.get(host) ?? 0) >= MAX_HEARD_NODES_PER_HOST) return false;
      if (known === undefined && this.#heard.size >= MAX_HEARD_NODES) return false;
      this.#forget(nodeId);
      this.#hostCounts.set(host, (this.#hostCounts.get(host) ?? 0) + 1);
    }
    this.#heard.delete(nodeId);
    this.#heard.set(nodeId, { host, at: this.#parts.clock.monotonic() });
    return true;
  }

  #dropExpired(): void {
    const oldest = this.#parts.clock.monotonic() - HEARD_EXPIRY_MS;
    for (const [nodeId, { at }] of this.#heard) {
      if (at > oldest) return;
      this.#forget(nodeId);
    }
  }

  #forget(nodeId: NodeId): void {
    const heard = this.#heard.get(nodeId);
    if (heard === undefined) return;
    this.#heard.delete(nodeId);
    const count = (this.#hostCounts.get(heard.host) ?? 0) - 1;
    if (count > 0) this.#hostCounts.set(heard.host, count);
    else this.#hostCounts.delete(heard.host);
  }
}

/** Undefined if it is none of ours. */
function decode(bytes: Uint8Array): Announcement | undefined {
  if (bytes.length > MAX_DATAGRAM_BYTES) return undefined;
  try {
    return decodeAnnouncement(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
