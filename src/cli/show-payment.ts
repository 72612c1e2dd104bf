/**
 * A payment as a person is asked about it: to whom, how much, what it costs, what leaves in all.
 *
 * The same for a wallet's payments and for those of the mining key.
 */

import type { Span, Terminal } from "./terminal.ts";
import { formatAmount, formatCount, formatFeerate } from "./units.ts";
import type { PaymentPreview } from "./wallet-answers.ts";

/** Writes what `payment` will do; `from` names who pays. */
export function printPayment(terminal: Terminal, from: string, payment: PaymentPreview): void {
  const { outputs, fee, feerate, virtualSize, leaving, replaces } = payment;
  const change = outputs.filter(({ role }) => role === "change");
  terminal.print({ text: "Payment from ", style: "bold" }, { text: from, style: "bold" });
  terminal.print();
  terminal.printPairs([
    ...outputs.filter(({ role }) => role === "payment").flatMap(recipientPairs),
    [
      "fee",
      `${formatCount(fee)} sat, ${formatFeerate(feerate)} for ${formatCount(virtualSize)} vB`,
      ...noteOf(payment),
    ],
    ...change.map(({ amount }) => ["change", `${formatAmount(amount)}, back to ${from}`] as const),
    ...(replaces === null ? [] : [["replaces", replaces] as const]),
    ["leaves in all", { text: formatAmount(leaving), style: "bold" }],
  ]);
}

function recipientPairs({ name, address, amount }: PaymentPreview["outputs"][number]) {
  const where = address ?? "a script without an address";
  return [
    ["to", ...(name === null ? [] : [{ text: `${name}, `, style: "bold" } as const]), where],
    ["amount", { text: formatAmount(amount), style: "bold" }],
  ] as const satisfies readonly (readonly [string, ...Span[]])[];
}

function noteOf({ droppedChange, ancestorFee }: PaymentPreview): string[] {
  const notes = [
    ...(droppedChange > 0 ? [`${formatCount(droppedChange)} too little to be change`] : []),
    ...(ancestorFee > 0 ? [`${formatCount(ancestorFee)} for what it depends on`] : []),
  ];
  return notes.length === 0 ? [] : [` (with ${notes.join(", ")})`];
}
