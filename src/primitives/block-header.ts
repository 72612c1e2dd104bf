/**
 * The 80-byte block header: encoding and hash.
 *
 * Knows the format only. What the fields must be is the business of consensus/.
 */

import { hash256 } from "../crypto/hash.ts";
import { type ByteReader, ByteWriter } from "../lib/codec.ts";
import { type BlockHash, hashToId, readId, type Txid, writeId } from "./hash-id.ts";

export interface BlockHeader {
  /** Signed 32 bits. */
  readonly version: number;
  readonly prevBlockHash: BlockHash;
  /** Root of the tree of txids, shown like one. */
  readonly merkleRoot: Txid;
  /** Seconds since 1970, unsigned 32 bits. */
  readonly time: number;
  /** The target in compact form, unsigned 32 bits. */
  readonly bits: number;
  readonly nonce: number;
}

/** Bytes of an encoded header. */
export const HEADER_SIZE = 80;

/** Returns the 80 bytes of `header`; RangeError if a number does not fit its field. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  const writer = new ByteWriter(HEADER_SIZE);
  writer.i32(header.version);
  writeId(writer, header.prevBlockHash);
  writeId(writer, header.merkleRoot);
  writer.u32(header.time).u32(header.bits).u32(header.nonce);
  return writer.finish();
}

/** Reads 80 bytes. Any 80 bytes are a header. */
export function decodeHeader(reader: ByteReader): BlockHeader {
  return {
    version: reader.i32(),
    prevBlockHash: readId<BlockHash>(reader),
    merkleRoot: readId<Txid>(reader),
    time: reader.u32(),
    bits: reader.u32(),
    nonce: reader.u32(),
  };
}

/** Returns the hash that names the block. */
export function hashHeader(header: BlockHeader): BlockHash {
  return hashToId<BlockHash>(hash256(encodeHeader(header)));
}
