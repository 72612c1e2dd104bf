/**
 * Partially signed transactions (BIP-0174, BIP-0370, BIP-0371): made, read, combined, written.
 *
 * A thin and strict door: the library knows the format, this file what is let in. What a PSBT says
 * is told by psbt-facts.ts; signing and finalizing are in psbt-signing.ts.
 */

import { base64 } from "@scure/base";
import { Transaction as LibraryPsbt } from "@scure/btc-signer/transaction.js";
import { fromHex } from "../lib/bytes.ts";
import { destinationOf, witnessProgramOf } from "../primitives/address.ts";
import { type Outpoint, outpointKey } from "../primitives/transaction.ts";
import type { KeyOrigin } from "./account-key.ts";
import { guard, PsbtError } from "./psbt-error.ts";
import {
  checkSpentOutputs,
  describePsbt,
  type LibraryDerivations,
  type Psbt,
} from "./psbt-facts.ts";

/** Largest PSBT worth reading: a few hundred inputs with the transactions that they spend. */
export const MAX_PSBT_BYTES = 400_000;

/** Base64 of as many bytes, with room for line breaks. */
const MAX_PSBT_TEXT_LENGTH = 600_000;

/** Rows that we do not know are others' and stay; outputs may carry data. */
const OPTIONS = { unknown: "ignore", allowUnknownOutputs: true } as const;

/** An input to be: what it spends, and whose keys can spend it. */
export interface PsbtInputParts {
  readonly outpoint: Outpoint;
  readonly value: number;
  readonly scriptPubKey: Uint8Array;
  readonly sequence: number;
  /** Keys of the script, each with its derivation; the internal key, for Taproot. */
  readonly keys: readonly KeyOrigin[];
  /** The transaction spent, as encoded. Must be there unless the script is a witness program. */
  readonly previousTx?: Uint8Array;
  /** The script behind a P2WSH output. */
  readonly witnessScript?: Uint8Array;
}

/** An output to be; `keys` says which one of ours is behind it, if it is change. */
export interface PsbtOutputParts {
  readonly value: number;
  readonly scriptPubKey: Uint8Array;
  readonly keys?: readonly KeyOrigin[];
}

/** What a PSBT is made of. */
export interface PsbtParts {
  readonly version: number;
  readonly lockTime: number;
  readonly inputs: readonly PsbtInputParts[];
  readonly outputs: readonly PsbtOutputParts[];
}

/** Makes a PSBT without signatures; PsbtError if its parts contradict each other. */
export function createPsbt({ version, lockTime, inputs, outputs }: PsbtParts): Psbt {
  return guard("format", () => {
    const psbt = new LibraryPsbt({ ...OPTIONS, version, lockTime });
    for (const input of inputs) psbt.addInput(libraryInput(input));
    for (const { value, scriptPubKey, keys = [] } of outputs) {
      psbt.addOutput({
        amount: BigInt(value),
        script: scriptPubKey,
        ...libraryKeys(scriptPubKey, keys),
      });
    }
    // A previous transaction that says something else is a mistake of the caller's, not a PSBT.
    const stated = new Map(inputs.map((input) => [outpointKey(input.outpoint), input]));
    checkSpentOutputs(psbt, (outpoint) => stated.get(outpointKey(outpoint)));
    return checkedPsbt(psbt);
  });
}

/** Reads a PSBT of either version, from bytes or base64; PsbtError if it is none that can be
 * believed in itself. */
export function parsePsbt(encoded: Uint8Array | string): Psbt {
  const bytes = typeof encoded === "string" ? decodeText(encoded) : encoded;
  if (bytes.length > MAX_PSBT_BYTES) {
    throw new PsbtError("too-large", `more than ${MAX_PSBT_BYTES} bytes`);
  }
  return checkedPsbt(guard("format", () => LibraryPsbt.fromPSBT(bytes, OPTIONS)));
}

/**
 * Returns the bytes of a PSBT in the version that it came in (0, if it was made here), or in another
 * one; PsbtError if it has what version 0 cannot say.
 */
export function encodePsbt(psbt: Psbt, version?: 0 | 2): Uint8Array {
  return guard("format", () => psbt.toPSBT(version));
}

/** Returns a PSBT as base64, the form in which people pass it on; else as encodePsbt(). */
export function formatPsbt(psbt: Psbt, version?: 0 | 2): string {
  return base64.encode(encodePsbt(psbt, version));
}

/** Returns one PSBT with all that several of the same transaction know; they stay as they are. */
export function combinePsbts(psbts: readonly Psbt[]): Psbt {
  const [first, ...others] = psbts;
  if (first === undefined) throw new RangeError("nothing to combine");
  return guard("mismatch", () => {
    const combined = copyPsbt(first);
    for (const other of others) combined.combine(other);
    return combined;
  });
}

/** Returns a copy that shares nothing with the PSBT. */
export function copyPsbt(psbt: Psbt): Psbt {
  return LibraryPsbt.fromPSBT(psbt.toPSBT(), OPTIONS);
}

function decodeText(text: string): Uint8Array {
  if (text.length > MAX_PSBT_TEXT_LENGTH) {
    throw new PsbtError("too-large", `more than ${MAX_PSBT_TEXT_LENGTH} characters`);
  }
  return guard("format", () => base64.decode(text.replace(/\s+/g, "")));
}

/** What must hold of every PSBT, made here or read: no output spent twice, nothing from nothing. */
function checkedPsbt(psbt: Psbt): Psbt {
  const { inputs, fee } = describePsbt(psbt);
  const spent = new Set<string>();
  for (const [index, { outpoint }] of inputs.entries()) {
    const key = outpointKey(outpoint);
    if (spent.has(key)) {
      throw new PsbtError("duplicate-input", `input ${index} spends what another does`, index);
    }
    spent.add(key);
  }
  // A PSBT to which others are still to add inputs has none, and so no fee.
  if (inputs.length > 0 && fee !== undefined && fee < 0) {
    throw new PsbtError("amount", "outputs are worth more than inputs");
  }
  return psbt;
}

function libraryInput(input: PsbtInputParts) {
  const { outpoint, value, scriptPubKey, sequence, keys, previousTx, witnessScript } = input;
  const isWitness = isWitnessScript(scriptPubKey);
  if (!isWitness && previousTx === undefined) {
    throw new PsbtError("missing-output", "an input without a witness needs its transaction");
  }
  const [internal] = keys;
  return {
    txid: fromHex(outpoint.txid),
    index: outpoint.vout,
    sequence,
    ...(isWitness && { witnessUtxo: { amount: BigInt(value), script: scriptPubKey } }),
    ...(previousTx && { nonWitnessUtxo: previousTx }),
    ...(witnessScript && { witnessScript }),
    ...(isTaproot(scriptPubKey) && internal && { tapInternalKey: internal.publicKey.subarray(1) }),
    ...libraryKeys(scriptPubKey, keys),
  };
}

function libraryKeys(scriptPubKey: Uint8Array, keys: readonly KeyOrigin[]): LibraryDerivations {
  if (keys.length === 0) return {};
  const rows = keys.map(({ publicKey, fingerprint, path }) => {
    return { publicKey, derivation: { fingerprint, path: [...path] } };
  });
  return isTaproot(scriptPubKey)
    ? {
        tapBip32Derivation: rows.map(({ publicKey, derivation }) => [
          publicKey.subarray(1),
          { hashes: [], der: derivation },
        ]),
      }
    : { bip32Derivation: rows.map(({ publicKey, derivation }) => [publicKey, derivation]) };
}

function isWitnessScript(scriptPubKey: Uint8Array): boolean {
  return witnessProgramOf(scriptPubKey) !== undefined;
}

function isTaproot(scriptPubKey: Uint8Array): boolean {
  return destinationOf(scriptPubKey)?.type === "p2tr";
}
