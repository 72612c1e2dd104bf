/**
 * Which blocks have been asked of whom, and what each peer has made of it.
 *
 * A ledger: what to ask, and what follows from silence, is decided in block-download.ts and
 * block-relay.ts. A peer changes nothing but its own lines (P-05), and they go with it.
 */

import { BoundedMap } from "../lib/bounded.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import type { Peer } from "./peer.ts";

/** Blocks on their way from one peer (Bitcoin Core's MAX_BLOCKS_IN_TRANSIT_PER_PEER). */
export const MAX_IN_TRANSIT_PER_PEER = 16;

/** Peers asked for one block at a time (CVE-2024-52922). */
export const MAX_PARALLEL_REQUESTS = 3;

/** Blocks of which it is remembered that a peer was asked: more than a whole window. */
const MAX_ASKED_PER_PEER = 2_048;

/** One block on its way from one peer; `askedAt` by the clock that never goes back. */
export interface BlockRequest {
  readonly peer: Peer;
  readonly hash: BlockHash;
  readonly askedAt: number;
}

/** What is written down of one peer. */
interface Account {
  readonly inTransit: Map<BlockHash, BlockRequest>;
  /** When it was asked last, and whether it has sent the block since. */
  readonly asked: BoundedMap<BlockHash, { readonly at: number; isSent: boolean }>;
  lastBlockAt: number;
  failures: number;
}

export class BlockRequests {
  readonly #accounts = new Map<Peer, Account>();
  readonly #byHash = new Map<BlockHash, Map<Peer, BlockRequest>>();

  /** Opens the account of a peer that is ready. */
  addPeer(peer: Peer): void {
    this.#accounts.set(peer, {
      inTransit: new Map(),
      asked: new BoundedMap(MAX_ASKED_PER_PEER),
      lastBlockAt: Number.NEGATIVE_INFINITY,
      failures: 0,
    });
  }

  /** Closes it; what was on its way from the peer is free to be asked of others. */
  removePeer(peer: Peer): void {
    const account = this.#accounts.get(peer);
    if (account === undefined) return;
    for (const hash of [...account.inTransit.keys()]) this.remove(peer, hash);
    this.#accounts.delete(peer);
  }

  /** Blocks on their way, each counted once for each peer. */
  get count(): number {
    let count = 0;
    for (const { inTransit } of this.#accounts.values()) count += inTransit.size;
    return count;
  }

  /** Blocks on their way from `peer`. */
  countOf(peer: Peer): number {
    return this.#accounts.get(peer)?.inTransit.size ?? 0;
  }

  /** How many more blocks `peer` may be asked for. */
  roomOf(peer: Peer): number {
    const account = this.#accounts.get(peer);
    return account === undefined ? 0 : MAX_IN_TRANSIT_PER_PEER - account.inTransit.size;
  }

  /** Writes down that `peer` has been asked for `hash`. */
  add(peer: Peer, hash: BlockHash, askedAt: number): void {
    const account = this.#accounts.get(peer);
    if (account === undefined) return;
    const request = { peer, hash, askedAt };
    account.inTransit.set(hash, request);
    account.asked.set(hash, { at: askedAt, isSent: false });
    const requests = this.#byHash.get(hash) ?? new Map();
    this.#byHash.set(hash, requests.set(peer, request));
  }

  /** Writes down that `peer` has answered for `hash`, or is not waited for. False if it was not. */
  remove(peer: Peer, hash: BlockHash): boolean {
    if (this.#accounts.get(peer)?.inTransit.delete(hash) !== true) return false;
    const requests = this.#byHash.get(hash);
    requests?.delete(peer);
    if (requests?.size === 0) this.#byHash.delete(hash);
    return true;
  }

  /** The block is there: nobody is waited for. */
  removeAll(hash: BlockHash): void {
    for (const { peer } of this.of(hash)) this.remove(peer, hash);
  }

  /** Waits for no block any more for whose hash `isWanted` is false. */
  keep(isWanted: (hash: BlockHash) => boolean): void {
    for (const hash of [...this.#byHash.keys()]) if (!isWanted(hash)) this.removeAll(hash);
  }

  has(peer: Peer, hash: BlockHash): boolean {
    return this.#accounts.get(peer)?.inTransit.has(hash) ?? false;
  }

  /** Those that are waited for with `hash`, the longest first. */
  of(hash: BlockHash): readonly BlockRequest[] {
    return [...(this.#byHash.get(hash)?.values() ?? [])];
  }

  /** When `peer` was last asked for `hash`; undefined if never, as far as is remembered. */
  askedAt(peer: Peer, hash: BlockHash): number | undefined {
    return this.#accounts.get(peer)?.asked.get(hash)?.at;
  }

  /** `peer` has sent the block `hash`; false if it was not asked for it since it last did. */
  noteSent(peer: Peer, hash: BlockHash): boolean {
    const asked = this.#accounts.get(peer)?.asked.get(hash);
    if (asked === undefined || asked.isSent) return false;
    asked.isSent = true;
    return true;
  }

  /** `peer` has brought a block that it was waited for with. */
  noteBlock(peer: Peer, at: number): void {
    const account = this.#accounts.get(peer);
    if (account === undefined) return;
    account.lastBlockAt = at;
    account.failures = 0;
  }

  /** `peer` did not bring a block in time. */
  noteFailure(peer: Peer): void {
    const account = this.#accounts.get(peer);
    if (account !== undefined) account.failures += 1;
  }

  /** Blocks that `peer` did not bring in time, since it last did. */
  failuresOf(peer: Peer): number {
    return this.#accounts.get(peer)?.failures ?? 0;
  }

  /** Since when we wait for `request`, not counting the time in which its peer brought others. */
  waitingSince({ peer, askedAt }: BlockRequest): number {
    return Math.max(askedAt, this.#accounts.get(peer)?.lastBlockAt ?? askedAt);
  }

  /** The block that we have waited for longest from `peer`; undefined if nothing is on its way. */
  oldestOf(peer: Peer): BlockRequest | undefined {
    const [oldest] = this.#accounts.get(peer)?.inTransit.values() ?? [];
    return oldest;
  }
}
