/**
 * What the next blocks would look like if nothing came in between, and how feerates are spread.
 *
 * For people and for fee estimates; a block's template is made by mining/. Walks all entries: who
 * asks often keeps the answer until the mempool's revision changes.
 */

import type { ConsensusParams } from "../consensus/params.ts";
import type { MempoolEntry } from "./mempool-entry.ts";
import { type EntrySource, TransactionSelector } from "./select-transactions.ts";

/** The limits of a block. */
export type BlockLimits = Pick<ConsensusParams, "maxBlockWeight" | "maxBlockSigopCost">;

/** A block to come. */
export interface ProjectedBlock {
  /** In a valid order. */
  readonly entries: readonly MempoolEntry[];
  readonly count: number;
  readonly weight: number;
  /** Sats. */
  readonly fees: number;
  /** Sats per vbyte: the lowest that got in. */
  readonly minFeerate: number;
  /** Sats per vbyte of the best that did not get in here or before; 0 if all did. */
  readonly bestFeerateLeft: number;
}

/** Weight kept free for a header and a coinbase. */
const RESERVED_WEIGHT = 4_000;

/** Returns the next blocks, at most `most`, and none that would be empty. */
export function projectBlocks(
  mempool: EntrySource,
  most: number,
  { maxBlockWeight, maxBlockSigopCost }: BlockLimits,
): ProjectedBlock[] {
  const selector = new TransactionSelector(mempool);
  const room = { maxWeight: maxBlockWeight - RESERVED_WEIGHT, maxSigopCost: maxBlockSigopCost };
  const blocks: ProjectedBlock[] = [];
  while (blocks.length < most) {
    const { entries, weight, totalFees, minFeerate } = selector.fillBlock(room);
    if (entries.length === 0) break;
    const { bestFeerateLeft } = selector;
    const count = entries.length;
    blocks.push({ entries, count, weight, fees: totalFees, minFeerate, bestFeerateLeft });
  }
  return blocks;
}

/** Transactions whose own feerate lies within a range. */
export interface FeerateBucket {
  /** Sats per vbyte, inclusive. */
  readonly from: number;
  /** Sats per vbyte, exclusive; undefined: no bound. */
  readonly to: number | undefined;
  readonly count: number;
  /** Vbytes. */
  readonly size: number;
  /** Sats. */
  readonly fees: number;
}

/** Lower bounds of the buckets, in sat per vbyte: finer where fees are low. */
export const FEERATE_BOUNDS = [
  0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1_000,
] as const;

/** Returns how many transactions pay how much, one bucket for each of FEERATE_BOUNDS. */
export function feerateHistogram(mempool: EntrySource): FeerateBucket[] {
  const sums = FEERATE_BOUNDS.map(() => ({ count: 0, size: 0, fees: 0 }));
  for (const { fee, virtualSize } of mempool.entries()) {
    const sum = sums[bucketOf(fee / virtualSize)];
    if (sum === undefined) continue;
    sum.count += 1;
    sum.size += virtualSize;
    sum.fees += fee;
  }
  return FEERATE_BOUNDS.map((from, index) => ({
    from,
    to: FEERATE_BOUNDS[index + 1],
    ...(sums[index] ?? { count: 0, size: 0, fees: 0 }),
  }));
}

function bucketOf(feerate: number): number {
  return FEERATE_BOUNDS.findLastIndex((from) => from <= feerate);
}
