/**
 * Compact blocks (BIP-0152, version 2): `cmpctblock`, `getblocktxn`, `blocktxn`, and short ids.
 *
 * Finding the transactions, and what to do when ids collide, is the business of
 * p2p/block-relay.ts: collisions happen by chance and are never held against a peer.
 */

import { sha256 } from "../crypto/hash.ts";
import { SipHash24 } from "../crypto/siphash.ts";
import { ByteReader, ByteWriter, DecodeError } from "../lib/codec.ts";
import type { Block } from "../primitives/block.ts";
import {
  type BlockHeader,
  decodeHeader,
  encodeHeader,
  HEADER_SIZE,
} from "../primitives/block-header.ts";
import { type BlockHash, idToHash, readId, type Wtxid, writeId } from "../primitives/hash-id.ts";
import {
  decodeTransaction,
  encodeTransaction,
  type Transaction,
} from "../primitives/transaction.ts";
import { type ListBounds, readList, writeList } from "./bounded-list.ts";
import type { MessageFormat } from "./message-format.ts";

/** A transaction that is sent along, and its place in the block. */
export interface PrefilledTransaction {
  readonly index: number;
  readonly transaction: Transaction;
}

/** A block of which most transactions are named by short ids only. */
export interface CompactBlock {
  readonly header: BlockHeader;
  /** Random 64 bits that the short ids depend on. */
  readonly nonce: bigint;
  /** 48 bits each, of the transactions that are not prefilled, in the block's order. */
  readonly shortIds: readonly number[];
  /** By rising index. */
  readonly prefilled: readonly PrefilledTransaction[];
}

export interface CmpctBlockMessage {
  readonly command: "cmpctblock";
  readonly compactBlock: CompactBlock;
}

/** Asks for those transactions of a block that the asker could not find. */
export interface GetBlockTxnMessage {
  readonly command: "getblocktxn";
  readonly blockHash: BlockHash;
  /** Places in the block, rising. */
  readonly indexes: readonly number[];
}

export interface BlockTxnMessage {
  readonly command: "blocktxn";
  readonly blockHash: BlockHash;
  /** In the order they were asked for. */
  readonly transactions: readonly Transaction[];
}

/**
 * Most transactions of a block that can be sent this way: indexes have 16 bits in Bitcoin Core, and
 * at 240 units of weight or more for a transaction no network here has larger blocks.
 */
export const MAX_COMPACT_TRANSACTIONS = 65_535;

/** Transactions prefilled beyond the coinbase are the sender's choice; BIP-0152 advises 10 kB. */
export function makeCompactBlock(block: Block, nonce: bigint): CompactBlock {
  const [coinbase, ...others] = block.transactions;
  if (coinbase === undefined) throw new RangeError("a block without transactions");
  const shortIdOf = shortIdFunction(block.header, nonce);
  return {
    header: block.header,
    nonce,
    shortIds: others.map(({ wtxid }) => shortIdOf(wtxid)),
    prefilled: [{ index: 0, transaction: coinbase }],
  };
}

/** Returns what gives the short id of a transaction within the block of `header` and `nonce`. */
export function shortIdFunction(header: BlockHeader, nonce: bigint): (wtxid: Wtxid) => number {
  const writer = new ByteWriter(HEADER_SIZE + 8).bytes(encodeHeader(header)).u64(nonce);
  const key = new ByteReader(sha256(writer.finish()));
  const hasher = new SipHash24(key.u64(), key.u64());
  return (wtxid) => hasher.hash48(idToHash(wtxid));
}

const SHORT_ID_BYTES = 6;
const MIN_TRANSACTION_BYTES = 10;

const SHORT_ID_BOUNDS: ListBounds = { most: MAX_COMPACT_TRANSACTIONS, itemBytes: SHORT_ID_BYTES };
const PREFILLED_BOUNDS: ListBounds = {
  most: MAX_COMPACT_TRANSACTIONS,
  itemBytes: 1 + MIN_TRANSACTION_BYTES,
};
const INDEX_BOUNDS: ListBounds = { most: MAX_COMPACT_TRANSACTIONS, itemBytes: 1 };
const TRANSACTION_BOUNDS: ListBounds = {
  most: MAX_COMPACT_TRANSACTIONS,
  itemBytes: MIN_TRANSACTION_BYTES,
};

export const CMPCT_BLOCK_FORMAT: MessageFormat<CmpctBlockMessage> = {
  maxBytes: "block",
  write(writer, { compactBlock }) {
    const { header, nonce, shortIds, prefilled } = compactBlock;
    writer.bytes(encodeHeader(header)).u64(nonce);
    writeList(writer, SHORT_ID_BOUNDS, shortIds, writeShortId);
    const places = new RisingIndexes(shortIds.length + prefilled.length);
    writeList(writer, PREFILLED_BOUNDS, prefilled, (to, { index, transaction }) => {
      places.write(to, index);
      to.bytes(encodeTransaction(transaction));
    });
  },
  read(reader) {
    const header = decodeHeader(reader);
    const nonce = reader.u64();
    const shortIds = readList(reader, SHORT_ID_BOUNDS, readShortId);
    // The count of prefilled ones bounds their places, and is not known before it is read.
    const places = new RisingIndexes(MAX_COMPACT_TRANSACTIONS);
    const prefilled = readList(reader, PREFILLED_BOUNDS, (from) => ({
      index: places.read(from),
      transaction: decodeTransaction(from),
    }));
    const count = shortIds.length + prefilled.length;
    if (count === 0 || count > MAX_COMPACT_TRANSACTIONS) {
      throw new DecodeError(`cmpctblock: ${count} transactions`);
    }
    if (places.last >= count) throw new DecodeError("cmpctblock: an index past the last one");
    return { command: "cmpctblock", compactBlock: { header, nonce, shortIds, prefilled } };
  },
};

export const GET_BLOCK_TXN_FORMAT: MessageFormat<GetBlockTxnMessage> = {
  // A byte for each index, and two more for each that is 253 or more past the one before it.
  maxBytes: 32 + 3 + MAX_COMPACT_TRANSACTIONS + 2 * Math.ceil(MAX_COMPACT_TRANSACTIONS / 254),
  write(writer, { blockHash, indexes }) {
    writeId(writer, blockHash);
    const places = new RisingIndexes(MAX_COMPACT_TRANSACTIONS);
    writeList(writer, INDEX_BOUNDS, indexes, (to, index) => places.write(to, index));
  },
  read(reader) {
    const blockHash = readId<BlockHash>(reader);
    const places = new RisingIndexes(MAX_COMPACT_TRANSACTIONS);
    const indexes = readList(reader, INDEX_BOUNDS, (from) => places.read(from));
    return { command: "getblocktxn", blockHash, indexes };
  },
};

export const BLOCK_TXN_FORMAT: MessageFormat<BlockTxnMessage> = {
  maxBytes: "block",
  write(writer, { blockHash, transactions }) {
    writeId(writer, blockHash);
    writeList(writer, TRANSACTION_BOUNDS, transactions, writeTransaction);
  },
  read(reader) {
    const blockHash = readId<BlockHash>(reader);
    const transactions = readList(reader, TRANSACTION_BOUNDS, decodeTransaction);
    return { command: "blocktxn", blockHash, transactions };
  },
};

/** Indexes encoded as the gap since the one before: 0, 1 and 5 are written 0, 0 and 3. */
class RisingIndexes {
  readonly #limit: number;
  #last = -1;

  /** Every index must be below `limit`. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The one read or written last; -1 before the first. */
  get last(): number {
    return this.#last;
  }

  read(reader: ByteReader): number {
    const index = this.#last + 1 + reader.compactSize();
    if (index >= this.#limit) throw new DecodeError("an index past the last transaction");
    this.#last = index;
    return index;
  }

  write(writer: ByteWriter, index: number): void {
    if (index >= this.#limit) throw new RangeError("an index past the last transaction");
    // Refuses an index that does not rise, since the gap would be negative.
    writer.compactSize(index - this.#last - 1);
    this.#last = index;
  }
}

function readShortId(reader: ByteReader): number {
  const low = reader.u32();
  return reader.u16() * 0x1_0000_0000 + low;
}

function writeShortId(writer: ByteWriter, shortId: number): void {
  const high = Math.floor(shortId / 0x1_0000_0000);
  writer.u32(shortId - high * 0x1_0000_0000).u16(high);
}

function writeTransaction(writer: ByteWriter, transaction: Transaction): void {
  writer.bytes(encodeTransaction(transaction));
}
