/**
 * The same search with the engine's own SHA-256, for processors whose SHA instructions make that
 * faster than any WebAssembly.
 *
 * Which kernel a thread uses is decided in choose-kernel.ts.
 */

import { checkRange, type Kernel } from "./kernel.ts";

/** Returns a kernel that hashes each header twice with `Bun.SHA256`. */
export function createEngineKernel(): Kernel {
  const header = new Uint8Array(80);
  const nonceView = new DataView(header.buffer);
  const inner = new Uint8Array(32);
  const outer = new Uint8Array(32);
  const outerView = new DataView(outer.buffer);

  return {
    search(given, target, firstNonce, count) {
      checkRange(given, target, firstNonce, count);
      header.set(given);
      const topOfTarget = new DataView(target.buffer, target.byteOffset).getUint32(28, true);

      const end = firstNonce + count;
      for (let nonce = firstNonce; nonce < end; nonce++) {
        nonceView.setUint32(76, nonce, true);
        Bun.SHA256.hash(header, inner);
        Bun.SHA256.hash(inner, outer);
        // Hardly any hash passes the comparison of its top 32 bits, so the rest seldom matters.
        if (outerView.getUint32(28, true) > topOfTarget) continue;
        if (isAtMost(outer, target)) return nonce;
      }
      return undefined;
    },
  };
}

/** True if `hash` is at most `target`, both little-endian. */
function isAtMost(hash: Uint8Array, target: Uint8Array): boolean {
  for (let index = 31; index >= 0; index--) {
    const difference = (hash[index] as number) - (target[index] as number);
    if (difference !== 0) return difference < 0;
  }
  return true;
}
