/**
 * Transactions that touched a wallet, kept for when mempool and chain have them no more.
 *
 * What they do to the wallet is told by their bytes. Part of `wallets.db`.
 */

import type { Database } from "bun:sqlite";
import {
  formatCursor,
  makePage,
  type Page,
  type PageRequest,
  parseCursor,
  rowsToRead,
} from "../lib/paging.ts";
import type { Txid } from "../primitives/hash-id.ts";
import { checkSize, checkWallet } from "./wallet-store-error.ts";

/** A transaction that touched a wallet. */
export interface KeptTransaction {
  readonly txid: Txid;
  /** As it is sent to peers. */
  readonly raw: Uint8Array;
  /** True if the wallet made it; those of others can be trimmed. */
  readonly isOwn: boolean;
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
  /** The transaction in whose place it stands. */
  readonly replaces: Txid | undefined;
}

/** Bytes of a transaction: no block can hold a larger one. */
export const MAX_TRANSACTION_BYTES = 4_000_000;

interface KeptRow {
  id: number;
  txid: Txid;
  raw: Uint8Array;
  is_own: number;
  first_seen: number;
  replaces: Txid | null;
}

const COLUMNS = "id, txid, raw, is_own, first_seen, replaces";

/** Above every time and id. */
const BEYOND_ALL = Number.MAX_SAFE_INTEGER;

/** The transactions of all wallets, told apart by wallet and txid. */
export class KeptTransactionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Keeps a transaction. Kept before, it stays as it was, save that it may turn out to be our own. */
  put(wallet: string, { txid, raw, isOwn, firstSeen, replaces }: KeptTransaction): void {
    checkWallet(wallet);
    checkSize("a transaction", raw, MAX_TRANSACTION_BYTES);
    this.#database
      .query(
        `INSERT INTO kept_transactions (wallet, txid, raw, is_own, first_seen, replaces)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (wallet, txid) DO UPDATE SET
           is_own = max(is_own, excluded.is_own), replaces = coalesce(replaces, excluded.replaces)
         WHERE is_own < excluded.is_own OR (replaces IS NULL AND excluded.replaces IS NOT NULL)`,
      )
      .run(wallet, txid, raw, isOwn ? 1 : 0, firstSeen, replaces ?? null);
  }

  find(wallet: string, txid: Txid): KeptTransaction | undefined {
    const row = this.#database
      .query<KeptRow, [string, string]>(
        `SELECT ${COLUMNS} FROM kept_transactions WHERE wallet = ? AND txid = ?`,
      )
      .get(wallet, txid);
    return row === null ? undefined : keptOf(row);
  }

  /** Those of a wallet, newest first. */
  list(wallet: string, { limit, cursor }: PageRequest): Page<KeptTransaction> {
    const [time = 0, id = 0] = parseCursor(cursor, [BEYOND_ALL, 0]);
    const rows = this.#database
      .query<KeptRow, [string, number, number, number]>(
        `SELECT ${COLUMNS} FROM kept_transactions
         WHERE wallet = ? AND (first_seen, id) < (?, ?)
         ORDER BY first_seen DESC, id DESC LIMIT ?`,
      )
      .all(wallet, time, id, rowsToRead(limit));
    const page = makePage(rows, limit, (last) => formatCursor(last.first_seen, last.id));
    return { ...page, rows: page.rows.map(keptOf) };
  }

  count(wallet: string): number {
    return (
      this.#database
        .query<{ count: number }, [string]>(
          "SELECT count(*) AS count FROM kept_transactions WHERE wallet = ?",
        )
        .get(wallet)?.count ?? 0
    );
  }

  /** Returns whether there was one. */
  delete(wallet: string, txid: Txid): boolean {
    return (
      this.#database
        .query("DELETE FROM kept_transactions WHERE wallet = ? AND txid = ?")
        .run(wallet, txid).changes > 0
    );
  }

  /** Deletes the oldest that others made until there are `keep` of those; returns how many it was. */
  trim(wallet: string, keep: number): number {
    return this.#database
      .query(
        `DELETE FROM kept_transactions WHERE id IN (
           SELECT id FROM kept_transactions WHERE wallet = ? AND is_own = 0
           ORDER BY first_seen DESC, id DESC LIMIT -1 OFFSET ?)`,
      )
      .run(wallet, keep).changes;
  }
}

function keptOf({ txid, raw, is_own, first_seen, replaces }: KeptRow): KeptTransaction {
  return {
    txid,
    raw,
    isOwn: is_own === 1,
    firstSeen: first_seen,
    replaces: replaces ?? undefined,
  };
}
