/**
 * Locks: from when on a branch of a contract can be spent. Four units, each of which knows how it
 * stands in a script, in a transaction (BIP-0065, BIP-0068), and in the state of the chain.
 *
 * What is locked is the business of contract.ts; how a lock is told to people, of contract-words.ts.
 */

import { SEQUENCE_FINAL } from "../primitives/transaction.ts";

/**
 * `height`: until the chain has that height. `time`: until its median time has passed that second
 * since 1970. `blocks`: until the coin has so many confirmations. `seconds`: until so much of the
 * chain's median time has passed since the coin was confirmed.
 */
export type LockUnit = "height" | "time" | "blocks" | "seconds";

/** A lock whose value is within `LOCK_RANGES`; `seconds` are a multiple of LOCK_SECONDS_STEP. */
export interface Lock {
  readonly unit: LockUnit;
  readonly value: number;
}

/** From this number on, a lock time is a time and no height (BIP-0065). */
export const LOCK_TIME_THRESHOLD = 500_000_000;

/** Relative locks by time count in units of 512 seconds (BIP-0068). */
export const LOCK_SECONDS_STEP = 512;

/** Relative locks count in 16 bits (BIP-0068). */
const MAX_RELATIVE_UNITS = 0xffff;

/** Set in a sequence number that counts units of time, not blocks (BIP-0068). */
const SEQUENCE_TIME_FLAG = 0x400000;

/** The bits of a sequence number that are a lock, and the one which says that there is none. */
const SEQUENCE_LOCK_MASK = SEQUENCE_TIME_FLAG | MAX_RELATIVE_UNITS;
const SEQUENCE_DISABLE_FLAG = 0x80000000;

/** Not final, so that lock times count, without a relative lock, and replaceable (BIP-0125). */
const SEQUENCE_UNLOCKED = 0xfffffffd;

/** The version from which on sequence numbers are locks (BIP-0068). */
const MIN_VERSION = 2;

/** What `value` may be; miniscript ends absolute times at 2^31 - 1, in January 2038. */
export const LOCK_RANGES: Readonly<Record<LockUnit, { least: number; most: number }>> = {
  height: { least: 1, most: LOCK_TIME_THRESHOLD - 1 },
  time: { least: LOCK_TIME_THRESHOLD, most: 0x7fffffff },
  blocks: { least: 1, most: MAX_RELATIVE_UNITS },
  seconds: { least: LOCK_SECONDS_STEP, most: MAX_RELATIVE_UNITS * LOCK_SECONDS_STEP },
};

/** True for a lock that counts from the coin's confirmation, not from the chain's beginning. */
export function isRelative({ unit }: Lock): boolean {
  return unit === "blocks" || unit === "seconds";
}

/** The number that a script compares with: with a lock time, or with a sequence number. */
export function lockNumber({ unit, value }: Lock): number {
  return unit === "seconds" ? SEQUENCE_TIME_FLAG | (value / LOCK_SECONDS_STEP) : value;
}

/** The parts of a transaction, and of one of its inputs, that locks are compared with. */
export interface LockFields {
  readonly version: number;
  readonly lockTime: number;
  readonly sequence: number;
}

/** Returns what a transaction must say to be let through by `lock`, or by none, as soon as may be. */
export function lockFields(lock: Lock | undefined): LockFields {
  const fields = { version: MIN_VERSION, lockTime: 0, sequence: SEQUENCE_UNLOCKED };
  if (lock === undefined) return fields;
  const number = lockNumber(lock);
  return isRelative(lock) ? { ...fields, sequence: number } : { ...fields, lockTime: number };
}

/** True if a script with `lock` lets these fields through: they say at least as much. */
export function isLockMet(lock: Lock, { version, lockTime, sequence }: LockFields): boolean {
  const number = lockNumber(lock);
  if (!isRelative(lock)) {
    const isSameUnit = lockTime < LOCK_TIME_THRESHOLD === number < LOCK_TIME_THRESHOLD;
    return isSameUnit && lockTime >= number && sequence !== SEQUENCE_FINAL;
  }
  if (version < MIN_VERSION || sequence >= SEQUENCE_DISABLE_FLAG) return false;
  const locked = sequence & SEQUENCE_LOCK_MASK;
  return (locked & SEQUENCE_TIME_FLAG) === (number & SEQUENCE_TIME_FLAG) && locked >= number;
}

/** What locks are measured by: the chain's tip, and where the coin was confirmed. */
export interface LockMoment {
  readonly height: number;
  /** Of the last 11 blocks, seconds since 1970. */
  readonly medianTime: number;
  /** Of the block that has the coin; undefined while it has not been confirmed. */
  readonly coinHeight?: number | undefined;
  /** The median time that the chain had just before that block, from which BIP-0068 counts. */
  readonly coinTime?: number | undefined;
}

/**
 * Whether a transaction that keeps a lock can be in the next block. `waiting` says at which height
 * or median time of the tip it can, and what is left until then; `unconfirmed`: a lock that counts
 * from the coin's confirmation has not begun.
 */
export type LockState =
  | { readonly status: "open" }
  | { readonly status: "unconfirmed" }
  | { readonly status: "waiting"; readonly for: "blocks" | "seconds"; at: number; left: number };

/** Returns the state of `lock`, or of none, at `moment`. */
export function lockStateAt(lock: Lock | undefined, moment: LockMoment): LockState {
  if (lock === undefined) return { status: "open" };
  const { height, medianTime, coinHeight, coinTime } = moment;
  switch (lock.unit) {
    case "height":
      return waitingFor("blocks", lock.value, height);
    case "time":
      // A lock time is behind only when the median has passed it.
      return waitingFor("seconds", lock.value + 1, medianTime);
    case "blocks":
      if (coinHeight === undefined) return { status: "unconfirmed" };
      // The coin's own block is its first confirmation.
      return waitingFor("blocks", coinHeight + lock.value - 1, height);
    case "seconds":
      if (coinTime === undefined) return { status: "unconfirmed" };
      return waitingFor("seconds", coinTime + lock.value, medianTime);
  }
}

function waitingFor(what: "blocks" | "seconds", at: number, now: number): LockState {
  const left = at - now;
  return left <= 0 ? { status: "open" } : { status: "waiting", for: what, at, left };
}
