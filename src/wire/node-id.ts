/**
 * Node ids: the compressed public key that a node proves to hold, as 66 hex digits.
 *
 * Only the form is checked here. Keys and proofs are made and verified in p2p/identity.ts.
 */

import { fromHex, toHex } from "../lib/bytes.ts";
import { type ByteReader, type ByteWriter, DecodeError } from "../lib/codec.ts";

declare const brand: unique symbol;

/** A compressed public key: 66 lower-case hex digits that begin with 02 or 03. */
export type NodeId = string & { readonly [brand]: "NodeId" };

/** Bytes of an encoded node id. */
export const NODE_ID_SIZE = 33;

const PATTERN = /^0[23][0-9a-f]{64}$/;

/** Returns `text` as a node id (upper case made lower), or undefined if it has another form. */
export function parseNodeId(text: string): NodeId | undefined {
  const lower = text.toLowerCase();
  return PATTERN.test(lower) ? (lower as NodeId) : undefined;
}

/** Reads 33 bytes; DecodeError if they do not begin like a compressed key. */
export function readNodeId(reader: ByteReader): NodeId {
  const id = parseNodeId(toHex(reader.bytes(NODE_ID_SIZE)));
  if (id === undefined) throw new DecodeError("not a compressed public key");
  return id;
}

/** Writes the 33 bytes of `id`. */
export function writeNodeId(writer: ByteWriter, id: NodeId): void {
  writer.bytes(fromHex(id));
}
