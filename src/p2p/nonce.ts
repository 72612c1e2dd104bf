/**
 * Numbers of 64 bits that nobody can foresee: in `version` and `ping`.
 *
 * Only draws them; what each is for is known where it is used.
 */

import type { Random } from "./transport.ts";

/** Returns 64 bits, each value as likely. */
export function drawNonce(random: Pick<Random, "bytes">): bigint {
  const { buffer, byteOffset } = random.bytes(8);
  return new DataView(buffer, byteOffset).getBigUint64(0);
}
