/**
 * A whole node as a process of its own, from source or compiled, on ports and folders of its own.
 *
 * For what only a process shows: being killed, signals, exit codes, what stands on the terminal.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/** The compiled binary that `bun run build` leaves. */
export const BINARY_PATH = join(ROOT, "dist", process.platform === "win32" ? "cairn.exe" : "cairn");

/** True if there is a compiled binary to test. */
export const HAS_BINARY = existsSync(BINARY_PATH);

/** How to run `cairn` from source, and compiled. */
export const FROM_SOURCE: readonly string[] = [process.execPath, join(ROOT, "src/main.ts")];
export const FROM_BINARY: readonly string[] = [BINARY_PATH];

/** A finished command. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly program?: readonly string[];
  readonly cwd?: string;
  readonly environment?: Record<string, string>;
  readonly stdin?: string;
}

/** How a node is started. */
export interface NodeOptions extends CommandOptions {
  readonly looksForOthers?: boolean;
}

/** A running node. */
export interface ProcessNode {
  readonly url: string;
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** What it has written to standard error so far. */
  readonly log: () => string;
  /** `kill -9`, and the end of it. */
  readonly kill: () => Promise<void>;
  /** SIGTERM; returns the exit code. */
  readonly stop: () => Promise<number>;
}

/** Runs `cairn` with `argv` to its end. */
export async function runCommand(
  argv: readonly string[],
  { program = FROM_SOURCE, cwd, environment = {}, stdin = "" }: CommandOptions = {},
): Promise<CommandResult> {
  const child = Bun.spawn([...program, ...argv], {
    ...(cwd === undefined ? {} : { cwd }),
    env: environmentWith(environment),
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** Keeps a node from meeting others, and from sending anything beyond this machine. */
const ALONE: readonly string[] = ["--no-discover", "--p2p-host", "127.0.0.1", "--p2p-port", "0"];

/** Lets it look for others on this machine only. */
const AMONG_OTHERS: readonly string[] = ["--multicast-interface", "127.0.0.1"];

/**
 * Starts `cairn start` with `argv` and waits until it says where it listens. It meets no others
 * unless `options.looksForOthers`.
 */
export async function startProcessNode(
  argv: readonly string[],
  { program = FROM_SOURCE, cwd, environment = {}, looksForOthers = false }: NodeOptions = {},
): Promise<ProcessNode> {
  const company = looksForOthers ? AMONG_OTHERS : ALONE;
  const child = Bun.spawn([...program, "start", "--port", "0", ...company, ...argv], {
    ...(cwd === undefined ? {} : { cwd }),
    env: environmentWith(environment),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let log = "";
  const drained = drain(child.stderr, (text) => {
    log += text;
  });
  const url = await readUrl(child.stdout);
  if (url === undefined) {
    await Promise.all([child.exited, drained]);
    throw new Error(`the node ended with ${child.exitCode}: ${log}`);
  }
  return {
    url,
    process: child,
    log: () => log,
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
    stop: async () => {
      child.kill("SIGTERM");
      return await child.exited;
    },
  };
}

/** The address on the welcome's line; goes on reading so that the pipe never fills. */
async function readUrl(stdout: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let text = "";
  void drain(stdout, (part) => {
    text += part;
    const match = /Dashboard\s+(http:\/\/\S+?)\/?\s/.exec(text);
    if (match !== null) resolve(match[1]);
  }).then(() => resolve(undefined));
  return await promise;
}

async function drain(stream: ReadableStream<Uint8Array>, take: (text: string) => void) {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

/** Nothing of the caller's own configuration may reach the node. */
function environmentWith(extra: Record<string, string>): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("CAIRN_"),
  );
  return {
    ...Object.fromEntries(inherited),
    CAIRN_MULTICAST_INTERFACE: "127.0.0.1",
    NO_COLOR: "1",
    ...extra,
  };
}
