/**
 * Puts a signature and a key into the input that they are for.
 *
 * For clients that sign but do not write scripts: the kind of the coin decides between witness and
 * scriptSig. Nothing is verified here; a wrong signature is the mempool's to refuse.
 */

import { hash160 } from "../crypto/hash.ts";
import { concatBytes, equalBytes } from "../lib/bytes.ts";
import { destinationOf } from "../primitives/address.ts";
import type { TxInput, TxOutput } from "../primitives/transaction.ts";
import { outpointKey } from "../primitives/transaction.ts";
import { pushData } from "../script/script.ts";
import { SighashType } from "../script/sighash.ts";
import { toCompactLowS } from "../script/signature-encoding.ts";
import { ApiError } from "./problem.ts";
import { shapeError } from "./request-input.ts";

/** What completes an input. */
export interface InputSignature {
  /** Name of the input, for messages. */
  readonly field: string;
  readonly publicKey: Uint8Array;
  /** 64 bytes compact, or DER with or without its hash type. */
  readonly signature: Uint8Array;
  /** Undefined if no such coin is known. */
  readonly spent: TxOutput | undefined;
}

const COMPRESSED_KEY_LENGTH = 33;
const COMPACT_LENGTH = 64;

/** Returns `input` with the signature in place; ApiError if it cannot be for this coin. */
export function signInput(input: TxInput, given: InputSignature): TxInput {
  const { field, publicKey, spent } = given;
  if (publicKey.length !== COMPRESSED_KEY_LENGTH || (publicKey[0] !== 2 && publicKey[0] !== 3)) {
    throw shapeError(`The field "${field}.public_key" must be 33 bytes, compressed.`, field);
  }
  if (spent === undefined) throw missingCoin(input);

  const destination = destinationOf(spent.scriptPubKey);
  const isForKey =
    (destination?.type === "p2wpkh" || destination?.type === "p2pkh") &&
    equalBytes(destination.program, hash160(publicKey));
  if (!isForKey) throw wrongKey(given, destination?.type);

  const signature = concatBytes(toDer(given), Uint8Array.of(SighashType.ALL));
  return destination.type === "p2wpkh"
    ? { ...input, witness: [signature, publicKey] }
    : { ...input, scriptSig: concatBytes(pushData(signature), pushData(publicKey)) };
}

/** The strict DER form with a low s, whichever was given. */
function toDer({ signature, field }: InputSignature): Uint8Array {
  const der =
    signature.length === COMPACT_LENGTH ? encodeDer(signature) : withoutHashType(signature);
  const compact = der === undefined ? undefined : toCompactLowS(der);
  if (compact === undefined) {
    throw shapeError(`The field "${field}.signature" must be 64 bytes, or DER.`, field);
  }
  return encodeDer(compact);
}

/** DER tells its own length; one more byte is a hash type, and only ALL is taken. */
function withoutHashType(der: Uint8Array): Uint8Array | undefined {
  const length = 2 + (der[1] ?? 0);
  if (der.length === length) return der;
  const isAll = der.length === length + 1 && der[length] === SighashType.ALL;
  return isAll ? der.subarray(0, length) : undefined;
}

function encodeDer(compact: Uint8Array): Uint8Array {
  const r = encodeInteger(compact.subarray(0, 32));
  const s = encodeInteger(compact.subarray(32));
  return concatBytes(Uint8Array.of(0x30, r.length + s.length), r, s);
}

/** Shortest form of a positive number: no needless zeros, but one before a set top bit. */
function encodeInteger(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  const padding = (digits[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0);
  return concatBytes(Uint8Array.of(0x02, padding.length + digits.length), padding, digits);
}

function missingCoin({ prevout }: TxInput): ApiError {
  const outpoint = outpointKey(prevout);
  return new ApiError({
    status: 422,
    code: "missing-inputs",
    detail: `It spends ${outpoint}, which does not exist or is spent.`,
    facts: { outpoint },
  });
}

function wrongKey({ field }: InputSignature, type: string | undefined): ApiError {
  return new ApiError({
    status: 422,
    code: "key-does-not-fit",
    detail: `The coin of ${field} is not one that this key alone can spend.`,
    facts: { field, coinType: type ?? "other" },
  });
}
