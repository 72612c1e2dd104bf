/**
 * The discovery datagram, by which a node says on the local network that it is there.
 *
 * Nothing in it is proven: it tells where to dial, and which network not to. Sending, and how often
 * to believe whom, is the business of p2p/.
 */

import { equalBytes } from "../lib/bytes.ts";
import { ByteReader, ByteWriter, DecodeError } from "../lib/codec.ts";
import { readPort, writePort } from "./net-address.ts";
import { NODE_ID_SIZE, type NodeId, readNodeId, writeNodeId } from "./node-id.ts";

export interface Announcement {
  /** First 4 bytes of the network's messages. */
  readonly magic: Uint8Array;
  readonly nodeId: NodeId;
  /** Where the node accepts peers: 1..65535. */
  readonly p2pPort: number;
  /** Where its API listens; 0 if others cannot reach it. */
  readonly apiPort: number;
  /** Height of its chain; never to be trusted. */
  readonly height: number;
  /** Random 64 bits of this start of the node, by which it knows its own. */
  readonly token: bigint;
}

/** Most bytes of a datagram that is looked at: it fits one packet on every link. */
export const MAX_DATAGRAM_BYTES = 512;

/** "CRN1". */
const TAG = Uint8Array.of(0x43, 0x52, 0x4e, 0x31);
const MAGIC_BYTES = 4;
const ANNOUNCEMENT_BYTES = TAG.length + MAGIC_BYTES + NODE_ID_SIZE + 2 + 2 + 4 + 8;

/** Returns the 57 bytes of a datagram; RangeError on what does not fit a field. */
export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  const { magic, nodeId, p2pPort, apiPort, height, token } = announcement;
  if (magic.length !== MAGIC_BYTES) throw new RangeError("a magic has 4 bytes");
  if (p2pPort === 0) throw new RangeError("a port to dial is not 0");
  const writer = new ByteWriter(ANNOUNCEMENT_BYTES).bytes(TAG).bytes(magic);
  writeNodeId(writer, nodeId);
  writePort(writer, p2pPort);
  writePort(writer, apiPort);
  return writer.u32(height).u64(token).finish();
}

/**
 * Reads a datagram; DecodeError if it is none of ours or over 512 bytes. What follows the fields
 * is read over: a later version may add some.
 */
export function decodeAnnouncement(bytes: Uint8Array): Announcement {
  if (bytes.length > MAX_DATAGRAM_BYTES) throw new DecodeError("a datagram of over 512 bytes");
  const reader = new ByteReader(bytes);
  if (!equalBytes(reader.bytes(TAG.length), TAG)) throw new DecodeError("not an announcement");
  const announcement = {
    magic: reader.bytes(MAGIC_BYTES),
    nodeId: readNodeId(reader),
    p2pPort: readPort(reader),
    apiPort: readPort(reader),
    height: reader.u32(),
    token: reader.u64(),
  };
  if (announcement.p2pPort === 0) throw new DecodeError("an announcement without a port");
  return announcement;
}
