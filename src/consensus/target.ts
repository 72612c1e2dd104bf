/**
 * Targets in compact form, and the work that a target stands for.
 *
 * All of it in BigInt: a float loses bits that decide which chain wins. How the target moves is the
 * business of difficulty.ts.
 */

const MANTISSA_SIGN_BIT = 0x00800000;

/** One more than the largest 256-bit number. */
const TWO_256 = 1n << 256n;

/** Returns the target of compact `bits`, or undefined if it is zero, negative or beyond 256 bits. */
export function compactToTarget(bits: number): bigint | undefined {
  const exponent = bits >>> 24;
  const mantissa = bits & 0x007fffff;
  if (mantissa === 0 || (bits & MANTISSA_SIGN_BIT) !== 0) return undefined;

  const shift = 8n * BigInt(exponent - 3);
  const target = shift >= 0n ? BigInt(mantissa) << shift : BigInt(mantissa) >> -shift;
  return target === 0n || target >= TWO_256 ? undefined : target;
}

/** Returns the compact form of `target`, its low bits cut off; RangeError unless it is 1..2^256-1. */
export function targetToCompact(target: bigint): number {
  if (target <= 0n || target >= TWO_256) throw new RangeError("a target is 1..2^256-1");

  let size = (target.toString(16).length + 1) >>> 1;
  let mantissa = Number(
    size <= 3 ? target << (8n * BigInt(3 - size)) : target >> (8n * BigInt(size - 3)),
  );
  // The mantissa is signed: a set top bit would read as a minus.
  if ((mantissa & MANTISSA_SIGN_BIT) !== 0) {
    mantissa >>>= 8;
    size += 1;
  }
  return ((size << 24) | mantissa) >>> 0;
}

/** Returns the hashes expected until one is at most `target`: 2^256 / (target + 1), rounded down. */
export function workOfTarget(target: bigint): bigint {
  return TWO_256 / (target + 1n);
}

/** Returns the work of a block with these (valid) bits; RangeError if they stand for no target. */
export function workOfBits(bits: number): bigint {
  const target = compactToTarget(bits);
  if (target === undefined) throw new RangeError("bits stand for no target");
  return workOfTarget(target);
}
