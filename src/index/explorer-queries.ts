/**
 * What the explorer can be asked: blocks, transactions, addresses, miners, totals.
 *
 * A connection of its own that cannot write, so that the main thread reads while the index worker
 * writes. Every query goes by an index and gives at most a page. Knows nothing of the mempool nor of
 * blocks off the active chain; many addresses at once are in address-set-queries.ts, time series in
 * statistics-history.ts.
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
import type { BlockHash, Txid } from "../primitives/hash-id.ts";
import type { Outpoint } from "../primitives/transaction.ts";
import type { OutputType } from "../script/standard.ts";
import {
  type AddressSummary,
  type CoinRow,
  type HistoryRow,
  readAddresses,
  readCoins,
  readHistory,
  readOldestCoins,
  readUsedAddresses,
} from "./address-set-queries.ts";
import { openIndexReader } from "./schema.ts";
import {
  estimateHashrate,
  readStatisticsHistory,
  type StatisticsHistory,
  type StatisticsRange,
} from "./statistics-history.ts";

/** A block of the active chain. Amounts in sat; `null` where there is nothing. */
export interface BlockRow {
  readonly height: number;
  readonly hash: BlockHash;
  readonly previous: BlockHash;
  /** Seconds since 1970. */
  readonly time: number;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** Seconds since the block before; null up to block 1, since genesis lies long in the past. */
  readonly intervalSeconds: number | null;
  readonly bits: number;
  /** As Bitcoin defines it. */
  readonly difficulty: number;
  /** Hashes expected up to this block, rounded; exact in the block index. */
  readonly chainwork: number;
  readonly size: number;
  readonly weight: number;
  readonly transactionCount: number;
  readonly fees: number;
  /** What the coinbase paid, less the fees. */
  readonly subsidy: number;
  readonly outputValue: number;
  /** Empty if the coinbase says nothing. */
  readonly minerTag: string;
  readonly minerStream: string;
  readonly minerAddress: string | null;
}

/**
 * A transaction of the active chain, and where its bytes are: `size` bytes from `offset` on of the
 * encoded block, whose id in the chain database is that of `blockHash` in the block index.
 */
export interface TransactionRow {
  readonly txid: Txid;
  readonly blockHash: BlockHash;
  readonly height: number;
  /** In its block; 0 is the coinbase. */
  readonly position: number;
  /** Of the block, in seconds since 1970. */
  readonly time: number;
  readonly offset: number;
  readonly size: number;
  readonly weight: number;
  readonly inputCount: number;
  readonly outputCount: number;
  readonly fee: number;
  readonly outputValue: number;
}

/** An input, with the output that it spends. A coinbase's input has no row. */
export interface InputRow {
  readonly vin: number;
  /** The output spent. */
  readonly txid: Txid;
  readonly vout: number;
  readonly value: number;
  readonly scriptType: OutputType;
  readonly address: string | null;
}

/** An output, with the input that spends it, if one does. */
export interface OutputRow {
  readonly vout: number;
  readonly value: number;
  readonly scriptType: OutputType;
  readonly address: string | null;
  /** False for outputs that no input can ever spend. */
  readonly isCoin: boolean;
  readonly spentByTxid: Txid | null;
  readonly spentByVin: number | null;
}

/** Sums over the active chain. */
export interface ChainTotals {
  readonly blocks: number;
  readonly transactions: number;
  readonly outputs: number;
  readonly unspentOutputs: number;
  /** Sats in unspent outputs: what was burnt is not in it. */
  readonly supply: number;
  readonly fees: number;
  readonly addresses: number;
}

/** A miner, told by tag and address, and its part of the blocks after genesis, 0..1. */
export interface MinerRow {
  readonly tag: string;
  /** Null if its coinbases pay to none. */
  readonly address: string | null;
  readonly blocks: number;
  readonly share: number;
  readonly fees: number;
  readonly subsidy: number;
  readonly firstHeight: number;
  readonly lastHeight: number;
}

/** Most blocks over which recent shares are taken: a grouping of so many rows stays quick. */
export const MAX_RECENT_BLOCKS = 10_000;

const BLOCK_COLUMNS = `height, hash, previous, time, received_at AS receivedAt,
  interval_seconds AS intervalSeconds, bits, difficulty, chainwork, size, weight,
  transaction_count AS transactionCount, fees, subsidy, output_value AS outputValue,
  miner_tag AS minerTag, miner_stream AS minerStream, miner_address AS minerAddress`;

const TRANSACTION_COLUMNS = `t.id, t.txid, b.hash AS blockHash, t.height, t.position, b.time,
  t.offset, t.size, t.weight, t.input_count AS inputCount, t.output_count AS outputCount, t.fee,
  t.output_value AS outputValue`;

/** Above every height and id. */
const BEYOND_ALL = Number.MAX_SAFE_INTEGER;

type Identified<Row> = Row & { readonly id: number };

export class ExplorerQueries {
  readonly #path: string;
  #database: Database;

  /** Opens the index at `path`, which must be there: the index service has said so. */
  constructor(path: string) {
    this.#path = path;
    this.#database = openIndexReader(path);
  }

  /** Connects again: the index was damaged, and its file replaced. */
  reopen(): void {
    this.#database.close();
    this.#database = openIndexReader(this.#path);
  }

  close(): void {
    this.#database.close();
  }

  /** Runs `read` on one state of the index, whatever the worker commits meanwhile. Keep it short. */
  snapshot<T>(read: () => T): T {
    return this.#database.transaction(read)();
  }

  /** The block up to which the index has followed the chain; undefined before genesis. */
  findTip(): BlockRow | undefined {
    return this.#one<BlockRow>(
      `SELECT ${BLOCK_COLUMNS} FROM blocks WHERE height = (SELECT max(height) FROM blocks)`,
    );
  }

  findBlock(height: number): BlockRow | undefined {
    return this.#one<BlockRow>(`SELECT ${BLOCK_COLUMNS} FROM blocks WHERE height = ?`, height);
  }

  findBlockByHash(hash: BlockHash): BlockRow | undefined {
    return this.#one<BlockRow>(`SELECT ${BLOCK_COLUMNS} FROM blocks WHERE hash = ?`, hash);
  }

  /** Newest first. */
  listBlocks({ limit, cursor }: PageRequest): Page<BlockRow> {
    const [before = 0] = parseCursor(cursor, [BEYOND_ALL]);
    const rows = this.#all<BlockRow>(
      `SELECT ${BLOCK_COLUMNS} FROM blocks WHERE height < ? ORDER BY height DESC LIMIT ?`,
      before,
      rowsToRead(limit),
    );
    return makePage(rows, limit, ({ height }) => formatCursor(height));
  }

  /** Blocks from height `from` to `to` inclusive, upward, at most MAX_PAGE_ROWS of them. */
  listBlockRange(from: number, to: number): readonly BlockRow[] {
    return this.#all<BlockRow>(
      `SELECT ${BLOCK_COLUMNS} FROM blocks WHERE height BETWEEN ? AND ? ORDER BY height LIMIT ?`,
      from,
      to,
      rowsToRead(BEYOND_ALL) - 1,
    );
  }

  findTransaction(txid: Txid): TransactionRow | undefined {
    const row = this.#one<Identified<TransactionRow>>(
      `SELECT ${TRANSACTION_COLUMNS} FROM transactions t JOIN blocks b ON b.height = t.height
       WHERE t.txid = ?`,
      txid,
    );
    return row === undefined ? undefined : withoutId(row);
  }

  /** Newest first: the last of the last block, then backward. */
  listTransactions({ limit, cursor }: PageRequest): Page<TransactionRow> {
    const [before = 0] = parseCursor(cursor, [BEYOND_ALL]);
    const rows = this.#all<Identified<TransactionRow>>(
      `SELECT ${TRANSACTION_COLUMNS} FROM transactions t JOIN blocks b ON b.height = t.height
       WHERE t.id < ? ORDER BY t.id DESC LIMIT ?`,
      before,
      rowsToRead(limit),
    );
    return withoutIds(makePage(rows, limit, ({ id }) => formatCursor(id)));
  }

  /** The transactions of the block at `height`, in its order; none if there is no such block. */
  listBlockTransactions(height: number, { limit, cursor }: PageRequest): Page<TransactionRow> {
    const [position = 0] = parseCursor(cursor, [0]);
    const rows = this.#all<Identified<TransactionRow>>(
      `SELECT ${TRANSACTION_COLUMNS} FROM blocks b JOIN transactions t
         ON t.id BETWEEN b.first_transaction + ? AND b.first_transaction + b.transaction_count - 1
       WHERE b.height = ? ORDER BY t.id LIMIT ?`,
      position,
      height,
      rowsToRead(limit),
    );
    return withoutIds(makePage(rows, limit, (last) => formatCursor(last.position + 1)));
  }

  /** The inputs of a transaction in order; none for a coinbase or an unknown one. */
  listInputs(txid: Txid, { limit, cursor }: PageRequest): Page<InputRow> {
    const [vin = 0] = parseCursor(cursor, [0]);
    const rows = this.#all<InputRow>(
      `SELECT o.spent_vin AS vin, p.txid, o.vout, o.value, k.name AS scriptType, a.address
       FROM transactions t
       JOIN outputs o ON o.spent_by = t.id AND o.spent_by IS NOT NULL AND o.spent_vin >= ?
       JOIN transactions p ON p.id = o.transaction_id
       JOIN script_types k ON k.id = o.script_type
       LEFT JOIN addresses a ON a.id = o.address_id
       WHERE t.txid = ? ORDER BY o.spent_vin LIMIT ?`,
      vin,
      txid,
      rowsToRead(limit),
    );
    return makePage(rows, limit, (last) => formatCursor(last.vin + 1));
  }

  /** The outputs of a transaction in order; none for an unknown one. */
  listOutputs(txid: Txid, { limit, cursor }: PageRequest): Page<OutputRow> {
    const [vout = 0] = parseCursor(cursor, [0]);
    const rows = this.#all<Omit<OutputRow, "isCoin"> & { isCoin: number }>(
      `SELECT o.vout, o.value, k.name AS scriptType, a.address, o.is_coin AS isCoin,
         s.txid AS spentByTxid, o.spent_vin AS spentByVin
       FROM transactions t
       JOIN outputs o ON o.transaction_id = t.id AND o.vout >= ?
       JOIN script_types k ON k.id = o.script_type
       LEFT JOIN addresses a ON a.id = o.address_id
       LEFT JOIN transactions s ON s.id = o.spent_by
       WHERE t.txid = ? ORDER BY o.vout LIMIT ?`,
      vout,
      txid,
      rowsToRead(limit),
    );
    const page = makePage(rows, limit, (last) => formatCursor(last.vout + 1));
    return { ...page, rows: page.rows.map((row) => ({ ...row, isCoin: row.isCoin === 1 })) };
  }

  /** One output, or undefined if the active chain has none there. */
  findOutput({ txid, vout }: Outpoint): OutputRow | undefined {
    const [row] = this.listOutputs(txid, { limit: 1, cursor: formatCursor(vout) }).rows;
    return row?.vout === vout ? row : undefined;
  }

  /**
   * What the active chain says of `address`; undefined if it has never been paid. A coinbase needs
   * `maturity` blocks before it can be spent, counting its own.
   */
  findAddress(address: string, maturity: number): AddressSummary | undefined {
    return this.findAddresses([address], maturity)[0];
  }

  /** The same of each of `addresses` that has ever been paid, in no order. */
  findAddresses(addresses: readonly string[], maturity: number): readonly AddressSummary[] {
    return readAddresses(this.#database, addresses, maturity);
  }

  /** Those of `addresses` that have ever been paid. */
  findUsedAddresses(addresses: readonly string[]): ReadonlySet<string> {
    return readUsedAddresses(this.#database, addresses);
  }

  /** The unspent outputs of all `addresses`, newest first; none of those never paid. */
  listCoins(addresses: readonly string[], page: PageRequest): Page<CoinRow> {
    return readCoins(this.#database, addresses, page);
  }

  /** The unspent outputs of all `addresses`, oldest first, at most MAX_SELECTABLE_COINS of them. */
  listOldestCoins(addresses: readonly string[], limit?: number): readonly CoinRow[] {
    return readOldestCoins(this.#database, addresses, limit);
  }

  /** The transactions that moved the money of `addresses`, newest first, with running balance. */
  listHistory(addresses: readonly string[], page: PageRequest): Page<HistoryRow> {
    return readHistory(this.#database, addresses, page);
  }

  totals(): ChainTotals {
    const row = this.#one<ChainTotals>(
      `SELECT blocks, transactions, outputs, unspent_outputs AS unspentOutputs, supply, fees,
         addresses FROM totals WHERE id = 1`,
    );
    if (row === undefined) throw new Error("the index has no totals");
    return row;
  }

  /** Miners of the whole chain, those with the most blocks first. */
  listMiners({ limit, cursor }: PageRequest): Page<MinerRow> {
    const [blocks = 0, firstHeight = 0] = parseCursor(cursor, [BEYOND_ALL, 0]);
    const rows = this.#all<MinerRow>(
      `SELECT tag, nullif(address, '') AS address, blocks,
         blocks * 1.0 / (SELECT max(blocks - 1, 1) FROM totals WHERE id = 1) AS share, fees, subsidy,
         first_height AS firstHeight, last_height AS lastHeight
       FROM mining_pool WHERE (blocks, first_height) < (?, ?)
       ORDER BY blocks DESC, first_height DESC LIMIT ?`,
      blocks,
      firstHeight,
      rowsToRead(limit),
    );
    return makePage(rows, limit, (last) => formatCursor(last.blocks, last.firstHeight));
  }

  /** Miners of the last `blockCount` blocks (at most MAX_RECENT_BLOCKS), the busiest first. */
  listRecentMiners(blockCount: number, limit: number): readonly MinerRow[] {
    // The + keeps SQLite from grouping by the index, which would read the whole chain.
    const first = Math.max(1, this.#tipHeight() - Math.min(blockCount, MAX_RECENT_BLOCKS) + 1);
    return this.#all<MinerRow>(
      `SELECT miner_tag AS tag, miner_address AS address, count(*) AS blocks,
         count(*) * 1.0 / (SELECT max(height) + 1 - ?1 FROM blocks) AS share, sum(fees) AS fees,
         sum(subsidy) AS subsidy, min(height) AS firstHeight, max(height) AS lastHeight
       FROM blocks WHERE height >= ?1 GROUP BY +miner_id ORDER BY blocks DESC, miner_id LIMIT ?2`,
      first,
      rowsToRead(limit) - 1,
    );
  }

  /** Hashes a second that the network needed for its last blocks; 0 before there are two. */
  networkHashrate(): number {
    return estimateHashrate(this.#database, this.#tipHeight());
  }

  /** Time series up to `nowSeconds`, at most MAX_HISTORY_POINTS of each kind. */
  statisticsHistory(range: StatisticsRange, nowSeconds: number): StatisticsHistory {
    return readStatisticsHistory(this.#database, range, nowSeconds);
  }

  #tipHeight(): number {
    return (
      this.#one<{ height: number | null }>("SELECT max(height) AS height FROM blocks")?.height ?? 0
    );
  }

  #one<Row>(sql: string, ...parameters: (number | string)[]): Row | undefined {
    return this.#database.query<Row, (number | string)[]>(sql).get(...parameters) ?? undefined;
  }

  #all<Row>(sql: string, ...parameters: (number | string)[]): Row[] {
    return this.#database.query<Row, (number | string)[]>(sql).all(...parameters);
  }
}

function withoutId<Row>({ id: _, ...row }: Identified<Row>): Omit<Row, "id"> {
  return row as Omit<Row, "id">;
}

function withoutIds<Row>(page: Page<Identified<Row>>): Page<Omit<Row, "id">> {
  return { ...page, rows: page.rows.map(withoutId) };
}
