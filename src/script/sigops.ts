/**
 * Counting signature operations, which limits bound before anything is run.
 *
 * The counts follow the bytes of scripts, executed or not, exactly as consensus has them. The
 * limits themselves live in consensus/ and mempool/.
 */

import { type WitnessProgram, witnessProgramOf } from "../primitives/address.ts";
import { isCoinbase, type Transaction, type TxOutput } from "../primitives/transaction.ts";
import { ScriptFlag, type ScriptFlags } from "./flags.ts";
import { isPushOpcode, Opcode, smallNumberOf } from "./opcodes.ts";
import { isPushOnly, MAX_MULTISIG_KEYS, ScriptReader } from "./script.ts";
import { isPayToScriptHash } from "./standard.ts";

/** BIP-0141: operations outside the witness cost four times. */
export const WITNESS_SCALE_FACTOR = 4;

const NO_BYTES = new Uint8Array(0);

/**
 * Returns the signature operations in one script. `isAccurate` counts a CHECKMULTISIG by the number
 * of keys before it (BIP-0016) instead of 20. Counting stops where a push exceeds the script.
 */
export function countSigops(script: Uint8Array, isAccurate: boolean): number {
  const reader = new ScriptReader(script);
  let count = 0;
  let previous = -1;
  while (reader.next()) {
    const { opcode } = reader;
    if (opcode === Opcode.OP_CHECKSIG || opcode === Opcode.OP_CHECKSIGVERIFY) {
      count += 1;
    } else if (opcode === Opcode.OP_CHECKMULTISIG || opcode === Opcode.OP_CHECKMULTISIGVERIFY) {
      // A count of 0 keys is as inaccurate as none.
      const keys = isAccurate ? smallNumberOf(previous) : undefined;
      count += keys || MAX_MULTISIG_KEYS;
    }
    previous = opcode;
  }
  return count;
}

/** Returns the operations in the transaction's own scripts, counted inaccurately, as blocks always
 * were: redeem scripts and witnesses left out. */
export function countLegacySigops(tx: Transaction): number {
  let count = 0;
  for (const { scriptSig } of tx.inputs) count += countSigops(scriptSig, false);
  for (const { scriptPubKey } of tx.outputs) count += countSigops(scriptPubKey, false);
  return count;
}

/** Returns the accurately counted operations in the redeem scripts of `tx` (BIP-0016).
 * `spentOutputs` are in input order. */
export function countP2shSigops(tx: Transaction, spentOutputs: readonly TxOutput[]): number {
  if (isCoinbase(tx)) return 0;
  let count = 0;
  for (const [index, { scriptSig }] of tx.inputs.entries()) {
    if (!isPayToScriptHash(scriptPubKeyAt(spentOutputs, index))) continue;
    count += countSigops(redeemScriptOf(scriptSig), true);
  }
  return count;
}

/**
 * Returns the operations that spending executes outside witnesses, accurately counted: those of the
 * scriptSigs, the spent scripts and the redeem scripts (BIP-0054).
 */
export function countSpentLegacySigops(tx: Transaction, spentOutputs: readonly TxOutput[]): number {
  let count = countP2shSigops(tx, spentOutputs) + countBareSigops(tx, spentOutputs);
  for (const { scriptSig } of isCoinbase(tx) ? [] : tx.inputs)
    count += countSigops(scriptSig, true);
  return count;
}

/** Returns the accurately counted operations in the spent scripts themselves, which BIP-0141's cost
 * leaves out. `spentOutputs` are in input order. */
export function countBareSigops(tx: Transaction, spentOutputs: readonly TxOutput[]): number {
  if (isCoinbase(tx)) return 0;
  let count = 0;
  for (const index of tx.inputs.keys()) {
    const scriptPubKey = scriptPubKeyAt(spentOutputs, index);
    if (!isPayToScriptHash(scriptPubKey)) count += countSigops(scriptPubKey, true);
  }
  return count;
}

/** Returns the operations in one input's version 0 witness program, native or nested (BIP-0141). */
export function countWitnessSigops(
  scriptSig: Uint8Array,
  scriptPubKey: Uint8Array,
  witness: readonly Uint8Array[],
): number {
  const native = witnessProgramOf(scriptPubKey);
  if (native !== undefined) return countProgramSigops(native, witness);
  if (!isPayToScriptHash(scriptPubKey) || !isPushOnly(scriptSig)) return 0;

  const nested = witnessProgramOf(redeemScriptOf(scriptSig));
  return nested === undefined ? 0 : countProgramSigops(nested, witness);
}

/**
 * Returns the signature-operation cost of `tx` (BIP-0141, Bitcoin Core's GetTransactionSigOpCost):
 * four for each operation outside a witness, one within. `spentOutputs` are in input order.
 */
export function transactionSigopCost(
  tx: Transaction,
  spentOutputs: readonly TxOutput[],
  flags: ScriptFlags,
): number {
  let cost = countLegacySigops(tx) * WITNESS_SCALE_FACTOR;
  if (isCoinbase(tx)) return cost;

  if ((flags & ScriptFlag.P2SH) !== 0) {
    cost += countP2shSigops(tx, spentOutputs) * WITNESS_SCALE_FACTOR;
  }
  if ((flags & ScriptFlag.WITNESS) !== 0) {
    for (const [index, { scriptSig, witness }] of tx.inputs.entries()) {
      cost += countWitnessSigops(scriptSig, scriptPubKeyAt(spentOutputs, index), witness);
    }
  }
  return cost;
}

function countProgramSigops(
  { version, program }: WitnessProgram,
  witness: readonly Uint8Array[],
): number {
  if (version !== 0) return 0;
  if (program.length === 20) return 1;
  const witnessScript = witness.at(-1);
  return program.length === 32 && witnessScript !== undefined
    ? countSigops(witnessScript, true)
    : 0;
}

/** What the last opcode of a push-only scriptSig pushes; empty if it is not push-only. */
function redeemScriptOf(scriptSig: Uint8Array): Uint8Array {
  const reader = new ScriptReader(scriptSig);
  let last: Uint8Array = NO_BYTES;
  while (reader.next()) {
    if (!isPushOpcode(reader.opcode)) return NO_BYTES;
    last = reader.data();
  }
  return reader.isMalformed ? NO_BYTES : last;
}

function scriptPubKeyAt(spentOutputs: readonly TxOutput[], index: number): Uint8Array {
  const output = spentOutputs[index];
  if (output === undefined) throw new RangeError(`no spent output for input ${index}`);
  return output.scriptPubKey;
}
