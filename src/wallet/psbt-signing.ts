/**
 * Signing of PSBTs, and making transactions of them once they are signed.
 *
 * A signature is given only where a key of ours is provably behind the script, and only one that
 * commits to all of the transaction. Nothing leaves here as a transaction that our own interpreter
 * would not accept.
 */

import type { HDKey } from "@scure/bip32";
import type { SigHash } from "@scure/btc-signer/transaction.js";
import { PORTABLE_SIGNATURES, type SignatureVerifier } from "../crypto/signature-verifier.ts";
import { equalBytes } from "../lib/bytes.ts";
import { ByteReader } from "../lib/codec.ts";
import { witnessProgramOf } from "../primitives/address.ts";
import { decodeTransaction, type Transaction, type TxOutput } from "../primitives/transaction.ts";
import { STANDARD_FLAGS } from "../script/flags.ts";
import { createSighashCache, SighashType } from "../script/sighash.ts";
import { verifyInput } from "../script/verify-input.ts";
import { withDerivedKeys } from "./account.ts";
import type { KeyOrigin } from "./account-key.ts";
import { copyPsbt } from "./psbt.ts";
import { guard, PsbtError } from "./psbt-error.ts";
import { describePsbt, type Psbt, type PsbtInputFacts } from "./psbt-facts.ts";

/** Steps from the master key to a key: BIP-0048 has six, and each costs time. */
const MAX_PATH_LENGTH = 8;

/** More derivations of one input with our fingerprint are an attack on our time. */
const MAX_OWN_KEYS = 20;

/** Nonces follow from key and message alone (RFC 6979; BIP-0340 with 32 zeros of extra chance). */
const NO_CHANCE = new Uint8Array(32);

/**
 * Adds every signature that keys below `master` can give, and returns how many. An input is left
 * alone unless it names a derivation from `master` whose key is in its script. PsbtError `sighash`
 * if one of these asks for a signature that leaves a part of the transaction open, and
 * `missing-output` if it does not say, or does not prove, what it spends; what was signed before
 * stays signed. Takes milliseconds for each input.
 */
export function signPsbt(psbt: Psbt, master: HDKey): number {
  return withDerivedKeys(master, (keyAt) => {
    let added = 0;
    for (const [index, input] of describePsbt(psbt).inputs.entries()) {
      for (const { publicKey, path } of ownKeys(input, master.fingerprint)) {
        const key = keyAt(path);
        if (isKey(key, publicKey) && signInput(psbt, index, input, key)) added++;
      }
    }
    return added;
  });
}

/** The keys an input says are ours, and for which it has no signature yet. */
function ownKeys({ keys, signedBy, isFinal }: PsbtInputFacts, fingerprint: number): KeyOrigin[] {
  if (isFinal) return [];
  return keys
    .filter((key) => key.fingerprint === fingerprint && key.path.length <= MAX_PATH_LENGTH)
    .filter(({ publicKey }) => !signedBy.some((signer) => equalBytes(signer, publicKey)))
    .slice(0, MAX_OWN_KEYS);
}

/**
 * Returns the encoding of the transaction that a fully signed PSBT stands for; the PSBT stays as it
 * is. PsbtError `incomplete` if signatures are missing, `invalid-signature` if any input would not
 * satisfy the script that it says it spends.
 */
export function finalizePsbt(
  psbt: Psbt,
  signatures: SignatureVerifier = PORTABLE_SIGNATURES,
): Uint8Array {
  const facts = describePsbt(psbt);
  const spentOutputs = facts.inputs.map(outputOf);
  const final = guard("format", () => copyPsbt(psbt));
  for (const [index, { isFinal }] of facts.inputs.entries()) {
    if (!isFinal) guard("incomplete", () => final.finalizeIdx(index), index);
  }

  const bytes = guard("incomplete", () => final.extract());
  const tx = transactionOf(bytes);
  const cache = createSighashCache(tx);
  for (const inputIndex of tx.inputs.keys()) {
    const flags = STANDARD_FLAGS;
    const error = verifyInput({ tx, inputIndex, spentOutputs, flags, cache, signatures });
    if (error !== undefined) {
      throw new PsbtError("invalid-signature", `input ${inputIndex}: ${error}`, inputIndex);
    }
  }
  return bytes;
}

/** True if finalizePsbt() would make a transaction of it. */
export function isComplete(
  psbt: Psbt,
  signatures: SignatureVerifier = PORTABLE_SIGNATURES,
): boolean {
  try {
    finalizePsbt(psbt, signatures);
    return true;
  } catch (error) {
    if (error instanceof PsbtError) return false;
    throw error;
  }
}

/** The key is named with 33 bytes, or with its x alone in Taproot. */
function isKey({ publicKey }: HDKey, named: Uint8Array): boolean {
  return (
    publicKey !== null && equalBytes(publicKey.subarray(publicKey.length - named.length), named)
  );
}

/** True if a signature was added; false if no script of the input has the key. */
function signInput(psbt: Psbt, index: number, facts: PsbtInputFacts, key: HDKey): boolean {
  const { scriptPubKey } = outputOf(facts, index);
  const { redeemScript = scriptPubKey, sighashType = SighashType.DEFAULT } = psbt.getInput(index);
  // Such a signature does not commit to the amount, so only the transaction's hash vouches for it.
  if (witnessProgramOf(redeemScript) === undefined && !facts.isProven) {
    throw new PsbtError("missing-output", `input ${index} lacks the transaction it spends`, index);
  }
  if (!COMPLETE_SIGHASHES.includes(sighashType)) {
    throw new PsbtError("sighash", `input ${index} asks for a partial signature`, index);
  }
  // A copy, whose holder wipes it.
  const privateKey = key.privateKey as Uint8Array;
  try {
    return psbt.signIdx(privateKey, index, COMPLETE_SIGHASHES, NO_CHANCE);
  } catch {
    return false; // The library's word for a key that is in no script of the input.
  } finally {
    privateKey.fill(0);
  }
}

/** Both commit to every input and output. */
const COMPLETE_SIGHASHES: SigHash[] = [SighashType.DEFAULT, SighashType.ALL];

function outputOf({ spent }: PsbtInputFacts, index: number): TxOutput {
  if (spent === undefined) {
    throw new PsbtError("missing-output", `input ${index} does not say what it spends`, index);
  }
  return spent;
}

function transactionOf(bytes: Uint8Array): Transaction {
  return guard("format", () => {
    const reader = new ByteReader(bytes);
    const tx = decodeTransaction(reader);
    reader.end();
    return tx;
  });
}
