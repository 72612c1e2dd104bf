/**
 * Slow keys by the engine's own code: scrypt on a thread, PBKDF2 in a millisecond.
 *
 * The same keys as portable-keys.ts, which runs where there is no such engine. How many run at the
 * same time is the business of keystore.ts.
 */

import { pbkdf2Sync, scrypt } from "node:crypto";
import { SEED_BYTES, SEED_ROUNDS, seedInput } from "./mnemonic.ts";
import { checkCost, type DeriveKey, KEY_BYTES, MAX_SCRYPT_MEMORY } from "./scrypt.ts";

/** Returns the key; throws RangeError on a cost out of bounds. Wiping it is the caller's duty. */
export const deriveScryptKey: DeriveKey = async (password, salt, cost) => {
  checkCost(cost);
  const options = { N: cost.n, r: cost.r, p: cost.p, maxmem: MAX_SCRYPT_MEMORY };
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  scrypt(password, salt, KEY_BYTES, options, (error, key) => {
    // Without an error, the engine gives undefined where Node gives null.
    if (error) reject(error);
    else resolve(key);
  });
  return promise;
};

/**
 * Returns the 64 bytes of seed; the caller wipes them. `passphrase` is as encodePassphrase() makes
 * it, and empty for none. Takes milliseconds on purpose.
 */
export function seedOf(entropy: Uint8Array, passphrase: Uint8Array): Uint8Array {
  const { words, salt } = seedInput(entropy, passphrase);
  const seed = pbkdf2Sync(words, salt, SEED_ROUNDS, SEED_BYTES, "sha512");
  words.fill(0);
  salt.fill(0);
  return new Uint8Array(seed.buffer, seed.byteOffset, seed.length);
}
