/**
 * The Cairn extension's messages: `cairn`, `cairnproof`, `hops`, `nodestat`.
 *
 * Two nodes that both set NODE_CAIRN send `cairn` after the other's `version` and before `verack`.
 * Whoever has both ids then sends `cairnproof`, once, before or after `verack`: a signature of
 * identityDigest. Until it has come and holds, the other is a peer without an identity. `hops` and
 * `nodestat` are for display: nothing may depend on them.
 */

import { taggedHash } from "../crypto/hash.ts";
import { type ByteReader, ByteWriter, DecodeError } from "../lib/codec.ts";
import { type BlockHash, idToHash, readId, type Txid, writeId } from "../primitives/hash-id.ts";
import { type ListBounds, readList, writeList } from "./bounded-list.ts";
import type { MessageFormat } from "./message-format.ts";
import { readPort, writePort } from "./net-address.ts";
import { NODE_ID_SIZE, type NodeId, readNodeId, writeNodeId } from "./node-id.ts";
import { readText, writeText } from "./printable-text.ts";

/** Who a node says it is. */
export interface CairnMessage {
  readonly command: "cairn";
  /** Version of the extension; CAIRN_VERSION or a later one. */
  readonly version: number;
  readonly nodeId: NodeId;
  /** Where its API listens; 0 if others cannot reach it. */
  readonly apiPort: number;
  /** Printable ASCII, chosen by its owner; may be empty, and two nodes may have the same. */
  readonly name: string;
  /** 32 bits, of which none is in use; to be ignored where unknown. */
  readonly features: number;
}

/** Proof that the sender holds the key of its node id. */
export interface CairnProofMessage {
  readonly command: "cairnproof";
  /** Compact ECDSA signature of identityDigest, 64 bytes. */
  readonly signature: Uint8Array;
}

/** How one block or transaction came here. */
export interface HopsEntry {
  readonly hash: BlockHash | Txid;
  /** Links it has passed, the one to the receiver included; MAX_HOPS stands for more. */
  readonly hopCount: number;
  /** Since it was made or first submitted, by the clocks it passed; at most 2^32 - 1. */
  readonly elapsedMs: number;
}

export interface HopsMessage {
  readonly command: "hops";
  readonly entries: readonly HopsEntry[];
}

/** How a node is. */
export interface NodeStatMessage {
  readonly command: "nodestat";
  readonly height: number;
  readonly tip: BlockHash;
  readonly peerCount: number;
  /** Whole hashes a second. */
  readonly hashRate: number;
  /** Transactions in its mempool, and their bytes. */
  readonly mempoolCount: number;
  readonly mempoolBytes: number;
  /** Some of the nodes it is connected to, for the picture of the network. */
  readonly neighbors: readonly NodeId[];
}

/** Version of the extension spoken here. */
export const CAIRN_VERSION = 1;

/** Most bytes of a node's name: what fits a label in the picture of the network. */
export const MAX_NODE_NAME_BYTES = 32;

/** Highest hop count told; no path in a network of this kind is longer. */
export const MAX_HOPS = 32;

/** Most entries of one `hops`. */
export const MAX_HOPS_ENTRIES = 100;

/** Most neighbours of one `nodestat`: more than a node of a full mesh has. */
export const MAX_NEIGHBORS = 64;

const HOPS_ENTRY_BYTES = 37;
const HOPS_BOUNDS: ListBounds = { most: MAX_HOPS_ENTRIES, itemBytes: HOPS_ENTRY_BYTES };
const NEIGHBOR_BOUNDS: ListBounds = { most: MAX_NEIGHBORS, itemBytes: NODE_ID_SIZE };
const MAX_ELAPSED_MS = 0xffffffff;
const SIGNATURE_BYTES = 64;

export const CAIRN_FORMAT: MessageFormat<CairnMessage> = {
  // Today's fields take 76 at most; the rest is room for those of later versions.
  maxBytes: 256,
  write(writer, { version, nodeId, apiPort, name, features }) {
    writer.u32(version);
    writeNodeId(writer, nodeId);
    writePort(writer, apiPort);
    writeText(writer, name, MAX_NODE_NAME_BYTES);
    writer.u32(features);
  },
  read(reader) {
    const version = reader.u32();
    if (version < CAIRN_VERSION) throw new DecodeError("cairn: version 0");
    const nodeId = readNodeId(reader);
    const apiPort = readPort(reader);
    const name = readText(reader, MAX_NODE_NAME_BYTES);
    const features = reader.u32();
    if (version > CAIRN_VERSION) reader.bytes(reader.remaining);
    return { command: "cairn", version, nodeId, apiPort, name, features };
  },
};

export const CAIRN_PROOF_FORMAT: MessageFormat<CairnProofMessage> = {
  maxBytes: SIGNATURE_BYTES,
  write(writer, { signature }) {
    if (signature.length !== SIGNATURE_BYTES) throw new RangeError("a signature has 64 bytes");
    writer.bytes(signature);
  },
  read(reader) {
    return { command: "cairnproof", signature: reader.bytes(SIGNATURE_BYTES) };
  },
};

export const HOPS_FORMAT: MessageFormat<HopsMessage> = {
  maxBytes: 1 + MAX_HOPS_ENTRIES * HOPS_ENTRY_BYTES,
  write(writer, { entries }) {
    writeList(writer, HOPS_BOUNDS, entries, writeHops);
  },
  read(reader) {
    return { command: "hops", entries: readList(reader, HOPS_BOUNDS, readHops) };
  },
};

export const NODE_STAT_FORMAT: MessageFormat<NodeStatMessage> = {
  maxBytes: 4 + 32 + 2 + 8 + 4 + 8 + 1 + MAX_NEIGHBORS * NODE_ID_SIZE,
  write(writer, message) {
    writer.u32(message.height);
    writeId(writer, message.tip);
    writer.u16(message.peerCount);
    writeSafeU64(writer, message.hashRate);
    writer.u32(message.mempoolCount);
    writeSafeU64(writer, message.mempoolBytes);
    writeList(writer, NEIGHBOR_BOUNDS, message.neighbors, writeNodeId);
  },
  read(reader) {
    return {
      command: "nodestat",
      height: reader.u32(),
      tip: readId<BlockHash>(reader),
      peerCount: reader.u16(),
      hashRate: readSafeU64(reader),
      mempoolCount: reader.u32(),
      mempoolBytes: readSafeU64(reader),
      neighbors: readList(reader, NEIGHBOR_BOUNDS, readNodeId),
    };
  },
};

/** One side of a handshake: the nonce of its `version`, and its node id. */
export interface IdentitySide {
  readonly nonce: bigint;
  readonly nodeId: NodeId;
}

/**
 * Returns the 32 bytes that `signer` signs to prove to `other` that it holds its key. They are
 * bound to the network and to this one connection, and differ for the two sides, so that no proof
 * can be used again, elsewhere, or sent back.
 */
export function identityDigest(
  genesisHash: BlockHash,
  signer: IdentitySide,
  other: IdentitySide,
): Uint8Array {
  const writer = new ByteWriter(2 * (8 + NODE_ID_SIZE));
  writer.u64(signer.nonce).u64(other.nonce);
  writeNodeId(writer, signer.nodeId);
  writeNodeId(writer, other.nodeId);
  return taggedHash("Cairn/identity", idToHash(genesisHash), writer.finish());
}

function readHops(reader: ByteReader): HopsEntry {
  return {
    hash: readId<BlockHash | Txid>(reader),
    hopCount: Math.min(reader.u8(), MAX_HOPS),
    elapsedMs: reader.u32(),
  };
}

function writeHops(writer: ByteWriter, { hash, hopCount, elapsedMs }: HopsEntry): void {
  writeId(writer, hash);
  writer.u8(Math.min(hopCount, MAX_HOPS)).u32(Math.min(elapsedMs, MAX_ELAPSED_MS));
}

/** 64 bits, of which a number holds 53: more than any network of this kind can count. */
function readSafeU64(reader: ByteReader): number {
  const value = reader.i64AsNumber();
  if (value < 0) throw new DecodeError("a negative count");
  return value;
}

function writeSafeU64(writer: ByteWriter, value: number): void {
  if (value < 0) throw new RangeError("a negative count");
  writer.i64(value);
}
