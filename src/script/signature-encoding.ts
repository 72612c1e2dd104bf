/**
 * The forms in which scripts hold ECDSA signatures and public keys, and the one strict form in which
 * they are verified.
 *
 * Consensus accepts more forms than anybody should make: high s, uncompressed and hybrid keys, and
 * lax DER where BIP-0066 is off. Nothing is verified here; that is crypto/ecdsa.ts.
 */

import { isLowS } from "../crypto/ecdsa.ts";
import { compareBytes, toHex } from "../lib/bytes.ts";
import type { SigVersion } from "./execution.ts";
import { ScriptFlag, type ScriptFlags } from "./flags.ts";
import type { ScriptError } from "./script-error.ts";
import { SighashType } from "./sighash.ts";

/** The order n of the group, big-endian. */
const GROUP_ORDER = Uint8Array.from([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
  0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
]);

/** The prime p of the field that coordinates are of. */
const FIELD_PRIME = 2n ** 256n - 2n ** 32n - 977n;

const SEQUENCE_TAG = 0x30;
const INTEGER_TAG = 0x02;

/** A signature needs one of these flags before its form matters. */
const ENCODING_FLAGS = ScriptFlag.DERSIG | ScriptFlag.LOW_S | ScriptFlag.STRICTENC;

/**
 * Returns the rule that a signature with its hash type byte breaks by its form, or undefined. An
 * empty signature has the right form: it is how scripts say "none".
 */
export function checkSignatureEncoding(
  signature: Uint8Array,
  flags: ScriptFlags,
): ScriptError | undefined {
  if (signature.length === 0) return undefined;
  if ((flags & ENCODING_FLAGS) !== 0 && !isStrictDer(signature)) return "SIG_DER";
  if ((flags & ScriptFlag.LOW_S) !== 0) {
    // What is strict DER can be read laxly.
    const compact = parseLaxDer(signature.subarray(0, -1)) as Uint8Array;
    if (!isLowS(compact)) return "SIG_HIGH_S";
  }
  if ((flags & ScriptFlag.STRICTENC) !== 0 && !hasDefinedHashType(signature)) return "SIG_HASHTYPE";
  return undefined;
}

/** Returns the rule that a public key breaks by its form, or undefined. */
export function checkPublicKeyEncoding(
  key: Uint8Array,
  flags: ScriptFlags,
  sigVersion: SigVersion,
): ScriptError | undefined {
  if ((flags & ScriptFlag.STRICTENC) !== 0 && !isCompressed(key) && !isUncompressed(key)) {
    return "PUBKEYTYPE";
  }
  if (
    (flags & ScriptFlag.WITNESS_PUBKEYTYPE) !== 0 &&
    sigVersion === "witness-v0" &&
    !isCompressed(key)
  ) {
    return "WITNESS_PUBKEYTYPE";
  }
  return undefined;
}

/**
 * True if a signature with its hash type byte is in the one form of BIP-0066: two positive integers
 * without needless zeros, lengths that fit exactly, 9 to 73 bytes in all.
 */
export function isStrictDer(signature: Uint8Array): boolean {
  const { length } = signature;
  if (length < 9 || length > 73) return false;
  if (signature[0] !== SEQUENCE_TAG || signature[1] !== length - 3) return false;

  const rLength = signature[3] as number;
  if (rLength + 5 >= length) return false;
  const sLength = signature[rLength + 5] as number;
  if (rLength + sLength + 7 !== length) return false;
  return isStrictInteger(signature, 2, rLength) && isStrictInteger(signature, rLength + 4, sLength);
}

/**
 * Returns the 64-byte compact form of a DER signature without hash type, forgiving what OpenSSL once
 * forgave: wrong total lengths, needless zeros, negative numbers, bytes at the end. Returns 64 zeros,
 * which never verify, if r or s is not below n; undefined where even that fails.
 */
export function parseLaxDer(der: Uint8Array): Uint8Array | undefined {
  const cursor = { der, offset: 0 };
  if (!skipSequenceHeader(cursor)) return undefined;
  const r = readLaxInteger(cursor);
  const s = r === undefined ? undefined : readLaxInteger(cursor);
  if (r === undefined || s === undefined) return undefined;

  const compact = new Uint8Array(64);
  if (r.length > 32 || s.length > 32) return compact;
  compact.set(r, 32 - r.length);
  compact.set(s, 64 - s.length);
  const isInRange =
    compareBytes(compact.subarray(0, 32), GROUP_ORDER) < 0 &&
    compareBytes(compact.subarray(32), GROUP_ORDER) < 0;
  return isInRange ? compact : compact.fill(0);
}

/**
 * Returns a DER signature without hash type as the strict verifier takes it, or undefined if it is
 * none. A high s is valid by consensus, and n - s verifies exactly when it does.
 */
export function toCompactLowS(der: Uint8Array): Uint8Array | undefined {
  const compact = parseLaxDer(der);
  if (compact === undefined || isLowS(compact)) return compact;

  let borrow = 0;
  for (let index = 31; index >= 0; index--) {
    const difference = (GROUP_ORDER[index] as number) - (compact[32 + index] as number) - borrow;
    borrow = difference < 0 ? 1 : 0;
    compact[32 + index] = difference & 0xff;
  }
  return compact;
}

/**
 * Returns a public key as the strict verifier takes it, 33 bytes, or undefined if it is none. Of
 * uncompressed (04) and hybrid (06, 07) keys, which consensus accepts outside Tapscript, the point
 * and the parity are checked here; of compressed ones the verifier finds out.
 */
export function toCompressedKey(key: Uint8Array): Uint8Array | undefined {
  if (isCompressed(key)) return key;
  const first = key[0];
  if (key.length !== 65 || (first !== 4 && first !== 6 && first !== 7)) return undefined;

  const parity = (key[64] as number) & 1;
  if (first !== 4 && first - 6 !== parity) return undefined;
  if (!isOnCurve(key.subarray(1, 33), key.subarray(33))) return undefined;
  const compressed = key.slice(0, 33);
  compressed[0] = 2 + parity;
  return compressed;
}

function isCompressed(key: Uint8Array): boolean {
  return key.length === 33 && (key[0] === 2 || key[0] === 3);
}

function isUncompressed(key: Uint8Array): boolean {
  return key.length === 65 && key[0] === 4;
}

function hasDefinedHashType(signature: Uint8Array): boolean {
  const type = (signature[signature.length - 1] as number) & ~SighashType.ANYONECANPAY;
  return type >= SighashType.ALL && type <= SighashType.SINGLE;
}

function isStrictInteger(bytes: Uint8Array, offset: number, length: number): boolean {
  if (bytes[offset] !== INTEGER_TAG || length === 0) return false;
  const first = bytes[offset + 2] as number;
  if (first >= 0x80) return false;
  return !(length > 1 && first === 0 && (bytes[offset + 3] as number) < 0x80);
}

interface DerCursor {
  readonly der: Uint8Array;
  offset: number;
}

/** The sequence's length is not looked at, only stepped over. */
function skipSequenceHeader(cursor: DerCursor): boolean {
  const { der } = cursor;
  const first = der[1];
  if (der[0] !== SEQUENCE_TAG || first === undefined) return false;
  cursor.offset = 2 + (first >= 0x80 ? first - 0x80 : 0);
  return cursor.offset <= der.length;
}

/** Returns the integer without the zeros before it; moves behind it. */
function readLaxInteger(cursor: DerCursor): Uint8Array | undefined {
  const { der } = cursor;
  if (der[cursor.offset] !== INTEGER_TAG) return undefined;
  cursor.offset += 1;
  const length = readLaxLength(cursor);
  if (length === undefined || length > der.length - cursor.offset) return undefined;

  let start = cursor.offset;
  const end = start + length;
  while (start < end && der[start] === 0) start += 1;
  cursor.offset = end;
  return der.subarray(start, end);
}

/** A length in one byte, or in the bytes that one byte counts, zeros before it forgiven. */
function readLaxLength(cursor: DerCursor): number | undefined {
  const { der } = cursor;
  const first = der[cursor.offset++];
  if (first === undefined || first < 0x80) return first;

  let count = first - 0x80;
  if (count > der.length - cursor.offset) return undefined;
  while (count > 0 && der[cursor.offset] === 0) {
    cursor.offset += 1;
    count -= 1;
  }
  // Bitcoin Core's bound; no script holds so much anyway.
  if (count >= 4) return undefined;

  let length = 0;
  for (; count > 0; count--) length = length * 256 + (der[cursor.offset++] as number);
  return length;
}

function isOnCurve(xBytes: Uint8Array, yBytes: Uint8Array): boolean {
  const x = BigInt(`0x${toHex(xBytes)}`);
  const y = BigInt(`0x${toHex(yBytes)}`);
  if (x >= FIELD_PRIME || y >= FIELD_PRIME) return false;
  return (y * y - x * x * x - 7n) % FIELD_PRIME === 0n;
}
