/**
 * `cairn wallet create`: a new wallet, its words shown once and asked for.
 *
 * The words are drawn here, so that no answer of the node ever holds them.
 */

import { ENTROPY_BYTES, makeMnemonic } from "../wallet/mnemonic.ts";
import { ApiClient } from "./api-client.ts";
import { YES_OPTIONS } from "./ask-yes.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import { MAKE_OPTIONS, makeWallet } from "./make-wallet.ts";
import { showWords, teachWords } from "./show-words.ts";
import { takeArguments } from "./verbs.ts";
import { MONEY_GROUP } from "./wallet-options.ts";

export const walletCreateCommand = defineCommand({
  name: "wallet create",
  summary: "Make a wallet, and see its words",
  group: MONEY_GROUP,
  usage: ["wallet create NAME [OPTIONS]"],
  description:
    "Asks for a password, twice, draws 24 words, shows them, asks for three of them, and has the " +
    "node keep the wallet. The words restore it anywhere; the password only opens this node's " +
    "file. With --yes, or without a terminal, the words are printed and not asked for. With " +
    "--json nothing is shown: cairn wallet words shows them on the node's machine.",
  options: { ...MAKE_OPTIONS, ...YES_OPTIONS },
  maxPositionals: 1,
  examples: [
    { line: "cairn wallet create alice", does: "A wallet named alice" },
    { line: "cairn wallet create vault --account tr", does: "One with Taproot addresses" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    const client = new ApiClient({ options, world });
    const words = async () => {
      if (options.json) return undefined;
      const entropy = crypto.getRandomValues(new Uint8Array(ENTROPY_BYTES));
      const mnemonic = makeMnemonic(entropy);
      entropy.fill(0);
      const isTaught = terminal.isInteractive && !options.yes;
      await (isTaught ? teachWords : showWords)(terminal, world, mnemonic);
      return mnemonic;
    };
    const { text, value } = await makeWallet({ client, world, options, name, words });

    if (options.json) {
      terminal.printRaw(text);
      return EXIT_CODE.ok;
    }
    terminal.print({ text: "Wallet ", style: "green" }, { text: name, style: "bold" }, " is made");
    if (value.receiveAddress !== null) {
      terminal.print("Coins can be sent to ", { text: value.receiveAddress, style: "bold" });
    }
    return EXIT_CODE.ok;
  },
});
