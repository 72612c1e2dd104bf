/**
 * `cairn import`: reads a chain from a file into the data directory.
 *
 * Knows files and folders; the lines are read in node/chain-archive.ts, the blocks judged in chain/.
 */

import { existsSync } from "node:fs";
import { Chain } from "../chain/chain.ts";
import { ScriptVerifier } from "../chain/script-verifier.ts";
import { SILENT_LOGGER } from "../lib/logger.ts";
import { importArchive, maxLineLength, splitLines } from "../node/chain-archive.ts";
import { CHAIN_DATABASE_NAME } from "../node/node.ts";
import { chooseSignatureVerifier } from "../node/signature-verifier.ts";
import { openDataDirectory } from "../storage/data-directory.ts";
import { closeChainDatabase, openChainDatabase } from "../storage/database.ts";
import { CHAIN_OPTIONS, type ChainPlace, findChainPlace } from "./chain-options.ts";
import { CommandError, defineCommand, EXIT_CODE, UsageError, type World } from "./command.ts";
import { Progress } from "./progress.ts";
import { formatPlural } from "./units.ts";

export const importCommand = defineCommand({
  name: "import",
  summary: "Read a chain from a file",
  group: "Chain files",
  usage: ["import FILE [OPTIONS]"],
  description:
    "Reads a file that cairn export wrote, and checks every block as if a stranger had sent it. " +
    "What was read stays, so that an interrupted import can be run again. No node may be running " +
    "in the same data folder.",
  options: CHAIN_OPTIONS,
  maxPositionals: 1,
  examples: [
    { line: "cairn import chain.ndjson --data /tmp/copy", does: "Into a folder of its own" },
  ],
  run: async ({ options, positionals: [file], terminal, world }) => {
    if (file === undefined) throw new UsageError("name the file to read");
    if (!existsSync(file)) throw new CommandError(`there is no file ${file}`);

    const place = findChainPlace(options);
    const progress = new Progress({
      output: terminal.stderr,
      now: () => world.clock.monotonic(),
      label: "importing",
      unit: "blocks",
      total: undefined,
      isSilent: options.json,
    });
    const result = await withChain(place, world, async (chain) => {
      const lines = splitLines(Bun.file(file).stream(), maxLineLength(place.network));
      const counts = await importArchive(lines, chain, (height) => progress.update(height));
      return { file, ...counts, height: chain.tip.height, tip: chain.tip.hash };
    });
    progress.finish();

    const { added, known, height } = result;
    if (options.json) terminal.printRaw(JSON.stringify(result));
    else terminal.print(`${formatPlural(added, "new block")}, ${known} known, height ${height}`);
    return EXIT_CODE.ok;
  },
});

async function withChain<T>(
  { network, folder }: ChainPlace,
  { clock }: World,
  use: (chain: Chain) => Promise<T>,
): Promise<T> {
  const directory = openDataDirectory(folder);
  try {
    const database = openChainDatabase(directory.file(CHAIN_DATABASE_NAME), {
      network: network.name,
      genesis: network.genesis.hash,
    });
    try {
      const scripts = new ScriptVerifier(chooseSignatureVerifier());
      const now = () => clock.now();
      return await use(new Chain({ network, database, scripts, now, log: SILENT_LOGGER }));
    } finally {
      closeChainDatabase(database);
    }
  } finally {
    directory.release();
  }
}
