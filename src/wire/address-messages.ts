/**
 * `addr` and `addrv2` (BIP-0155): where other nodes are, or were.
 *
 * Entries of networks other than IPv4 and IPv6 are left out. What is believed, kept or passed on is
 * the business of p2p/.
 */

import type { ByteReader, ByteWriter } from "../lib/codec.ts";
import { type ListBounds, readList, writeList } from "./bounded-list.ts";
import type { MessageFormat } from "./message-format.ts";
import {
  type NetAddress,
  readNetAddress,
  readNetAddressV2,
  writeNetAddress,
  writeNetAddressV2,
} from "./net-address.ts";
import { readCompactServices, writeCompactServices } from "./services.ts";

/** What is told of one node. */
export interface AddressEntry {
  /** Seconds since 1970 when it was last seen, by whoever says so. */
  readonly time: number;
  /** Service bits. */
  readonly services: bigint;
  readonly address: NetAddress;
}

export interface AddrMessage {
  readonly command: "addr";
  readonly entries: readonly AddressEntry[];
}

export interface Addrv2Message {
  readonly command: "addrv2";
  readonly entries: readonly AddressEntry[];
}

/** Most entries of one message. */
export const MAX_ADDRESSES = 1_000;

const ADDR_BOUNDS: ListBounds = { most: MAX_ADDRESSES, itemBytes: 30 };
/** Time, one byte of services, network, an address of no bytes, port. */
const ADDRV2_BOUNDS: ListBounds = { most: MAX_ADDRESSES, itemBytes: 9 };
/** Time, nine bytes of services, network, 512 bytes and their length, port. */
const ADDRV2_MAX_ITEM_BYTES = 531;

export const ADDR_FORMAT: MessageFormat<AddrMessage> = {
  maxBytes: 3 + MAX_ADDRESSES * 30,
  write(writer, { entries }) {
    writeList(writer, ADDR_BOUNDS, entries, writeEntry);
  },
  read(reader) {
    return { command: "addr", entries: readList(reader, ADDR_BOUNDS, readEntry) };
  },
};

export const ADDRV2_FORMAT: MessageFormat<Addrv2Message> = {
  maxBytes: 3 + MAX_ADDRESSES * ADDRV2_MAX_ITEM_BYTES,
  write(writer, { entries }) {
    writeList(writer, ADDRV2_BOUNDS, entries, writeEntryV2);
  },
  read(reader) {
    const entries = readList(reader, ADDRV2_BOUNDS, readEntryV2);
    return { command: "addrv2", entries: entries.filter((entry) => entry !== undefined) };
  },
};

function readEntry(reader: ByteReader): AddressEntry {
  return { time: reader.u32(), services: reader.u64(), address: readNetAddress(reader) };
}

function writeEntry(writer: ByteWriter, { time, services, address }: AddressEntry): void {
  writer.u32(time).u64(services);
  writeNetAddress(writer, address);
}

function readEntryV2(reader: ByteReader): AddressEntry | undefined {
  const time = reader.u32();
  const services = readCompactServices(reader);
  const address = readNetAddressV2(reader);
  return address && { time, services, address };
}

function writeEntryV2(writer: ByteWriter, { time, services, address }: AddressEntry): void {
  writer.u32(time);
  writeCompactServices(writer, services);
  writeNetAddressV2(writer, address);
}
