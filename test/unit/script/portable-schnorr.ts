/**
 * The curve arithmetic of Taproot for tests, by noble.
 *
 * The layer under test takes it injected, as here. Verdicts are remembered: the published vectors
 * check the same thousand signatures twenty times over.
 */

import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { toHex } from "../../../src/lib/bytes.ts";
import type { SchnorrVerifier } from "../../../src/script/signature-checker.ts";

const { Point } = secp256k1;
const verdicts = new Map<string, boolean>();

export const PORTABLE_SCHNORR: SchnorrVerifier = {
  verify(signature, digest, publicKey) {
    const question = `${toHex(signature)}${toHex(digest)}${toHex(publicKey)}`;
    const verdict = verdicts.get(question) ?? schnorr.verify(signature, digest, publicKey);
    verdicts.set(question, verdict);
    return verdict;
  },
  isTweaked(outputKey, isOdd, internalKey, tweak) {
    try {
      const scalar = BigInt(`0x${toHex(tweak)}`);
      if (scalar >= Point.Fn.ORDER) return false;
      const internal = Point.fromHex(`02${toHex(internalKey)}`);
      const point = scalar === 0n ? internal : internal.add(Point.BASE.multiply(scalar));
      return point.toHex(true) === `${isOdd ? "03" : "02"}${toHex(outputKey)}`;
    } catch {
      return false; // The internal key is no point.
    }
  },
};
