/**
 * Transactions that have left the mempool a moment ago: a block may still have them.
 *
 * Only for putting compact blocks together, as Bitcoin Core's extra transactions. Bounded in number
 * and in bytes.
 */

import { BoundedMap } from "../lib/bounded.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { Wtxid } from "../primitives/hash-id.ts";
import type { Transaction } from "../primitives/transaction.ts";

/** How many (Bitcoin Core's default), and of how many bytes each at most. */
export const MAX_RECENT_TRANSACTIONS = 100;
const MAX_RECENT_BYTES = 100_000;

export class RecentTransactions {
  readonly #recent = new BoundedMap<Wtxid, Transaction>(MAX_RECENT_TRANSACTIONS);
  readonly #unsubscribe: () => void;

  constructor(mempool: Pick<Mempool, "events">) {
    this.#unsubscribe = mempool.events.on("transaction-removed", ({ tx, reason }) => {
      // What a block has taken comes back only with a reorganisation, into the mempool.
      if (reason !== "block" && tx.totalSize <= MAX_RECENT_BYTES) this.#recent.set(tx.wtxid, tx);
    });
  }

  *[Symbol.iterator](): Generator<Transaction> {
    for (const [, tx] of this.#recent.entries()) yield tx;
  }

  stop(): void {
    this.#unsubscribe();
  }
}
