/**
 * `cairn wallet history`: what came and went, the newest first.
 *
 * One page of the API's list; the payments made here, with their plans, are in wallet-payments.ts.
 */

import { formatCoins } from "../primitives/amount.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import type { Span, Terminal } from "./terminal.ts";
import { formatAge, formatCount } from "./units.ts";
import { takeArguments } from "./verbs.ts";
import type { WalletHistoryAnswer, WalletTransactionAnswer } from "./wallet-answers.ts";
import { MONEY_GROUP, PAGE_OPTIONS, pageQuery, walletPath } from "./wallet-options.ts";

export const walletHistoryCommand = defineCommand({
  name: "wallet history",
  summary: "What came and went in a wallet",
  group: MONEY_GROUP,
  usage: ["wallet history NAME [OPTIONS]"],
  description:
    "Lists the wallet's transactions, the newest first: when, how much, with whom, and whether the " +
    "chain has them.",
  options: { ...PAGE_OPTIONS, ...CLIENT_OPTIONS },
  maxPositionals: 1,
  examples: [
    { line: "cairn wallet history alice", does: "The newest of alice" },
    { line: "cairn wallet history alice --limit 100", does: "More of them" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    const client = new ApiClient({ options, world });
    const path = `${walletPath(name, "transactions")}${pageQuery(options)}`;
    const { text, value } = await client.getOwn<WalletHistoryAnswer>(path);
    if (options.json) terminal.printRaw(text);
    else printHistory(terminal, value, world.clock.now());
    return EXIT_CODE.ok;
  },
});

function printHistory(terminal: Terminal, answer: WalletHistoryAnswer, now: number): void {
  if (answer.transactions.length === 0) {
    terminal.print("Nothing yet");
    return;
  }
  terminal.printTable(
    [
      { title: "when" },
      { title: "what" },
      { title: "coins", align: "right" },
      { title: "state" },
      { title: "with" },
      { title: "txid" },
    ],
    answer.transactions.map((transaction) => rowOf(transaction, now)),
  );
  if (answer.cursor === null) return;
  terminal.print();
  terminal.print({ text: `Older ones: --cursor ${answer.cursor}`, style: "dim" });
}

function rowOf(transaction: WalletTransactionAnswer, now: number): readonly Span[] {
  const { timestamp, kind, amount, counterparties, label, txid } = transaction;
  const [first, ...others] = counterparties;
  const more = others.length === 0 ? "" : ` and ${formatCount(others.length)} more`;
  const whom = first === undefined ? "" : `${first.name ?? first.address}${more}`;
  return [
    formatAge((now - timestamp) / 1_000),
    label === null ? kind : `${kind}: ${label}`,
    { text: `${amount > 0 ? "+" : ""}${formatCoins(amount)}`, style: amount > 0 ? "green" : "dim" },
    stateOf(transaction),
    whom,
    txid,
  ];
}

function stateOf({ status, confirmations }: WalletTransactionAnswer): Span {
  if (status === "confirmed") return `${formatCount(confirmations)} conf.`;
  return { text: status, style: status === "pending" ? "yellow" : "red" };
}
