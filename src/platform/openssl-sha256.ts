/**
 * One step of SHA-256 from the system's OpenSSL, where it has one: its assembly uses whatever the
 * processor offers, and a single step is more than the engine's own hash lets out.
 *
 * Gives the step or `undefined`; what is hashed with it is the business of mining/kernel/.
 */

import { dlopen, type Pointer } from "bun:ffi";

/** Words of OpenSSL's SHA256_CTX: eight of state, then counters and a buffer that a step ignores. */
export const CONTEXT_WORDS = 28;

/**
 * Mixes the 64 bytes at `block` into the eight words of state at `context` (SHA256_Transform). Both
 * are addresses: whoever calls keeps the arrays behind them alive.
 */
export type Sha256Step = (context: Pointer, block: Pointer) => void;

/** Where the library is on the systems that have it: OpenSSL 3, then 1.1. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  linux: ["libcrypto.so.3", "libcrypto.so.1.1"],
};

/** Returns the step, or undefined where no library has it; never throws. */
export function loadSha256Step(): Sha256Step | undefined {
  for (const name of LIBRARIES[process.platform] ?? []) {
    try {
      const { symbols } = dlopen(name, {
        SHA256_Transform: { args: ["ptr", "ptr"], returns: "void" },
      });
      return symbols.SHA256_Transform;
    } catch {
      // Not installed, or without this function.
    }
  }
  return undefined;
}
