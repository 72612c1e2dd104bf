/**
 * Transactions and blocks from their bytes, for the reference model (BIP-0144, BIP-0141).
 *
 * Says what the bytes hold and nothing about validity. Hashes are lower-case hexadecimal in the order
 * of the bytes, which is the reverse of what people read.
 */
import {
  compactSize,
  concat,
  fromHex,
  fromLittleEndian,
  hash256,
  isEqual,
  littleEndian,
  Malformed,
  Reader,
  toHex,
  withLength,
} from "./bytes.ts";

/** An input: the coin it spends and what shows that it may. */
export interface Input {
  readonly txid: string;
  readonly vout: number;
  readonly scriptSig: Uint8Array;
  readonly sequence: number;
  witness: Uint8Array[];
}

/** An output; its value is a signed number of 64 bits. */
export interface Output {
  readonly value: bigint;
  readonly script: Uint8Array;
}

/** A transaction, its hashes and sizes. */
export interface Transaction {
  /** Unsigned, as BIP-0068 reads it. */
  readonly version: number;
  readonly inputs: Input[];
  readonly outputs: Output[];
  readonly lockTime: number;
  readonly txid: string;
  readonly wtxid: string;
  readonly strippedSize: number;
  readonly totalSize: number;
}

/** A header's fields; the version is signed. */
export interface Header {
  readonly hash: string;
  readonly version: number;
  readonly parentHash: string;
  readonly merkleRoot: string;
  readonly time: number;
  readonly bits: number;
}

/** A header and its transactions. */
export interface Block {
  readonly header: Header;
  readonly transactions: Transaction[];
}

/** The hash of a coinbase's input. */
export const NULL_TXID = "00".repeat(32);

/** A block that must fill the bytes exactly, or Malformed. */
export function parseBlock(bytes: Uint8Array): Block {
  const reader = new Reader(bytes);
  const header = parseHeader(reader.take(80));
  const transactions = reader.list(() => readTransaction(reader));
  if (!reader.isAtEnd) throw new Malformed("bytes after the block");
  return { header, transactions };
}

/** A header of 80 bytes. */
export function parseHeader(bytes: Uint8Array): Header {
  const reader = new Reader(bytes);
  return {
    hash: toHex(hash256(bytes)),
    version: reader.unsigned(4) | 0,
    parentHash: toHex(reader.take(32)),
    merkleRoot: toHex(reader.take(32)),
    time: reader.unsigned(4),
    bits: reader.unsigned(4),
  };
}

/** A transaction that must fill the bytes exactly, or Malformed. */
export function parseTransaction(bytes: Uint8Array): Transaction {
  const reader = new Reader(bytes);
  const transaction = readTransaction(reader);
  if (!reader.isAtEnd) throw new Malformed("bytes after the transaction");
  return transaction;
}

function readTransaction(reader: Reader): Transaction {
  const version = reader.unsigned(4);
  let inputs = reader.list(() => readInput(reader));
  let outputs: Output[] = [];
  let flags = 0;
  if (inputs.length > 0) {
    outputs = reader.list(() => readOutput(reader));
  } else {
    // No inputs: the marker of BIP-0144, or a transaction that is empty on both sides.
    flags = reader.unsigned(1);
    if (flags > 1) throw new Malformed("unknown extension");
    if (flags === 1) {
      inputs = reader.list(() => readInput(reader));
      outputs = reader.list(() => readOutput(reader));
      for (const input of inputs) input.witness = reader.list(() => reader.withLength());
      if (!inputs.some(({ witness }) => witness.length > 0)) {
        throw new Malformed("an extension that holds no witness");
      }
    }
  }
  const lockTime = reader.unsigned(4);

  const head = littleEndian(version, 4);
  const body = concat(
    compactSize(inputs.length),
    ...inputs.map(encodeInput),
    compactSize(outputs.length),
    ...outputs.map(encodeOutput),
  );
  const tail = littleEndian(lockTime, 4);
  const stripped = concat(head, body, tail);
  const witnesses = inputs.map(({ witness }) => encodeWitness(witness));
  const total =
    flags === 1 ? concat(head, new Uint8Array([0, 1]), body, ...witnesses, tail) : stripped;
  return {
    version,
    inputs,
    outputs,
    lockTime,
    txid: toHex(hash256(stripped)),
    wtxid: toHex(hash256(total)),
    strippedSize: stripped.length,
    totalSize: total.length,
  };
}

function readInput(reader: Reader): Input {
  return {
    txid: toHex(reader.take(32)),
    vout: reader.unsigned(4),
    scriptSig: reader.withLength(),
    sequence: reader.unsigned(4),
    witness: [],
  };
}

/** An output, from a reader that stands at its first byte. */
export function readOutput(reader: Reader): Output {
  const value = BigInt.asIntN(64, fromLittleEndian(reader.take(8)));
  return { value, script: reader.withLength() };
}

function encodeInput({ txid, vout, scriptSig, sequence }: Input): Uint8Array {
  return concat(encodeOutpoint(txid, vout), withLength(scriptSig), littleEndian(sequence, 4));
}

/** An outpoint's 36 bytes. */
export function encodeOutpoint(txid: string, vout: number): Uint8Array {
  return concat(fromHex(txid), littleEndian(vout, 4));
}

/** An output's bytes. */
export function encodeOutput({ value, script }: Output): Uint8Array {
  return concat(littleEndian(value, 8), withLength(script));
}

/** A witness's bytes: how many items, and each after its length. */
export function encodeWitness(witness: readonly Uint8Array[]): Uint8Array {
  return concat(compactSize(witness.length), ...witness.map(withLength));
}

/** Whether this is the transaction that makes a block's new coins: one input, of nothing. */
export function isCoinbase({ inputs }: Transaction): boolean {
  return inputs.length === 1 && inputs[0]?.txid === NULL_TXID && inputs[0].vout === 0xffffffff;
}

/** The root over `leaves`, and whether two neighbours on any level are equal (CVE-2012-2459). */
export function merkleRoot(leaves: readonly Uint8Array[]): {
  root: Uint8Array;
  isMutated: boolean;
} {
  let level = [...leaves];
  let isMutated = false;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const left = level[index] as Uint8Array;
      const right = level[index + 1];
      if (right !== undefined && isEqual(left, right)) isMutated = true;
      above.push(hash256(left, right ?? left));
    }
    level = above;
  }
  return { root: level[0] ?? new Uint8Array(32), isMutated };
}

/** The size of a block without witnesses. */
export function strippedBlockSize({ transactions }: Block): number {
  const sizes = transactions.reduce((sum, { strippedSize }) => sum + strippedSize, 0);
  return 80 + compactSize(transactions.length).length + sizes;
}

/** The weight of BIP-0141: three times the size without witnesses, and once the size with them. */
export function blockWeight(block: Block): number {
  const stripped = strippedBlockSize(block);
  const witnesses = block.transactions.reduce(
    (sum, { totalSize, strippedSize }) => sum + totalSize - strippedSize,
    0,
  );
  return 4 * stripped + witnesses;
}
