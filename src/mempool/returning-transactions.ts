/**
 * Transactions that a reorganisation has set adrift: those of abandoned blocks, and the entries of
 * the mempool that depended on them.
 *
 * Holds them, in the order in which they can come back, until the chain has settled. Whether they
 * may come back is decided by mempool.ts.
 */

import type { Block } from "../primitives/block.ts";
import type { Txid } from "../primitives/hash-id.ts";
import { isCoinbase, type Transaction } from "../primitives/transaction.ts";
import { transactionMemoryBytes } from "./memory-bytes.ts";
import type { MempoolEntry } from "./mempool-entry.ts";

/**
 * Bytes of memory for transactions of abandoned blocks: some four full blocks of small ones. Past
 * it those of the youngest blocks are given up, since the older ones may be their parents.
 */
export const MAX_RETURNING_BYTES = 64 * 1024 * 1024;

/** Everything that was adrift. */
export interface Returned {
  /** Of abandoned blocks, parents before children. */
  readonly transactions: readonly Transaction[];
  /** Entries that stood in the mempool, parents before children. */
  readonly displaced: readonly MempoolEntry[];
}

export class ReturningTransactions {
  readonly #maxBytes: number;
  /** From the youngest block to the oldest: the order in which a chain is left. */
  readonly #blocks: Transaction[][] = [];
  readonly #waiting = new Set<Txid>();
  readonly #displaced = new Map<Txid, MempoolEntry>();
  #bytes = 0;
  #isPending = false;

  constructor({ maxBytes = MAX_RETURNING_BYTES }: { maxBytes?: number } = {}) {
    this.#maxBytes = maxBytes;
  }

  /** True from the first abandoned block until all is taken. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** Adds the transactions of `block`, which was the tip. */
  addBlock(block: Block): void {
    this.#isPending = true;
    const transactions = block.transactions.filter((tx) => !isCoinbase(tx));
    this.#blocks.push(transactions);
    for (const tx of transactions) {
      this.#waiting.add(tx.txid);
      this.#bytes += transactionMemoryBytes(tx);
    }
    while (this.#bytes > this.#maxBytes) this.#dropYoungest();
  }

  /** Adds entries that were taken out of the mempool. */
  addDisplaced(entries: Iterable<MempoolEntry>): void {
    for (const entry of entries) this.#displaced.set(entry.tx.txid, entry);
  }

  /** Forgets `tx`, which is in a block; returns the entry that it was in the mempool, if so. */
  confirm(tx: Transaction): MempoolEntry | undefined {
    if (this.#waiting.delete(tx.txid)) this.#bytes -= transactionMemoryBytes(tx);
    const entry = this.#displaced.get(tx.txid);
    this.#displaced.delete(tx.txid);
    return entry;
  }

  /** Takes everything out. */
  takeAll(): Returned {
    const transactions = this.#blocks
      .toReversed()
      .flat()
      .filter(({ txid }) => this.#waiting.has(txid));
    // Blocks are left from the tip down, so what was displaced last may be what others stand on.
    const displaced = [...this.#displaced.values()].sort((a, b) => a.sequence - b.sequence);

    this.#blocks.length = 0;
    this.#waiting.clear();
    this.#displaced.clear();
    this.#bytes = 0;
    this.#isPending = false;
    return { transactions, displaced };
  }

  #dropYoungest(): void {
    const youngest = this.#blocks[0];
    const tx = youngest?.pop();
    if (tx === undefined) this.#blocks.shift();
    else if (this.#waiting.delete(tx.txid)) this.#bytes -= transactionMemoryBytes(tx);
  }
}
