/**
 * Two branches full of payments, the same ones in every process that asks for them.
 */

import { mineBusy } from "./busy-blocks.ts";
import { type Branch, chainOf, QUICK } from "./chain-builder.ts";

/** Returns a branch of `depth` blocks, and one of a block more that parts from it below them all. */
export function reorgBranches(depth: number): { left: Branch; right: Branch } {
  const trunk = chainOf(4, QUICK);
  const left = mineBusy(trunk.fork(), depth);
  return { left, right: mineBusy(trunk.fork(), depth + 1) };
}
