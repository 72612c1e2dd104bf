/**
 * `inv`, `getdata` and `notfound`: lists of things by hash, told of, asked for, or not had.
 *
 * Types that are unknown here are left out, as Bitcoin Core ignores them. Who may ask for what is
 * the business of p2p/.
 */

import type { ByteReader, ByteWriter } from "../lib/codec.ts";
import { type BlockHash, readId, type Txid, type Wtxid, writeId } from "../primitives/hash-id.ts";
import { type ListBounds, readList, writeList } from "./bounded-list.ts";
import type { MessageFormat } from "./message-format.ts";

/** A transaction by txid; asked for, one without its witness. */
export const MSG_TX = 1;
/** A block; asked for, one without witnesses. */
export const MSG_BLOCK = 2;
/** A block, to be sent as `cmpctblock` (BIP-0152). */
export const MSG_CMPCT_BLOCK = 4;
/** A transaction by wtxid, always with its witness (BIP-0339). */
export const MSG_WTX = 5;
/** Added to a type in `getdata`: with witnesses (BIP-0144). */
export const MSG_WITNESS_FLAG = 0x40000000;
/** A transaction by txid, with its witness. */
export const MSG_WITNESS_TX = 0x40000001;
/** A block with witnesses. */
export const MSG_WITNESS_BLOCK = 0x40000002;

/** One thing by its hash. */
export type InventoryEntry =
  | { readonly type: typeof MSG_TX | typeof MSG_WITNESS_TX; readonly hash: Txid }
  | { readonly type: typeof MSG_WTX; readonly hash: Wtxid }
  | {
      readonly type: typeof MSG_BLOCK | typeof MSG_WITNESS_BLOCK | typeof MSG_CMPCT_BLOCK;
      readonly hash: BlockHash;
    };

export interface InventoryMessage<C extends "inv" | "getdata" | "notfound"> {
  readonly command: C;
  readonly entries: readonly InventoryEntry[];
}

/** Most entries of one message. Bitcoin Core sends at most 1,000 unasked. */
export const MAX_INVENTORY_ENTRIES = 5_000;

const ENTRY_BYTES = 36;
const BOUNDS: ListBounds = { most: MAX_INVENTORY_ENTRIES, itemBytes: ENTRY_BYTES };

/** Returns the format of one of the three. */
export function inventoryFormat<C extends "inv" | "getdata" | "notfound">(
  command: C,
): MessageFormat<InventoryMessage<C>> {
  return {
    maxBytes: 3 + MAX_INVENTORY_ENTRIES * ENTRY_BYTES,
    write(writer, { entries }) {
      writeList(writer, BOUNDS, entries, writeEntry);
    },
    read(reader) {
      const entries = readList(reader, BOUNDS, readEntry);
      return { command, entries: entries.filter((entry) => entry !== undefined) };
    },
  };
}

function writeEntry(writer: ByteWriter, { type, hash }: InventoryEntry): void {
  writer.u32(type);
  writeId(writer, hash);
}

function readEntry(reader: ByteReader): InventoryEntry | undefined {
  const type = reader.u32();
  switch (type) {
    case MSG_TX:
    case MSG_WITNESS_TX:
      return { type, hash: readId<Txid>(reader) };
    case MSG_WTX:
      return { type, hash: readId<Wtxid>(reader) };
    case MSG_BLOCK:
    case MSG_WITNESS_BLOCK:
    case MSG_CMPCT_BLOCK:
      return { type, hash: readId<BlockHash>(reader) };
    default:
      reader.bytes(32);
      return undefined;
  }
}
