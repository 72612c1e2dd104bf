/**
 * Where accounts begin: the master key of a secret, lent for the length of one call.
 *
 * The private side is wiped after each call and never kept. The accounts themselves, which are
 * public, are in account.ts.
 */

import type { HDKey } from "@scure/bip32";
import {
  type AccountKind,
  accountBelow,
  type ContractAccount,
  contractAccountBelow,
  type KeyAccount,
  lendMasterKey,
} from "./account.ts";
import { seedOf } from "./native-keys.ts";
import type { WalletSecret } from "./wallet-secret.ts";

/** What a wallet's keys come from; the holder's to wipe. */
export type SecretBytes = Pick<WalletSecret, "entropy" | "passphrase">;

/**
 * Lends the master key to `work` and wipes it afterwards, also if `work` throws. `work` must be done
 * with it when it returns: a promise would find it wiped.
 */
export function withMasterKey<T>(secret: SecretBytes, work: (master: HDKey) => T): T {
  return lendMasterKey(seedOf(secret.entropy, secret.passphrase), work);
}

/** Returns the account number `accountIndex` of a kind, at m/purpose'/1'/accountIndex'. */
export function deriveAccount(
  secret: SecretBytes,
  kind: AccountKind,
  accountIndex: number,
): KeyAccount {
  return withMasterKey(secret, (master) => accountBelow(master, kind, accountIndex));
}

/** Returns the contract account at m/48'/1'/accountIndex'/2' (BIP-0048, P2WSH). */
export function deriveContractAccount(secret: SecretBytes, accountIndex: number): ContractAccount {
  return withMasterKey(secret, (master) => contractAccountBelow(master, accountIndex));
}
