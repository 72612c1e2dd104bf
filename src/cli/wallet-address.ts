/**
 * `cairn wallet address`: an address to give away, as text or to be photographed.
 *
 * The address alone is on the first line, so that it can be piped.
 */

import encodeQR from "qr";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import { takeArguments } from "./verbs.ts";
import type { NewAddressAnswer } from "./wallet-answers.ts";
import {
  given,
  LABEL_OPTIONS,
  MONEY_GROUP,
  switchOption,
  WALLET_GROUP,
  walletPath,
} from "./wallet-options.ts";

export const walletAddressCommand = defineCommand({
  name: "wallet address",
  summary: "An address to receive coins at",
  group: MONEY_GROUP,
  usage: ["wallet address NAME [OPTIONS]"],
  description:
    "Prints the address, alone on its line, and takes it as given away. It stays the same until " +
    "coins arrive there, unless --new asks for another.",
  options: {
    new: switchOption(WALLET_GROUP, "One that was never given away"),
    qr: switchOption(WALLET_GROUP, "Show it as a QR code too"),
    ...LABEL_OPTIONS,
    ...CLIENT_OPTIONS,
  },
  maxPositionals: 1,
  examples: [
    { line: "cairn wallet address alice", does: "Where alice is paid" },
    { line: 'cairn wallet address alice --new --label "rent"', does: "A fresh one, with a label" },
    { line: "cairn wallet address alice --qr", does: "For a phone's camera" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    const client = new ApiClient({ options, world });
    const { text, value } = await client.post<NewAddressAnswer>(
      walletPath(name, "addresses"),
      given({ ...(options.new && { new: true }), label: options.label }),
    );
    if (options.json) {
      terminal.printRaw(text);
      return EXIT_CODE.ok;
    }
    terminal.print(value.address);
    // With colours of its own it can be read on dark and light screens.
    if (options.qr) {
      terminal.printRaw(encodeQR(value.address, terminal.isInteractive ? "term" : "ascii"));
    }
    return EXIT_CODE.ok;
  },
});
