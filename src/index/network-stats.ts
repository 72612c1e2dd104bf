/**
 * The log of what this node saw: one row of `network_stats` a minute, thinned with age.
 *
 * Follows no chain: what was seen stays seen when the chain reorganises. When to sample is decided
 * by the node.
 */

import type { Database } from "bun:sqlite";
import type { StatisticsSample } from "./index-messages.ts";
import {
  estimateHashrate,
  HASHRATE_WINDOW_BLOCKS,
  SAMPLE_INTERVAL_SECONDS,
} from "./statistics-history.ts";

/** After this age one row an hour is kept: a year then takes about a megabyte. */
const FULL_DETAIL_SECONDS = 14 * 24 * 3_600;

const SECONDS_PER_HOUR = 3_600;

interface Recent {
  height: number;
  difficulty: number;
  transactions: number;
  blockCount: number;
  seconds: number;
  recentTransactions: number;
}

/** Writes `sample` into the row of its minute, over what was there; nothing before genesis. */
export function recordSample(database: Database, sample: StatisticsSample): void {
  const recent = findRecent(database);
  if (recent === undefined) return;
  const { height, difficulty, transactions, blockCount, seconds, recentTransactions } = recent;
  const time = Math.floor(sample.time / SAMPLE_INTERVAL_SECONDS) * SAMPLE_INTERVAL_SECONDS;

  database.transaction(() => {
    database
      .query("INSERT OR REPLACE INTO network_stats VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(
        time,
        height,
        difficulty,
        estimateHashrate(database, height),
        blockCount > 0 ? seconds / blockCount : null,
        transactions,
        seconds > 0 ? recentTransactions / seconds : 0,
        sample.mempoolCount,
        sample.mempoolBytes,
        sample.mempoolFeerate,
        sample.peers,
      );
    if (time % SECONDS_PER_HOUR === 0) thinOut(database, time - FULL_DETAIL_SECONDS);
  })();
}

function findRecent(database: Database): Recent | undefined {
  const row = database
    .query<Recent, [number]>(
      `SELECT last.height, last.difficulty, last.chain_transactions AS transactions,
         last.height - first.height AS blockCount, last.time - first.time AS seconds,
         last.chain_transactions - first.chain_transactions AS recentTransactions
       FROM blocks AS last
       JOIN blocks AS first ON first.height = max(min(1, last.height), last.height - ?)
       WHERE last.height = (SELECT max(height) FROM blocks)`,
    )
    .get(HASHRATE_WINDOW_BLOCKS);
  return row ?? undefined;
}

function thinOut(database: Database, before: number): void {
  database
    .query("DELETE FROM network_stats WHERE time < ? AND time % ? <> 0")
    .run(before, SECONDS_PER_HOUR);
}
