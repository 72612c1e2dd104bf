/**
 * How the target follows the hash rate, and the median time past.
 *
 * Looks at headers only, through the few fields it needs. BigInt throughout (C-29).
 */

import type { ConsensusParams } from "./params.ts";
import { compactToTarget, targetToCompact } from "./target.ts";

/** What header rules need to know of an ancestor. */
export interface HeaderContext {
  readonly height: number;
  readonly time: number;
  readonly bits: number;
  /** Undefined for genesis. */
  readonly parent: HeaderContext | undefined;
}

/** Blocks whose times the median is taken of (BIP-0113). */
const MEDIAN_TIME_SPAN = 11;

/** Most by which one retarget may change the target, either way. */
const MAX_RETARGET_FACTOR = 4;

/** Returns the bits that the block after `parent` must have. */
export function nextBits(parent: HeaderContext, params: ConsensusParams): number {
  const { retarget } = params;
  const height = parent.height + 1;
  if (retarget === undefined || height % retarget.interval !== 0) return parent.bits;

  // Genesis lies long in the past, so the first period is measured from block 1.
  const firstHeight = Math.max(1, height - 1 - retarget.interval);
  const intervals = parent.height - firstHeight;
  if (intervals <= 0) return parent.bits;

  const spanSeconds = parent.time - ancestorAt(parent, firstHeight).time;
  return scaleBits(parent.bits, spanSeconds, intervals * retarget.spacingSeconds, params.powLimit);
}

/** Returns `bits` made easier by actual / expected seconds, within a factor of 4 and the limit. */
export function scaleBits(
  bits: number,
  actualSeconds: number,
  expectedSeconds: number,
  powLimit: bigint,
): number {
  const target = compactToTarget(bits);
  if (target === undefined) throw new RangeError("bits stand for no target");

  const expected = BigInt(expectedSeconds);
  const factor = BigInt(MAX_RETARGET_FACTOR);
  const span = clamp(BigInt(actualSeconds), expected / factor, expected * factor);
  const scaled = (target * span) / expected;
  return targetToCompact(clamp(scaled, 1n, powLimit));
}

/** Returns the median of the times of `context` and the ten before it, or of all if fewer. */
export function medianTimePast(context: HeaderContext): number {
  const times: number[] = [];
  let entry: HeaderContext | undefined = context;
  while (entry !== undefined && times.length < MEDIAN_TIME_SPAN) {
    times.push(entry.time);
    entry = entry.parent;
  }
  times.sort((a, b) => a - b);
  return times[times.length >>> 1] as number;
}

/** Returns the ancestor at `height`, walking parents; RangeError if there is none. */
export function ancestorAt(context: HeaderContext, height: number): HeaderContext {
  let entry: HeaderContext | undefined = context;
  while (entry !== undefined && entry.height > height) entry = entry.parent;
  if (entry?.height !== height) throw new RangeError(`no ancestor at height ${height}`);
  return entry;
}

function clamp(value: bigint, least: bigint, most: bigint): bigint {
  if (value < least) return least;
  return value > most ? most : value;
}
