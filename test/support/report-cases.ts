/**
 * One way to count published cases: the number that ran must be the number that is known, and it is
 * printed, one line a suite.
 *
 * What the cases are is known to the tests.
 */

import { expect } from "bun:test";

/** How many cases of each kind ran. */
export type CaseCounts = Readonly<Record<string, number>>;

/**
 * Fails unless exactly the `expected` cases of `suite` ran; prints their numbers, as in
 * `vectors: tx_valid.json: 50 cases`.
 */
export function reportCases(suite: string, ran: CaseCounts, expected: CaseCounts): void {
  expect({ suite, ...ran }).toEqual({ suite, ...expected });
  const numbers = Object.entries(ran).map(([kind, count]) => `${count} ${kind}`);
  console.log(`vectors: ${suite}: ${numbers.join(", ")}`);
}
