/**
 * What a waiting transaction costs in memory, from the number and length of its parts.
 *
 * About one and a half times what stays alive after a collection, as measured on Bun 1.4 over tens
 * of thousands of transactions from the codec: the collector needs that room. A new engine may need
 * other numbers.
 */

import type { Transaction } from "../primitives/transaction.ts";

/** Bytes of a transaction's object, its two identifiers, and its arrays. */
const TRANSACTION_BYTES = 500;

/** Bytes of an input: objects, the outpoint's identifier, an empty script. */
const INPUT_BYTES = 350;

/** Bytes of an output: its object and an empty script. */
const OUTPUT_BYTES = 150;

/** Bytes of a byte string beside its bytes. */
const BYTE_STRING_BYTES = 100;

/** Bytes of an entry: its object, its places in two maps and in the heap, its lists of relatives. */
const ENTRY_BYTES = 700;

/** Bytes of an input's place in the map of spenders, key included. */
const SPENDER_BYTES = 200;

/** Returns the estimated bytes of `tx` alone. */
export function transactionMemoryBytes(tx: Transaction): number {
  let bytes = TRANSACTION_BYTES + tx.totalSize;
  bytes += tx.inputs.length * INPUT_BYTES + tx.outputs.length * OUTPUT_BYTES;
  for (const { witness } of tx.inputs) bytes += witness.length * BYTE_STRING_BYTES;
  return bytes;
}

/** Returns the estimated bytes of `tx` as an entry of the mempool. */
export function entryMemoryBytes(tx: Transaction): number {
  return transactionMemoryBytes(tx) + ENTRY_BYTES + tx.inputs.length * SPENDER_BYTES;
}
