/**
 * Commands whose first argument says what to do: `wallet psbt sign`, `contact add`.
 *
 * For what is one subject with one table of options; anything else is a command of its own.
 */

import { suggest } from "../node/config-error.ts";
import type { SettingTable } from "../node/settings.ts";
import { type CommandContext, UsageError } from "./command.ts";

/** What is done for each verb, with the arguments after it; returns the exit code. */
export type Verbs<Table extends SettingTable> = Readonly<
  Record<string, (context: CommandContext<Table>) => Promise<number>>
>;

/** Does what the first argument of `context` says; UsageError if there is no such verb. */
export async function runVerb<Table extends SettingTable>(
  context: CommandContext<Table>,
  verbs: Verbs<Table>,
): Promise<number> {
  const [verb = "", ...positionals] = context.positionals;
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (run !== undefined) return await run({ ...context, positionals });

  const known = Object.keys(verbs);
  if (verb === "") throw new UsageError(`say what to do: ${known.join(", ")}`);
  const named = JSON.stringify(verb.slice(0, 40));
  throw new UsageError(`there is no ${named} here${suggest(verb, known)}`);
}

/** Returns positional arguments as exactly so many; UsageError names those that are `missing`. */
export function takeArguments<const Names extends readonly string[]>(
  positionals: readonly string[],
  names: Names,
): { readonly [Index in keyof Names]: string } {
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const extra = positionals[names.length];
  if (extra !== undefined) {
    throw new UsageError(`unexpected argument ${JSON.stringify(extra.slice(0, 60))}`);
  }
  return positionals as unknown as { readonly [Index in keyof Names]: string };
}
