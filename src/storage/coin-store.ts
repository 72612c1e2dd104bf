/**
 * Unspent outputs after the tip, in SQLite, whose page cache is the only cache of coins.
 *
 * A large cache of coins on the JavaScript heap is a known trap: the collector walks it for ever.
 * Which coins change, and when, is decided in chain/.
 */

import type { Database, Statement } from "bun:sqlite";
import type { Coin, CoinView } from "../consensus/check-inputs.ts";
import { sha256 } from "../crypto/hash.ts";
import { ByteWriter } from "../lib/codec.ts";
import { type Outpoint, writeOutpoint } from "../primitives/transaction.ts";

interface CoinRow {
  value: number;
  height: number;
  is_coinbase: number;
  script: Uint8Array;
}

/** Totals over all coins. */
export interface CoinTotals {
  readonly count: number;
  /** Sats. */
  readonly value: number;
}

export class CoinStore implements CoinView {
  readonly #database: Database;
  readonly #find: Statement<CoinRow, [Uint8Array]>;
  readonly #put: Statement<unknown, [Uint8Array, number, number, number, Uint8Array]>;
  readonly #delete: Statement<unknown, [Uint8Array]>;

  constructor(database: Database) {
    this.#database = database;
    this.#find = database.query(
      "SELECT value, height, is_coinbase, script FROM coins WHERE outpoint = ?",
    );
    this.#put = database.query(
      `INSERT INTO coins (outpoint, value, height, is_coinbase, script) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, height = excluded.height,
         is_coinbase = excluded.is_coinbase, script = excluded.script`,
    );
    this.#delete = database.query("DELETE FROM coins WHERE outpoint = ?");
  }

  findCoin(outpoint: Outpoint): Coin | undefined {
    const row = this.#find.get(encodeOutpoint(outpoint));
    if (row === null) return undefined;
    return {
      value: row.value,
      scriptPubKey: row.script,
      height: row.height,
      isCoinbase: row.is_coinbase === 1,
    };
  }

  putCoin(outpoint: Outpoint, coin: Coin): void {
    const isCoinbase = coin.isCoinbase ? 1 : 0;
    this.#put.run(encodeOutpoint(outpoint), coin.value, coin.height, isCoinbase, coin.scriptPubKey);
  }

  deleteCoin(outpoint: Outpoint): void {
    this.#delete.run(encodeOutpoint(outpoint));
  }

  /** Counts and adds up all coins: a walk over the whole table. */
  totals(): CoinTotals {
    const row = this.#database
      .query<CoinTotals, []>(
        "SELECT count(*) AS count, coalesce(sum(value), 0) AS value FROM coins",
      )
      .get();
    return row ?? { count: 0, value: 0 };
  }

  /** SHA-256 over all coins in order of outpoint: equal digests mean equal coins. */
  digest(): Uint8Array {
    const rows = this.#database
      .query<CoinRow & { outpoint: Uint8Array }, []>("SELECT * FROM coins ORDER BY outpoint")
      .iterate();
    let digest = new Uint8Array(32);
    for (const row of rows) {
      const writer = new ByteWriter().bytes(digest).bytes(row.outpoint);
      writer.i64(row.value).u32(row.height).u8(row.is_coinbase).variableBytes(row.script);
      digest = new Uint8Array(sha256(writer.finish()));
    }
    return digest;
  }
}

function encodeOutpoint(outpoint: Outpoint): Uint8Array {
  const writer = new ByteWriter(36);
  writeOutpoint(writer, outpoint);
  return writer.finish();
}
