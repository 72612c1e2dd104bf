/**
 * Whom to pay, as it is typed: one or more pairs of a recipient and an amount.
 *
 * Who a name stands for is found out later, by who pays.
 */

import { MAX_RECIPIENTS } from "../wallet/payment-plan.ts";
import { UsageError } from "./command.ts";
import { parseAmount } from "./parse-amount.ts";

/** Somebody to pay: an address or the name of a contact or wallet, and sats or all. */
export type TypedRecipient = { readonly to: string; readonly amount: number | "max" };

/** Most arguments that recipients are made of. */
export const MAX_RECIPIENT_ARGUMENTS = 2 * MAX_RECIPIENTS;

/** Longest name or address that the API reads. */
const MAX_RECIPIENT_LENGTH = 100;

/** Returns the recipients; UsageError if there is none, or half of one. */
export function readRecipients(positionals: readonly string[]): readonly TypedRecipient[] {
  if (positionals.length === 0) throw new UsageError("say to whom, and how much: TO AMOUNT");
  const recipients: TypedRecipient[] = [];
  for (let index = 0; index < positionals.length; index += 2) {
    const [to = "", amount] = positionals.slice(index, index + 2);
    if (to === "" || to.length > MAX_RECIPIENT_LENGTH) {
      throw new UsageError(`${JSON.stringify(to.slice(0, 60))} is nobody: give an address or name`);
    }
    if (amount === undefined) throw new UsageError(`say how much ${to} gets: 1.5, 1500sat or max`);
    recipients.push({ to, amount: parseAmount(amount) });
  }
  return recipients;
}
