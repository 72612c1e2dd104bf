/**
 * The difficulty of a target, for people: how many times harder than Bitcoin's easiest it is.
 *
 * A ratio in floating point, which no rule may ever look at; consensus/target.ts has the exact one.
 */

/** Exponent and mantissa of 0x1d00ffff, the target of difficulty 1. */
const EASIEST_EXPONENT = 0x1d;
const EASIEST_MANTISSA = 0xffff;

/** Returns the difficulty that `bits` stand for, to the bit as Bitcoin Core computes it. */
export function difficultyOf(bits: number): number {
  const exponent = bits >>> 24;
  const mantissa = bits & 0x00ffffff;
  // Powers of 256 are exact in floating point.
  return (EASIEST_MANTISSA / mantissa) * 256 ** (EASIEST_EXPONENT - exponent);
}
