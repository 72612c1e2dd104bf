/**
 * Where an address belongs: on this machine, in this building, or out in the world, and to whom.
 *
 * A group is what one operator is taken to hold, so that slots and buckets are shared out by group
 * (P-31). Private ranges are one group: within a LAN nothing tells honest nodes from others, and
 * only nodes given by hand, or known by their keys, protect against being surrounded.
 */

import { sha256 } from "../crypto/hash.ts";
import { concatBytes, toHex } from "../lib/bytes.ts";
import { isIpv4, parseIp } from "../wire/ip-address.ts";

/** How far an address reaches; undefined where no node can be. */
export type Scope = "loopback" | "private" | "public";

/** Returns how far `host` reaches, or undefined if nothing there can be dialled. */
export function scopeOf(host: string): Scope | undefined {
  const bytes = parseIp(host);
  return bytes === undefined ? undefined : scopeOfBytes(bytes);
}

/**
 * Returns the group of `host`: one for this machine, one for all private ranges, else the first 16
 * bits of an IPv4 address and the first 32 of an IPv6 one. What is no address has a group too.
 */
export function groupOf(host: string): string {
  const bytes = parseIp(host);
  if (bytes === undefined) return "none";
  const scope = scopeOfBytes(bytes);
  if (scope === "loopback" || scope === "private") return scope;
  if (isIpv4(bytes)) return bytes.subarray(12, 14).join(".");
  return toHex(bytes.subarray(0, 4));
}

/** True for the groups of this machine and of private ranges: many nodes, told apart by nothing. */
export function isNear(group: string): boolean {
  return group === "loopback" || group === "private";
}

/** A number for `group` that nobody without `key` can foresee: 48 bits. */
export function groupRank(key: Uint8Array, group: string): number {
  const hash = sha256(concatBytes(key, new TextEncoder().encode(group)));
  const view = new DataView(hash.buffer, hash.byteOffset);
  return view.getUint32(0) * 0x1_0000 + view.getUint16(4);
}

/** The address at which clouds serve secrets to whatever runs in them (P-30). */
const METADATA_ADDRESS = "169.254.169.254";

function scopeOfBytes(bytes: Uint8Array): Scope | undefined {
  return isIpv4(bytes) ? scopeOfIpv4(bytes.subarray(12)) : scopeOfIpv6(bytes);
}

function scopeOfIpv4(bytes: Uint8Array): Scope | undefined {
  const [a = 0, b = 0, c = 0] = bytes;
  if (a === 127) return "loopback";
  if (a === 10) return "private";
  if (a === 172 && b >= 16 && b < 32) return "private";
  if (a === 192 && b === 168) return "private";
  // RFC 6598: between a provider and its customers.
  if (a === 100 && b >= 64 && b < 128) return "private";
  // Two machines on one cable give themselves such addresses (RFC 3927).
  if (a === 169 && b === 254) return bytes.join(".") === METADATA_ADDRESS ? undefined : "private";

  // This network, multicast, reserved, broadcast.
  if (a === 0 || a >= 224) return undefined;
  // For documents (RFC 5737), protocols (RFC 6890) and benchmarks (RFC 2544).
  if (a === 192 && b === 0 && (c === 0 || c === 2)) return undefined;
  if (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) return undefined;
  if (a === 203 && b === 0 && c === 113) return undefined;
  return "public";
}

function scopeOfIpv6(bytes: Uint8Array): Scope | undefined {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  if (bytes.every((byte, index) => byte === (index === 15 ? 1 : 0))) return "loopback";
  // Unique local addresses (RFC 4193).
  if ((a & 0xfe) === 0xfc) return "private";

  // Only 2000::/3 is given out; link-local addresses need a zone that no message carries.
  if ((a & 0xe0) !== 0x20) return undefined;
  // For documents (RFC 3849) and hashes of keys (RFC 4843, RFC 7343).
  const isForDocuments = a === 0x20 && b === 0x01 && c === 0x0d && d === 0xb8;
  const isKeyHash = a === 0x20 && b === 0x01 && c === 0 && d >= 0x10 && d < 0x30;
  return isForDocuments || isKeyHash ? undefined : "public";
}
