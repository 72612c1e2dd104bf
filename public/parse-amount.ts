/**
 * Amounts and rates as people type them, exactly: no number in between that could round.
 *
 * How they are shown is in format.ts.
 */

const COIN_DIGITS = 8;
const FEERATE_DIGITS = 3;

/** Returns the sats of an amount in coins, groups allowed: "1,000.5"; undefined if it is none. */
export function parseCoins(text: string): number | undefined {
  return parseFixed(text, COIN_DIGITS);
}

/** Returns sats per virtual byte; undefined if it is none. */
export function parseFeerate(text: string): number | undefined {
  const thousandths = parseFixed(text, FEERATE_DIGITS);
  return thousandths === undefined ? undefined : thousandths / 10 ** FEERATE_DIGITS;
}

/** Returns a whole number; undefined if it is none. */
export function parseCount(text: string): number | undefined {
  return parseFixed(text, 0);
}

function parseFixed(text: string, digits: number): number | undefined {
  const match = /^(\d+|\d{1,3}(?:,\d{3})+)?(?:\.(\d*))?$/.exec(text.trim());
  const [, whole = "", rest = ""] = match ?? [];
  if (match === null || whole + rest === "" || rest.length > digits) return undefined;
  const value = Number(whole.replaceAll(",", "") + rest.padEnd(digits, "0"));
  return Number.isSafeInteger(value) ? value : undefined;
}
