/**
 * `cairn wallet show` and `cairn wallet balance`: what a wallet is, and what it has.
 *
 * Its coins one by one are in wallet-utxos.ts.
 */

import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import { balancePairs } from "./show-balance.ts";
import type { Terminal } from "./terminal.ts";
import { formatCount, formatTime } from "./units.ts";
import { takeArguments } from "./verbs.ts";
import type { BalanceAnswer, WalletAnswer, WalletKindAnswer } from "./wallet-answers.ts";
import { MONEY_GROUP, walletPath } from "./wallet-options.ts";

export const walletShowCommand = defineCommand({
  name: "wallet show",
  summary: "What a wallet is, and what it has",
  group: MONEY_GROUP,
  usage: ["wallet show NAME [OPTIONS]"],
  description:
    "Shows kind, balance and the address to give away next. The descriptor holds every address of " +
    "the wallet and no key: whoever has it sees all, and can spend nothing.",
  options: CLIENT_OPTIONS,
  maxPositionals: 1,
  examples: [{ line: "cairn wallet show alice", does: "All about alice" }],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    const client = new ApiClient({ options, world });
    const { text, value } = await client.getOwn<WalletAnswer>(walletPath(name));
    if (options.json) terminal.printRaw(text);
    else printWallet(terminal, value);
    return EXIT_CODE.ok;
  },
});

export const walletBalanceCommand = defineCommand({
  name: "wallet balance",
  summary: "What a wallet has",
  group: MONEY_GROUP,
  usage: ["wallet balance NAME [OPTIONS]"],
  description: "Shows the balance, and how much of it can be spent now.",
  options: CLIENT_OPTIONS,
  maxPositionals: 1,
  examples: [{ line: "cairn wallet balance alice", does: "What alice has" }],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    const client = new ApiClient({ options, world });
    const path = walletPath(name, "balance");
    const { text, value } = await client.getOwn<BalanceAnswer>(path);
    if (options.json) terminal.printRaw(text);
    else terminal.printPairs(balancePairs(value));
    return EXIT_CODE.ok;
  },
});

const KINDS: Readonly<Record<WalletKindAnswer, string>> = {
  encrypted: "has its keys, under a password",
  plain: "has its keys, under no password: to develop with",
  watch: "watches, has no keys",
};

function printWallet(terminal: Terminal, wallet: WalletAnswer): void {
  const { name, kind, account, receiveAddress, contractKey } = wallet;
  terminal.print({ text: "Wallet ", style: "bold" }, { text: name, style: "bold" });
  terminal.print();
  terminal.printPairs([
    ["kind", `${KINDS[kind]}; ${account}`],
    ...balancePairs(wallet.balance),
    ["receive at", receiveAddress ?? "no address is left that nobody knows"],
    ["addresses known", formatCount(wallet.addressCount)],
    ["made", formatTime(wallet.createdAt / 1_000)],
    ["descriptor", wallet.descriptor],
    ...(contractKey === null ? [] : [["contract key", contractKey] as const]),
  ]);
}
