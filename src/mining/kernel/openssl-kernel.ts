/**
 * The same search with single steps of OpenSSL's SHA-256: two a nonce, where hashing the header
 * twice takes three, since the first 64 bytes of it are mixed once and for all.
 *
 * Which kernel a thread uses is decided in choose-kernel.ts.
 */

import { ptr } from "bun:ffi";
import { CONTEXT_WORDS, loadSha256Step, type Sha256Step } from "../../platform/openssl-sha256.ts";
import { checkRange, type Kernel } from "./kernel.ts";

/** The state that SHA-256 begins with (FIPS 180-4). */
const INITIAL_STATE = Uint32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

/** Returns the kernel, or undefined where there is no such library or it gives wrong answers. */
export function loadOpensslKernel(): Kernel | undefined {
  // The words of a state are in the processor's order; every platform we build for has this one.
  const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  const step = isLittleEndian ? loadSha256Step() : undefined;
  if (step === undefined) return undefined;
  const kernel = createKernel(step);
  return findsKnownNonce(kernel) ? kernel : undefined;
}

function createKernel(step: Sha256Step): Kernel {
  // Over buffers of their own: the engine keeps small arrays elsewhere until somebody asks for their
  // buffer, and then moves them away from the address we took.
  const inner = new Uint32Array(new ArrayBuffer(4 * CONTEXT_WORDS));
  const outer = new Uint32Array(new ArrayBuffer(4 * CONTEXT_WORDS));
  // The rest of the header, then padding and the length of 80 bytes in bits.
  const tail = new Uint8Array(new ArrayBuffer(64));
  tail[16] = 0x80;
  tail[62] = 0x02;
  tail[63] = 0x80;
  // The inner hash, then padding and the length of 32 bytes in bits.
  const digest = new Uint8Array(new ArrayBuffer(64));
  digest[32] = 0x80;
  digest[62] = 0x01;

  const tailWords = new Uint32Array(tail.buffer);
  const digestWords = new Uint32Array(digest.buffer);
  const [innerAt, outerAt, tailAt, digestAt] = [ptr(inner), ptr(outer), ptr(tail), ptr(digest)];
  const start = new Uint8Array(new ArrayBuffer(64));
  const startAt = ptr(start);
  const midstate = new Uint32Array(8);

  return {
    search(header, target, firstNonce, count) {
      checkRange(header, target, firstNonce, count);
      start.set(header.subarray(0, 64));
      tail.set(header.subarray(64, 76));
      inner.set(INITIAL_STATE);
      step(innerAt, startAt);
      midstate.set(inner.subarray(0, 8));
      const topOfTarget = new DataView(target.buffer, target.byteOffset).getUint32(28, true);

      const end = firstNonce + count;
      for (let nonce = firstNonce; nonce < end; nonce++) {
        tailWords[3] = nonce;
        inner.set(midstate);
        step(innerAt, tailAt);
        for (let word = 0; word < 8; word++) digestWords[word] = swapBytes(inner[word] as number);
        outer.set(INITIAL_STATE);
        step(outerAt, digestAt);

        // Hardly any hash passes the comparison of its top 32 bits, so the rest seldom matters.
        if (swapBytes(outer[7] as number) > topOfTarget) continue;
        if (isAtMost(outer, target)) return nonce;
      }
      return undefined;
    },
  };
}

function swapBytes(word: number): number {
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24)) >>> 0;
}

/** True if the hash that `state` is stands for at most `target`, 32 bytes little-endian. */
function isAtMost(state: Uint32Array, target: Uint8Array): boolean {
  const words = new DataView(target.buffer, target.byteOffset);
  for (let word = 7; word >= 0; word--) {
    const hash = swapBytes(state[word] as number);
    const limit = words.getUint32(4 * word, true);
    if (hash !== limit) return hash < limit;
  }
  return true;
}

/** Bitcoin's first block: a library that computes anything else must not be used. */
function findsKnownNonce(kernel: Kernel): boolean {
  const header = Uint8Array.fromHex(
    `01000000${"00".repeat(32)}3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a` +
      "29ab5f49ffff001d00000000",
  );
  const target = new Uint8Array(32);
  target.set([0xff, 0xff], 26);
  return kernel.search(header, target, 2_083_236_880, 32) === 2_083_236_893;
}
