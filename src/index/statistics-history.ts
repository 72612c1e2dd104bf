/**
 * Time series for the charts, thinned to what a screen can show.
 *
 * Series of the chain need no table of their own: every block carries sums from genesis on, so a
 * point is the difference of two rows, found by height. What only this node saw is averaged from
 * `network_stats`. Knows nothing of who draws it.
 */

import type { Database } from "bun:sqlite";

/** How far back a chart goes. */
export const STATISTICS_RANGES = ["1h", "6h", "24h", "7d", "30d", "all"] as const;

export type StatisticsRange = (typeof STATISTICS_RANGES)[number];

/** A point of the chain's series: the block at `height` and those since the point before. */
export interface ChainPoint {
  /** Of the block, in seconds since 1970. */
  readonly time: number;
  readonly height: number;
  readonly difficulty: number;
  /** Hashes a second, estimated; null at block 1. */
  readonly hashrate: number | null;
  /** Mean seconds between blocks; null at block 1. */
  readonly intervalSeconds: number | null;
  readonly transactions: number;
  /** Null at block 1. */
  readonly transactionsPerSecond: number | null;
}

/** A point of this node's series: means over the time up to the next point. */
export interface SamplePoint {
  /** In seconds since 1970. */
  readonly time: number;
  readonly mempoolCount: number;
  readonly mempoolBytes: number;
  /** Sats per vbyte. */
  readonly mempoolFeerate: number;
  readonly peers: number;
}

export interface StatisticsHistory {
  readonly range: StatisticsRange;
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Upward in height. */
  readonly chain: readonly ChainPoint[];
  /** Upward in time. */
  readonly samples: readonly SamplePoint[];
}

/** More points than this no chart can tell apart. */
export const MAX_HISTORY_POINTS = 500;

/** Blocks over which a hash rate is estimated at least: the error is then about a fifth. */
export const HASHRATE_WINDOW_BLOCKS = 30;

/** Seconds between two samples. */
export const SAMPLE_INTERVAL_SECONDS = 60;

const RANGE_SECONDS: Record<StatisticsRange, number> = {
  "1h": 3_600,
  "6h": 6 * 3_600,
  "24h": 24 * 3_600,
  "7d": 7 * 24 * 3_600,
  "30d": 30 * 24 * 3_600,
  all: Number.POSITIVE_INFINITY,
};

interface BlockSums {
  readonly height: number;
  readonly time: number;
  readonly difficulty: number;
  readonly chainwork: number;
  readonly chain_transactions: number;
}

/** Reads the series of `range` up to `nowSeconds`. */
export function readStatisticsHistory(
  database: Database,
  range: StatisticsRange,
  nowSeconds: number,
): StatisticsHistory {
  const from = startOf(database, range, nowSeconds);
  return {
    range,
    from,
    to: nowSeconds,
    chain: readChainPoints(database, from),
    samples: readSamplePoints(database, from, nowSeconds),
  };
}

/** Hashes a second needed for the blocks up to `height`; 0 before there are two after genesis. */
export function estimateHashrate(database: Database, height: number): number {
  const last = findSums(database, height);
  const first = findSums(database, Math.max(1, height - HASHRATE_WINDOW_BLOCKS));
  if (last === undefined || first === undefined || last.height <= first.height) return 0;
  return (last.chainwork - first.chainwork) / secondsBetween(first, last);
}

/** Genesis lies long in the past, so the chain's history begins with block 1. */
function startOf(database: Database, range: StatisticsRange, nowSeconds: number): number {
  if (range !== "all") return nowSeconds - RANGE_SECONDS[range];
  return findSums(database, 1)?.time ?? nowSeconds;
}

function readChainPoints(database: Database, from: number): ChainPoint[] {
  const tip = database.query<{ height: number | null }, []>(
    "SELECT max(height) AS height FROM blocks",
  );
  const lastHeight = tip.get()?.height ?? 0;
  const firstHeight = findFirstHeight(database, from);
  if (firstHeight === undefined || lastHeight < firstHeight) return [];

  const step = Math.ceil((lastHeight - firstHeight + 1) / MAX_HISTORY_POINTS);
  const points: ChainPoint[] = [];
  for (let height = lastHeight; height >= firstHeight; height -= step) {
    const point = readChainPoint(database, height, step);
    if (point !== undefined) points.push(point);
  }
  return points.reverse();
}

/** Times of blocks may fall a little, so this is the first within a few blocks: enough here. */
function findFirstHeight(database: Database, from: number): number | undefined {
  return database
    .query<{ height: number }, [number]>(
      "SELECT height FROM blocks WHERE time >= ? AND height > 0 ORDER BY time, height LIMIT 1",
    )
    .get(from)?.height;
}

function readChainPoint(database: Database, height: number, step: number): ChainPoint | undefined {
  const last = findSums(database, height);
  const before = findSums(database, Math.max(1, height - step));
  if (last === undefined || before === undefined) return undefined;

  const { time, difficulty } = last;
  if (before.height === last.height) {
    const transactions = last.chain_transactions - 1;
    const unknown = { hashrate: null, intervalSeconds: null, transactionsPerSecond: null };
    return { time, height, difficulty, transactions, ...unknown };
  }
  const window = findSums(database, Math.max(1, height - Math.max(step, HASHRATE_WINDOW_BLOCKS)));
  const start = window ?? before;
  const transactions = last.chain_transactions - before.chain_transactions;
  return {
    time,
    height,
    difficulty,
    hashrate: (last.chainwork - start.chainwork) / secondsBetween(start, last),
    intervalSeconds: (last.time - before.time) / (last.height - before.height),
    transactions,
    transactionsPerSecond: transactions / secondsBetween(before, last),
  };
}

function readSamplePoints(database: Database, from: number, to: number): SamplePoint[] {
  const oldest = database
    .query<{ time: number | null }, [number]>(
      "SELECT min(time) AS time FROM network_stats WHERE time >= ?",
    )
    .get(from)?.time;
  if (oldest === undefined || oldest === null) return [];

  // Buckets begin at multiples of their width, so one more than fits may be touched.
  const width = Math.ceil((to - oldest + 1) / (MAX_HISTORY_POINTS - 1));
  const step = Math.max(SAMPLE_INTERVAL_SECONDS, width);
  return database
    .query<SamplePoint, [number, number, number, number]>(
      `SELECT time / ?1 * ?1 AS time, avg(mempool_count) AS mempoolCount,
         avg(mempool_bytes) AS mempoolBytes, avg(mempool_feerate) AS mempoolFeerate,
         avg(peers) AS peers
       FROM network_stats WHERE time BETWEEN ?2 AND ?3 GROUP BY time / ?1 ORDER BY 1 LIMIT ?4`,
    )
    .all(step, oldest, to, MAX_HISTORY_POINTS);
}

function findSums(database: Database, height: number): BlockSums | undefined {
  const row = database
    .query<BlockSums, [number]>(
      "SELECT height, time, difficulty, chainwork, chain_transactions FROM blocks WHERE height = ?",
    )
    .get(height);
  return row ?? undefined;
}

/** Miners may write times that do not rise; a rate over nothing would be infinite. */
function secondsBetween(first: BlockSums, last: BlockSums): number {
  return Math.max(1, last.time - first.time);
}
