/**
 * Tells peers which transactions have come in: in batches, at times that chance draws, parents before
 * children, and to no peer what it has, or does not pay enough for it.
 *
 * Chance in time keeps others from finding out where a transaction began (P-41). Peers who chose us
 * are told all at one moment, so that many connections tell no more than one. What is asked for then
 * is served elsewhere; `mayServe` says to whom.
 */

import type { Clock } from "../lib/clock.ts";
import { type Rate, TokenBucket } from "../lib/token-bucket.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import { MAX_MEMPOOL_COUNT } from "../mempool/policy.ts";
import type { Txid } from "../primitives/hash-id.ts";
import { type InventoryEntry, MSG_TX, MSG_WTX } from "../wire/inventory-messages.ts";
import { AnnouncementQueue, type QueueReader } from "./announcement-queue.ts";
import type { Peer } from "./peer.ts";
import { PEER_RATES } from "./rate-budget.ts";
import { RecentHashes } from "./recent-hashes.ts";
import { MAX_ANNOUNCEMENTS, MAX_REQUESTS } from "./request-tracker.ts";
import type { Random } from "./transport.ts";

/** Milliseconds until a peer that we chose is told, drawn anew each time. */
export const OUTBOUND_FLUSH_MS = { least: 100, most: 300 } as const;

/** Milliseconds until those who chose us are told. */
export const INBOUND_FLUSH_MS = 500;

/** Transactions told at once, and how many more where many wait: one in so many of those. */
export const FLUSH_COUNT = 1_000;
const FLUSH_BACKLOG_SHARE = 16;
export const MAX_FLUSH_COUNT = 2_000;

/** Of what waited before the peer came, told at once: slow enough to be fetched as it is told. */
export const CATCH_UP_COUNT = 250;

/**
 * How fast one peer is told: as fast as it may ask us for them, and ahead of its asking by no more
 * than what it keeps; a node of ours would not hear the rest.
 */
const TELL_RATE: Rate = {
  perSecond: PEER_RATES.transactions.perSecond,
  burst: MAX_ANNOUNCEMENTS - MAX_FLUSH_COUNT,
};

/** Milliseconds of a round trip in which a peer may ask for as many as it is told of meanwhile. */
const ROUND_TRIP_MS = (MAX_REQUESTS * 1_000) / TELL_RATE.perSecond;

/** Transactions told in one turn of the event loop, to however many peers: some milliseconds (M-10). */
const TURN_COUNT = 1_000;

/** Transactions looked at in one flush, told or not, so that none takes long. */
const MAX_LOOKED_AT = 20_000;

/** Hashes remembered that a peer has; forgetting one costs the 36 bytes of telling it. */
export const MAX_KNOWN_HASHES = 10_000;

/** Milliseconds after which everybody may have a transaction who asks for it. */
export const OPEN_AFTER_MS = 120_000;

/** Entries of one `inv`: Bitcoin Core's INVENTORY_BROADCAST_MAX and what other nodes are used to. */
const MAX_INV_ENTRIES = 1_000;

/** How transactions came here, told just before they are announced: see propagation.ts. */
export interface TransactionHops {
  /** The transaction begins here. */
  noteOrigin(txid: Txid): void;
  /** It was accepted from `peer`. */
  noteAccepted(txid: Txid, peer: Peer): void;
  /** `peer` is about to be told of these. */
  announce(peer: Peer, txids: readonly Txid[]): void;
}

interface Announced {
  readonly txid: Txid;
  /** True if an abandoned block held it, so that whoever had it may have lost it. */
  readonly isAgain: boolean;
}

interface Listener {
  readonly peer: Peer;
  readonly reader: QueueReader;
  readonly known: RecentHashes;
  readonly pace: TokenBucket;
  /** What waited before it came and has not been told; undefined once all was. */
  catchUp: Iterator<MempoolEntry> | undefined;
  /** Sats per 1,000 vbytes below which it wants nothing. */
  feeFilter: number;
  /** Sequence of the youngest entry that it was, or could have been, told. */
  lastSequence: number;
  cancelFlush: (() => void) | undefined;
}

export class TransactionAnnouncer {
  readonly #mempool: Mempool;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #hops: Pick<TransactionHops, "announce">;
  readonly #queue = new AnnouncementQueue<Announced>(MAX_MEMPOOL_COUNT);
  readonly #listeners = new Map<Peer, Listener>();
  #cancelInboundFlush: (() => void) | undefined;
  /** While there are more to be told than one turn of the event loop allows. */
  #cancelTurn: (() => void) | undefined;

  constructor({
    mempool,
    clock,
    random,
    hops,
  }: {
    mempool: Mempool;
    clock: Clock;
    random: Random;
    hops: Pick<TransactionHops, "announce">;
  }) {
    this.#mempool = mempool;
    this.#clock = clock;
    this.#random = random;
    this.#hops = hops;
  }

  /** Everything kept for peers. */
  get size(): number {
    let size = this.#queue.size + this.#listeners.size;
    for (const { known } of this.#listeners.values()) size += known.size;
    return size;
  }

  /**
   * Begins to tell `peer`. A node of ours is told of what waits already, too, so that two halves of a
   * network that was cut come to have the same; others ask for it in their own ways.
   */
  addPeer(peer: Peer): void {
    if (this.#listeners.has(peer)) return;
    const listener: Listener = {
      peer,
      reader: this.#queue.open(),
      known: new RecentHashes(MAX_KNOWN_HASHES, this.#random),
      pace: new TokenBucket(TELL_RATE, this.#clock.monotonic()),
      catchUp: peer.profile.cairn === undefined ? undefined : this.#mempool.entries(),
      feeFilter: 0,
      lastSequence: -1,
      cancelFlush: undefined,
    };
    this.#listeners.set(peer, listener);
    if (this.#mempool.count === 0) listener.catchUp = undefined;
    if (listener.catchUp !== undefined) this.#schedule(listener);
  }

  removePeer(peer: Peer): void {
    const listener = this.#listeners.get(peer);
    if (listener === undefined) return;
    listener.cancelFlush?.();
    this.#queue.close(listener.reader);
    this.#listeners.delete(peer);
  }

  /** `peer` has the transaction of that txid or wtxid. */
  noteHas(peer: Peer, hash: string): void {
    this.#listeners.get(peer)?.known.add(hash);
  }

  /** `peer` wants nothing that pays less, in sat per 1,000 vbytes. */
  setFeeFilter(peer: Peer, feeFilter: number): void {
    const listener = this.#listeners.get(peer);
    if (listener !== undefined) listener.feeFilter = feeFilter;
  }

  /** Tells of an entry of the mempool; `isAgain` if a block held it that is abandoned. */
  push({ tx }: MempoolEntry, isAgain: boolean): void {
    this.#queue.push({ txid: tx.txid, isAgain });
    for (const listener of this.#listeners.values()) this.#schedule(listener);
  }

  /** True if `peer` may have `entry`: it was told of it, or everybody may have it (P-42). */
  mayServe(peer: Peer, { tx, sequence, acceptedAt }: MempoolEntry): boolean {
    const listener = this.#listeners.get(peer);
    if (listener === undefined) return false;
    if (sequence <= listener.lastSequence || listener.known.has(tx.txid)) return true;
    return listener.known.has(tx.wtxid) || this.#clock.now() - acceptedAt >= OPEN_AFTER_MS;
  }

  stop(): void {
    for (const { cancelFlush } of this.#listeners.values()) cancelFlush?.();
    this.#cancelInboundFlush?.();
    this.#cancelTurn?.();
  }

  #schedule(listener: Listener): void {
    if (listener.peer.isInbound) {
      this.#scheduleInbound();
      return;
    }
    const { least, most } = OUTBOUND_FLUSH_MS;
    listener.cancelFlush ??= this.#clock.after(least + this.#random.below(most - least + 1), () => {
      listener.cancelFlush = undefined;
      this.#flush(listener);
      if (this.#hasMore(listener)) this.#schedule(listener);
    });
  }

  /** Not while those of the last time are still being told. */
  #scheduleInbound(): void {
    if (this.#cancelTurn !== undefined) return;
    this.#cancelInboundFlush ??= this.#clock.after(INBOUND_FLUSH_MS, () => this.#flushInbound());
  }

  #flushInbound(): void {
    this.#cancelInboundFlush = undefined;
    const inbound = [...this.#listeners.values()].filter(({ peer }) => peer.isInbound);
    this.#flushSome(inbound, 0);
  }

  /** Tells those from number `from` on, and lets others have the thread after every so many. */
  #flushSome(listeners: readonly Listener[], from: number): void {
    this.#cancelTurn = undefined;
    let next = from;
    for (let told = 0; next < listeners.length && told < TURN_COUNT; next++) {
      told += this.#flush(listeners[next] as Listener);
    }
    if (next < listeners.length) {
      this.#cancelTurn = this.#clock.after(0, () => this.#flushSome(listeners, next));
      return;
    }
    for (const listener of this.#listeners.values()) {
      if (listener.peer.isInbound && this.#hasMore(listener)) this.#scheduleInbound();
    }
  }

  /** Returns how many transactions the peer was told. */
  #flush(listener: Listener): number {
    const { peer, pace } = listener;
    const now = this.#clock.monotonic();
    // What can be left out is, while the line is full.
    if (!peer.isReady || peer.isCongested || pace.waitMs(1, now) > 0) return 0;
    const told = this.#collect(listener);
    this.#tell(listener, told);
    const slowness = Math.max(1, (peer.statistics.minPingMs ?? 0) / ROUND_TRIP_MS);
    pace.charge(told.length * slowness, now);
    this.#queue.trim();
    return told.length;
  }

  #hasMore({ peer, reader, catchUp }: Listener): boolean {
    return peer.isReady && (catchUp !== undefined || this.#queue.backlog(reader) > 0);
  }

  #tell({ peer }: Listener, told: readonly MempoolEntry[]): void {
    const { wantsWtxids } = peer.profile;
    for (let start = 0; start < told.length; start += MAX_INV_ENTRIES) {
      const part = told.slice(start, start + MAX_INV_ENTRIES);
      const entries = part.map(
        ({ tx }): InventoryEntry =>
          wantsWtxids ? { type: MSG_WTX, hash: tx.wtxid } : { type: MSG_TX, hash: tx.txid },
      );
      this.#hops.announce(
        peer,
        part.map(({ tx }) => tx.txid),
      );
      peer.send({ command: "inv", entries });
    }
  }

  /** Takes what is to be told now out of what waits. */
  #collect(listener: Listener): MempoolEntry[] {
    const told: MempoolEntry[] = [];
    this.#collectOld(listener, told);
    const backlog = this.#queue.backlog(listener.reader);
    const most = FLUSH_COUNT + Math.floor(backlog / FLUSH_BACKLOG_SHARE);
    const limit = told.length + Math.min(most, MAX_FLUSH_COUNT);
    for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT && told.length < limit; lookedAt++) {
      const next = this.#queue.take(listener.reader);
      if (next === undefined) break;
      const entry = this.#mempool.find(next.txid);
      if (entry === undefined) continue;
      listener.lastSequence = Math.max(listener.lastSequence, entry.sequence);
      this.#add(listener, entry, next.isAgain, told);
    }
    return told;
  }

  /** Of what waited before the peer came. New entries turn up here too, and are known then. */
  #collectOld(listener: Listener, told: MempoolEntry[]): void {
    for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT && told.length < CATCH_UP_COUNT; lookedAt++) {
      const next = listener.catchUp?.next();
      if (next === undefined) return;
      if (next.done === true) {
        listener.catchUp = undefined;
        return;
      }
      listener.lastSequence = Math.max(listener.lastSequence, next.value.sequence);
      this.#add(listener, next.value, false, told);
    }
  }

  /** Adds `entry` to `told` if the peer should hear of it, and before it its parents. */
  #add(listener: Listener, entry: MempoolEntry, isAgain: boolean, told: MempoolEntry[]): void {
    const { known, peer, feeFilter } = listener;
    const hash = peer.profile.wantsWtxids ? entry.tx.wtxid : entry.tx.txid;
    if (known.has(hash) && !isAgain) return;
    if (entry.fee * 1000 < feeFilter * entry.virtualSize) return;
    known.add(hash);
    for (const parent of entry.parents) this.#add(listener, parent, false, told);
    told.push(entry);
  }
}
