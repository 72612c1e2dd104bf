/**
 * `cairn wallet label`: a text kept with an address, a transaction or a coin (BIP-0329).
 *
 * Which of the three is told by how it is written.
 */

import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import { takeArguments } from "./verbs.ts";
import { MONEY_GROUP, walletPath } from "./wallet-options.ts";

export const walletLabelCommand = defineCommand({
  name: "wallet label",
  summary: "Keep a text with an address or payment",
  group: MONEY_GROUP,
  usage: ["wallet label NAME (ADDRESS | TXID | TXID:VOUT) TEXT [OPTIONS]"],
  description:
    "The label is shown wherever the wallet shows what it is for, and nobody else sees it. An empty " +
    'text ("") takes it away.',
  options: CLIENT_OPTIONS,
  maxPositionals: 3,
  examples: [
    { line: 'cairn wallet label alice crn1q... "rent"', does: "What is paid to an address" },
    { line: 'cairn wallet label alice 4a5e1e4b... ""', does: "Take a transaction's label away" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const [name, ref, label] = takeArguments(positionals, ["NAME", "what to label", "TEXT"]);
    const client = new ApiClient({ options, world });
    const body = { type: typeOf(ref), ref, label };
    const { text } = await client.put(walletPath(name, "labels"), body);
    if (options.json) terminal.printRaw(text);
    else terminal.print(label === "" ? "The label is gone" : "Labelled");
    return EXIT_CODE.ok;
  },
});

function typeOf(ref: string): "tx" | "output" | "addr" {
  const match = /^[0-9a-f]{64}(:\d{1,10})?$/i.exec(ref);
  if (match === null) return "addr";
  return match[1] === undefined ? "tx" : "output";
}
