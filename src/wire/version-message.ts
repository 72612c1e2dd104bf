/**
 * `version`: what a node says of itself first.
 *
 * Nothing in it is proven, and nothing is believed for long. The handshake around it is the
 * business of p2p/peer.ts.
 */

import type { ByteReader, ByteWriter } from "../lib/codec.ts";
import type { MessageFormat } from "./message-format.ts";
import { type NetAddress, readNetAddress, writeNetAddress } from "./net-address.ts";
import { readText, writeText } from "./printable-text.ts";

/** The version of Bitcoin's protocol spoken here: with `addrv2` and announcements by wtxid. */
export const PROTOCOL_VERSION = 70016;

/** Most bytes of a user agent (BIP-0014; Bitcoin Core's MAX_SUBVERSION_LENGTH). */
export const MAX_USER_AGENT_BYTES = 256;

/** One end of a connection, as the sender sees it. */
export interface ConnectionEnd {
  readonly services: bigint;
  readonly address: NetAddress;
}

export interface VersionMessage {
  readonly command: "version";
  /** Highest version of the protocol that the sender speaks. */
  readonly protocolVersion: number;
  /** The sender's service bits. */
  readonly services: bigint;
  /** Seconds since 1970 by the sender's clock. */
  readonly time: number;
  readonly receiver: ConnectionEnd;
  readonly sender: ConnectionEnd;
  /** Random 64 bits, by which a node knows a connection to itself. */
  readonly nonce: bigint;
  /** Printable ASCII. */
  readonly userAgent: string;
  /** Height of the sender's chain; never to be trusted. */
  readonly startHeight: number;
  /** False if the sender wants no transactions announced. */
  readonly relay: boolean;
}

export const VERSION_FORMAT: MessageFormat<VersionMessage> = {
  maxBytes: 512,
  write(writer, message) {
    writer.i32(message.protocolVersion).u64(message.services).i64(message.time);
    writeEnd(writer, message.receiver);
    writeEnd(writer, message.sender);
    writer.u64(message.nonce);
    writeText(writer, message.userAgent, MAX_USER_AGENT_BYTES);
    writer.i32(message.startHeight).u8(message.relay ? 1 : 0);
  },
  read(reader) {
    const message = {
      command: "version",
      protocolVersion: reader.i32(),
      services: reader.u64(),
      time: reader.i64AsNumber(),
      receiver: readEnd(reader),
      sender: readEnd(reader),
      nonce: reader.u64(),
      userAgent: readText(reader, MAX_USER_AGENT_BYTES),
      startHeight: reader.i32(),
      // Absent before protocol version 70001 (BIP-0037).
      relay: reader.remaining === 0 || reader.u8() !== 0,
    } as const;
    // Later versions of the protocol may add fields; Bitcoin Core reads over them too.
    reader.bytes(reader.remaining);
    return message;
  },
};

function readEnd(reader: ByteReader): ConnectionEnd {
  return { services: reader.u64(), address: readNetAddress(reader) };
}

function writeEnd(writer: ByteWriter, { services, address }: ConnectionEnd): void {
  writer.u64(services);
  writeNetAddress(writer, address);
}
