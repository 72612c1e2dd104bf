/**
 * Making a wallet of words, new ones or those that somebody has: the options, and the request.
 *
 * Where the words come from is the business of wallet-create.ts and wallet-restore.ts.
 */

import { oneOf, setting, type ValuesOf, wholeNumber } from "../node/settings.ts";
import { ACCOUNT_KINDS, type AccountKind } from "../wallet/account.ts";
import { MINER_NAME } from "../wallet/keystore-file.ts";
import { type Answer, type ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { CommandError, flagOnly, UsageError, type World } from "./command.ts";
import { listWallets } from "./list-wallets.ts";
import { PASSWORD_OPTIONS, readNewPassword } from "./read-password.ts";
import type { WalletAnswer } from "./wallet-answers.ts";
import { given, switchOption, WALLET_GROUP, walletPath } from "./wallet-options.ts";

/** Highest number of an account: more are none that people have. */
const MAX_ACCOUNT_INDEX = 1_000_000;

/** The options of every command that makes a wallet of words. */
export const MAKE_OPTIONS = {
  account: flagOnly(
    setting<AccountKind>({
      kind: oneOf(ACCOUNT_KINDS, "KIND"),
      group: WALLET_GROUP,
      help: "Its addresses: wpkh (usual), tr (Taproot) or pkh (old)",
      default: "wpkh",
    }),
  ),
  accountIndex: flagOnly(
    setting({
      kind: wholeNumber(0, MAX_ACCOUNT_INDEX),
      group: WALLET_GROUP,
      help: "Number of the account among those that the words make",
      default: 0,
    }),
  ),
  passphrase: switchOption(
    WALLET_GROUP,
    "Ask for a passphrase, unseen: a part of the wallet beside the words",
  ),
  ...PASSWORD_OPTIONS,
  ...CLIENT_OPTIONS,
} as const;

/** Throws unless `name` is a wallet's that is not there yet. */
export async function checkFree(client: ApiClient, name: string): Promise<void> {
  walletPath(name);
  if (name === MINER_NAME) {
    throw new UsageError(`${MINER_NAME} is the name of the node's own mining key`);
  }
  const { value } = await listWallets(client);
  if (value.some((wallet) => wallet.name === name)) {
    throw new CommandError(`there is a wallet ${name} already`);
  }
}

/** A wallet to be made. */
export interface WalletWish {
  readonly client: ApiClient;
  readonly world: World;
  readonly options: ValuesOf<typeof MAKE_OPTIONS>;
  readonly name: string;
  /** Shows or reads the words once everything else is known; undefined has the node draw them. */
  readonly words: () => Promise<string | undefined>;
}

/** Asks for what is missing and has the node make the wallet. */
export async function makeWallet(wish: WalletWish): Promise<Answer<WalletAnswer>> {
  const { client, world, options, name } = wish;
  const { account, accountIndex } = options;
  await checkFree(client, name);
  const password = await readNewPassword(world, options.passwordFile);
  const mnemonic = await wish.words();
  const passphrase = options.passphrase
    ? await readNewPassword(world, undefined, "Passphrase of the words")
    : undefined;
  const body = given({ name, password, mnemonic, passphrase, account, accountIndex });
  return await client.post<WalletAnswer>("/api/wallets", body);
}
