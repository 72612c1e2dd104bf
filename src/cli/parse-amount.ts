/**
 * Amounts as they are typed: coins (`1.5`), sats (`1500sat`), or `max`, all there is.
 *
 * Never guesses which of the two units is meant: a bare number is coins.
 */

import { parseCoins } from "../primitives/amount.ts";
import { UsageError } from "./command.ts";

const SATS_PATTERN = /^(\d{1,16}) ?sats?$/;

/** Returns sats, or "max"; UsageError if `text` is no amount above 0. */
export function parseAmount(text: string): number | "max" {
  if (text === "max") return text;
  const sats = SATS_PATTERN.exec(text)?.[1];
  const amount = sats === undefined ? parseCoins(text) : Number(sats);
  if (amount === undefined || amount === 0 || !Number.isSafeInteger(amount)) {
    throw new UsageError(
      `${JSON.stringify(text.slice(0, 40))} is no amount like 1.5 (coins), 1500sat, or max`,
    );
  }
  return amount;
}
