/**
 * The proof-of-work search: which nonce makes a header's double SHA-256 meet a target.
 *
 * Wraps the WebAssembly of kernel.as behind plain numbers and bytes. Does no I/O and knows neither
 * blocks nor threads: load-kernel.ts finds the module, miner.worker.ts decides what to search.
 */

const HEADER_SIZE = 80;
const TARGET_SIZE = 32;
const NONCE_SPACE = 2 ** 32;

/** A search that blocks its thread until it ends. Not to be shared between threads. */
export interface Kernel {
  /**
   * Returns the lowest of the `count` nonces from `firstNonce` with which `header` (80 bytes,
   * whose own nonce is ignored) hashes to at most `target` (32 bytes, little-endian like the hash
   * itself), or undefined. Throws RangeError for other sizes and for nonces beyond 2^32 - 1.
   */
  search(
    header: Uint8Array,
    target: Uint8Array,
    firstNonce: number,
    count: number,
  ): number | undefined;
}

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  inputAddress(): number;
  search(first: number, last: number): number;
}

/**
 * Returns a kernel of its own memory from the compiled kernel.wasm or its bytes, which must be the
 * committed ones. Synchronous; throws where WebAssembly SIMD is missing.
 */
export function createKernel(module: WebAssembly.Module | BufferSource): Kernel {
  const compiled = module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module);
  const { memory, inputAddress, search } = new WebAssembly.Instance(compiled)
    .exports as unknown as KernelExports;
  const input = new Uint8Array(memory.buffer, inputAddress(), HEADER_SIZE + TARGET_SIZE);

  return {
    search(header, target, firstNonce, count) {
      checkRange(header, target, firstNonce, count);
      if (count === 0) return undefined;

      input.set(header, 0);
      input.set(target, HEADER_SIZE);
      // The last nonce and not the count crosses over, since 2^32 does not fit in 32 bits.
      const nonce = search(firstNonce, firstNonce + count - 1);
      return nonce < 0 ? undefined : nonce;
    },
  };
}

/** Throws RangeError unless all arguments of `Kernel.search` are of their sizes and ranges. */
export function checkRange(
  header: Uint8Array,
  target: Uint8Array,
  firstNonce: number,
  count: number,
): void {
  if (header.length !== HEADER_SIZE) throw new RangeError("header must have 80 bytes");
  if (target.length !== TARGET_SIZE) throw new RangeError("target must have 32 bytes");
  const areWhole = Number.isInteger(firstNonce) && Number.isInteger(count);
  if (!areWhole || firstNonce < 0 || count < 0 || firstNonce + count > NONCE_SPACE) {
    throw new RangeError("nonces must lie between 0 and 2^32 - 1");
  }
}
