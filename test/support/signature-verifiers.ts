/**
 * The verifiers of signatures that there are on this machine, for tests that hold for each.
 *
 * One that remembers serves published vectors, which ask about the same signatures over and over.
 */

import {
  createSignatureVerifier,
  PORTABLE_SIGNATURES,
  type SignatureVerifier,
} from "../../src/crypto/signature-verifier.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { loadNativeSecp256k1 } from "../../src/platform/native-secp256k1.ts";

const native = loadNativeSecp256k1();

/** Portable first; the native one where this platform has it (see native-secp256k1.test.ts). */
export const SIGNATURE_VERIFIERS: readonly SignatureVerifier[] =
  native === undefined
    ? [PORTABLE_SIGNATURES]
    : [PORTABLE_SIGNATURES, createSignatureVerifier(native)];

/** Returns `verifier` with a memory of the Schnorr signatures that it was asked about. */
export function remembering(verifier: SignatureVerifier): SignatureVerifier {
  const verdicts = new Map<string, boolean>();
  return {
    ...verifier,
    verifySchnorr(signature, digest, publicKey) {
      const question = `${toHex(signature)}${toHex(digest)}${toHex(publicKey)}`;
      const verdict =
        verdicts.get(question) ?? verifier.verifySchnorr(signature, digest, publicKey);
      verdicts.set(question, verdict);
      return verdict;
    },
  };
}
