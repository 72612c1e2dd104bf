/**
 * Chooses, once, what verifies signatures: the native library where it loads, else the portable
 * one.
 */

import {
  createSignatureVerifier,
  PORTABLE_SIGNATURES,
  type SignatureVerifier,
} from "../crypto/signature-verifier.ts";
import { loadNativeSecp256k1 } from "../platform/native-secp256k1.ts";

/** Returns the fastest verifier that works here. */
export function chooseSignatureVerifier(): SignatureVerifier {
  const native = loadNativeSecp256k1();
  return native === undefined ? PORTABLE_SIGNATURES : createSignatureVerifier(native);
}
