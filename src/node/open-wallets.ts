/**
 * Opens the wallets of a node: their files in its directory, and what they need of the rest.
 *
 * Only puts together; what a wallet is, is the business of wallet/.
 */

import type { SignatureVerifier } from "../crypto/signature-verifier.ts";
import { locateTransaction } from "../index/locate-transaction.ts";
import { type DataDirectory, DataDirectoryError } from "../storage/data-directory.ts";
import { WalletStore } from "../storage/wallet-store.ts";
import { Keystore } from "../wallet/keystore.ts";
import { KeystoreError } from "../wallet/keystore-error.ts";
import { Wallets } from "../wallet/wallets.ts";
import type { Node } from "./node.ts";
import { SYSTEM_RANDOM } from "./system-random.ts";

/** Names in the node's directory. */
export const KEYSTORE_NAME = "keystore";
export const WALLET_DATABASE_NAME = "wallets.db";

/** The files of all wallets. */
export interface WalletFiles {
  readonly keystore: Keystore;
  readonly store: WalletStore;
}

/** Opens (or makes) the files; DataDirectoryError if they cannot be used. */
export function openWalletFiles(
  directory: DataDirectory,
  { network, clock }: Pick<Node, "network" | "clock">,
): WalletFiles {
  const identity = { network: network.name, genesis: network.genesis.hash };
  const keystore = openKeystore(directory.file(KEYSTORE_NAME), { network, clock });
  return { keystore, store: new WalletStore(directory.file(WALLET_DATABASE_NAME), identity) };
}

/** Makes the wallets of `node`, which has everything else already. */
export function openWallets(
  node: Pick<
    Node,
    | "network"
    | "explorer"
    | "waiting"
    | "mempool"
    | "chain"
    | "index"
    | "clock"
    | "log"
    | "submitTransaction"
  >,
  files: WalletFiles,
  signatures: SignatureVerifier,
): Wallets {
  const { network, explorer, waiting, mempool, chain, index, clock, log } = node;
  return new Wallets({
    ...files,
    ...{ network, explorer, waiting, mempool, chain, clock, signatures },
    log: log.for("wallet"),
    chance: SYSTEM_RANDOM,
    randomBytes: (length) => SYSTEM_RANDOM.bytes(length),
    readTransaction: (txid) => locateTransaction(node, txid)?.tx,
    submit: (tx) => node.submitTransaction(tx),
    recordUsers: (records) => index.recordUsers(records),
  });
}

function openKeystore(directory: string, { network, clock }: Pick<Node, "network" | "clock">) {
  try {
    return new Keystore({
      directory,
      network: { name: network.name, genesis: network.genesis.hash },
      allowsPlain: network.isDevelopment,
      now: () => clock.now(),
      randomBytes: (length) => SYSTEM_RANDOM.bytes(length),
    });
  } catch (cause) {
    if (!(cause instanceof KeystoreError)) throw cause;
    throw new DataDirectoryError(
      `the folder of wallets ${directory} cannot be used: ${cause.message}`,
      { cause },
    );
  }
}
