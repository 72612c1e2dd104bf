/**
 * What the commands about wallets have in common: options, and names in the API's paths.
 *
 * Asks nobody anything; what is asked for is in read-password.ts and ask-yes.ts.
 */

import type { JsonObject } from "../lib/json.ts";
import {
  decimalNumber,
  oneOf,
  type Setting,
  setting,
  textLike,
  truth,
  type ValuesOf,
  wholeNumber,
} from "../node/settings.ts";
import { WALLET_NAME_PATTERN } from "../wallet/keystore-file.ts";
import { MAX_FEERATE } from "../wallet/payment-plan.ts";
import { flagOnly, UsageError } from "./command.ts";

/** Heading of the options of wallets in help. */
export const WALLET_GROUP = "Wallet";

/** Heading of wallets, and of what is done with them, in the overview. */
export const MONEY_GROUP = "Wallets and payments";

/** Returns an option that is off unless it is named. */
export function switchOption(group: string, help: string): Setting<boolean> {
  return flagOnly(setting({ kind: truth(), group, help, default: false }));
}

/** A text that is kept with something. */
export const LABEL_OPTIONS = {
  label: flagOnly(
    setting<string | undefined>({
      kind: textLike(/^[^\p{Cc}]{1,255}$/u, "1 to 255 characters on one line", "TEXT"),
      group: WALLET_GROUP,
      help: "Label to find it by",
      default: undefined,
      defaultText: "none",
    }),
  ),
} as const;

const FEE_GROUP = "Fee";

/** What a payment is to cost. */
export const FEE_OPTIONS = {
  feerate: flagOnly(
    setting<number | undefined>({
      kind: decimalNumber(0, MAX_FEERATE, "RATE"),
      group: FEE_GROUP,
      help: "Fee in sat per virtual byte",
      default: undefined,
      defaultText: "the node's estimate for the target",
    }),
  ),
  target: flagOnly(
    setting<"1" | "3" | "6">({
      kind: oneOf(["1", "3", "6"], "BLOCKS"),
      group: FEE_GROUP,
      help: "Blocks within which it should be confirmed: 1, 3 or 6",
      default: "1",
    }),
  ),
  force: switchOption(FEE_GROUP, "Pay a fee however high it is"),
} as const;

/** What is needed to repeat a payment safely. */
export const CLIENT_ID_OPTIONS = {
  clientId: flagOnly(
    setting<string | undefined>({
      kind: textLike(/^[\x21-\x7e]{1,64}$/, "1 to 64 characters without blanks", "ID"),
      group: WALLET_GROUP,
      help: "Name of this payment: the same again is sent once",
      default: undefined,
      defaultText: "none",
    }),
  ),
} as const;

/** Which part of a long list is shown. */
export const PAGE_OPTIONS = {
  limit: flagOnly(
    setting({
      kind: wholeNumber(1, 100),
      group: "What to show",
      help: "How many, up to 100",
      default: 20,
    }),
  ),
  cursor: flagOnly(
    setting<string | undefined>({
      kind: textLike(/^[\x21-\x7e]{1,200}$/, "what an earlier page gave", "CURSOR"),
      group: "What to show",
      help: "Where an earlier page ended",
      default: undefined,
    }),
  ),
} as const;

/** Returns the query that asks for a page. */
export function pageQuery({ limit, cursor }: ValuesOf<typeof PAGE_OPTIONS>): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (cursor !== undefined) query.set("cursor", cursor);
  return `?${query}`;
}

/** Returns the fee as the API is asked for it. */
export function feeWish({
  feerate,
  target,
  force,
}: Pick<ValuesOf<typeof FEE_OPTIONS>, "feerate" | "target" | "force">): JsonObject {
  return {
    ...(feerate === undefined ? { target: Number(target) } : { feerate }),
    ...(force && { force }),
  };
}

/** Returns `fields` without those that are undefined. */
export function given<Fields extends Readonly<Record<string, JsonObject[string] | undefined>>>(
  fields: Fields,
): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as JsonObject;
}

/** Returns the API's path of what belongs to wallet `name`; UsageError if that is no name. */
export function walletPath(name: string, ...rest: readonly string[]): string {
  if (!WALLET_NAME_PATTERN.test(name)) {
    // Whatever was typed in its place is not repeated.
    throw new UsageError("this is no wallet's name: 1 to 32 of a-z, 0-9, _ and -");
  }
  return ["/api/wallets", name, ...rest.map(encodeURIComponent)].join("/");
}
