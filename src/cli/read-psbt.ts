/**
 * PSBTs as they are handed over: base64 in the argument, in a file, or on standard input.
 *
 * What is in them, the node judges.
 */

import { UsageError, type World } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** Base64 of "psbt\xff", with which every PSBT begins. */
const START = "cHNid";

/** Returns the PSBT that `argument` gives, names as a file, or (`-`) announces on standard input. */
export async function readPsbt(argument: string, world: World): Promise<string> {
  const text = (await readText(argument, world)).replace(/\s+/g, "");
  if (text.startsWith(START) && /^[A-Za-z0-9+/]+={0,2}$/.test(text)) return text;
  const named = JSON.stringify(argument.slice(0, 60));
  throw new UsageError(`${named} is no PSBT in base64, and no file with one`);
}

/** Writes a PSBT alone on standard output, and what there is to say of it beside. */
export function printPsbt(
  terminal: Terminal,
  {
    psbt,
    complete,
    missing = [],
  }: {
    readonly psbt: string;
    readonly complete?: boolean;
    readonly missing?: readonly string[];
  },
): void {
  terminal.printRaw(psbt);
  if (complete) terminal.printError({ text: "It is complete.", style: "green" });
  for (const sentence of missing) terminal.printError({ text: sentence, style: "yellow" });
}

async function readText(argument: string, world: World): Promise<string> {
  if (argument === "-") return await world.readStdin();
  if (argument.startsWith(START)) return argument;
  return world.readFile(argument) ?? "";
}
