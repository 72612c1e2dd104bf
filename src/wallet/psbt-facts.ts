/**
 * What a PSBT says, in our own terms, and whether the chain agrees.
 *
 * A PSBT says itself what its inputs are worth; only checkSpentOutputs() makes that more than
 * hearsay. Making and changing one is the business of psbt.ts and psbt-signing.ts.
 */

import type { Transaction as LibraryPsbt } from "@scure/btc-signer/transaction.js";
import { equalBytes, toHex } from "../lib/bytes.ts";
import { sumMoney } from "../primitives/amount.ts";
import type { Txid } from "../primitives/hash-id.ts";
import { type Outpoint, SEQUENCE_FINAL, type TxOutput } from "../primitives/transaction.ts";
import type { KeyOrigin } from "./account-key.ts";
import { PsbtError } from "./psbt-error.ts";

/** A PSBT in memory. Opaque: what it holds is told by describePsbt(). */
export type Psbt = LibraryPsbt;

/** What a PSBT says of an input. */
export interface PsbtInputFacts {
  readonly outpoint: Outpoint;
  readonly sequence: number;
  /** The output it says it spends, if it says so. */
  readonly spent: TxOutput | undefined;
  /** True if the whole previous transaction is there, so that its txid vouches for `spent`. */
  readonly isProven: boolean;
  readonly keys: readonly KeyOrigin[];
  readonly witnessScript: Uint8Array | undefined;
  /** Public keys that a signature is there for: 33 bytes, or 32 in Taproot. Nobody checked it. */
  readonly signedBy: readonly Uint8Array[];
  readonly isFinal: boolean;
}

/** What a PSBT says of an output. */
export interface PsbtOutputFacts extends TxOutput {
  readonly keys: readonly KeyOrigin[];
}

/** What a PSBT says; scripts, as addresses are a matter of the network. */
export interface PsbtFacts {
  readonly version: number;
  readonly lockTime: number;
  readonly inputs: readonly PsbtInputFacts[];
  readonly outputs: readonly PsbtOutputFacts[];
  /** What inputs are said to be worth beyond the outputs; undefined if one does not say it. */
  readonly fee: number | undefined;
}

/** Returns what a PSBT says; PsbtError if that is no transaction. The fee is true only as far as checkSpentOutputs() agrees. */
export function describePsbt(psbt: Psbt): PsbtFacts {
  const inputs = Array.from({ length: psbt.inputsLength }, (_, index) => inputFacts(psbt, index));
  const outputs = Array.from({ length: psbt.outputsLength }, (_, index) => {
    const output = psbt.getOutput(index);
    const { amount = 0n, script = EMPTY } = output;
    return { value: amountOf(amount), scriptPubKey: script, keys: keysOf(output) };
  });
  return {
    version: psbt.version,
    lockTime: psbt.lockTime,
    inputs,
    outputs,
    fee: feeOf(inputs, outputs),
  };
}

/**
 * Compares every output that a PSBT says it spends with what the chain has: PsbtError
 * `missing-output` or `wrong-output` on the first that differs. Without this, a fee is hearsay.
 */
export function checkSpentOutputs(
  psbt: Psbt,
  findOutput: (outpoint: Outpoint) => TxOutput | undefined,
): void {
  for (const [index, { outpoint, spent }] of describePsbt(psbt).inputs.entries()) {
    const real = findOutput(outpoint);
    if (real === undefined || spent === undefined) {
      throw new PsbtError("missing-output", `input ${index} spends an unknown output`, index);
    }
    if (real.value !== spent.value || !equalBytes(real.scriptPubKey, spent.scriptPubKey)) {
      throw new PsbtError("wrong-output", `input ${index} does not spend what it says`, index);
    }
  }
}

const EMPTY = new Uint8Array(0);

type LibraryInput = ReturnType<LibraryPsbt["getInput"]>;

/** Derivations of keys as the library has them, in inputs and outputs alike. */
export interface LibraryDerivations {
  readonly bip32Derivation?: NonNullable<LibraryInput["bip32Derivation"]>;
  readonly tapBip32Derivation?: NonNullable<LibraryInput["tapBip32Derivation"]>;
}

function spentOutput({ nonWitnessUtxo, witnessUtxo, index }: LibraryInput) {
  return index === undefined ? undefined : (nonWitnessUtxo?.outputs[index] ?? witnessUtxo);
}

function outpointOf({ txid, index }: LibraryInput, inputIndex: number): Outpoint {
  if (txid === undefined || index === undefined) {
    throw new PsbtError("format", `input ${inputIndex} names no output`, inputIndex);
  }
  // The library keeps identifiers in the order in which they are shown.
  return { txid: toHex(txid) as Txid, vout: index };
}

function inputFacts(psbt: Psbt, index: number): PsbtInputFacts {
  const input = psbt.getInput(index);
  const output = spentOutput(input);
  const taproot = input.tapKeySig === undefined ? [] : [input.tapInternalKey ?? EMPTY];
  return {
    outpoint: outpointOf(input, index),
    sequence: input.sequence ?? SEQUENCE_FINAL,
    spent: output && { value: amountOf(output.amount), scriptPubKey: output.script },
    isProven: input.nonWitnessUtxo !== undefined,
    keys: keysOf(input),
    witnessScript: input.witnessScript,
    signedBy: [
      ...(input.partialSig ?? []).map(([publicKey]) => publicKey),
      ...taproot,
      ...(input.tapScriptSig ?? []).map(([{ pubKey }]) => pubKey),
    ],
    isFinal: input.finalScriptSig !== undefined || input.finalScriptWitness !== undefined,
  };
}

/** Every network's supply is below 2^53; more is no amount on any. */
function amountOf(amount: bigint): number {
  if (amount < 0n || amount > MAX_AMOUNT) throw new PsbtError("amount", "an impossible amount");
  return Number(amount);
}

const MAX_AMOUNT = BigInt(Number.MAX_SAFE_INTEGER);

function feeOf(
  inputs: readonly PsbtInputFacts[],
  outputs: readonly TxOutput[],
): number | undefined {
  const values: number[] = [];
  for (const { spent } of inputs) {
    if (spent === undefined) return undefined;
    values.push(spent.value);
  }
  return sumOf(values) - sumOf(outputs.map(({ value }) => value));
}

function sumOf(values: readonly number[]): number {
  const sum = sumMoney(values, Number.MAX_SAFE_INTEGER);
  if (sum === undefined) throw new PsbtError("amount", "an impossible sum");
  return sum;
}

function keysOf({
  bip32Derivation = [],
  tapBip32Derivation = [],
}: LibraryDerivations): KeyOrigin[] {
  return [
    ...bip32Derivation.map(([publicKey, origin]) => ({ publicKey, ...origin })),
    ...tapBip32Derivation.map(([publicKey, { der }]) => ({ publicKey, ...der })),
  ];
}
