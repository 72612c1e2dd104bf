/**
 * Entry of the binary: hands arguments, environment and the spawners of workers to the CLI.
 *
 * Nothing else happens here. Only this file may name worker files: their URLs hold both from source
 * and inside the compiled binary only when they are made at the root of `src/`.
 */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import packageFile from "../package.json" with { type: "json" };
import { ask } from "./cli/ask.ts";
import type { World } from "./cli/command.ts";
import { runCli } from "./cli/run.ts";
import { runNode } from "./cli/run-node.ts";
import type { Output } from "./cli/terminal.ts";
import type { IndexWorker } from "./index/index-service.ts";
import type { MinerWorker } from "./mining/stream.ts";
import { SYSTEM_CLOCK } from "./node/system-clock.ts";

const spawnMiner = (): MinerWorker =>
  new Worker(new URL("./mining/miner.worker.ts", import.meta.url)) as unknown as MinerWorker;

const spawnIndex = (): IndexWorker =>
  new Worker(new URL("./index/index.worker.ts", import.meta.url)) as unknown as IndexWorker;

const world: World = {
  version: packageFile.version,
  environment: process.env,
  platform: process.platform,
  homeDirectory: homedir(),
  readFile: readFileIfThere,
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  readStdin: () => Bun.stdin.text(),
  ask: (question, isSecret) => ask(question, isSecret, process.stdin, process.stderr),
  fetch: (url, init) => fetch(url, init),
  clock: SYSTEM_CLOCK,
  spawnMiner,
  runNode: (config) => runNode(config, { world, spawnIndex }),
};

// A reader that went away (`cairn chain | head`) is no fault of ours.
process.stdout.on("error", () => process.exit(0));

// Nor is a reader of the log that went away a reason for a node to stop.
process.stderr.on("error", () => {});

// Bun sends even loopback requests through a proxy named in the environment.
process.env.NO_PROXY = `${process.env.NO_PROXY ?? ""},127.0.0.1,localhost,::1`;

const exitCode = await runCli(process.argv.slice(2), world);
// What was written to a pipe is not there yet: exiting at once would cut it off.
process.stdout.write("", () => process.exit(exitCode));

function outputOf(stream: NodeJS.WriteStream): Output {
  return {
    isTty: stream.isTTY === true,
    columns: stream.columns,
    write: (text) => stream.write(text),
  };
}

function readFileIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as { code?: string }).code === "ENOENT") return undefined;
    throw cause;
  }
}
