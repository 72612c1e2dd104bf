/**
 * Schnorr signatures over secp256k1 (BIP-0340) and Taproot's key tweak (BIP-0341).
 *
 * Bytes in, truth out: what is signed and which keys count is the business of script/.
 */

import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { concatBytes, toHex } from "../lib/bytes.ts";

const { Point } = secp256k1;
const EVEN_PREFIX = Uint8Array.of(2);

/** True if the 64-byte `signature` of `digest` is by the 32-byte x-only `publicKey` (BIP-0340).
 * Never throws on bytes. */
export function verifySchnorr(
  signature: Uint8Array,
  digest: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  try {
    return schnorr.verify(signature, digest, publicKey);
  } catch {
    return false; // The key is no point, or a number is out of range.
  }
}

/**
 * True if `outputKey` is the x of the point `internalKey` (both x-only, 32 bytes) plus `tweak` times
 * the generator, and its y is odd exactly if `isOdd` (BIP-0341). Never throws on bytes.
 */
export function isTweakedKey(
  outputKey: Uint8Array,
  isOdd: boolean,
  internalKey: Uint8Array,
  tweak: Uint8Array,
): boolean {
  if (outputKey.length !== 32 || internalKey.length !== 32 || tweak.length !== 32) return false;
  try {
    const scalar = BigInt(`0x${toHex(tweak)}`);
    if (scalar >= Point.Fn.ORDER) return false;
    const internal = Point.fromBytes(concatBytes(EVEN_PREFIX, internalKey));
    const tweaked = scalar === 0n ? internal : internal.add(Point.BASE.multiply(scalar));
    const expected = concatBytes(Uint8Array.of(isOdd ? 3 : 2), outputKey);
    return toHex(tweaked.toBytes(true)) === toHex(expected);
  } catch {
    return false; // The internal key is no point, or the sum is infinity.
  }
}
