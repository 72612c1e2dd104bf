/**
 * `cairn wallet utxos`: a wallet's coins, each by itself.
 *
 * One page of the API's list; their sum is in wallet-show.ts.
 */

import { formatCoins } from "../primitives/amount.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import type { Terminal } from "./terminal.ts";
import { formatCount } from "./units.ts";
import { takeArguments } from "./verbs.ts";
import type { WalletUtxosAnswer } from "./wallet-answers.ts";
import { MONEY_GROUP, PAGE_OPTIONS, pageQuery, walletPath } from "./wallet-options.ts";

export const walletUtxosCommand = defineCommand({
  name: "wallet utxos",
  summary: "The single coins of a wallet",
  group: MONEY_GROUP,
  usage: ["wallet utxos NAME [OPTIONS]"],
  description:
    "Lists the outputs that the wallet can spend, or will be able to, and what holds them back. " +
    "Name them as TXID:VOUT to spend exactly these: cairn send --coin.",
  options: { ...PAGE_OPTIONS, ...CLIENT_OPTIONS },
  maxPositionals: 1,
  examples: [{ line: "cairn wallet utxos alice", does: "The coins of alice" }],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    const client = new ApiClient({ options, world });
    const path = `${walletPath(name, "utxos")}${pageQuery(options)}`;
    const { text, value } = await client.getOwn<WalletUtxosAnswer>(path);
    if (options.json) terminal.printRaw(text);
    else printUtxos(terminal, value);
    return EXIT_CODE.ok;
  },
});

function printUtxos(terminal: Terminal, { utxos, cursor }: WalletUtxosAnswer): void {
  if (utxos.length === 0) {
    terminal.print("No coins yet");
    return;
  }
  terminal.printTable(
    [
      { title: "coins", align: "right" },
      { title: "conf.", align: "right" },
      { title: "hold" },
      { title: "label" },
      { title: "outpoint" },
      { title: "address" },
    ],
    utxos.map(({ amount, confirmations, hold, label, txid, vout, address }) => [
      formatCoins(amount),
      formatCount(confirmations),
      { text: hold ?? "", style: "yellow" },
      label ?? "",
      `${txid}:${vout}`,
      address,
    ]),
  );
  if (cursor === null) return;
  terminal.print();
  terminal.print({ text: `More of them: --cursor ${cursor}`, style: "dim" });
}
