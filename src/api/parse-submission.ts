/**
 * From what a client submits to a transaction: hex, or JSON in the format of the API.
 *
 * Refuses with a code what stands for no transaction. Whether the transaction is any good is asked
 * of the mempool afterwards, and nothing here does.
 */

import { fromHex } from "../lib/bytes.ts";
import { DecodeError, decodeAll } from "../lib/codec.ts";
import type { JsonValue } from "../lib/json.ts";
import { type AddressPrefixes, parseAddress } from "../primitives/address.ts";
import { type Block, decodeBlock } from "../primitives/block.ts";
import { parseId, type Txid } from "../primitives/hash-id.ts";
import {
  decodeTransaction,
  makeTransaction,
  type Outpoint,
  SEQUENCE_FINAL,
  type Transaction,
  type TxInput,
  type TxOutput,
} from "../primitives/transaction.ts";
import { ApiError } from "./problem.ts";
import { checkShape, shapeError } from "./request-input.ts";
import { signInput } from "./sign-input.ts";
import {
  HexSubmission,
  JsonSubmission,
  type JsonSubmissionType,
  type SubmittedInputType,
  type SubmittedOutputType,
} from "./transaction-schemas.ts";

/** What parsing needs to know of the chain. */
export interface SubmissionContext {
  readonly prefixes: AddressPrefixes;
  /** Returns an output that is unspent or made by the mempool. */
  findOutput(outpoint: Outpoint): TxOutput | undefined;
}

/** Version of a transaction that does not say one: relative locks are on. */
const DEFAULT_VERSION = 2;

/** Returns the transaction that `body` (hex text, {hex}, or JSON) stands for; ApiError if none. */
export function parseSubmission(body: JsonValue, context: SubmissionContext): Transaction {
  if (typeof body === "string") return decodeTransactionHex(body);
  if (typeof body === "object" && body !== null && "hex" in body) {
    return decodeTransactionHex(checkShape(HexSubmission, body, "body").hex);
  }
  return assembleTransaction(checkShape(JsonSubmission, body, "body"), context);
}

/** Returns the transaction that `hex` encodes; ApiError "bad-hex" or "tx-decode-failed". */
export function decodeTransactionHex(hex: string): Transaction {
  return decodeHex(hex, "tx-decode-failed", (bytes) => decodeAll(bytes, decodeTransaction));
}

/** Returns the block that `hex` encodes; ApiError "bad-hex" or "block-decode-failed". */
export function decodeBlockHex(hex: string): Block {
  return decodeHex(hex, "block-decode-failed", (bytes) => decodeAll(bytes, decodeBlock));
}

function decodeHex<Value>(hex: string, code: string, decode: (bytes: Uint8Array) => Value): Value {
  const bytes = parseHex(hex, "hex");
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new ApiError({
      status: 400,
      code,
      detail: `These bytes do not follow the format: ${error.message}.`,
      facts: { bytes: bytes.length },
    });
  }
}

/** Returns the bytes of `hex`; ApiError "bad-hex" naming `field`. */
export function parseHex(hex: string, field: string): Uint8Array {
  try {
    return fromHex(hex);
  } catch {
    throw new ApiError({
      status: 400,
      code: "bad-hex",
      detail: `The field "${field}" is not pairs of hexadecimal digits.`,
      facts: { field, length: hex.length },
    });
  }
}

function assembleTransaction(
  { id, version, inputs, outputs, lock_time }: JsonSubmissionType,
  context: SubmissionContext,
): Transaction {
  const unsigned = makeTransaction({
    version: version ?? DEFAULT_VERSION,
    inputs: inputs.map(readInput),
    outputs: outputs.map((output, index) => readOutput(output, index, context)),
    lockTime: lock_time ?? 0,
  });
  const tx = makeTransaction({
    ...unsigned,
    inputs: inputs.map((input, index) => completeInput(unsigned, index, input, context)),
  });

  if (id !== undefined && id.toLowerCase() !== tx.txid) {
    throw new ApiError({
      status: 422,
      code: "bad-transaction-id",
      detail: `The id given is not that of this transaction, which is ${tx.txid}.`,
      facts: { given: id.toLowerCase(), txid: tx.txid },
    });
  }
  return tx;
}

function readInput(input: SubmittedInputType, index: number): TxInput {
  const { tx_id, output_index, script_sig, witness, sequence } = input;
  return {
    prevout: { txid: parseId<Txid>(tx_id) as Txid, vout: output_index },
    scriptSig: parseHex(script_sig ?? "", `inputs.${index}.script_sig`),
    witness: (witness ?? []).map((item) => parseHex(item, `inputs.${index}.witness`)),
    sequence: sequence ?? SEQUENCE_FINAL,
  };
}

function readOutput(
  { address, script, amount }: SubmittedOutputType,
  index: number,
  { prefixes }: SubmissionContext,
): TxOutput {
  const field = `outputs.${index}`;
  if (address !== undefined && script === undefined) {
    return { value: amount, scriptPubKey: parseAddress(address, prefixes) };
  }
  if (script !== undefined && address === undefined) {
    return { value: amount, scriptPubKey: parseHex(script, `${field}.script`) };
  }
  throw shapeError(`The field "${field}" needs either address or script.`, field);
}

/** Puts signature and key where the coin's kind wants them, if they were given apart. */
function completeInput(
  unsigned: Transaction,
  index: number,
  { public_key, signature, script_sig, witness }: SubmittedInputType,
  context: SubmissionContext,
): TxInput {
  const input = unsigned.inputs[index] as TxInput;
  if (public_key === undefined && signature === undefined) return input;

  const field = `inputs.${index}`;
  if (public_key === undefined || signature === undefined) {
    throw shapeError(`The field "${field}" needs public_key and signature together.`, field);
  }
  if (script_sig !== undefined || witness !== undefined) {
    throw shapeError(`The field "${field}" has both a signature and ready scripts.`, field);
  }
  return signInput(input, {
    field,
    publicKey: parseHex(public_key, `${field}.public_key`),
    signature: parseHex(signature, `${field}.signature`),
    spent: context.findOutput(input.prevout),
  });
}
