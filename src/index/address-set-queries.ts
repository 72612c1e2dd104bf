/**
 * What can be asked of many addresses at once, as one account: balances, coins, history.
 *
 * Lists are merged from the addresses' own by their indexes: a page costs some steps an address, and
 * not all that ever happened to them. What an address is to its owner is unknown here.
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
import type { OutputType } from "../script/standard.ts";

/** What the active chain says of an address; all amounts include immature coins. */
export interface AddressSummary {
  readonly address: string;
  readonly balance: number;
  /** The part of `balance` in coinbase outputs that the next block may not spend yet. */
  readonly immature: number;
  readonly received: number;
  readonly sent: number;
  readonly transactionCount: number;
  readonly coinCount: number;
  readonly firstHeight: number;
  readonly lastHeight: number;
}

/** An unspent output of an address. */
export interface CoinRow {
  readonly txid: Txid;
  readonly vout: number;
  readonly value: number;
  readonly height: number;
  readonly isCoinbase: boolean;
  readonly scriptType: OutputType;
  readonly address: string;
}

/** A transaction that moved the money of addresses. */
export interface HistoryRow {
  readonly txid: Txid;
  readonly height: number;
  readonly position: number;
  /** Of the block, in seconds since 1970. */
  readonly time: number;
  /** Sats that all of them received, less those they sent. */
  readonly delta: number;
  /** Sats that all of them have after it. */
  readonly balance: number;
  /** Of the whole transaction, whoever paid it. */
  readonly fee: number;
  readonly isCoinbase: boolean;
}

/** Most addresses of one question: balances of so many, all in use, take 200 ms. */
export const MAX_SET_ADDRESSES = 10_000;

/** Most coins to select from: about what a block can spend; to read them takes 200 ms. */
export const MAX_SELECTABLE_COINS = 20_000;

/** Above every id. */
const BEYOND_ALL = Number.MAX_SAFE_INTEGER;

/** Those given that the chain has ever paid, each once. */
const MEMBERS = `members AS MATERIALIZED (
    SELECT DISTINCT a.id, a.address
    FROM json_each(?1) given CROSS JOIN addresses a ON a.address = given.value)`;

/** In which order rows are wanted, and what that means for the ids of their transactions. */
interface Order {
  readonly direction: "ASC" | "DESC";
  readonly first: "min" | "max";
  readonly upTo: "<=" | ">=";
  readonly last: number;
}

const NEWEST_FIRST: Order = { direction: "DESC", first: "max", upTo: ">=", last: 0 };
const OLDEST_FIRST: Order = { direction: "ASC", first: "min", upTo: "<=", last: BEYOND_ALL };

/** Where the rows of an address are, in order of their transactions; `where` begins a page. */
interface RowSource {
  readonly from: string;
  readonly where: string;
}

const COINS = {
  from: "outputs r INDEXED BY outputs_unspent",
  where: "r.address_id IS NOT NULL AND r.spent_by IS NULL",
};

/** Returns what is known of those of `addresses` that have ever been paid, in no order. */
export function readAddresses(
  database: Database,
  addresses: readonly string[],
  maturity: number,
): readonly AddressSummary[] {
  // Who was paid by a young coinbase was last touched as lately: the others need no search.
  return database
    .query<AddressSummary, [string, number]>(
      `WITH ${MEMBERS},
         young(height) AS MATERIALIZED (SELECT max(height) + 1 - ?2 FROM blocks)
       SELECT a.address, a.balance, a.received, a.sent, a.transaction_count AS transactionCount,
         a.coin_count AS coinCount, a.first_height AS firstHeight, a.last_height AS lastHeight,
         CASE WHEN a.last_height > young.height THEN
           (SELECT coalesce(sum(o.value), 0)
            FROM blocks b CROSS JOIN outputs o INDEXED BY outputs_unspent
              ON o.address_id = a.id AND o.address_id IS NOT NULL AND o.spent_by IS NULL
              AND o.transaction_id = b.first_transaction
            WHERE b.height > young.height)
         ELSE 0 END AS immature
       FROM young CROSS JOIN members CROSS JOIN addresses a ON a.id = members.id`,
    )
    .all(jsonOf(addresses), maturity);
}

/** Returns those of `addresses` that have ever been paid on the active chain. */
export function readUsedAddresses(
  database: Database,
  addresses: readonly string[],
): ReadonlySet<string> {
  const rows = database
    .query<{ address: string }, [string]>(`WITH ${MEMBERS} SELECT address FROM members`)
    .all(jsonOf(addresses));
  return new Set(rows.map(({ address }) => address));
}

/** Returns a page of the unspent outputs of `addresses`, newest first. */
export function readCoins(
  database: Database,
  addresses: readonly string[],
  { limit, cursor }: PageRequest,
): Page<CoinRow> {
  const [transaction = 0, vout = 0] = parseCursor(cursor, [BEYOND_ALL, 0]);
  const where = `${COINS.where} AND (r.transaction_id, r.vout) < (?3, ?4)`;
  const rows = database
    .query<StoredCoin, [string, number, number, number]>(
      selectCoins({ ...COINS, where }, NEWEST_FIRST),
    )
    .all(jsonOf(addresses), rowsToRead(limit), transaction, vout);
  const page = makePage(rows, limit, (last) => formatCursor(last.id, last.vout));
  return { ...page, rows: page.rows.map(coinOf) };
}

/** Returns at most `limit` unspent outputs of `addresses`, oldest first; MAX_SELECTABLE_COINS at most. */
export function readOldestCoins(
  database: Database,
  addresses: readonly string[],
  limit = MAX_SELECTABLE_COINS,
): readonly CoinRow[] {
  return database
    .query<StoredCoin, [string, number]>(selectCoins(COINS, OLDEST_FIRST))
    .all(jsonOf(addresses), Math.min(limit, MAX_SELECTABLE_COINS))
    .map(coinOf);
}

/**
 * Returns a page of the transactions that moved the money of `addresses`, newest first, each once,
 * with what all of them had after it.
 */
export function readHistory(
  database: Database,
  addresses: readonly string[],
  { limit, cursor }: PageRequest,
): Page<HistoryRow> {
  const [before = 0] = parseCursor(cursor, [BEYOND_ALL]);
  const source = { from: "address_history r", where: "r.transaction_id < ?3" };
  const rows = database
    .query<StoredHistory, [string, number, number]>(
      `WITH ${MEMBERS}, ${edgesOf(source, NEWEST_FIRST)},
         page AS MATERIALIZED (
           SELECT r.transaction_id AS id, sum(r.delta) AS delta
           FROM edges CROSS JOIN ${source.from}
             ON r.address_id = edges.id AND ${source.where} AND r.transaction_id >= edges.edge
           GROUP BY r.transaction_id ORDER BY r.transaction_id DESC LIMIT ?2)
       SELECT t.id, t.txid, t.height, t.position, b.time, page.delta, t.fee,
         (SELECT sum((SELECT r.balance FROM ${source.from}
            WHERE r.address_id = members.id AND ${source.where}
            ORDER BY r.transaction_id DESC LIMIT 1)) FROM members) AS newestBalance
       FROM page
       CROSS JOIN transactions t ON t.id = page.id
       CROSS JOIN blocks b ON b.height = t.height
       ORDER BY page.id DESC`,
    )
    .all(jsonOf(addresses), rowsToRead(limit), before);
  const page = makePage(rows, limit, ({ id }) => formatCursor(id));
  return { ...page, rows: withBalances(page.rows) };
}

/**
 * SQL of `edges`: how far into the past (or future) the rows of each member must be read so that the
 * first ?2 of all of them are among what is read.
 *
 * That many members whose first rows are of different transactions make all behind those needless;
 * so do that many rows of a member's own. One more each, since a page may begin within a
 * transaction.
 */
function edgesOf({ from, where }: RowSource, { direction, first, upTo, last }: Order): string {
  return `firsts AS MATERIALIZED (
      SELECT members.id, (SELECT ${first}(r.transaction_id) FROM ${from}
        WHERE r.address_id = members.id AND ${where}) AS first
      FROM members),
    common(edge) AS MATERIALIZED (
      SELECT coalesce((SELECT DISTINCT first FROM firsts WHERE first IS NOT NULL
        ORDER BY first ${direction} LIMIT 1 OFFSET ?2), ${last})),
    edges AS MATERIALIZED (
      SELECT firsts.id, coalesce((SELECT r.transaction_id FROM ${from}
        WHERE r.address_id = firsts.id AND ${where} AND r.transaction_id ${upTo} common.edge
        ORDER BY r.transaction_id ${direction} LIMIT 1 OFFSET ?2), common.edge) AS edge
      FROM common CROSS JOIN firsts WHERE firsts.first ${upTo} common.edge)`;
}

function selectCoins(source: RowSource, order: Order): string {
  const { direction, upTo } = order;
  return `WITH ${MEMBERS}, ${edgesOf(source, order)},
      page AS MATERIALIZED (
        SELECT r.transaction_id AS id, r.vout
        FROM edges CROSS JOIN ${source.from}
          ON r.address_id = edges.id AND ${source.where} AND r.transaction_id ${upTo} edges.edge
        ORDER BY r.transaction_id ${direction}, r.vout ${direction} LIMIT ?2)
    SELECT t.id, t.txid, o.vout, o.value, t.height, t.position, k.name AS scriptType, a.address
    FROM page
    CROSS JOIN outputs o ON o.transaction_id = page.id AND o.vout = page.vout
    CROSS JOIN transactions t ON t.id = page.id
    CROSS JOIN script_types k ON k.id = o.script_type
    CROSS JOIN addresses a ON a.id = o.address_id
    ORDER BY page.id ${direction}, page.vout ${direction}`;
}

type StoredCoin = Omit<CoinRow, "isCoinbase"> & { readonly id: number; readonly position: number };

type StoredHistory = Omit<HistoryRow, "balance" | "isCoinbase"> & {
  readonly id: number;
  /** After the newest row of the page. */
  readonly newestBalance: number;
};

function coinOf({ id: _, position, ...row }: StoredCoin): CoinRow {
  return { ...row, isCoinbase: position === 0 };
}

function withBalances(rows: readonly StoredHistory[]): HistoryRow[] {
  let after = rows[0]?.newestBalance ?? 0;
  return rows.map(({ id: _, newestBalance: __, ...row }) => {
    const balance = after;
    after -= row.delta;
    return { ...row, balance, isCoinbase: row.position === 0 };
  });
}

function jsonOf(addresses: readonly string[]): string {
  if (addresses.length > MAX_SET_ADDRESSES) {
    throw new RangeError(`at most ${MAX_SET_ADDRESSES} addresses can be asked about at once`);
  }
  return JSON.stringify(addresses);
}
