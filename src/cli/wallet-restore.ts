/**
 * `cairn wallet restore`: a wallet of words that somebody has, and what the chain knows of it.
 *
 * The words are typed in sight, since twenty-four unseen ones are never right; they stand on the
 * terminal's second screen alone.
 */

import { MnemonicError, parseMnemonic } from "../wallet/mnemonic.ts";
import { ApiClient, RefusedError } from "./api-client.ts";
import { CommandError, defineCommand, EXIT_CODE, UsageError, type World } from "./command.ts";
import { MAKE_OPTIONS, makeWallet } from "./make-wallet.ts";
import { balancePairs } from "./show-balance.ts";
import type { Terminal } from "./terminal.ts";
import { formatCount } from "./units.ts";
import { takeArguments } from "./verbs.ts";
import type { WalletsAnswer } from "./wallet-answers.ts";
import { MONEY_GROUP, switchOption, WALLET_GROUP } from "./wallet-options.ts";

/** Milliseconds between two looks at how far the node has come. */
const POLL_MS = 500;

/** Times that the words may be typed. */
const MAX_TRIES = 3;

export const walletRestoreCommand = defineCommand({
  name: "wallet restore",
  summary: "Bring a wallet back from its words",
  group: MONEY_GROUP,
  usage: ["wallet restore NAME [OPTIONS]"],
  description:
    "Asks for a new password and for the 12 to 24 words, has the node look for the wallet's addresses " +
    "in the chain, and says what was found. What is typed vanishes from the screen.",
  options: {
    wordsStdin: switchOption(WALLET_GROUP, "Read the words from standard input"),
    ...MAKE_OPTIONS,
  },
  maxPositionals: 1,
  examples: [
    { line: "cairn wallet restore alice", does: "Asks for the words" },
    { line: "cairn wallet restore alice --passphrase", does: "And for the passphrase with them" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    const client = new ApiClient({ options, world });
    const words = async () =>
      options.wordsStdin ? checkWords(await world.readStdin()) : askWords(terminal, world);
    await waitForIndex(client, world, options.json ? undefined : terminal);
    const { text, value } = await makeWallet({ client, world, options, name, words });
    if (options.json) {
      terminal.printRaw(text);
      return EXIT_CODE.ok;
    }
    terminal.print({ text: "Wallet ", style: "green" }, { text: name, style: "bold" }, " is back");
    terminal.printPairs([
      ...balancePairs(value.balance),
      ["addresses known", formatCount(value.addressCount)],
    ]);
    return EXIT_CODE.ok;
  },
});

/**
 * Waits for a node that does not know its chain's addresses yet: whatever it finds of a wallet then
 * is all there is.
 */
async function waitForIndex(
  client: ApiClient,
  world: World,
  terminal: Terminal | undefined,
): Promise<void> {
  for (let looks = 0; ; looks++) {
    try {
      await client.getOwn<WalletsAnswer>("/api/wallets?limit=1");
      return;
    } catch (error) {
      if (!(error instanceof RefusedError) || error.code !== "index-behind") throw error;
      if (looks === 0) terminal?.printError("The node still looks through the chain; waiting.");
      await new Promise<void>((resolve) => void world.clock.after(POLL_MS, resolve));
    }
  }
}

async function askWords(terminal: Terminal, world: World): Promise<string> {
  return await terminal.onSecondScreen(async () => {
    for (let tries = 1; ; tries++) {
      const reply = await world.ask("The words, with blanks between: ", false);
      if (reply === undefined) {
        throw new UsageError("no words were given; where nobody can be asked: --words-stdin");
      }
      try {
        return checkWords(reply);
      } catch (error) {
        if (!(error instanceof CommandError) || tries === MAX_TRIES) throw error;
        world.stderr.write(`${error.message}\n`);
      }
    }
  });
}

/** Returns the words with one blank between each; CommandError if they are none. */
function checkWords(text: string): string {
  try {
    parseMnemonic(text).fill(0);
    return text.trim().split(/\s+/).join(" ").toLowerCase();
  } catch (cause) {
    if (!(cause instanceof MnemonicError)) throw cause;
    throw new CommandError(`these are not a wallet's words: ${cause.message}`, { cause });
  }
}
