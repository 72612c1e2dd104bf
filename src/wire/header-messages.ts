/**
 * `getheaders`, `getblocks` and `headers`: how a chain is asked for and given.
 *
 * Whether headers connect, or have work, is the business of p2p/header-sync.ts.
 */

import { type ByteReader, type ByteWriter, DecodeError } from "../lib/codec.ts";
import {
  type BlockHeader,
  decodeHeader,
  encodeHeader,
  HEADER_SIZE,
} from "../primitives/block-header.ts";
import { type BlockHash, readId, writeId } from "../primitives/hash-id.ts";
import { type ListBounds, readList, writeList } from "./bounded-list.ts";
import type { MessageFormat } from "./message-format.ts";

/** Asks for what follows the first block of the locator that the receiver has. */
export interface LocatorMessage<C extends "getheaders" | "getblocks"> {
  readonly command: C;
  readonly protocolVersion: number;
  /** Hashes of the asker's chain, highest first. */
  readonly locator: readonly BlockHash[];
  /** The last one wanted; ZERO_HASH for as many as there may be. */
  readonly stopHash: BlockHash;
}

/** Headers, each the child of the one before it if the sender is honest. */
export interface HeadersMessage {
  readonly command: "headers";
  readonly headers: readonly BlockHeader[];
}

/** Most hashes of a locator (Bitcoin Core's MAX_LOCATOR_SZ): enough for any height of 32 bits. */
export const MAX_LOCATOR_HASHES = 101;

/** Most headers of one message. Fewer means that the sender has no more. */
export const MAX_HEADERS = 2_000;

const LOCATOR_BOUNDS: ListBounds = { most: MAX_LOCATOR_HASHES, itemBytes: 32 };
/** A header and a count of transactions, which is always 0. */
const HEADERS_BOUNDS: ListBounds = { most: MAX_HEADERS, itemBytes: HEADER_SIZE + 1 };

/** Returns the format of `getheaders` or `getblocks`. */
export function locatorFormat<C extends "getheaders" | "getblocks">(
  command: C,
): MessageFormat<LocatorMessage<C>> {
  return {
    maxBytes: 4 + 1 + 32 * (MAX_LOCATOR_HASHES + 1),
    write(writer, { protocolVersion, locator, stopHash }) {
      writer.u32(protocolVersion);
      writeList(writer, LOCATOR_BOUNDS, locator, writeId);
      writeId(writer, stopHash);
    },
    read(reader) {
      return {
        command,
        protocolVersion: reader.u32(),
        locator: readList(reader, LOCATOR_BOUNDS, readId<BlockHash>),
        stopHash: readId<BlockHash>(reader),
      };
    },
  };
}

export const HEADERS_FORMAT: MessageFormat<HeadersMessage> = {
  maxBytes: 3 + MAX_HEADERS * (HEADER_SIZE + 1),
  write(writer, { headers }) {
    writeList(writer, HEADERS_BOUNDS, headers, writeHeader);
  },
  read(reader) {
    return { command: "headers", headers: readList(reader, HEADERS_BOUNDS, readHeader) };
  },
};

function writeHeader(writer: ByteWriter, header: BlockHeader): void {
  writer.bytes(encodeHeader(header)).u8(0);
}

function readHeader(reader: ByteReader): BlockHeader {
  const header = decodeHeader(reader);
  if (reader.u8() !== 0) throw new DecodeError("headers: with transactions");
  return header;
}
