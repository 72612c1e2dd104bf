/**
 * What inputs, outputs and whole transactions weigh once they are signed, and what is dust.
 *
 * Weights are in weight units (BIP-0141), never below what a signature of ours can turn out to
 * need. The relay policy that decides on dust is in mempool/policy.ts.
 */

import { compactSizeLength } from "../lib/codec.ts";
import { DUST_FEERATE, dustThreshold as policyDustThreshold } from "../mempool/policy.ts";

/** Kinds of output that one key spends. */
export type InputKind = "p2pkh" | "p2wpkh" | "p2tr";

/** What a transaction is weighed by. */
export interface TransactionShape {
  readonly inputCount: number;
  /** Sum over all inputs, each with its part of the witness. */
  readonly inputWeight: number;
  readonly outputCount: number;
  /** Sum over all outputs. */
  readonly outputWeight: number;
}

const WITNESS_SCALE_FACTOR = 4;

/** Bytes of version and lock time. */
const FRAME_SIZE = 8;

/** Marker and flag of a transaction with a witness: a byte, and a weight unit, each. */
const WITNESS_MARKER_WEIGHT = 2;

/** Bytes of an input without its script: outpoint, length of the script, sequence number. */
const BARE_INPUT_SIZE = 36 + 1 + 4;

/** Bytes of a pushed DER signature with hash type: r of 33 bytes, s (always low) of 32. */
const PUSHED_ECDSA_SIZE = 1 + 72;

/** Bytes of a pushed BIP-0340 signature of the default hash type. */
const PUSHED_SCHNORR_SIZE = 1 + 64;

/** Bytes of a pushed compressed key. */
const PUSHED_KEY_SIZE = 1 + 33;

/** Each input's witness begins with a count, which is there for an empty one as well. */
const WITNESS_COUNT_WEIGHT = 1;

const INPUT_WEIGHTS: Readonly<Record<InputKind, number>> = {
  p2pkh: weigh(BARE_INPUT_SIZE + PUSHED_ECDSA_SIZE + PUSHED_KEY_SIZE, WITNESS_COUNT_WEIGHT),
  p2wpkh: weigh(BARE_INPUT_SIZE, WITNESS_COUNT_WEIGHT + PUSHED_ECDSA_SIZE + PUSHED_KEY_SIZE),
  p2tr: weigh(BARE_INPUT_SIZE, WITNESS_COUNT_WEIGHT + PUSHED_SCHNORR_SIZE),
};

/**
 * Returns the most that a signed input of `kind` weighs: ECDSA signatures with low s but any r, a
 * Taproot key spend of the default hash type.
 */
export function inputWeightOf(kind: InputKind): number {
  return INPUT_WEIGHTS[kind];
}

/** Returns what an output to `script` weighs. */
export function outputWeight(script: Uint8Array): number {
  return weigh(8 + compactSizeLength(script.length) + script.length, 0);
}

/**
 * Returns what a transaction of `shape` weighs. It is taken to have a witness: without any, it turns
 * out lighter by half a vbyte and a quarter for each input.
 */
export function transactionWeight(shape: TransactionShape): number {
  const { inputCount, inputWeight, outputCount } = shape;
  const counts = compactSizeLength(inputCount) + compactSizeLength(outputCount);
  return weigh(FRAME_SIZE + counts, WITNESS_MARKER_WEIGHT) + inputWeight + shape.outputWeight;
}

/** Returns the sats below which an output to `script` is not relayed; 0 if it cannot be spent. */
export function dustThreshold(script: Uint8Array): number {
  return policyDustThreshold({ value: 0, scriptPubKey: script });
}

/** Returns the vbytes that spending an output to `script` is taken to need when dust is judged. */
export function spendingSize(script: Uint8Array): number {
  const threshold = dustThreshold(script);
  const outputSize = outputWeight(script) / WITNESS_SCALE_FACTOR;
  return threshold === 0 ? 0 : threshold / DUST_FEERATE - outputSize;
}

function weigh(baseBytes: number, witnessBytes: number): number {
  return WITNESS_SCALE_FACTOR * baseBytes + witnessBytes;
}
