/**
 * A contract as people read it: what it means, who decides, and what is missing.
 *
 * The sentences are the node's; here they are only set.
 */

import { type Terminal, wrap } from "./terminal.ts";
import { formatAmount } from "./units.ts";
import type { ContractAnswer, ContractTemplatesAnswer } from "./wallet-answers.ts";

const INDENT = "  ";

/** Writes one contract. */
export function printContract(terminal: Terminal, contract: ContractAnswer): void {
  const { address, template, label, balance, descriptor, words, branches } = contract;
  terminal.print({ text: "Contract ", style: "bold" }, { text: address, style: "bold" });
  terminal.print();
  terminal.printPairs([
    ["kind", template],
    ...(label === null ? [] : [["label", label] as const]),
    ["balance", formatAmount(typeof balance === "number" ? balance : balance.total)],
    ["descriptor", descriptor],
  ]);
  terminal.printHeading("What it means");
  for (const sentence of words) printWrapped(terminal, sentence);
  for (const { name, threshold, keys, canSpendNow, missing } of branches) {
    terminal.printHeading(`Branch ${name}: ${threshold} of ${keys.length}`);
    terminal.printPairs(
      keys.map((key) => [
        key.name ?? key.role,
        key.publicKey,
        key.mine ? { text: "  this wallet's", style: "green" } : "",
      ]),
    );
    if (canSpendNow) terminal.print(INDENT, { text: "can spend now", style: "green" });
    for (const sentence of missing) printWrapped(terminal, sentence);
  }
}

/** Writes which contracts can be made. */
export function printTemplates(terminal: Terminal, { templates }: ContractTemplatesAnswer): void {
  for (const { name, summary, parameters } of templates) {
    terminal.printHeading(name);
    printWrapped(terminal, summary);
    const described = typeof parameters === "string" ? { parameters } : (parameters ?? {});
    terminal.printPairs(
      Object.entries(described).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    );
  }
}

function printWrapped(terminal: Terminal, sentence: string): void {
  for (const line of wrap(sentence, terminal.width - INDENT.length)) terminal.print(INDENT, line);
}
