/**
 * Runs our sources in the `node` of the machine, bundled but otherwise as they are, and compares what
 * the two engines found.
 *
 * For tests of the pure layers, which are to run anywhere (C-30).
 */

import { join } from "node:path";
import { temporaryFolder } from "./chain-builder.ts";
import { runPureCorpus, type TraceSection } from "./pure-corpus.ts";
import { readCorpusFiles } from "./pure-corpus-files.ts";
import type { ForeignTrace } from "./pure-corpus-main.ts";

/** The repository. */
export const ROOT = join(import.meta.dir, "../..");

/** What Bun and Node found in the same corpus. */
export interface TwoTraces {
  readonly bun: readonly TraceSection[];
  readonly node: ForeignTrace;
}

/** Runs the pure corpus in both engines, with every `assetsStep`-th Taproot spend. */
export async function traceInBothEngines(assetsStep: number): Promise<TwoTraces> {
  const entry = join(import.meta.dir, "pure-corpus-main.ts");
  const inNode = runInNode<ForeignTrace>(entry, ROOT, String(assetsStep));
  const bun = runPureCorpus(readCorpusFiles(ROOT, assetsStep));
  return { bun, node: await inNode };
}

/**
 * Bundles `entry` for Node, runs it with the name of a file and `values` as arguments, and returns
 * the JSON that it wrote there. Error with what it printed if it fails.
 */
export async function runInNode<Result>(
  entry: string,
  ...values: readonly string[]
): Promise<Result> {
  const node = Bun.which("node");
  if (node === null) throw new Error("these tests need Node 20 or later on the path");

  using folder = temporaryFolder();
  const bundle = join(folder.path, "bundle.mjs");
  const { outputs } = await Bun.build({ entrypoints: [entry], target: "node", format: "esm" });
  await Bun.write(bundle, outputs[0]!);

  const resultFile = join(folder.path, "result.json");
  const child = Bun.spawn([node, bundle, resultFile, ...values], {
    cwd: folder.path,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`Node failed: ${errors}`);
  return (await Bun.file(resultFile).json()) as Result;
}

/** Returns where two traces part first, with what each has there, or undefined if they are equal. */
export function findDivergence(
  ours: readonly TraceSection[],
  theirs: readonly TraceSection[],
): string | undefined {
  const names = [...new Set([...ours, ...theirs].map(({ name }) => name))];
  for (const name of names) {
    const [a, b] = [ours, theirs].map((trace) => trace.find((section) => section.name === name));
    if (a === undefined || b === undefined) return `${name}: missing in one`;
    if (a.hash === b.hash && a.entries.length === b.entries.length) continue;
    const index = a.entries.findIndex((entry, position) => entry !== b.entries[position]);
    const position = index < 0 ? a.entries.length : index;
    return `${name}, entry ${position}: ${a.entries[position]} / ${b.entries[position]}`;
  }
  return undefined;
}
