/**
 * ECDSA over secp256k1: one strict door in front of every backend, and the portable backend.
 *
 * Which backend is used is decided once by whoever composes the node; nothing here loads one.
 * Encodings other than compact signatures and compressed keys are the business of script/.
 */

import { secp256k1 } from "@noble/curves/secp256k1.js";

/** Verifies one signature; called with lengths and key prefix already checked. */
export interface EcdsaBackend {
  /** Shown in `status`: "native" or "portable". */
  readonly name: string;
  verify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean;
}

/**
 * Verifies a 64-byte compact low-S `signature` of a 32-byte `digest` by a 33-byte compressed
 * `publicKey`. Anything of another form, and any key that is no point, is `false`; it never throws
 * on bytes. TypeError on anything that is not bytes.
 */
export type EcdsaVerifier = (
  signature: Uint8Array,
  digest: Uint8Array,
  publicKey: Uint8Array,
) => boolean;

/** Returns the strict verifier over `backend`. */
export function createEcdsaVerifier(backend: EcdsaBackend): EcdsaVerifier {
  return (signature, digest, publicKey) => {
    for (const bytes of [signature, digest, publicKey]) {
      // The prototype alone can be borrowed; `isView` looks at what the object really is.
      if (!ArrayBuffer.isView(bytes) || !(bytes instanceof Uint8Array)) {
        throw new TypeError("expected a Uint8Array");
      }
    }
    if (signature.length !== 64 || digest.length !== 32 || publicKey.length !== 33) return false;
    if (publicKey[0] !== 2 && publicKey[0] !== 3) return false;
    if (!isLowS(signature)) return false;
    return backend.verify(signature, digest, publicKey);
  };
}

/** The backend that runs everywhere: noble's audited TypeScript. */
export const PORTABLE_ECDSA: EcdsaBackend = {
  name: "portable",
  verify(signature, digest, publicKey) {
    try {
      return secp256k1.verify(signature, digest, publicKey, { prehash: false, lowS: true });
    } catch {
      return false; // A key that is not a point, or r or s out of range.
    }
  },
};

/** n/2, big-endian: the largest s that BIP-0146 allows. */
const HALF_ORDER = Uint8Array.from([
  0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
]);

/** True if the second half of a 64-byte compact signature is at most n/2 (BIP-0146, LOW_S). */
export function isLowS(signature: Uint8Array): boolean {
  for (let index = 0; index < 32; index++) {
    const difference = (signature[32 + index] as number) - (HALF_ORDER[index] as number);
    if (difference !== 0) return difference < 0;
  }
  return true;
}
