/**
 * Bitcoin Core's published vectors, and the pair of transactions that script_tests.json is about.
 *
 * For the tests of script/ alone; where the files lie is known to test/support.
 */

import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import { decodeAll } from "../../../src/lib/codec.ts";
import {
  decodeTransaction,
  makeTransaction,
  NULL_OUTPOINT,
  SEQUENCE_FINAL,
  type Transaction,
  type TransactionParts,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import type { ScriptError } from "../../../src/script/script-error.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import { verifyInput } from "../../../src/script/verify-input.ts";
import { readBitcoreVectors } from "../../support/bitcore-vectors.ts";
import { remembering } from "../../support/signature-verifiers.ts";

const PORTABLE = remembering(PORTABLE_SIGNATURES);

/** Returns a file of vectors, without the lines that are comments. */
export async function loadVectors(name: string): Promise<any[]> {
  const lines = await readBitcoreVectors<any[]>(name);
  return lines.filter((line) => !Array.isArray(line) || line.length > 1);
}

export function transactionOfHex(hex: string): Transaction {
  return decodeAll(fromHex(hex), decodeTransaction);
}

/** The transaction whose only output `spendingTransaction` spends. */
export function creditingTransaction(output: TxOutput): Transaction {
  return makeTransaction({
    version: 1,
    inputs: [
      {
        prevout: NULL_OUTPOINT,
        scriptSig: Uint8Array.of(0, 0),
        sequence: SEQUENCE_FINAL,
        witness: [],
      },
    ],
    outputs: [output],
    lockTime: 0,
  });
}

export function spendingTransaction(
  spent: TxOutput,
  scriptSig: Uint8Array,
  witness: readonly Uint8Array[],
  changes: Partial<TransactionParts> = {},
): Transaction {
  const { txid } = creditingTransaction(spent);
  return makeTransaction({
    version: 1,
    inputs: [{ prevout: { txid, vout: 0 }, scriptSig, sequence: SEQUENCE_FINAL, witness }],
    outputs: [{ value: spent.value, scriptPubKey: new Uint8Array(0) }],
    lockTime: 0,
    ...changes,
  });
}

export function verify(
  tx: Transaction,
  inputIndex: number,
  spentOutputs: readonly TxOutput[],
  flags: number,
  signatures = PORTABLE,
): ScriptError | undefined {
  const cache = createSighashCache(tx);
  return verifyInput({
    tx,
    inputIndex,
    spentOutputs,
    flags,
    cache,
    signatures,
  });
}
