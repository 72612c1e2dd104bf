/**
 * What to pay to be in one of the next blocks, judged by what is waiting.
 *
 * Needs no history, so it answers from the first block on. It cannot know what is still to come:
 * an estimate for six blocks is a statement about the present queue, not a promise.
 */

import { type BlockLimits, type ProjectedBlock, projectBlocks } from "./project-blocks.ts";
import type { EntrySource } from "./select-transactions.ts";

/** Blocks within which one may want to be confirmed. */
export const ESTIMATE_TARGETS = [1, 3, 6] as const;

/** Blocks that have to be looked ahead for it. */
export const MOST_BLOCKS = Math.max(...ESTIMATE_TARGETS);

export type EstimateTarget = (typeof ESTIMATE_TARGETS)[number];

/** Feerates in sat per vbyte, with at most three decimals. */
export interface FeeEstimate {
  /** The least that is relayed at present. */
  readonly minFeerate: number;
  /** What to pay to be confirmed within so many blocks. */
  readonly feerates: Readonly<Record<EstimateTarget, number>>;
}

/** By how much, in sat per vbyte, to outbid the best that is left out: the smallest step shown. */
const STEP = 0.001;
const STEPS_PER_SAT = 1000;

/** Returns what to pay, never less than `mempool.minFeerate()`. */
export function estimateFees(
  mempool: EntrySource & { minFeerate(): number },
  limits: BlockLimits,
): FeeEstimate {
  return estimateFrom(projectBlocks(mempool, MOST_BLOCKS, limits), mempool.minFeerate());
}

/** As estimateFees, from the next MOST_BLOCKS blocks and the least that is relayed. */
export function estimateFrom(
  blocks: readonly Pick<ProjectedBlock, "bestFeerateLeft">[],
  leastRelayed: number,
): FeeEstimate {
  const minFeerate = roundUp(leastRelayed);
  const feerateFor = (target: EstimateTarget) => {
    // Nothing is left out where the queue ends before that block.
    const left = blocks[target - 1]?.bestFeerateLeft ?? 0;
    return left === 0 ? minFeerate : Math.max(minFeerate, roundUp(left + STEP));
  };
  return { minFeerate, feerates: { 1: feerateFor(1), 3: feerateFor(3), 6: feerateFor(6) } };
}

function roundUp(feerate: number): number {
  // Less a little for what floating point may have added to a number of three decimals.
  return Math.ceil(feerate * STEPS_PER_SAT - 1e-6) / STEPS_PER_SAT;
}
