/**
 * One transaction in the mempool: its fee and size, its place among its relatives, its memory.
 *
 * Facts only. Who may come in is decided in accept-transaction.ts, who must go in mempool.ts; the
 * totals over relatives are kept right by mempool-graph.ts alone.
 */

import type { Transaction } from "../primitives/transaction.ts";

/** What was found out about a transaction when it was checked. */
export interface EntryFacts {
  readonly tx: Transaction;
  /** Sats. */
  readonly fee: number;
  /** In vbytes, counting many signature operations as size; see policy.ts. */
  readonly virtualSize: number;
  readonly sigopCost: number;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
  /** Height of the tip when it was accepted. */
  readonly acceptedHeight: number;
  /** True if moving to another branch can make it unfit: it spends a coinbase, or has a lock. */
  readonly dependsOnBranch: boolean;
}

/**
 * A transaction in the mempool. Ancestors and descendants are those in the mempool, and every
 * total includes the transaction itself. Sizes are in vbytes, fees in sat.
 */
export interface MempoolEntry extends EntryFacts {
  /** Rises with every entry; a parent's is below its children's. */
  readonly sequence: number;
  /** Estimated bytes of memory, everything that hangs on the entry included. */
  readonly memoryBytes: number;
  /** Those that make a coin this one spends. */
  readonly parents: readonly MempoolEntry[];
  /** Those that spend a coin this one makes. */
  readonly children: readonly MempoolEntry[];
  readonly ancestorCount: number;
  readonly ancestorSize: number;
  readonly ancestorFees: number;
  readonly descendantCount: number;
  readonly descendantSize: number;
  readonly descendantFees: number;
}
