/**
 * Service bits: what a node says it offers, 64 bits in `version`, `addr` and `addrv2`.
 *
 * Knows the bits and their two encodings; what to ask of whom is the business of p2p/.
 */

import { type ByteReader, type ByteWriter, DecodeError } from "../lib/codec.ts";

/** Has all blocks and gives them away. */
export const NODE_NETWORK = 1n;

/** Gives blocks and transactions with their witnesses (BIP-0144). */
export const NODE_WITNESS = 1n << 3n;

/**
 * Speaks the Cairn extension. Bits 24 to 31 are those that Bitcoin leaves to experiments; no release
 * of Bitcoin Core has used 27 (clients for BIP-0148 did, in 2017, on Bitcoin's own network). A peer
 * that sets it and sends no `cairn` message is an ordinary peer.
 */
export const NODE_CAIRN = 1n << 27n;

/** Reads service bits as a compact size of up to 64 bits (BIP-0155), in its shortest form only. */
export function readCompactServices(reader: ByteReader): bigint {
  const first = reader.u8();
  if (first < 0xfd) return BigInt(first);
  const [value, least] = readWide(reader, first);
  if (value < least) throw new DecodeError("services are not in their shortest form");
  return value;
}

/** Writes service bits as a compact size of up to 64 bits (BIP-0155). */
export function writeCompactServices(writer: ByteWriter, services: bigint): void {
  if (services <= 0xffffffffn) writer.compactSize(Number(services));
  else writer.u8(0xff).u64(services);
}

function readWide(reader: ByteReader, first: number): readonly [value: bigint, least: bigint] {
  if (first === 0xfd) return [BigInt(reader.u16()), 0xfdn];
  if (first === 0xfe) return [BigInt(reader.u32()), 0x1_0000n];
  return [reader.u64(), 0x1_0000_0000n];
}
