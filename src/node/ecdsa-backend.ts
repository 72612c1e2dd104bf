/**
 * Chooses, once, what verifies ECDSA signatures: the native library where it loads, else the
 * portable one.
 */

import { type EcdsaBackend, PORTABLE_ECDSA } from "../crypto/ecdsa.ts";
import { loadNativeSecp256k1 } from "../platform/native-secp256k1.ts";

/** Returns the fastest backend that works here. */
export function chooseEcdsaBackend(): EcdsaBackend {
  return loadNativeSecp256k1() ?? PORTABLE_ECDSA;
}
