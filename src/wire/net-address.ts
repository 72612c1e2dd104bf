/**
 * Where a node can be reached: an IP address and a port, as text and in Bitcoin's encodings.
 *
 * Only IPv4 and IPv6 are kept; entries for other networks are read over. Which addresses are worth
 * keeping or dialling is the business of p2p/.
 */

import { type ByteReader, type ByteWriter, DecodeError } from "../lib/codec.ts";
import { formatIp, isIpv4, parseIp } from "./ip-address.ts";

/** An address to dial. */
export interface NetAddress {
  /** A numeric address in the spelling of formatIp, never a name. */
  readonly host: string;
  /** 0..65535. */
  readonly port: number;
}

/** Returns `host:port`, the host in brackets if it is IPv6. One address has one such text. */
export function formatNetAddress({ host, port }: NetAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads `host:port` or `[host]:port`; undefined if it is not numeric or the port not 1..65535. */
export function parseNetAddress(text: string): NetAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const bytes = parseIp(match?.[1] ?? match?.[2] ?? "");
  const port = Number(match?.[3]);
  if (bytes === undefined || port < 1 || port > 0xffff) return undefined;
  return { host: formatIp(bytes), port };
}

/** Reads 16 bytes of address and a port. */
export function readNetAddress(reader: ByteReader): NetAddress {
  return { host: formatIp(reader.bytes(16)), port: readPort(reader) };
}

/** Writes 16 bytes of address and a port; RangeError if the host is not numeric. */
export function writeNetAddress(writer: ByteWriter, { host, port }: NetAddress): void {
  writer.bytes(ipBytes(host));
  writePort(writer, port);
}

/**
 * Reads a network's number, an address and a port (BIP-0155). Undefined if it is of a network that
 * is not ours; DecodeError if its length is not that of its network, or over 512 bytes.
 */
export function readNetAddressV2(reader: ByteReader): NetAddress | undefined {
  const network = reader.u8();
  const length = reader.compactSize();
  if (length > MAX_ADDRESS_BYTES) throw new DecodeError(`an address of ${length} bytes`);
  if (length !== (ADDRESS_BYTES.get(network) ?? length)) {
    throw new DecodeError(`an address of ${length} bytes on network ${network}`);
  }
  const bytes = reader.bytes(length);
  const port = readPort(reader);
  if (network === IPV4) return { host: bytes.join("."), port };
  if (network !== IPV6 || isDisguised(bytes)) return undefined;
  return { host: formatIp(bytes), port };
}

/** Writes a network's number, an address and a port (BIP-0155). */
export function writeNetAddressV2(writer: ByteWriter, { host, port }: NetAddress): void {
  const bytes = ipBytes(host);
  if (isIpv4(bytes)) writer.u8(IPV4).variableBytes(bytes.subarray(12));
  else writer.u8(IPV6).variableBytes(bytes);
  writePort(writer, port);
}

/** Reads a port, most significant byte first. */
export function readPort(reader: ByteReader): number {
  return (reader.u8() << 8) | reader.u8();
}

/** Writes a port, most significant byte first; RangeError if it is not 0..65535. */
export function writePort(writer: ByteWriter, port: number): void {
  if (!Number.isInteger(port)) throw new RangeError("a port is an integer");
  writer.u8(Math.floor(port / 256)).u8(port & 0xff);
}

const IPV4 = 1;
const IPV6 = 2;

/** BIP-0155: no address of any network is longer. */
const MAX_ADDRESS_BYTES = 512;

/** Bytes of an address on each network that has a fixed number of them: the two, Tor, I2P, CJDNS. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [IPV4, 4],
  [IPV6, 16],
  [4, 32],
  [5, 32],
  [6, 16],
]);

/** fd87:d87e:eb43::/48, by which `addr` messages once carried Tor's addresses. */
const ONION_CAT = [0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43] as const;

/** BIP-0155: an IPv6 entry must not hide an address of another network. */
function isDisguised(bytes: Uint8Array): boolean {
  return isIpv4(bytes) || ONION_CAT.every((byte, index) => bytes[index] === byte);
}

function ipBytes(host: string): Uint8Array {
  const bytes = parseIp(host);
  if (bytes === undefined) throw new RangeError("a host is a numeric address");
  return bytes;
}
