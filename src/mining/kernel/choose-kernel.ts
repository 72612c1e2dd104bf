/**
 * Chooses the fastest search on this machine by trying each.
 *
 * OpenSSL's steps win where the system has the library; else, with SHA instructions, the engine's
 * own hash, and without them the WebAssembly. Which it is cannot be asked, only measured; all give
 * the same answers.
 */

import { createEngineKernel } from "./engine-kernel.ts";
import type { Kernel } from "./kernel.ts";
import { loadKernel } from "./load-kernel.ts";
import { loadOpensslKernel } from "./openssl-kernel.ts";

/** A kernel and the name under which it is shown. */
export interface NamedKernel {
  readonly name: "openssl" | "engine" | "wasm-simd";
  readonly kernel: Kernel;
}

/** Nonces of one trial: a few milliseconds, after as many for the compilers to warm up. */
const TRIAL_NONCES = 8_192;

/** Rounds of alternating trials; the best of each counts, since disturbance only ever slows. */
const TRIAL_ROUNDS = 3;

/** Returns the fastest kernel, after some 30 ms of trials. */
export function chooseKernel(now: () => number = () => performance.now()): NamedKernel {
  const candidates: NamedKernel[] = [
    { name: "wasm-simd", kernel: loadKernel() },
    { name: "engine", kernel: createEngineKernel() },
  ];
  const openssl = loadOpensslKernel();
  if (openssl !== undefined) candidates.push({ name: "openssl", kernel: openssl });
  const best = candidates.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round <= TRIAL_ROUNDS; round++) {
    for (const [index, { kernel }] of candidates.entries()) {
      const elapsed = timeTrial(kernel, now);
      const isWarmUp = round === 0;
      if (!isWarmUp) best[index] = Math.min(best[index] as number, elapsed);
    }
  }
  return candidates[best.indexOf(Math.min(...best))] as NamedKernel;
}

function timeTrial(kernel: Kernel, now: () => number): number {
  const impossible = new Uint8Array(32);
  const startedAt = now();
  kernel.search(new Uint8Array(80), impossible, 0, TRIAL_NONCES);
  return now() - startedAt;
}
