/**
 * The commitment to all witnesses that a coinbase carries (BIP-0141).
 *
 * Both who makes blocks and who checks them take it from here.
 */

import { hash256 } from "../crypto/hash.ts";
import { concatBytes, equalBytes } from "../lib/bytes.ts";
import { idToHash } from "../primitives/hash-id.ts";
import { merkleRoot } from "../primitives/merkle.ts";
import type { Transaction } from "../primitives/transaction.ts";

/** OP_RETURN, a push of 36 bytes, and the four bytes that mark a commitment. */
const COMMITMENT_HEADER = Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed);

/** Bytes of the only item in a coinbase's witness. */
export const WITNESS_NONCE_LENGTH = 32;

/** Returns the 32 bytes that commit to the witnesses of `transactions` (the coinbase's as zero). */
export function witnessCommitment(
  transactions: readonly Transaction[],
  witnessNonce: Uint8Array,
): Uint8Array {
  const leaves = transactions.map(({ wtxid }, index) =>
    index === 0 ? new Uint8Array(32) : idToHash(wtxid),
  );
  return hash256(concatBytes(merkleRoot(leaves).root, witnessNonce));
}

/** Returns the output script that carries `commitment`. */
export function commitmentScript(commitment: Uint8Array): Uint8Array {
  return concatBytes(COMMITMENT_HEADER, commitment);
}

/** Returns the commitment in the last output of `coinbase` that has one, or undefined. */
export function findCommitment(coinbase: Transaction): Uint8Array | undefined {
  const script = coinbase.outputs.findLast(
    ({ scriptPubKey }) =>
      scriptPubKey.length >= 38 && equalBytes(scriptPubKey.subarray(0, 6), COMMITMENT_HEADER),
  )?.scriptPubKey;
  return script?.subarray(6, 38);
}
