/**
 * Hash functions that are slow on purpose, for what people remember or write down: scrypt and
 * PBKDF2, on any engine.
 *
 * Both run for a second or so in all and let others run between, so that a page stays alive. Which
 * cost is right, and what the keys are for, is known to whoever asks.
 */

import { pbkdf2Async } from "@noble/hashes/pbkdf2.js";
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { sha512 } from "@noble/hashes/sha2.js";

/** Milliseconds of work at a stretch: a frame of a page at 60 a second, and no more. */
const STRETCH_MS = 12;

/** scrypt (RFC 7914); `maxBytes` bounds the memory, and more is an Error. */
export function scrypt(
  password: Uint8Array,
  salt: Uint8Array,
  cost: { readonly n: number; readonly r: number; readonly p: number },
  { length, maxBytes }: { readonly length: number; readonly maxBytes: number },
): Promise<Uint8Array> {
  const { n, r, p } = cost;
  return scryptAsync(password, salt, {
    N: n,
    r,
    p,
    dkLen: length,
    maxmem: maxBytes,
    asyncTick: STRETCH_MS,
  });
}

/** PBKDF2 (RFC 8018) with HMAC-SHA-512. */
export function pbkdf2Sha512(
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
  length: number,
): Promise<Uint8Array> {
  return pbkdf2Async(sha512, password, salt, { c: rounds, dkLen: length, asyncTick: STRETCH_MS });
}
