/**
 * What the interpreter asks about the transaction: signatures and locks.
 *
 * The interpreter knows only the interface; this one answers for an input of a transaction. Curve
 * arithmetic is injected, so that a batch, a worker or a native library may stand behind it.
 */

import type { SignatureVerifier } from "../crypto/signature-verifier.ts";
import {
  SEQUENCE_FINAL,
  type Transaction,
  type TxInput,
  type TxOutput,
} from "../primitives/transaction.ts";
import type { SigVersion, TaprootExecution } from "./execution.ts";
import { legacySighash } from "./legacy-sighash.ts";
import type { ScriptError } from "./script-error.ts";
import { inputAt, type SighashCache, SighashType } from "./sighash.ts";
import { toCompactLowS, toCompressedKey } from "./signature-encoding.ts";
import { taprootSighash, witnessV0Sighash } from "./witness-sighash.ts";

/** What the interpreter asks; nothing here throws on what a script contains. */
export interface SignatureChecker {
  /** True if a Taproot output's key is its internal key, tweaked (BIP-0341). */
  readonly isTweakedKey: SignatureVerifier["isTweakedKey"];
  /** True if `signature`, with its hash type byte, is by `publicKey` over `scriptCode`. */
  checkEcdsaSignature(
    signature: Uint8Array,
    publicKey: Uint8Array,
    scriptCode: Uint8Array,
    sigVersion: SigVersion,
  ): boolean;
  /** Returns what is wrong with a Schnorr signature of 64 or 65 bytes, or undefined (BIP-0341). */
  checkSchnorrSignature(
    signature: Uint8Array,
    publicKey: Uint8Array,
    execution: TaprootExecution,
  ): ScriptError | undefined;
  /** True if the transaction's lock time is of the same kind and as late (BIP-0065). */
  checkLockTime(lockTime: number): boolean;
  /** True if the input's relative lock is of the same kind and as long (BIP-0112). */
  checkSequence(sequence: number): boolean;
}

/** Lock times below this are heights, others seconds since 1970 (BIP-0065). */
const LOCKTIME_THRESHOLD = 500_000_000;

/** BIP-0068: this bit of a sequence number switches its relative lock off. */
export const SEQUENCE_LOCKTIME_DISABLE_FLAG = 0x80000000;

/** BIP-0068: this bit makes a relative lock count time instead of blocks. */
const SEQUENCE_LOCKTIME_TYPE_FLAG = 0x00400000;
const SEQUENCE_LOCKTIME_MASK = SEQUENCE_LOCKTIME_TYPE_FLAG | 0x0000ffff;

/** What a checker for one input is made from. */
export interface SignatureCheckerParts {
  readonly tx: Transaction;
  readonly inputIndex: number;
  /** All outputs that `tx` spends, in input order. */
  readonly spentOutputs: readonly TxOutput[];
  /** Made of the same `tx`. */
  readonly sighashCache: SighashCache;
  readonly signatures: SignatureVerifier;
}

/** Checks signatures and locks of one input of a transaction. */
export class TransactionSignatureChecker implements SignatureChecker {
  readonly isTweakedKey: SignatureVerifier["isTweakedKey"];
  readonly #parts: SignatureCheckerParts;
  readonly #input: TxInput;
  readonly #amount: number;

  constructor(parts: SignatureCheckerParts) {
    const spentOutput = parts.spentOutputs[parts.inputIndex];
    if (spentOutput === undefined) throw new RangeError(`no spent output ${parts.inputIndex}`);
    this.#parts = parts;
    this.#input = inputAt(parts.tx, parts.inputIndex);
    this.#amount = spentOutput.value;
    this.isTweakedKey = parts.signatures.isTweakedKey;
  }

  checkEcdsaSignature(
    signature: Uint8Array,
    publicKey: Uint8Array,
    scriptCode: Uint8Array,
    sigVersion: SigVersion,
  ): boolean {
    if (signature.length === 0) return false;
    const key = toCompressedKey(publicKey);
    const compact = key === undefined ? undefined : toCompactLowS(signature.subarray(0, -1));
    if (key === undefined || compact === undefined) return false;

    const hashType = signature[signature.length - 1] as number;
    const digest = this.#digest(scriptCode, hashType, sigVersion);
    return this.#parts.signatures.verifyEcdsa(compact, digest, key);
  }

  checkSchnorrSignature(
    signature: Uint8Array,
    publicKey: Uint8Array,
    execution: TaprootExecution,
  ): ScriptError | undefined {
    if (signature.length !== 64 && signature.length !== 65) return "SCHNORR_SIG_SIZE";
    const hashType = signature[64] ?? SighashType.DEFAULT;
    // A byte that says what its absence says would make the signature malleable.
    if (signature.length === 65 && hashType === SighashType.DEFAULT) return "SCHNORR_SIG_HASHTYPE";

    const { inputIndex, sighashCache, signatures, spentOutputs } = this.#parts;
    const digest = taprootSighash(sighashCache, inputIndex, spentOutputs, hashType, execution);
    if (digest === undefined) return "SCHNORR_SIG_HASHTYPE";
    const isValid = signatures.verifySchnorr(signature.subarray(0, 64), digest, publicKey);
    return isValid ? undefined : "SCHNORR_SIG";
  }

  checkLockTime(lockTime: number): boolean {
    const { tx } = this.#parts;
    if (lockTime < LOCKTIME_THRESHOLD !== tx.lockTime < LOCKTIME_THRESHOLD) return false;
    if (lockTime > tx.lockTime) return false;
    // A final input would switch the transaction's lock time off.
    return this.#input.sequence !== SEQUENCE_FINAL;
  }

  checkSequence(sequence: number): boolean {
    if (this.#parts.tx.version >>> 0 < 2) return false;
    if ((this.#input.sequence & SEQUENCE_LOCKTIME_DISABLE_FLAG) !== 0) return false;

    const offered = this.#input.sequence & SEQUENCE_LOCKTIME_MASK;
    const demanded = sequence & SEQUENCE_LOCKTIME_MASK;
    const isTime = offered >= SEQUENCE_LOCKTIME_TYPE_FLAG;
    if (demanded >= SEQUENCE_LOCKTIME_TYPE_FLAG !== isTime) return false;
    return demanded <= offered;
  }

  #digest(scriptCode: Uint8Array, hashType: number, sigVersion: SigVersion): Uint8Array {
    const { inputIndex, sighashCache } = this.#parts;
    return sigVersion === "base"
      ? legacySighash(sighashCache, inputIndex, scriptCode, hashType)
      : witnessV0Sighash(sighashCache, inputIndex, scriptCode, this.#amount, hashType);
  }
}
