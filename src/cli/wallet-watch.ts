/**
 * `cairn wallet watch`: a wallet without keys: sees what comes and goes, and cannot spend.
 *
 * The node reads the descriptor, and says what is wrong with it.
 */

import { oneOf, setting } from "../node/settings.ts";
import { ACCOUNT_KINDS, type AccountKind } from "../wallet/account.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { defineCommand, EXIT_CODE, flagOnly } from "./command.ts";
import { checkFree } from "./make-wallet.ts";
import { takeArguments } from "./verbs.ts";
import type { WalletAnswer } from "./wallet-answers.ts";
import { given, MONEY_GROUP, WALLET_GROUP } from "./wallet-options.ts";

export const walletWatchCommand = defineCommand({
  name: "wallet watch",
  summary: "Watch a descriptor or an address",
  group: MONEY_GROUP,
  usage: ["wallet watch NAME (DESCRIPTOR | KEY | ADDRESS) [OPTIONS]"],
  description:
    "Makes a wallet of what is public alone: an output descriptor, an account's extended public " +
    "key, or one address. It makes payments to be signed elsewhere, and signs nothing.",
  options: {
    account: flagOnly(
      setting<AccountKind | undefined>({
        kind: oneOf(ACCOUNT_KINDS, "KIND"),
        group: WALLET_GROUP,
        help: "Addresses of a bare key: wpkh, tr or pkh",
        default: undefined,
        defaultText: "as the descriptor says",
      }),
    ),
    ...CLIENT_OPTIONS,
  },
  maxPositionals: 2,
  examples: [
    { line: 'cairn wallet watch cold "wpkh([f1e2...]tpub...)"', does: "A whole account" },
    { line: "cairn wallet watch shop crn1q...", does: "One address" },
  ],
  run: async ({ options, positionals, terminal, world }) => {
    const [name, watch] = takeArguments(positionals, ["NAME", "what to watch"]);
    const client = new ApiClient({ options, world });
    await checkFree(client, name);
    const body = given({ name, watch, account: options.account });
    const { text, value } = await client.post<WalletAnswer>("/api/wallets", body);
    if (options.json) terminal.printRaw(text);
    else terminal.print({ text: "Watching ", style: "green" }, `${value.descriptor} as ${name}`);
    return EXIT_CODE.ok;
  },
});
