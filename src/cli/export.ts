/**
 * `cairn export`: writes the chain to a file, which is there whole or not at all.
 *
 * Knows files; the lines in them are made in node/chain-archive.ts.
 */

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { archiveLines } from "../node/chain-archive.ts";
import { openStoredChain, type StoredChain } from "../node/stored-chain.ts";
import { CHAIN_OPTIONS, findChainPlace } from "./chain-options.ts";
import { CommandError, defineCommand, EXIT_CODE, UsageError, type World } from "./command.ts";
import { Progress } from "./progress.ts";
import { formatBytes, formatCount } from "./units.ts";

export const exportCommand = defineCommand({
  name: "export",
  summary: "Write the chain to a file",
  group: "Chain files",
  usage: ["export FILE [OPTIONS]"],
  description:
    "Writes every block of the chain, one JSON object a line. The file appears under its name once " +
    "it is complete. May run beside a node. Refuses to overwrite a file.",
  options: CHAIN_OPTIONS,
  maxPositionals: 1,
  examples: [
    { line: "cairn export chain.ndjson", does: "The chain of network cairn" },
    { line: "cairn import chain.ndjson --data /tmp/copy", does: "And how to read it back" },
  ],
  run: async ({ options, positionals: [file], terminal, world }) => {
    if (file === undefined) throw new UsageError("name the file to write");
    if (existsSync(file)) throw new CommandError(`${file} exists; name another file`);

    const { network, folder } = findChainPlace(options);
    const stored = openStoredChain(folder, network);
    try {
      const progress = new Progress({
        output: terminal.stderr,
        now: () => world.clock.monotonic(),
        label: "exporting",
        unit: "blocks",
        total: stored.height,
        isSilent: options.json,
      });
      const bytes = await writeWhole(file, archiveLines(stored, network), world, progress);
      progress.finish();
      const summary = { file, blocks: stored.height, bytes };
      if (options.json) terminal.printRaw(JSON.stringify(summary));
      else terminal.print(describe(file, stored, bytes));
      return EXIT_CODE.ok;
    } finally {
      stored.close();
    }
  },
});

function describe(file: string, { height }: StoredChain, bytes: number): string {
  return `${file}: ${formatCount(height)} blocks, ${formatBytes(bytes)}`;
}

/** Lines written between two looks at the rest of the world. */
const BATCH_LINES = 64;

async function writeWhole(
  file: string,
  lines: Iterable<string>,
  { clock }: World,
  progress: Progress,
): Promise<number> {
  const partial = `${file}.partial`;
  const target = openSync(partial, "w", 0o644);
  let bytes = 0;
  try {
    let count = -1; // The first line is no block.
    for (const line of lines) {
      bytes += writeSync(target, line);
      progress.update(Math.max(0, count));
      count += 1;
      if (count % BATCH_LINES === 0) await new Promise<void>((go) => clock.after(0, go));
    }
    fsyncSync(target);
    closeSync(target);
    renameSync(partial, file);
    return bytes;
  } catch (cause) {
    rmSync(partial, { force: true });
    throw cause;
  }
}
