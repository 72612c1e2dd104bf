/**
 * Numbers as people read them: bytes, hashes a second, durations, ages, counts, coins.
 *
 * Pure. What is formatted here is never read back: programs are given `--json`.
 */

import { formatCoins } from "../primitives/amount.ts";

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
const HASH_UNITS = ["H/s", "kH/s", "MH/s", "GH/s", "TH/s", "PH/s"] as const;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Formats a number of bytes: `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  return formatScaled(bytes, 1_024, BYTE_UNITS);
}

/** Formats hashes a second: `950 H/s`, `2.41 MH/s`. */
export function formatHashrate(hashesPerSecond: number): string {
  return formatScaled(hashesPerSecond, 1_000, HASH_UNITS);
}

/** Formats a span of time by its two largest units: `12 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return joinUnits(whole, MINUTE, "min", 1, "s");
  if (whole < DAY) return joinUnits(whole, HOUR, "h", MINUTE, "min");
  return joinUnits(whole, DAY, "d", HOUR, "h");
}

/** Formats how long ago something was, by its largest unit: `now`, `3 min ago`, `in 5 s`. */
export function formatAge(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole === 0) return "now";
  const size = formatLargestUnit(Math.abs(whole));
  return whole < 0 ? `in ${size}` : `${size} ago`;
}

/** Formats seconds since 1970 as `2026-01-31 12:00:00 UTC`. */
export function formatTime(seconds: number): string {
  const date = new Date(seconds * 1_000);
  if (Number.isNaN(date.getTime())) return `${seconds} s since 1970`;
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Formats a number with commas at the thousands, and at most `decimals` decimals. */
export function formatCount(count: number, decimals = 0): string {
  return count.toLocaleString("en-US", { maximumFractionDigits: decimals });
}

/** Formats a difficulty to three digits at least, since private chains live far below 1. */
export function formatDifficulty(difficulty: number): string {
  return difficulty < 1 ? difficulty.toPrecision(3) : formatCount(difficulty, 2);
}

/** Formats a part of a whole, given as 0..1: `12.5 %`. */
export function formatShare(share: number): string {
  return `${formatCount(share * 100, 1)} %`;
}

/** Formats sats as an amount of coins: `50.00000000 coins`. */
export function formatAmount(sats: number): string {
  return `${formatCoins(sats)} coins`;
}

/** Formats a feerate in sat per virtual byte: `1.25 sat/vB`. */
export function formatFeerate(feerate: number): string {
  return `${formatCount(feerate, 3)} sat/vB`;
}

/** Formats a count with its noun: `1 block`, `2 blocks`. */
export function formatPlural(count: number, singular: string): string {
  return `${formatCount(count)} ${singular}${count === 1 ? "" : "s"}`;
}

/** Shortens a hash to its two ends, which is what people compare. */
export function shortenHash(hash: string): string {
  return hash.length <= 19 ? hash : `${hash.slice(0, 9)}…${hash.slice(-9)}`;
}

function formatScaled(value: number, step: number, units: readonly string[]): string {
  let index = 0;
  let scaled = value;
  // Compared as it will be shown: 1,023.9 KiB would read "1,024 KiB".
  while (index < units.length - 1 && roundToThree(scaled, index) >= step) {
    scaled /= step;
    index++;
  }
  return `${formatCount(roundToThree(scaled, index), 2)} ${units[index]}`;
}

/** Rounds to about three digits; the smallest unit has no parts. */
function roundToThree(scaled: number, unitIndex: number): number {
  const decimals = unitIndex === 0 || scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return Number(scaled.toFixed(decimals));
}

function joinUnits(
  seconds: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const whole = Math.floor(seconds / large);
  const rest = Math.floor((seconds % large) / small);
  return rest === 0 ? `${whole} ${largeName}` : `${whole} ${largeName} ${rest} ${smallName}`;
}

function formatLargestUnit(seconds: number): string {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} d`;
}
