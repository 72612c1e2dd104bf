/**
 * Amounts of money: integers of the smallest unit, the sat; 1 coin = 100,000,000 sat.
 *
 * Every network's supply is below 2^53, so an amount is a plain number, exact as long as it was
 * checked after each addition: this file is the only one that adds or formats amounts.
 */

/** Sats in one coin. */
export const COIN = 100_000_000;

/** True for an integer of 0..maxMoney. */
export function isMoney(value: number, maxMoney: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= maxMoney;
}

/** Returns the sum, or undefined as soon as a value or a partial sum leaves 0..maxMoney. */
export function sumMoney(values: Iterable<number>, maxMoney: number): number | undefined {
  let sum = 0;
  for (const value of values) {
    if (!isMoney(value, maxMoney)) return undefined;
    sum += value;
    if (sum > maxMoney) return undefined;
  }
  return sum;
}

const COINS_PATTERN = /^(\d{1,8})(?:\.(\d{1,8}))?$/;

/**
 * Returns the sats that a decimal number of coins stands for, or undefined: no sign, no exponent,
 * at most 8 decimals, nothing beyond 2^53 - 1 sat.
 */
export function parseCoins(text: string): number | undefined {
  const match = COINS_PATTERN.exec(text);
  if (match === null) return undefined;
  const [, whole, fraction = ""] = match;
  const sats = Number(whole) * COIN + Number(fraction.padEnd(8, "0"));
  return Number.isSafeInteger(sats) ? sats : undefined;
}

/** Formats sats as coins with all eight decimals: `50.00000000`. */
export function formatCoins(sats: number): string {
  const sign = sats < 0 ? "-" : "";
  const absolute = Math.abs(sats);
  const fraction = absolute % COIN;
  return `${sign}${(absolute - fraction) / COIN}.${String(fraction).padStart(8, "0")}`;
}
