/**
 * Private keys: public keys and signatures from them.
 *
 * Takes and gives bytes only. How keys are stored, and where randomness comes from, is the business
 * of those who call; nothing here keeps a key.
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import * as secp256k1 from "@noble/secp256k1";

secp256k1.hashes.sha256 = sha256;
secp256k1.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

/** True for 32 bytes that stand for a number of 1..n-1. */
export function isPrivateKey(key: Uint8Array): boolean {
  return secp256k1.utils.isValidSecretKey(key);
}

/** Returns the 33-byte compressed public key of a private one; throws on an invalid key. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return secp256k1.getPublicKey(privateKey, true);
}

/** Returns the 64-byte compact low-S signature (RFC 6979, deterministic) of a 32-byte digest. */
export function signEcdsa(digest: Uint8Array, privateKey: Uint8Array): Uint8Array {
  if (digest.length !== 32) throw new RangeError("a digest has 32 bytes");
  return secp256k1.sign(digest, privateKey, { prehash: false, lowS: true });
}
