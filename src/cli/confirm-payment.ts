/**
 * From a payment that a node has prepared to one that is sent: shown, agreed to, signed.
 *
 * Whatever comes between gives the coins back at once. How it is prepared is the business of who
 * calls.
 */

import { type Answer, type ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { askYes, YES_OPTIONS } from "./ask-yes.ts";
import { type CommandContext, CommandError } from "./command.ts";
import { PASSWORD_OPTIONS, withPassword } from "./read-password.ts";
import { printPayment } from "./show-payment.ts";
import type { Terminal } from "./terminal.ts";
import type { PaymentAnswer } from "./wallet-answers.ts";
import { walletPath } from "./wallet-options.ts";

/** The options of every command that sends a payment. */
export const CONFIRM_OPTIONS = {
  ...YES_OPTIONS,
  ...PASSWORD_OPTIONS,
  ...CLIENT_OPTIONS,
} as const;

/** What a payment is sent with. */
export type ConfirmContext = Pick<
  CommandContext<typeof CONFIRM_OPTIONS>,
  "options" | "terminal" | "world"
>;

/**
 * Sends the payment that wallet `name` has `prepared`, and writes what came of it; returns its txid.
 * Throws if it is not sent.
 */
export async function confirmPayment(
  { options, terminal, world }: ConfirmContext,
  client: ApiClient,
  name: string,
  prepared: Answer<PaymentAnswer>,
): Promise<string> {
  const { id, state, digest } = prepared.value;
  if (state === "sent") return report({ options, terminal }, prepared);
  if (state !== "open") {
    throw new CommandError(`this payment is ${state}; another --client-id makes another`);
  }

  const path = walletPath(name, "payments", id);
  if (!options.json) printPayment(terminal, name, prepared.value);
  try {
    await agree({ options, terminal, world });
    const { passwordFile } = options;
    const sent = await withPassword(name, { client, world, passwordFile }, (authority) =>
      client.post<PaymentAnswer>(`${path}/confirm`, { digest, ...authority }),
    );
    return report({ options, terminal }, sent);
  } catch (error) {
    // One that was sent all the same cannot be cancelled, and says so.
    await client.delete(path).catch(() => undefined);
    throw error;
  }
}

/** Asks whether to go ahead, unless that was said; CommandError if not. */
export async function agree({ options, terminal, world }: ConfirmContext): Promise<void> {
  if (options.yes) return;
  if (!options.json) terminal.print();
  if (!(await askYes(world, "Send it?"))) throw new CommandError("nothing was sent");
}

/** Writes that a payment is on its way, and how to see where it is. */
export function printSent(terminal: Terminal, txid: string): void {
  terminal.print({ text: "sent ", style: "green" }, txid);
  terminal.print({ text: `Where it is: cairn tx ${txid}`, style: "dim" });
}

function report(
  { options, terminal }: Pick<ConfirmContext, "options" | "terminal">,
  { text, value }: Answer<PaymentAnswer>,
): string {
  const { txid, state } = value;
  if (txid === null || state !== "sent") throw new CommandError(`the payment is ${state}`);
  if (options.json) terminal.printRaw(text);
  else printSent(terminal, txid);
  return txid;
}
