/**
 * Slow keys on any engine, a page's too: the same as native-keys.ts makes, in longer.
 *
 * Others run in between, so that nothing stands still meanwhile.
 */

import { pbkdf2Sha512, scrypt } from "../crypto/password-hash.ts";
import { SEED_BYTES, SEED_ROUNDS, seedInput } from "./mnemonic.ts";
import { checkCost, type DeriveKey, KEY_BYTES, MAX_SCRYPT_MEMORY } from "./scrypt.ts";

/** As deriveScryptKey() of native-keys.ts: RangeError on a cost out of bounds; the caller wipes. */
export const deriveScryptKey: DeriveKey = async (password, salt, cost) => {
  checkCost(cost);
  const limits = { length: KEY_BYTES, maxBytes: MAX_SCRYPT_MEMORY };
  return await scrypt(password, salt, cost, limits);
};

/** As seedOf() of native-keys.ts: 64 bytes, which the caller wipes. */
export async function seedOf(entropy: Uint8Array, passphrase: Uint8Array): Promise<Uint8Array> {
  const { words, salt } = seedInput(entropy, passphrase);
  try {
    return await pbkdf2Sha512(words, salt, SEED_ROUNDS, SEED_BYTES);
  } finally {
    words.fill(0);
    salt.fill(0);
  }
}
