/**
 * A keystore of tests: cheap keys, a published secret, a network of its own.
 */

import { randomBytes } from "node:crypto";
import { Keystore, type KeystoreOptions } from "../../src/wallet/keystore.ts";
import { MIN_SCRYPT_N } from "../../src/wallet/scrypt.ts";
import { WalletSecret } from "../../src/wallet/wallet-secret.ts";

/** The network that tests keep wallets for. */
export const TEST_NETWORK = { name: "cairn", genesis: "ab".repeat(32) };

/** The cheapest cost that is allowed. */
export const TEST_COST = { n: MIN_SCRYPT_N, r: 8, p: 1 };

/** Known to everybody. */
export const TEST_SECRET = new WalletSecret(
  Uint8Array.from({ length: 16 }, (_, index) => index + 1),
  new TextEncoder().encode("TREZOR"),
);

/** Opens the keystore in `directory`, with other options where given. */
export function openTestKeystore(
  directory: string,
  options: Partial<KeystoreOptions> = {},
): Keystore {
  return new Keystore({
    directory,
    network: TEST_NETWORK,
    allowsPlain: false,
    now: () => 1_700_000_000_000,
    randomBytes: (length) => Uint8Array.from(randomBytes(length)),
    cost: TEST_COST,
    ...options,
  });
}
