/**
 * A transaction with three signed inputs of one kind, and what happens when its bytes change.
 *
 * Shared by the ordinary and the long run of the same property.
 */

import { expect } from "bun:test";
import { DecodeError, decodeAll } from "../../src/lib/codec.ts";
import {
  decodeTransaction,
  encodeTransaction,
  outpointKey,
  type Transaction,
  type TransactionParts,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS } from "../../src/script/flags.ts";
import { createSighashCache, SighashType } from "../../src/script/sighash.ts";
import { verifyInput } from "../../src/script/verify-input.ts";
import { someTxid } from "./builders.ts";
import { repeatSeeded } from "./random.ts";
import { SIGNATURE_VERIFIERS } from "./signature-verifiers.ts";
import { type SpendKind, signAll } from "./signed-spends.ts";

const SIGNATURES = SIGNATURE_VERIFIERS.at(-1)!;

/** The input whose signature is looked at; one stands before it and one behind. */
export const OWN = 1;
export const OTHER = 2;

/** A transaction and all that it spends. */
export interface World {
  readonly tx: Transaction;
  readonly spentOutputs: readonly TxOutput[];
}

const INPUT_COUNT = 3;

/** Returns a transaction of `kind` in which every part has a value of its own. */
export function signedWorld(kind: SpendKind, hashType: number): World {
  const spentOutputs = Array.from({ length: INPUT_COUNT }, (_, index) => ({
    value: 10_000 + index,
    scriptPubKey: kind.scriptPubKey,
  }));
  const parts: TransactionParts = {
    version: 2,
    inputs: spentOutputs.map((_, index) => ({
      prevout: { txid: someTxid(0x11 * (index + 1)), vout: index },
      scriptSig: new Uint8Array(0),
      sequence: 0xfffffff0 + index,
      witness: [],
    })),
    outputs: spentOutputs.map(({ value }, index) => ({
      value: value - 500,
      scriptPubKey: Uint8Array.of(0x51 + index),
    })),
    lockTime: 77,
  };
  return { tx: signAll(parts, spentOutputs, kind, hashType), spentOutputs };
}

/** True if the scripts of that input pass. */
export function isValid(
  { tx, spentOutputs }: World,
  inputIndex = OWN,
  flags = MANDATORY_FLAGS,
): boolean {
  const cache = createSighashCache(tx);
  const job = { tx, inputIndex, spentOutputs, flags, cache, signatures: SIGNATURES };
  return verifyInput(job) === undefined;
}

/** Fails if a change of one byte of a signed transaction leaves all of its inputs valid. */
export function expectNoValidMutation(kind: SpendKind, seed: number, count: number): void {
  const { ALL, DEFAULT } = SighashType;
  const world = signedWorld(kind, kind.name === "taproot" ? DEFAULT : ALL);
  const bytes = encodeTransaction(world.tx);
  const coins = new Map(
    world.tx.inputs.map(({ prevout }, index) => [outpointKey(prevout), world.spentOutputs[index]!]),
  );
  repeatSeeded(seed, count, (random, run) => {
    const at = run % bytes.length;
    const mutated = bytes.with(at, bytes[at]! ^ (1 + random.below(255)));
    let tx: Transaction;
    try {
      tx = decodeAll(mutated, decodeTransaction);
    } catch (error) {
      if (error instanceof DecodeError) return;
      throw error;
    }
    const spentOutputs = tx.inputs.map(({ prevout }) => coins.get(outpointKey(prevout)));
    if (spentOutputs.includes(undefined)) return;
    const other = { tx, spentOutputs: spentOutputs as TxOutput[] };
    const valid = tx.inputs.every((_, index) => isValid(other, index));
    expect(
      valid,
      `byte ${at} of a transaction ${tx.txid === world.tx.txid ? "of the same txid" : ""}`,
    ).toBe(false);
  });
}
