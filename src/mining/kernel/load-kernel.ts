/**
 * Finds kernel.wasm, from source as well as inside the compiled binary, on any thread.
 *
 * The only file of the kernel that does I/O. How the search works is in kernel.ts and kernel.as.
 */
import { readFileSync } from "node:fs";
import { createKernel, type Kernel } from "./kernel.ts";
import kernelPath from "./kernel.wasm" with { type: "file" };

/** Returns a new kernel for the calling thread. Throws where WebAssembly SIMD is missing. */
export function loadKernel(): Kernel {
  return createKernel(readFileSync(kernelPath));
}
