/**
 * Transactions: their parts, encoding (BIP-0144), identifiers, size and weight (BIP-0141).
 *
 * A transaction is immutable and carries its identifiers, computed once. Whether it is valid is the
 * business of consensus/; what its scripts mean, of script/.
 */

import { hash256 } from "../crypto/hash.ts";
import { type ByteReader, ByteWriter, compactSizeLength, DecodeError } from "../lib/codec.ts";
import { hashToId, readId, type Txid, type Wtxid, writeId, ZERO_HASH } from "./hash-id.ts";

/** A reference to one output of one transaction. */
export interface Outpoint {
  readonly txid: Txid;
  readonly vout: number;
}

export interface TxInput {
  readonly prevout: Outpoint;
  readonly scriptSig: Uint8Array;
  readonly sequence: number;
  /** Empty without one. */
  readonly witness: readonly Uint8Array[];
}

export interface TxOutput {
  /** In sat. As decoded it may be negative or beyond the money supply; consensus refuses that. */
  readonly value: number;
  readonly scriptPubKey: Uint8Array;
}

/** What a transaction is made from. */
export interface TransactionParts {
  /** Signed 32 bits. */
  readonly version: number;
  readonly inputs: readonly TxInput[];
  readonly outputs: readonly TxOutput[];
  readonly lockTime: number;
}

export interface Transaction extends TransactionParts {
  readonly txid: Txid;
  readonly wtxid: Wtxid;
  /** Bytes without the witness. */
  readonly baseSize: number;
  /** Bytes with the witness. */
  readonly totalSize: number;
  /** BIP-0141: 3 × baseSize + totalSize. */
  readonly weight: number;
}

/** `vout` of the outpoint in a coinbase's only input. */
export const NULL_VOUT = 0xffffffff;

/** The outpoint that a coinbase's only input names. */
export const NULL_OUTPOINT: Outpoint = { txid: ZERO_HASH, vout: NULL_VOUT };

/** The sequence number that switches off lock time for an input. */
export const SEQUENCE_FINAL = 0xffffffff;

const MIN_INPUT_SIZE = 41;
const MIN_OUTPUT_SIZE = 9;
const WITNESS_SCALE_FACTOR = 4;

/** Makes a transaction of its parts; RangeError if a number does not fit its field. */
export function makeTransaction(parts: TransactionParts): Transaction {
  const base = encodeParts(parts, false);
  const total = hasWitness(parts) ? encodeParts(parts, true) : base;
  const baseHash = hash256(base);
  return assemble(parts, base.length, total.length, {
    txid: hashToId<Txid>(baseHash),
    wtxid: hashToId<Wtxid>(total === base ? baseHash : hash256(total)),
  });
}

/** Returns the encoding, with the witness if there is one (or without it on request). */
export function encodeTransaction(tx: TransactionParts, withWitness = true): Uint8Array {
  return encodeParts(tx, withWitness && hasWitness(tx));
}

/**
 * Reads one transaction. Accepts exactly one encoding of each: DecodeError on unknown flags, on a
 * witness form without any witness, on amounts beyond 2^53.
 */
export function decodeTransaction(reader: ByteReader): Transaction {
  const start = reader.offset;
  const version = reader.i32();
  const bodyStart = reader.offset;

  const extended = readExtendedMarker(reader);
  const inputsStart = extended ? bodyStart + 2 : bodyStart;
  reader.seek(inputsStart);

  const inputs = readInputs(reader);
  const outputs = readOutputs(reader);
  const bodyEnd = reader.offset;
  if (!extended) {
    const lockTime = reader.u32();
    const bytes = reader.since(start);
    const hash = hash256(bytes);
    return assemble({ version, inputs, outputs, lockTime }, bytes.length, bytes.length, {
      txid: hashToId<Txid>(hash),
      wtxid: hashToId<Wtxid>(hash),
    });
  }

  const inputsWithWitness = inputs.map((input) => ({ ...input, witness: readWitness(reader) }));
  if (inputsWithWitness.every(({ witness }) => witness.length === 0)) {
    throw new DecodeError("witness form without a witness");
  }
  const lockTime = reader.u32();

  const total = reader.since(start);
  const base = new Uint8Array(4 + (bodyEnd - inputsStart) + 4);
  base.set(total.subarray(0, 4), 0);
  base.set(total.subarray(inputsStart - start, bodyEnd - start), 4);
  base.set(total.subarray(total.length - 4), base.length - 4);
  return assemble(
    { version, inputs: inputsWithWitness, outputs, lockTime },
    base.length,
    total.length,
    { txid: hashToId<Txid>(hash256(base)), wtxid: hashToId<Wtxid>(hash256(total)) },
  );
}

/** True for the transaction that mints: one input, naming no output. */
export function isCoinbase(tx: TransactionParts): boolean {
  const first = tx.inputs[0];
  return first !== undefined && tx.inputs.length === 1 && isNullOutpoint(first.prevout);
}

/** True for the outpoint that stands for no output. */
export function isNullOutpoint({ txid, vout }: Outpoint): boolean {
  return vout === NULL_VOUT && txid === ZERO_HASH;
}

/** True if any input carries a witness. */
export function hasWitness(tx: TransactionParts): boolean {
  return tx.inputs.some(({ witness }) => witness.length > 0);
}

/** Virtual size in vbytes (BIP-0141): a quarter of the weight, rounded up. */
export function virtualSize(weight: number): number {
  return Math.ceil(weight / WITNESS_SCALE_FACTOR);
}

/** The key of an outpoint in a Map: `txid:vout`. */
export function outpointKey({ txid, vout }: Outpoint): string {
  return `${txid}:${vout}`;
}

/** Writes an output: value, then script. */
export function writeOutput(writer: ByteWriter, { value, scriptPubKey }: TxOutput): void {
  writer.i64(value).variableBytes(scriptPubKey);
}

/** Writes an outpoint: 32 bytes of hash, 4 of index. */
export function writeOutpoint(writer: ByteWriter, { txid, vout }: Outpoint): void {
  writeId(writer, txid);
  writer.u32(vout);
}

function assemble(
  parts: TransactionParts,
  baseSize: number,
  totalSize: number,
  ids: { txid: Txid; wtxid: Wtxid },
): Transaction {
  const weight = (WITNESS_SCALE_FACTOR - 1) * baseSize + totalSize;
  return { ...parts, ...ids, baseSize, totalSize, weight };
}

/** BIP-0144: a zero in place of the input count, then a flag byte of 1. */
function readExtendedMarker(reader: ByteReader): boolean {
  if (reader.u8() !== 0) return false;
  const flags = reader.u8();
  if (flags > 1) throw new DecodeError("unknown transaction flags");
  return flags === 1;
}

function readInputs(reader: ByteReader): TxInput[] {
  const count = reader.count(MIN_INPUT_SIZE);
  const inputs: TxInput[] = [];
  for (let index = 0; index < count; index++) {
    const prevout = { txid: readId<Txid>(reader), vout: reader.u32() };
    const scriptSig = reader.variableBytes();
    inputs.push({ prevout, scriptSig, sequence: reader.u32(), witness: NO_WITNESS });
  }
  return inputs;
}

function readOutputs(reader: ByteReader): TxOutput[] {
  const count = reader.count(MIN_OUTPUT_SIZE);
  const outputs: TxOutput[] = [];
  for (let index = 0; index < count; index++) {
    outputs.push({ value: reader.i64AsNumber(), scriptPubKey: reader.variableBytes() });
  }
  return outputs;
}

const NO_WITNESS: readonly Uint8Array[] = [];

function readWitness(reader: ByteReader): readonly Uint8Array[] {
  const count = reader.count(1);
  if (count === 0) return NO_WITNESS;
  const items: Uint8Array[] = [];
  for (let index = 0; index < count; index++) items.push(reader.variableBytes());
  return items;
}

function encodeParts(parts: TransactionParts, extended: boolean): Uint8Array {
  const writer = new ByteWriter(estimateSize(parts));
  writer.i32(parts.version);
  if (extended) writer.u8(0).u8(1);

  writer.compactSize(parts.inputs.length);
  for (const { prevout, scriptSig, sequence } of parts.inputs) {
    writeOutpoint(writer, prevout);
    writer.variableBytes(scriptSig).u32(sequence);
  }
  writer.compactSize(parts.outputs.length);
  for (const output of parts.outputs) writeOutput(writer, output);

  if (extended) {
    for (const { witness } of parts.inputs) {
      writer.compactSize(witness.length);
      for (const item of witness) writer.variableBytes(item);
    }
  }
  writer.u32(parts.lockTime);
  return writer.finish();
}

function estimateSize({ inputs, outputs }: TransactionParts): number {
  let size = 10 + compactSizeLength(inputs.length) + compactSizeLength(outputs.length);
  for (const { scriptSig, witness } of inputs) {
    size += MIN_INPUT_SIZE + 5 + scriptSig.length;
    for (const item of witness) size += 5 + item.length;
  }
  for (const { scriptPubKey } of outputs) size += MIN_OUTPUT_SIZE + 5 + scriptPubKey.length;
  return size;
}
