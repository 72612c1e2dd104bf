/**
 * Blocks with something in them: each spends a coinbase, and half of that again in the same block.
 *
 * For networks on which a coinbase may be spent two blocks later.
 */

import { ANYONE_BY_WITNESS, type BlockPlan, type Branch, coinOf, spend } from "./chain-builder.ts";

/** A block that spends the coinbase two below, a part of it by way of a second transaction. */
export function busyPlan(branch: Branch): BlockPlan {
  const script = branch.height % 2 === 0 ? ANYONE_BY_WITNESS : undefined;
  const options = script === undefined ? { count: 3 } : { count: 3, script };
  const first = spend([branch.coinbaseCoin(branch.height - 1)], { ...options, fee: 30 });
  return { transactions: [first, spend([coinOf(first, 1)], { fee: 12 })], fees: 42 };
}

/** Grows by blocks full of spends; there must be two below already. */
export function mineBusy(branch: Branch, count: number): Branch {
  for (let index = 0; index < count; index++) branch.mine(busyPlan(branch));
  return branch;
}
