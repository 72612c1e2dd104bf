/**
 * Transactions waiting for a block, in SQLite, so that none that was acknowledged is lost.
 *
 * Rows go in and come out; whether a transaction still belongs there is decided by mempool/ when
 * the node starts.
 */

import type { Database } from "bun:sqlite";
import { hashToId, idToHash, type Txid } from "../primitives/hash-id.ts";
import { encodeTransaction, type Transaction } from "../primitives/transaction.ts";

export interface StoredTransaction {
  readonly txid: Txid;
  /** As they were read: a disk may have changed what it was given. */
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
}

export class MempoolStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns all rows, oldest first: parents were accepted before their children. */
  loadAll(): StoredTransaction[] {
    return this.#database
      .query<{ txid: Uint8Array; tx: Uint8Array; accepted_at: number }, []>(
        "SELECT txid, tx, accepted_at FROM mempool ORDER BY id",
      )
      .all()
      .map(({ txid, tx, accepted_at: acceptedAt }) => {
        return { txid: hashToId<Txid>(txid), bytes: tx, acceptedAt };
      });
  }

  /** Writes and deletes in one commit; when it returns, the disk has it. */
  apply(added: Iterable<{ tx: Transaction; acceptedAt: number }>, removed: Iterable<Txid>): void {
    const put = this.#database.query(
      "INSERT OR REPLACE INTO mempool (txid, accepted_at, tx) VALUES (?, ?, ?)",
    );
    const remove = this.#database.query("DELETE FROM mempool WHERE txid = ?");
    this.#database.transaction(() => {
      for (const txid of removed) remove.run(idToHash(txid));
      for (const { tx, acceptedAt } of added) {
        put.run(idToHash(tx.txid), acceptedAt, encodeTransaction(tx));
      }
    })();
  }
}
