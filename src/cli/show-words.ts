/**
 * A wallet's words on the terminal: shown to be written down, asked for to see that they were.
 *
 * Where a person watches they stand on the second screen alone, which leaves no trace; elsewhere
 * they are one plain line.
 */

import { SYSTEM_RANDOM } from "../node/system-random.ts";
import { CommandError, UsageError, type World } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** Words that are asked for. */
const ASKED_WORDS = 3;

/** Times that the words are shown before nothing comes of it. */
const MAX_ROUNDS = 3;

const COLUMNS = 4;
const COLUMN_WIDTH = 16;

/** Shows `mnemonic` until a person is done with it. */
export async function showWords(terminal: Terminal, world: World, mnemonic: string): Promise<void> {
  if (!terminal.isInteractive) {
    terminal.print(mnemonic);
    return;
  }
  const reply = await terminal.onSecondScreen(() => {
    terminal.print({ text: "These words are the wallet", style: "bold" }, ": whoever has them,");
    terminal.print("has its coins, and without them a lost password loses it.");
    terminal.print();
    for (const line of layOutWords(mnemonic.split(" "))) terminal.print(line);
    terminal.print();
    terminal.print("Write them down in this order, on paper. They vanish from this screen.");
    return world.ask("Enter when that is done: ", false);
  });
  if (reply === undefined) throw new UsageError("nobody answers, so nobody reads the words");
}

/** Shows `mnemonic` and asks for some of its words; CommandError if they are wrong again and again. */
export async function teachWords(
  terminal: Terminal,
  world: World,
  mnemonic: string,
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    await showWords(terminal, world, mnemonic);
    if (await knowsWords(world, mnemonic.split(" "))) return;
    world.stderr.write("That is another word. Here they are again.\n");
  }
  throw new CommandError("the words were not written down; no wallet was made");
}

async function knowsWords(world: World, words: readonly string[]): Promise<boolean> {
  for (const place of drawPlaces(words.length)) {
    const reply = await world.ask(`Word number ${place + 1}: `, false);
    if (reply === undefined) throw new UsageError("nobody answers; no wallet was made");
    if (reply.trim().toLowerCase() !== words[place]) return false;
  }
  return true;
}

/** Different places among `count`, in order. */
function drawPlaces(count: number): number[] {
  const places = new Set<number>();
  while (places.size < ASKED_WORDS) places.add(SYSTEM_RANDOM.below(count));
  return [...places].sort((a, b) => a - b);
}

/** Numbered, downwards in columns. */
function layOutWords(words: readonly string[]): string[] {
  const rows = Math.ceil(words.length / COLUMNS);
  return Array.from({ length: rows }, (_, row) =>
    words
      .map((word, index) => `${String(index + 1).padStart(4)}  ${word}`.padEnd(COLUMN_WIDTH))
      .filter((_, index) => index % rows === row)
      .join(""),
  );
}
