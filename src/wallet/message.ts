/**
 * Signed messages (BIP-0322): proof that whoever wrote a text can spend what an address receives.
 *
 * A message is signed as a transaction that can never be mined, so every script has its proof, and
 * verification is our interpreter's. Formats: "simple" for witness programs, "full" for all others;
 * neither the older recoverable signatures nor proofs of funds.
 */

import { base64 } from "@scure/base";
import { Transaction as LibraryPsbt } from "@scure/btc-signer/transaction.js";
import { taggedHash } from "../crypto/hash.ts";
import { publicKeyOf } from "../crypto/keys.ts";
import { PORTABLE_SIGNATURES, type SignatureVerifier } from "../crypto/signature-verifier.ts";
import { equalBytes, fromHex } from "../lib/bytes.ts";
import { ByteReader, ByteWriter, DecodeError } from "../lib/codec.ts";
import { destinationOf } from "../primitives/address.ts";
import {
  decodeTransaction,
  encodeTransaction,
  makeTransaction,
  NULL_OUTPOINT,
  type Transaction,
  type TxInput,
} from "../primitives/transaction.ts";
import { STANDARD_FLAGS } from "../script/flags.ts";
import { Opcode } from "../script/opcodes.ts";
import { ScriptBuilder } from "../script/script.ts";
import type { ScriptError } from "../script/script-error.ts";
import { createSighashCache, SighashType } from "../script/sighash.ts";
import { TransactionSignatureChecker } from "../script/signature-checker.ts";
import { verifyScript } from "../script/verify-script.ts";

/** Longest message, in bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = 10_000;

/** Longest signature as text: a multisignature of twenty keys is some 3,000 characters. */
export const MAX_SIGNATURE_LENGTH = 20_000;

/** Says what a signature proves. `format`: it is none of the formats read here. */
export type MessageVerdict =
  | { readonly status: "valid" }
  /** It holds once the chain is as far as this; whoever asks must know whether it is. */
  | { readonly status: "locked"; readonly lockTime: number; readonly sequence: number }
  | { readonly status: "invalid"; readonly reason: ScriptError | "format" }
  /** The signature is of a kind that rules yet to come may decide on. */
  | { readonly status: "inconclusive" };

/** A message or a key with which nothing can be signed. */
export class MessageError extends Error {
  override readonly name = "MessageError";
  readonly code: "too-large" | "wrong-key";

  constructor(code: "too-large" | "wrong-key", message: string) {
    super(message);
    this.code = code;
  }
}

const SIMPLE_PREFIX = "smp";
const FULL_PREFIX = "ful";

/**
 * Returns the signature of `message` for the address of `scriptPubKey` (P2WPKH, P2TR without
 * scripts, P2PKH) by its private key, which is before the tweak for P2TR. MessageError if the key is
 * not the script's, or the message too long.
 */
export function signMessage(
  message: string,
  scriptPubKey: Uint8Array,
  privateKey: Uint8Array,
): string {
  const toSpend = toSpendOf(message, scriptPubKey);
  const isTaproot = destinationOf(scriptPubKey)?.type === "p2tr";
  const psbt = new LibraryPsbt({ version: 0, allowUnknownOutputs: true });
  try {
    psbt.addInput({
      txid: fromHex(toSpend.txid),
      index: 0,
      sequence: 0,
      nonWitnessUtxo: encodeTransaction(toSpend),
      ...(isTaproot && { tapInternalKey: publicKeyOf(privateKey).subarray(1) }),
    });
    psbt.addOutput({ amount: 0n, script: UNSPENDABLE });
    psbt.signIdx(privateKey, 0, undefined, NO_CHANCE);
    psbt.finalize();
  } catch {
    throw new MessageError("wrong-key", "this key alone does not sign for this address");
  }
  const toSign = psbt.extract();
  const { finalScriptWitness } = psbt.getInput(0);
  return finalScriptWitness === undefined
    ? FULL_PREFIX + base64.encode(toSign)
    : SIMPLE_PREFIX + base64.encode(encodeWitness(finalScriptWitness));
}

/**
 * Returns whether `signature` (simple, full, or simple without its prefix) proves that the holder of
 * `scriptPubKey` signed `message`. Never throws on text.
 */
export function verifyMessage(
  message: string,
  scriptPubKey: Uint8Array,
  signature: string,
  signatures: SignatureVerifier = PORTABLE_SIGNATURES,
): MessageVerdict {
  if (signature.length > MAX_SIGNATURE_LENGTH || isTooLong(message)) return NO_FORMAT;
  const toSpend = toSpendOf(message, scriptPubKey);
  const toSign = decodeToSign(signature, toSpend);
  if (toSign === undefined || !isToSign(toSign, toSpend)) return NO_FORMAT;

  const [{ scriptSig, witness, sequence }] = toSign.inputs as readonly [TxInput];
  const checker = new WholeSignatureChecker({
    tx: toSign,
    inputIndex: 0,
    spentOutputs: toSpend.outputs,
    sighashCache: createSighashCache(toSign),
    signatures,
  });
  const error = verifyScript(scriptSig, scriptPubKey, witness, STANDARD_FLAGS, checker);
  if (error !== undefined) {
    return UPGRADABLE_ERRORS.has(error)
      ? { status: "inconclusive" }
      : { status: "invalid", reason: error };
  }
  const { version, lockTime } = toSign;
  if (version !== 0 && version !== 2) return { status: "inconclusive" };
  return sequence === 0 && lockTime === 0
    ? { status: "valid" }
    : { status: "locked", lockTime, sequence };
}

/** The two transactions of a message, for those who want to see them: `toSign` is unsigned. */
export function messageTransactions(
  message: string,
  scriptPubKey: Uint8Array,
): { readonly toSpend: Transaction; readonly toSign: Transaction } {
  const toSpend = toSpendOf(message, scriptPubKey);
  return { toSpend, toSign: toSignOf(toSpend, []) };
}

/** Refuses signatures that leave a part of the transaction open, as BIP-0322 demands. */
class WholeSignatureChecker extends TransactionSignatureChecker {
  override checkEcdsaSignature(
    ...parameters: Parameters<TransactionSignatureChecker["checkEcdsaSignature"]>
  ): boolean {
    const [signature] = parameters;
    return signature.at(-1) === SighashType.ALL && super.checkEcdsaSignature(...parameters);
  }

  override checkSchnorrSignature(
    ...parameters: Parameters<TransactionSignatureChecker["checkSchnorrSignature"]>
  ): ScriptError | undefined {
    const [signature] = parameters;
    const isWhole = signature.length === 64 || signature[64] === SighashType.ALL;
    return isWhole ? super.checkSchnorrSignature(...parameters) : "SCHNORR_SIG_HASHTYPE";
  }
}

const NO_FORMAT: MessageVerdict = { status: "invalid", reason: "format" };

/** Nonces follow from key and message alone (BIP-0340 with 32 zeros of extra chance). */
const NO_CHANCE = new Uint8Array(32);

const UNSPENDABLE = Uint8Array.of(Opcode.OP_RETURN);

/** What soft forks may give a meaning to: not for us to judge (BIP-0322, upgradeable rules). */
const UPGRADABLE_ERRORS: ReadonlySet<ScriptError> = new Set<ScriptError>([
  "DISCOURAGE_UPGRADABLE_NOPS",
  "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM",
  "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION",
  "DISCOURAGE_UPGRADABLE_PUBKEYTYPE",
  "DISCOURAGE_OP_SUCCESS",
]);

function isTooLong(message: string): boolean {
  // A character has at most three bytes for each of its code units.
  if (3 * message.length <= MAX_MESSAGE_BYTES) return false;
  return new TextEncoder().encode(message).length > MAX_MESSAGE_BYTES;
}

/** The transaction that nobody can make, and whose output the signature spends. */
function toSpendOf(message: string, scriptPubKey: Uint8Array): Transaction {
  if (isTooLong(message)) throw new MessageError("too-large", `over ${MAX_MESSAGE_BYTES} bytes`);
  const hash = taggedHash("BIP0322-signed-message", new TextEncoder().encode(message));
  const scriptSig = new ScriptBuilder().number(0).data(hash).build();
  return makeTransaction({
    version: 0,
    lockTime: 0,
    inputs: [{ prevout: NULL_OUTPOINT, scriptSig, sequence: 0, witness: [] }],
    outputs: [{ value: 0, scriptPubKey }],
  });
}

function toSignOf({ txid }: Transaction, witness: readonly Uint8Array[]): Transaction {
  const prevout = { txid, vout: 0 };
  return makeTransaction({
    version: 0,
    lockTime: 0,
    inputs: [{ prevout, scriptSig: new Uint8Array(0), sequence: 0, witness }],
    outputs: [{ value: 0, scriptPubKey: UNSPENDABLE }],
  });
}

function decodeToSign(signature: string, toSpend: Transaction): Transaction | undefined {
  const isFull = signature.startsWith(FULL_PREFIX);
  const isPrefixed = isFull || signature.startsWith(SIMPLE_PREFIX);
  const bytes = decodeBase64(isPrefixed ? signature.slice(FULL_PREFIX.length) : signature);
  if (bytes === undefined) return undefined;
  try {
    const reader = new ByteReader(bytes);
    const toSign = isFull ? decodeTransaction(reader) : toSignOf(toSpend, readWitness(reader));
    reader.end();
    return toSign;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return base64.decode(text);
  } catch {
    return undefined;
  }
}

function isToSign({ inputs, outputs }: Transaction, toSpend: Transaction): boolean {
  const [input, ...otherInputs] = inputs;
  const [output, ...otherOutputs] = outputs;
  if (input === undefined || output === undefined) return false;
  if (otherInputs.length > 0 || otherOutputs.length > 0) return false;
  const isSpender = input.prevout.txid === toSpend.txid && input.prevout.vout === 0;
  return isSpender && output.value === 0 && equalBytes(output.scriptPubKey, UNSPENDABLE);
}

function readWitness(reader: ByteReader): Uint8Array[] {
  return Array.from({ length: reader.count(1) }, () => reader.variableBytes());
}

function encodeWitness(witness: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter().compactSize(witness.length);
  for (const item of witness) writer.variableBytes(item);
  return writer.finish();
}
