/**
 * A wallet's balance as pairs: what can be spent, and why the rest cannot.
 *
 * Shared by all commands that show one.
 */

import type { Span } from "./terminal.ts";
import { formatAmount } from "./units.ts";
import type { BalanceAnswer } from "./wallet-answers.ts";

/** Returns what a wallet has; what it has none of is left out. */
export function balancePairs(balance: BalanceAnswer): (readonly [key: string, ...Span[]])[] {
  const { total, spendable, pending, immature, reserved } = balance;
  const parts = [
    ["on its way", pending],
    ["mined, not mature yet", immature],
    ["promised to open payments", reserved],
  ] as const;
  return [
    ["balance", { text: formatAmount(total), style: "bold" }],
    ["spendable now", formatAmount(spendable)],
    ...parts
      .filter(([, sats]) => sats !== 0)
      .map(([key, sats]) => [key, formatAmount(sats)] as const),
  ];
}
