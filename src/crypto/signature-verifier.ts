/**
 * All that scripts ask of the curve, in one object: ECDSA, Schnorr and Taproot's tweak.
 *
 * Portable by itself; three to fifteen times as fast over a native library, which knows ECDSA alone
 * and yet serves for Schnorr. Which one a node uses is decided by whoever composes it.
 */

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { concatBytes, equalBytes } from "../lib/bytes.ts";
import {
  createEcdsaVerifier,
  type EcdsaBackend,
  type EcdsaVerifier,
  PORTABLE_ECDSA,
} from "./ecdsa.ts";
import { taggedHash } from "./hash.ts";
import { isTweakedKey, verifySchnorr } from "./schnorr.ts";

/** Answers of the curve. Nothing here throws on bytes: what is not well-formed is `false`. */
export interface SignatureVerifier {
  /** Shown in `status`: "native" or "portable". */
  readonly name: string;
  /** True for a compact low-S ECDSA signature by a compressed key: see EcdsaVerifier. */
  readonly verifyEcdsa: EcdsaVerifier;
  /** True if the 64-byte `signature` of a 32-byte `digest` is by the x-only `publicKey` (BIP-0340). */
  readonly verifySchnorr: (
    signature: Uint8Array,
    digest: Uint8Array,
    publicKey: Uint8Array,
  ) => boolean;
  /**
   * True if `outputKey` is the x of `internalKey` (both 32 bytes) plus `tweak` times the generator,
   * and its y is odd exactly if `isOdd` (BIP-0341).
   */
  readonly isTweakedKey: (
    outputKey: Uint8Array,
    isOdd: boolean,
    internalKey: Uint8Array,
    tweak: Uint8Array,
  ) => boolean;
}

/** What libsecp256k1 does where only its ECDSA modules were built. Lengths are checked before. */
export interface NativeCurve extends EcdsaBackend {
  /**
   * Returns the compressed key by which the compact `signature` of `digest` would be valid, given
   * bit 0: the y of its nonce point is odd, bit 1: that point's x is r + n. Undefined if there is
   * none.
   */
  recoverKey(signature: Uint8Array, recoveryId: number, digest: Uint8Array): Uint8Array | undefined;
  /** Returns the compressed `publicKey` plus `tweak` times the generator, if there is such a key. */
  addTweak(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array | undefined;
}

/** The verifier that runs everywhere. */
export const PORTABLE_SIGNATURES: SignatureVerifier = {
  name: PORTABLE_ECDSA.name,
  verifyEcdsa: createEcdsaVerifier(PORTABLE_ECDSA),
  verifySchnorr,
  isTweakedKey,
};

/** Returns the verifier that lets `curve` do the arithmetic; it answers as the portable one does. */
export function createSignatureVerifier(curve: NativeCurve): SignatureVerifier {
  return {
    name: curve.name,
    verifyEcdsa: createEcdsaVerifier(curve),
    verifySchnorr: (signature, digest, publicKey) =>
      verifySchnorrByRecovery(curve, signature, digest, publicKey),
    isTweakedKey: (outputKey, isOdd, internalKey, tweak) => {
      if (outputKey.length !== 32 || internalKey.length !== 32 || tweak.length !== 32) return false;
      const key = curve.addTweak(concatBytes(EVEN_PREFIX, internalKey), tweak);
      return key !== undefined && isPoint(key, isOdd, outputKey);
    },
  };
}

const ORDER = secp256k1.Point.Fn.ORDER;
const EVEN_PREFIX = Uint8Array.of(2);

/**
 * BIP-0340 asks whether s·G − e·P has the x that the signature begins with, and an even y. Recovery
 * gives (u·R − z·G) / r for a nonce point R whose x is r. With the public key P in R's place,
 * u = −e·r and z = −s·r, that is the very point, so one call of the library decides.
 */
function verifySchnorrByRecovery(
  curve: NativeCurve,
  signature: Uint8Array,
  digest: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  if (signature.length !== 64 || digest.length !== 32 || publicKey.length !== 32) return false;
  const nonceX = signature.subarray(0, 32);
  const s = bytesToNumberBE(signature.subarray(32));
  if (s >= ORDER) return false;

  const challenge = taggedHash("BIP0340/challenge", nonceX, publicKey, digest);
  const e = bytesToNumberBE(challenge) % ORDER;
  const x = bytesToNumberBE(publicKey);
  const r = x % ORDER;
  // Recovery excludes zeros, which nobody can bring about in e, and which make r no key's x.
  if (e === 0n || r === 0n) return verifySchnorr(signature, digest, publicKey);

  const u = (ORDER - e) * r;
  const z = (ORDER - s) * r;
  const point = curve.recoverKey(
    concatBytes(numberToBytesBE(r, 32), numberToBytesBE(u % ORDER, 32)),
    x === r ? 0 : 2,
    numberToBytesBE(z % ORDER, 32),
  );
  return point !== undefined && isPoint(point, false, nonceX);
}

function isPoint(compressed: Uint8Array, isOdd: boolean, x: Uint8Array): boolean {
  return compressed[0] === (isOdd ? 3 : 2) && equalBytes(compressed.subarray(1), x);
}
