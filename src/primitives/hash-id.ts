/**
 * The identifiers of blocks and transactions: hex strings as Bitcoin shows them.
 *
 * Above the codec an identifier is a branded lower-case hex string, so it can be a Map key, a JSON
 * value and a part of a URL unchanged. Shown hashes are byte-reversed, as everywhere in Bitcoin;
 * this file is the only one that may reverse one.
 */

import { fromHex, reverseBytes, toHex } from "../lib/bytes.ts";
import type { ByteReader, ByteWriter } from "../lib/codec.ts";

declare const brand: unique symbol;

/** Double SHA-256 of a header, byte-reversed, 64 lower-case hex digits. */
export type BlockHash = string & { readonly [brand]: "BlockHash" };

/** Double SHA-256 of a transaction without its witness, byte-reversed, 64 lower-case hex digits. */
export type Txid = string & { readonly [brand]: "Txid" };

/** Double SHA-256 of a transaction with its witness (BIP-0141), byte-reversed, 64 hex digits. */
export type Wtxid = string & { readonly [brand]: "Wtxid" };

const HASH_PATTERN = /^[0-9a-f]{64}$/;

/** 32 zero bytes: the parent of a genesis block. */
export const ZERO_HASH = "0".repeat(64) as BlockHash & Txid & Wtxid;

/** Returns the identifier of the 32 bytes of a hash in wire order. */
export function hashToId<Id extends BlockHash | Txid | Wtxid>(hash: Uint8Array): Id {
  return toHex(reverseBytes(hash)) as Id;
}

/** Returns the 32 bytes of `id` in wire order. */
export function idToHash(id: BlockHash | Txid | Wtxid): Uint8Array {
  return fromHex(id).reverse();
}

/** Returns `text` as an identifier (upper case made lower), or undefined if it is not 64 hex digits. */
export function parseId<Id extends BlockHash | Txid | Wtxid>(text: string): Id | undefined {
  const lower = text.toLowerCase();
  return HASH_PATTERN.test(lower) ? (lower as Id) : undefined;
}

/** Reads 32 bytes as an identifier. */
export function readId<Id extends BlockHash | Txid | Wtxid>(reader: ByteReader): Id {
  return toHex(reader.bytes(32).reverse()) as Id;
}

/** Writes the 32 bytes of `id`. */
export function writeId(writer: ByteWriter, id: BlockHash | Txid | Wtxid): void {
  writer.bytes(idToHash(id));
}
