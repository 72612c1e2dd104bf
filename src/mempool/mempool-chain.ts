/**
 * What the mempool needs to know of the active chain, in its own words; chain/chain.ts has it all.
 *
 * Between two calls of the mempool the chain may move, but never within one.
 */

import type { CoinView } from "../consensus/check-inputs.ts";
import { type HeaderContext, medianTimePast } from "../consensus/difficulty.ts";
import type { ConsensusParams } from "../consensus/params.ts";

/** The active chain: its last block, its coins, its headers. `Chain` is one. */
export interface MempoolChain {
  readonly network: { readonly params: ConsensusParams };
  readonly tip: HeaderContext;
  readonly coins: CoinView;
  readonly index: {
    /** The block of the active chain at `height`, if there is one. */
    findActive(height: number): HeaderContext | undefined;
  };
}

/** Where a transaction would be: in the block after the tip. */
export interface NextBlock {
  readonly height: number;
  /** Median time past of its parent. */
  readonly medianTimePast: number;
}

/** Returns the place after the tip of `chain`. */
export function nextBlockOf({ tip }: MempoolChain): NextBlock {
  return { height: tip.height + 1, medianTimePast: medianTimePast(tip) };
}
