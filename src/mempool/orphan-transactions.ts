/**
 * Transactions whose parents are not known yet, kept for a while on account of the peers who sent
 * them.
 *
 * Bounded so that a peer can only push out its own: each has a share, and room is made where a
 * share is exceeded most (as Bitcoin Core does since version 30). Nothing of an orphan was checked
 * that needs coins; trying it again is the caller's business.
 */

import type { Wtxid } from "../primitives/hash-id.ts";
import { type Outpoint, outpointKey, type Transaction } from "../primitives/transaction.ts";

/** Weight units that every peer may have kept: a little more than one transaction can weigh. */
export const ORPHAN_WEIGHT_PER_PEER = 404_000;

/** Peers whose shares are full size; with more peers the shares shrink. Bounds all orphans to 26
 * million weight units. */
export const MAX_FULL_ORPHAN_SHARES = 64;

/** Work that all orphans together may cause: one each, and one for every ten inputs. */
export const MAX_ORPHAN_SCORE = 3_000;
const INPUTS_PER_SCORE = 10;

/** A parent that did not come for so long will not come. */
export const ORPHAN_EXPIRY_MS = 60_000;

/** Key of those that were sent on nobody's account. */
const NO_PEER = "";

/** An orphan to be tried again. */
export interface Orphan {
  readonly tx: Transaction;
  /** Who sent it. */
  readonly peers: readonly string[];
}

interface KeptOrphan {
  readonly tx: Transaction;
  readonly score: number;
  readonly expiresAt: number;
  readonly peers: Set<string>;
}

/** What is kept on account of one peer, oldest first. */
interface Account {
  readonly orphans: Set<KeptOrphan>;
  weight: number;
  score: number;
}

export class OrphanTransactions {
  readonly #now: () => number;
  readonly #orphans = new Map<Wtxid, KeptOrphan>();
  readonly #accounts = new Map<string, Account>();
  readonly #bySpentCoin = new Map<string, Set<KeptOrphan>>();
  readonly #ready = new Set<KeptOrphan>();
  /** Sums over all accounts: what two peers sent counts twice. */
  #weight = 0;
  #score = 0;

  constructor({ now }: { now: () => number }) {
    this.#now = now;
  }

  get count(): number {
    return this.#orphans.size;
  }

  /** Weight units of all orphans, each counted for every peer who sent it. */
  get weight(): number {
    return this.#weight;
  }

  /** What all orphans count against MAX_ORPHAN_SCORE. */
  get score(): number {
    return this.#score;
  }

  /** Orphans whose parents came: `takeReady` has something to give. */
  get readyCount(): number {
    return this.#ready.size;
  }

  has(wtxid: Wtxid): boolean {
    return this.#orphans.has(wtxid);
  }

  /** Keeps `tx` on account of `peer`, and makes room for it where somebody has too much. */
  add(tx: Transaction, peer: string = NO_PEER): void {
    this.#dropExpired();
    const orphan = this.#orphans.get(tx.wtxid) ?? this.#insert(tx);
    this.#charge(orphan, peer);
    while (this.#isOverBound()) this.#dropOldestOfHeaviest();
  }

  /** Forgets what only `peer` sent. */
  forgetPeer(peer: string): void {
    for (const orphan of this.#accounts.get(peer)?.orphans ?? []) this.#discharge(orphan, peer);
  }

  /** Drops one, if it is here. */
  delete(wtxid: Wtxid): void {
    const orphan = this.#orphans.get(wtxid);
    if (orphan !== undefined) this.#drop(orphan);
  }

  /** Makes ready the orphans that spend coins of `tx`, which has entered the mempool or a block. */
  parentArrived({ txid, outputs }: Transaction): void {
    if (this.#orphans.size === 0) return;
    for (const vout of outputs.keys()) {
      const waiting = this.#bySpentCoin.get(outpointKey({ txid, vout }));
      for (const orphan of waiting ?? []) this.#ready.add(orphan);
    }
  }

  /** Drops the orphans that spend a coin of `inputs`, which a block spent. */
  coinsSpent(inputs: Iterable<{ readonly prevout: Outpoint }>): void {
    if (this.#orphans.size === 0) return;
    for (const { prevout } of inputs) {
      for (const orphan of this.#bySpentCoin.get(outpointKey(prevout)) ?? []) this.#drop(orphan);
    }
  }

  /** Returns up to `limit` orphans whose parents came; they stay here until deleted. */
  takeReady(limit: number): Orphan[] {
    this.#dropExpired();
    const taken: Orphan[] = [];
    for (const orphan of this.#ready) {
      if (taken.length >= limit) break;
      this.#ready.delete(orphan);
      taken.push({ tx: orphan.tx, peers: [...orphan.peers].filter((peer) => peer !== NO_PEER) });
    }
    return taken;
  }

  #insert(tx: Transaction): KeptOrphan {
    const score = 1 + Math.floor(tx.inputs.length / INPUTS_PER_SCORE);
    const expiresAt = this.#now() + ORPHAN_EXPIRY_MS;
    const orphan: KeptOrphan = { tx, score, expiresAt, peers: new Set() };
    this.#orphans.set(tx.wtxid, orphan);
    for (const { prevout } of tx.inputs) {
      const key = outpointKey(prevout);
      const waiting = this.#bySpentCoin.get(key) ?? new Set();
      this.#bySpentCoin.set(key, waiting.add(orphan));
    }
    return orphan;
  }

  #drop(orphan: KeptOrphan): void {
    for (const peer of orphan.peers) this.#discharge(orphan, peer);
  }

  #charge(orphan: KeptOrphan, peer: string): void {
    if (orphan.peers.has(peer)) return;
    orphan.peers.add(peer);
    const account = this.#accounts.get(peer) ?? { orphans: new Set(), weight: 0, score: 0 };
    this.#accounts.set(peer, account);
    account.orphans.add(orphan);
    account.weight += orphan.tx.weight;
    account.score += orphan.score;
    this.#weight += orphan.tx.weight;
    this.#score += orphan.score;
  }

  /** Takes `orphan` off the account of `peer`; nobody keeps what is on no account. */
  #discharge(orphan: KeptOrphan, peer: string): void {
    const account = this.#accounts.get(peer);
    if (account === undefined || !orphan.peers.delete(peer)) return;
    account.orphans.delete(orphan);
    account.weight -= orphan.tx.weight;
    account.score -= orphan.score;
    this.#weight -= orphan.tx.weight;
    this.#score -= orphan.score;
    if (account.orphans.size === 0) this.#accounts.delete(peer);
    if (orphan.peers.size === 0) this.#erase(orphan);
  }

  #erase(orphan: KeptOrphan): void {
    this.#orphans.delete(orphan.tx.wtxid);
    this.#ready.delete(orphan);
    for (const { prevout } of orphan.tx.inputs) {
      const key = outpointKey(prevout);
      const waiting = this.#bySpentCoin.get(key);
      waiting?.delete(orphan);
      if (waiting?.size === 0) this.#bySpentCoin.delete(key);
    }
  }

  /** Orphans expire in the order they came. */
  #dropExpired(): void {
    const now = this.#now();
    for (const orphan of this.#orphans.values()) {
      if (orphan.expiresAt > now) break;
      this.#drop(orphan);
    }
  }

  #isOverBound(): boolean {
    return this.#score > MAX_ORPHAN_SCORE || this.#weight > this.#maxWeight();
  }

  #maxWeight(): number {
    return ORPHAN_WEIGHT_PER_PEER * Math.min(this.#accounts.size, MAX_FULL_ORPHAN_SHARES);
  }

  /** If the bound is exceeded somebody exceeds their share, and only the worst of those loses. */
  #dropOldestOfHeaviest(): void {
    const count = this.#accounts.size;
    const scoreShare = MAX_ORPHAN_SCORE / count;
    const weightShare = this.#maxWeight() / count;
    let heaviest: string | undefined;
    let most = -1;
    for (const [peer, { score, weight }] of this.#accounts) {
      const use = Math.max(score / scoreShare, weight / weightShare);
      if (use <= most) continue;
      most = use;
      heaviest = peer;
    }
    if (heaviest === undefined) return;
    for (const oldest of this.#accounts.get(heaviest)?.orphans ?? []) {
      this.#discharge(oldest, heaviest);
      break;
    }
  }
}
