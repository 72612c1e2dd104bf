/**
 * `cairn wallet payments`: what was planned, sent, given up; and giving up what is still open.
 *
 * Unlike wallet-history.ts it knows what no chain has seen.
 */

import { formatCoins } from "../primitives/amount.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE, UsageError } from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { formatAge, formatCount } from "./units.ts";
import { takeArguments } from "./verbs.ts";
import type { PaymentAnswer, PaymentsAnswer } from "./wallet-answers.ts";
import { MONEY_GROUP, PAGE_OPTIONS, pageQuery, walletPath } from "./wallet-options.ts";

export const walletPaymentsCommand = defineCommand({
  name: "wallet payments",
  summary: "Payments that were planned or sent",
  group: MONEY_GROUP,
  usage: ["wallet payments NAME [OPTIONS]", "wallet payments NAME cancel ID [OPTIONS]"],
  description:
    "Lists the payments made by this wallet. An open one keeps its coins from others until it is " +
    "sent, runs out, or is cancelled.",
  options: { ...PAGE_OPTIONS, ...CLIENT_OPTIONS },
  maxPositionals: 3,
  examples: [
    { line: "cairn wallet payments alice", does: "Those of alice" },
    { line: "cairn wallet payments alice cancel 3f2a...", does: "Let its coins go" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const [name = "", verb, ...rest] = positionals;
    const client = new ApiClient({ options, world });
    if (verb === undefined) {
      const path = `${walletPath(name, "payments")}${pageQuery(options)}`;
      const { text, value } = await client.getOwn<PaymentsAnswer>(path);
      if (options.json) terminal.printRaw(text);
      else printPayments(terminal, value, world.clock.now());
      return EXIT_CODE.ok;
    }

    if (verb !== "cancel") throw new UsageError("after NAME comes cancel ID, or nothing");
    const [id] = takeArguments(rest, ["ID"]);
    const { text } = await client.delete<PaymentAnswer>(walletPath(name, "payments", id));
    if (options.json) terminal.printRaw(text);
    else terminal.print("Cancelled; its coins are free");
    return EXIT_CODE.ok;
  },
});

function printPayments(terminal: Terminal, answer: PaymentsAnswer, now: number): void {
  if (answer.payments.length === 0) {
    terminal.print("None yet");
    return;
  }
  terminal.printTable(
    [
      { title: "when" },
      { title: "state" },
      { title: "what" },
      { title: "coins", align: "right" },
      { title: "fee", align: "right" },
      { title: "id" },
      { title: "txid" },
    ],
    answer.payments.map(({ createdAt, state, kind, leaving, fee, id, txid }) => [
      formatAge((now - createdAt) / 1_000),
      { text: state, style: state === "sent" ? "green" : state === "open" ? "yellow" : "dim" },
      kind,
      formatCoins(leaving),
      `${formatCount(fee)} sat`,
      id,
      txid ?? "",
    ]),
  );
  if (answer.cursor === null) return;
  terminal.print();
  terminal.print({ text: `Older ones: --cursor ${answer.cursor}`, style: "dim" });
}
