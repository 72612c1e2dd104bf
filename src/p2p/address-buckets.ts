/**
 * Which bucket of the address book an address belongs to.
 *
 * Decided by a secret key, so that nobody outside can aim at a bucket, and by groups, so that
 * whoever holds many addresses of few groups reaches few buckets. Numbers of buckets are Bitcoin
 * Core's, a sixteenth of them.
 */

import { sha256 } from "../crypto/hash.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import { groupOf, isNear } from "./address-group.ts";
import { BUCKET_SIZE, type Position } from "./address-table.ts";

/** Buckets of addresses that were only heard of. */
export const NEW_BUCKETS = 64;

/** Buckets of addresses that were reached. */
export const TRIED_BUCKETS = 16;

/** Addresses that the book holds at most, those given by hand aside. */
export const MAX_ADDRESSES_KEPT = (NEW_BUCKETS + TRIED_BUCKETS) * BUCKET_SIZE;

/** Buckets that what one group tells can reach: a sixteenth. */
const NEW_BUCKETS_PER_SOURCE = 4;

/** Buckets that the addresses of one group can reach once tried. */
const TRIED_BUCKETS_PER_GROUP = 2;

/**
 * The same where the group is this machine or the LAN: all nodes there are one group, and a class
 * of some hundred must find room.
 */
const NEAR_NEW_BUCKETS = 16;
const NEAR_TRIED_BUCKETS = 8;

/** Bytes of the key. */
export const BUCKET_KEY_SIZE = 32;

/** Where `address` belongs when `source` tells of it. */
export function newPosition(key: Uint8Array, address: NetAddress, source: string): Position {
  const text = formatNetAddress(address);
  const group = groupOf(address.host);
  const sourceGroup = groupOf(source);
  const first = keyedHash(key, "source", sourceGroup);
  const choice = isNear(group)
    ? keyedHash(key, "near", sourceGroup, text) % NEAR_NEW_BUCKETS
    : keyedHash(key, "group", sourceGroup, group) % NEW_BUCKETS_PER_SOURCE;
  const bucket = (first + choice) % NEW_BUCKETS;
  return { bucket, slot: keyedHash(key, "new", String(bucket), text) % BUCKET_SIZE };
}

/** Where `address` belongs once it was reached. */
export function triedPosition(key: Uint8Array, address: NetAddress): Position {
  const text = formatNetAddress(address);
  const group = groupOf(address.host);
  const width = isNear(group) ? NEAR_TRIED_BUCKETS : TRIED_BUCKETS_PER_GROUP;
  const first = keyedHash(key, "tried group", group);
  const bucket = (first + (keyedHash(key, "tried choice", text) % width)) % TRIED_BUCKETS;
  return { bucket, slot: keyedHash(key, "tried", String(bucket), text) % BUCKET_SIZE };
}

const UTF8 = new TextEncoder();

/** 32 bits of a hash that needs `key`. The parts hold no line break. */
function keyedHash(key: Uint8Array, ...parts: readonly string[]): number {
  const text = UTF8.encode(parts.join("\n"));
  const input = new Uint8Array(key.length + text.length);
  input.set(key);
  input.set(text, key.length);
  const hash = sha256(input);
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0);
}
