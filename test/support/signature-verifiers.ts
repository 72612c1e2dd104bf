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

/** Returns `verifier` with a memory of all that it was asked. */
export function remembering(verifier: SignatureVerifier): SignatureVerifier {
  return {
    name: verifier.name,
    verifyEcdsa: remember(verifier.verifyEcdsa),
    verifySchnorr: remember(verifier.verifySchnorr),
    isTweakedKey: remember(verifier.isTweakedKey),
  };
}

/** Returns `ask` with a memory; its arguments are bytes and flags, of fixed lengths if answered. */
function remember<Question extends readonly (Uint8Array | boolean)[]>(
  ask: (...question: Question) => boolean,
): (...question: Question) => boolean {
  const answers = new Map<string, boolean>();
  return (...question) => {
    const key = question
      .map((part) => (typeof part === "boolean" ? String(part) : toHex(part)))
      .join();
    const answer = answers.get(key) ?? ask(...question);
    answers.set(key, answer);
    return answer;
  };
}
