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
  /** Neither flags nor variables but those given: a node as its owner starts it. */
  readonly isPlain?: boolean;
}

/** A running node. */
export interface ProcessNode {
  readonly url: string;
  /** Where it accepts peers. */
  readonly p2pPort: number;
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** What it has written to standard error so far. */
  readonly log: () => string;
  /** What it has written to standard output so far. */
  readonly output: () => string;
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
  { program = FROM_SOURCE, cwd, environment = {}, looksForOthers, isPlain }: NodeOptions = {},
): Promise<ProcessNode> {
  const flags = isPlain ? [] : ["--port", "0", ...(looksForOthers ? AMONG_OTHERS : ALONE)];
  const child = Bun.spawn([...program, "start", ...flags, ...argv], {
    ...(cwd === undefined ? {} : { cwd }),
    env: isPlain ? { ...inherited(), ...environment } : environmentWith(environment),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let log = "";
  const drained = drain(child.stderr, (text) => {
    log += text;
  });
  let output = "";
  const welcome = await readWelcome(child.stdout, (text) => {
    output += text;
  });
  if (welcome === undefined) {
    await Promise.all([child.exited, drained]);
    throw new Error(`the node ended with ${child.exitCode}: ${log}`);
  }
  return {
    ...welcome,
    process: child,
    log: () => log,
    output: () => output,
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

/** What the welcome says; goes on reading so that the pipe never fills. */
async function readWelcome(
  stdout: ReadableStream<Uint8Array>,
  take: (text: string) => void,
): Promise<Pick<ProcessNode, "url" | "p2pPort"> | undefined> {
  const { promise, resolve } = Promise.withResolvers<
    Pick<ProcessNode, "url" | "p2pPort"> | undefined
  >();
  let text = "";
  void drain(stdout, (part) => {
    text += part;
    take(part);
    const url = /Dashboard\s+(http:\/\/\S+?)\/?\s/.exec(text)?.[1];
    const port = /accepted at port (\d+);/.exec(text)?.[1];
    if (url !== undefined && port !== undefined) resolve({ url, p2pPort: Number(port) });
  }).then(() => resolve(undefined));
  return await promise;
}

async function drain(stream: ReadableStream<Uint8Array>, take: (text: string) => void) {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

function environmentWith(extra: Record<string, string>): Record<string, string> {
  return { ...inherited(), CAIRN_MULTICAST_INTERFACE: "127.0.0.1", NO_COLOR: "1", ...extra };
}

/** Nothing of the caller's own configuration may reach the node. */
function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !entry[0].startsWith("CAIRN_"),
    ),
  );
}
