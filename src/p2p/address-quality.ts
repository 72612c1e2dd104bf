/**
 * What an address is worth: whether to forget it, to let another have its place, to dial it.
 *
 * Pure functions of what is known of it and of the time, after Bitcoin Core's.
 */

import type { KnownAddress } from "./address-table.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Failed dials in a row after which an address that was not reached within a week is forgotten. */
export const MAX_FAILURES = 10;

/** Milliseconds for which having been reached, or seen, counts. */
export const ADDRESS_MEMORY_MS = 7 * DAY_MS;

/** Milliseconds that a time told by others may be ahead of our clock. */
export const MAX_CLOCK_LEAD_MS = 10 * MINUTE_MS;

/** Failed dials after which an address that was never reached is worth less than any other. */
const MAX_FIRST_FAILURES = 3;

/** True if a dial has just begun or ended: nothing is decided meanwhile. */
export function isJustTried({ triedAt }: KnownAddress, now: number): boolean {
  return Math.abs(now - triedAt) < MINUTE_MS;
}

/** True once an address is to be deleted. */
export function isForgotten({ failures, succeededAt }: KnownAddress, now: number): boolean {
  return failures >= MAX_FAILURES && now - succeededAt >= ADDRESS_MEMORY_MS;
}

/**
 * True if another may have its place, and nobody is told of it. Being old is no reason to delete it:
 * a class comes back after the holidays, when nobody has seen anybody for weeks.
 */
export function isTerrible(entry: KnownAddress, now: number): boolean {
  if (isJustTried(entry, now)) return false;
  if (entry.seenAt > now + MAX_CLOCK_LEAD_MS) return true;
  if (now - entry.seenAt > ADDRESS_MEMORY_MS) return true;
  if (entry.succeededAt === 0 && entry.failures >= MAX_FIRST_FAILURES) return true;
  return isForgotten(entry, now);
}

/** How likely a drawn address is to be dialled, of 0..1: less after failures, and just after a dial. */
export function dialChance({ triedAt, failures }: KnownAddress, now: number): number {
  const recent = Math.abs(now - triedAt) < 10 * MINUTE_MS ? 0.01 : 1;
  return recent * 0.66 ** Math.min(failures, 8);
}
