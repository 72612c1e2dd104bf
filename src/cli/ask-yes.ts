/**
 * The question before what cannot be taken back, and the option that answers it beforehand.
 *
 * Passwords are asked for elsewhere, in read-password.ts.
 */

import { UsageError, type World } from "./command.ts";
import { switchOption, WALLET_GROUP } from "./wallet-options.ts";

/** Agreeing beforehand. */
export const YES_OPTIONS = {
  yes: switchOption(WALLET_GROUP, "Do not ask, go ahead"),
} as const;

/** Returns whether a person says yes; UsageError where nobody can be asked. */
export async function askYes(world: World, question: string): Promise<boolean> {
  const reply = await world.ask(`${question} [y/N] `, false);
  if (reply === undefined) {
    throw new UsageError("nobody answers; where nobody can be asked, --yes goes ahead");
  }
  return /^y(?:es)?$/i.test(reply.trim());
}
