/**
 * Bytes for the reference model: hashes, a reader that refuses what is malformed, little-endian writers.
 *
 * Slow and obvious on purpose. Nothing here, or beside it, may import a module of `src/`.
 */
import { createHash } from "node:crypto";

/** Bytes that cannot be decoded: no rule is broken, there is just no block. */
export class Malformed extends Error {}

/** Hashes with an algorithm of `node:crypto`. */
function hashWith(algorithm: string, parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** SHA-256 of the concatenation. */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  return hashWith("sha256", parts);
}

/** Double SHA-256 of the concatenation. */
export function hash256(...parts: Uint8Array[]): Uint8Array {
  return sha256(sha256(...parts));
}

/** SHA-1. */
export function sha1(bytes: Uint8Array): Uint8Array {
  return hashWith("sha1", [bytes]);
}

/** RIPEMD-160. */
export function ripemd160(bytes: Uint8Array): Uint8Array {
  return hashWith("ripemd160", [bytes]);
}

/** RIPEMD-160 of SHA-256. */
export function hash160(bytes: Uint8Array): Uint8Array {
  return ripemd160(sha256(bytes));
}

/** The tagged hash of BIP-0340. */
export function taggedHash(tag: string, ...parts: Uint8Array[]): Uint8Array {
  const tagHash = sha256(new TextEncoder().encode(tag));
  return sha256(tagHash, tagHash, ...parts);
}

/** The parts, one after the other. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Lower-case hexadecimal, in the order of the bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes of a hexadecimal text that is known to be well formed. */
export function fromHex(text: string): Uint8Array {
  return new Uint8Array((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
}

/** Whether two arrays hold the same bytes. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** A number that bytes spell, the least significant first. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  return [...bytes].reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

/** The low `size` bytes of a number, the least significant first. */
export function littleEndian(value: number | bigint, size: number): Uint8Array {
  const unsigned = BigInt.asUintN(8 * size, BigInt(value));
  return new Uint8Array(
    Array.from({ length: size }, (_, index) => Number((unsigned >> BigInt(8 * index)) & 255n)),
  );
}

/** Bitcoin's count of variable length, in its shortest form. */
export function compactSize(count: number): Uint8Array {
  if (count < 0xfd) return littleEndian(count, 1);
  if (count <= 0xffff) return concat(littleEndian(0xfd, 1), littleEndian(count, 2));
  return concat(littleEndian(0xfe, 1), littleEndian(count, 4));
}

/** Bytes after their length. */
export function withLength(bytes: Uint8Array): Uint8Array {
  return concat(compactSize(bytes.length), bytes);
}

/** Reads from the front, and throws Malformed where there is nothing left. */
export class Reader {
  offset = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.offset === this.bytes.length;
  }

  take(length: number): Uint8Array {
    if (this.offset + length > this.bytes.length) throw new Malformed("ends early");
    this.offset += length;
    return this.bytes.slice(this.offset - length, this.offset);
  }

  unsigned(size: number): number {
    return Number(fromLittleEndian(this.take(size)));
  }

  /** A count; only its shortest form is a count, and none is above 32 MiB. */
  count(): number {
    const first = this.unsigned(1);
    if (first < 0xfd) return first;
    const [size, least] =
      first === 0xfd ? [2, 0xfd] : first === 0xfe ? [4, 0x1_0000] : [8, 2 ** 32];
    const value = this.unsigned(size);
    if (value < least) throw new Malformed("count is not in its shortest form");
    if (value > 0x0200_0000) throw new Malformed("count is too large");
    return value;
  }

  withLength(): Uint8Array {
    return this.take(this.count());
  }

  /** As many things as a count says. */
  list<Item>(readItem: () => Item): Item[] {
    const items: Item[] = [];
    for (let left = this.count(); left > 0; left--) items.push(readItem());
    return items;
  }
}
