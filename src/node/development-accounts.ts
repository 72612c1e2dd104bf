/**
 * The accounts of a development network: wallets without a password, of one published mnemonic, with
 * coins to spend from the first moment on.
 *
 * Whoever reads this has their keys; no other network may ever see them used. Blocks are made by
 * development-chain.ts.
 */

import { deriveAccount } from "../wallet/master-key.ts";
import { parseMnemonic } from "../wallet/mnemonic.ts";
import type { Wallet } from "../wallet/wallet.ts";
import { WalletSecret } from "../wallet/wallet-secret.ts";
import { mineAtOnce } from "./development-chain.ts";
import type { Node } from "./node.ts";

/** The words that developers' tools everywhere use for keys that guard nothing. */
export const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";

/** Names of the funded accounts, in order of their numbers. */
export const DEVELOPMENT_ACCOUNTS = [
  "alice",
  "bob",
  "carol",
  "dave",
  "erin",
  "frank",
  "grace",
  "heidi",
  "ivan",
  "judy",
] as const;

/** Name of the account that mines, and gives away what it has. */
export const FAUCET_NAME = "faucet";

/** Blocks that the faucet mines at first, beyond those that make the coins before them mature. */
const FAUCET_BLOCKS = 20;

/** Returns where blocks pay that nobody asked for in particular: to the faucet. */
export function developmentPayoutScript(): Uint8Array {
  const entropy = parseMnemonic(DEVELOPMENT_MNEMONIC);
  const secret = new WalletSecret(entropy);
  return deriveAccount(secret, "wpkh", DEVELOPMENT_ACCOUNTS.length).scriptAt(0, 0);
}

/** Makes those of the accounts that are not there, and gives the first coins of the chain to them. */
export async function openDevelopmentAccounts(node: Node): Promise<readonly Wallet[]> {
  const entropy = parseMnemonic(DEVELOPMENT_MNEMONIC);
  const wallets: Wallet[] = [];
  const there = new Set(node.wallets.list().map(({ name }) => name));
  for (const [account, name] of [...DEVELOPMENT_ACCOUNTS, FAUCET_NAME].entries()) {
    wallets.push(
      there.has(name)
        ? node.wallets.get(name)
        : await node.wallets.createPlain(name, entropy, account),
    );
  }
  if (node.chain.tip.height === 0) fund(node, wallets);
  return wallets;
}

function fund(node: Node, wallets: readonly Wallet[]): void {
  const scripts = wallets.map((wallet) => wallet.receiveAddress(false).script);
  const blocks = scripts.length - 1 + FAUCET_BLOCKS + node.network.params.coinbaseMaturity;
  // A second each, the last one now: so many at one moment would be dated ahead of the clock.
  const first = Math.floor(node.clock.now() / 1_000) - blocks + 1;
  for (let count = 0; count < blocks; count++) {
    mineAtOnce(node, scripts[Math.min(count, scripts.length - 1)], first + count);
  }
}
