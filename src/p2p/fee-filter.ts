/**
 * What peers are told about the fees that our mempool asks for (BIP-0133), and how exactly.
 *
 * Told rounded to steps of a tenth, with some chance, so that the value does not tell one node from
 * others wherever it turns up. Sends nothing itself.
 */

import type { Random } from "./transport.ts";

/** Between two steps (Bitcoin Core's FeeFilterRounder). */
const STEP = 1.1;

/** The highest step, in sat per 1,000 vbytes: 10,000 sat per vbyte. */
const HIGHEST = 10_000_000;

/** All steps, in sat per 1,000 vbytes. */
const STEPS: readonly number[] = makeSteps();

/**
 * Returns the sats per 1,000 vbytes to tell of a mempool that asks for `feerate`, in sat per vbyte,
 * and never asks for less than `leastFeerate`: the step above or, twice as often, the one below.
 */
export function roundFeeFilter(
  feerate: number,
  leastFeerate: number,
  random: Pick<Random, "below">,
): bigint {
  const exact = Math.ceil(feerate * 1000);
  const least = Math.ceil(leastFeerate * 1000);
  if (exact <= least) return BigInt(least);
  const above = STEPS.findIndex((step) => step >= exact);
  const index = above === -1 ? STEPS.length - 1 : above - (random.below(3) === 0 ? 0 : 1);
  return BigInt(Math.max(least, STEPS[Math.max(index, 0)] ?? HIGHEST));
}

function makeSteps(): number[] {
  const steps: number[] = [];
  for (let step = 100; step < HIGHEST; step = Math.ceil(step * STEP)) steps.push(step);
  return [...steps, HIGHEST];
}
