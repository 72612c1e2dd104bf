/**
 * Blocks: a header and its transactions; encoding, size and weight (BIP-0141).
 *
 * A block is immutable and carries its hash. Whether it is valid is the business of consensus/.
 */

import { type ByteReader, ByteWriter, compactSizeLength } from "../lib/codec.ts";
import {
  type BlockHeader,
  decodeHeader,
  encodeHeader,
  HEADER_SIZE,
  hashHeader,
} from "./block-header.ts";
import type { BlockHash } from "./hash-id.ts";
import { decodeTransaction, encodeTransaction, type Transaction } from "./transaction.ts";

export interface Block {
  readonly hash: BlockHash;
  readonly header: BlockHeader;
  readonly transactions: readonly Transaction[];
}

const MIN_TRANSACTION_SIZE = 10;

/** Makes a block of a header and transactions; nothing is checked. */
export function makeBlock(header: BlockHeader, transactions: readonly Transaction[]): Block {
  return { hash: hashHeader(header), header, transactions };
}

/** Returns the encoding, witnesses included. */
export function encodeBlock({ header, transactions }: Block): Uint8Array {
  const writer = new ByteWriter(blockSize(transactions));
  writer.bytes(encodeHeader(header)).compactSize(transactions.length);
  for (const tx of transactions) writer.bytes(encodeTransaction(tx));
  return writer.finish();
}

/** Reads one block; DecodeError as decodeTransaction. */
export function decodeBlock(reader: ByteReader): Block {
  const header = decodeHeader(reader);
  const count = reader.count(MIN_TRANSACTION_SIZE);
  const transactions: Transaction[] = [];
  for (let index = 0; index < count; index++) transactions.push(decodeTransaction(reader));
  return makeBlock(header, transactions);
}

/** Bytes of a block with these transactions, witnesses included. */
export function blockSize(transactions: readonly Transaction[]): number {
  let size = HEADER_SIZE + compactSizeLength(transactions.length);
  for (const tx of transactions) size += tx.totalSize;
  return size;
}

/** Weight of a block with these transactions (BIP-0141): header and count weigh four times. */
export function blockWeight(transactions: readonly Transaction[]): number {
  let weight = 4 * (HEADER_SIZE + compactSizeLength(transactions.length));
  for (const tx of transactions) weight += tx.weight;
  return weight;
}
