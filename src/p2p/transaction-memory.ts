/**
 * Which transactions need not be asked for: those that are waiting, that were refused, or that are in
 * a block.
 *
 * What was refused is remembered by the hash over its witness too, so that a copy with a spoilt
 * witness cannot stand in the way of the good one, and is forgotten when a new block may have changed
 * the verdict (M-07).
 */

import { BoundedMap, BoundedSet } from "../lib/bounded.ts";
import type { Mempool } from "../mempool/mempool.ts";
import { MAX_ORPHAN_SCORE } from "../mempool/orphan-transactions.ts";
import { PACKAGE_LIMITS } from "../mempool/policy.ts";
import type { Block } from "../primitives/block.ts";
import type { Txid, Wtxid } from "../primitives/hash-id.ts";
import type { Outpoint } from "../primitives/transaction.ts";
import { RecentHashes } from "./recent-hashes.ts";
import type { Random } from "./transport.ts";

/** Refused transactions remembered until the next block. */
export const MAX_REJECTS = 20_000;

/** Hashes of what blocks held of late, two for each transaction: several of the largest blocks. */
const MAX_CONFIRMED = 200_000;

/** Parents that may be missing: a transaction of more cannot get in whatever they are. */
export const MAX_MISSING_PARENTS = PACKAGE_LIMITS.ancestors - 1;

export class TransactionMemory {
  readonly #mempool: Mempool;
  #rejects = new BoundedSet<string>(MAX_REJECTS);
  readonly #confirmed: RecentHashes;
  /** Of transactions that wait for parents, whose txids these are. */
  readonly #parents = new BoundedMap<Wtxid, readonly Txid[]>(MAX_ORPHAN_SCORE);

  constructor(mempool: Mempool, random: Pick<Random, "below">) {
    this.#mempool = mempool;
    this.#confirmed = new RecentHashes(MAX_CONFIRMED, random);
  }

  /** True if there is no use in a transaction that somebody names by its wtxid, or else its txid. */
  has(hash: string, isWtxid: boolean): boolean {
    if (this.#rejects.has(hash) || this.#confirmed.has(hash)) return true;
    if (!isWtxid) return this.#mempool.has(hash as Txid);
    const wtxid = hash as Wtxid;
    return this.#mempool.findByWtxid(wtxid) !== undefined || this.#mempool.orphans.has(wtxid);
  }

  /** True if the transaction was refused, and no block has come since. */
  wasRejected(hash: string): boolean {
    return this.#rejects.has(hash);
  }

  noteRejected(wtxid: Wtxid): void {
    this.#rejects.add(wtxid);
  }

  /** Returns the txids, each once, of what made `missing`, and keeps them with the orphan `wtxid`. */
  noteOrphan(wtxid: Wtxid, missing: readonly Outpoint[]): readonly Txid[] {
    const parents = [...new Set(missing.map(({ txid }) => txid))];
    if (parents.length <= MAX_MISSING_PARENTS) this.#parents.set(wtxid, parents);
    return parents;
  }

  /** Parents that the orphan `wtxid` waits for; none if it is no orphan. */
  parentsOf(wtxid: Wtxid): readonly Txid[] {
    return this.#mempool.orphans.has(wtxid) ? (this.#parents.get(wtxid) ?? []) : [];
  }

  blockConnected({ transactions }: Block): void {
    for (const { txid, wtxid } of transactions) {
      this.#confirmed.add(txid);
      if ((wtxid as string) !== txid) this.#confirmed.add(wtxid);
    }
  }

  /** What the block held may be wanted again. */
  blockDisconnected(): void {
    this.#confirmed.clear();
  }

  /** Forgets what was refused. */
  tipChanged(): void {
    this.#rejects = new BoundedSet(MAX_REJECTS);
  }
}
