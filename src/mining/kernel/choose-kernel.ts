/**
 * Chooses the faster search on this processor by trying both.
 *
 * With SHA instructions the engine's own hash wins, without them the WebAssembly does; which it is
 * cannot be asked, only measured. Either gives the same answers.
 */

import type { Kernel } from "./kernel.ts";
import { loadKernel } from "./load-kernel.ts";
import { createNativeKernel } from "./native-kernel.ts";

/** A kernel and the name under which it is shown. */
export interface NamedKernel {
  readonly name: "wasm-simd" | "native";
  readonly kernel: Kernel;
}

/** Nonces of one trial: a few milliseconds, after as many for the compilers to warm up. */
const TRIAL_NONCES = 8_192;

/** Rounds of alternating trials; the best of each counts, since disturbance only ever slows. */
const TRIAL_ROUNDS = 3;

/** Returns the faster kernel, after some 20 ms of trials. */
export function chooseKernel(now: () => number = () => performance.now()): NamedKernel {
  const candidates: readonly NamedKernel[] = [
    { name: "wasm-simd", kernel: loadKernel() },
    { name: "native", kernel: createNativeKernel() },
  ];
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
