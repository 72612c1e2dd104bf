/**
 * What a block may mint, and what all blocks together have.
 *
 * Heights and parameters in, sats out; whether a coinbase keeps to it is checked where it connects.
 */

import type { ConsensusParams } from "./params.ts";

/** From this halving on a shift of the subsidy would be undefined; it has long been zero. */
const LAST_HALVING = 64;

/** Returns the sats that the block at `height` may mint, before fees. */
export function subsidyAt(height: number, params: ConsensusParams): number {
  const halvings = (height - (height % params.halvingInterval)) / params.halvingInterval;
  if (halvings >= LAST_HALVING) return 0;
  return Number(BigInt(params.subsidy) >> BigInt(halvings));
}

/** Returns the sats minted by blocks 1..height if each minted all it may. */
export function supplyAt(height: number, params: ConsensusParams): number {
  let supply = 0;
  let first = 1;
  for (let halvings = 0; halvings < LAST_HALVING && first <= height; halvings++) {
    const end = Math.min(height, (halvings + 1) * params.halvingInterval - 1);
    supply += (end - first + 1) * subsidyAt(first, params);
    first = end + 1;
  }
  return supply;
}
