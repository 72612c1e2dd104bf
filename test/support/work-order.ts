/**
 * Sums of work as numbers and as 32 bytes: their order must be one, however close two of them are.
 */

import { compareBytes, fromHex } from "../../src/lib/bytes.ts";
import { repeatSeeded, type SeededRandom } from "./random.ts";

/**
 * Throws unless `pairs` random pairs have the same order both ways. Returns how many pairs a double
 * could not have told apart.
 */
export function expectSameOrder(seed: number, pairs: number): number {
  let blurred = 0;
  repeatSeeded(seed, pairs, (random) => {
    const left = randomWork(random);
    // Half of the pairs differ in nothing but their last digits.
    const right = random.oneIn(2) ? randomWork(random) : left + BigInt(random.below(3) - 1);
    const order = Math.sign(compareBytes(bytesOf(left), bytesOf(right)));
    const expected = left < right ? -1 : left > right ? 1 : 0;
    if (order !== expected) throw new Error(`${left} and ${right} are ordered ${order}`);
    if (expected !== 0 && Number(left) === Number(right)) blurred += 1;
  });
  return blurred;
}

/** A positive number below 2^256 - 1, as long as chance has it. */
function randomWork(random: SeededRandom): bigint {
  const bytes = random.bytes(1 + random.below(32));
  return (BigInt(`0x${bytes.toHex()}`) >> 1n) + 1n;
}

function bytesOf(work: bigint): Uint8Array {
  return fromHex(work.toString(16).padStart(64, "0"));
}
