/**
 * A world for the CLI whose every edge is in memory, and a fake node on a free port.
 *
 * Not a test itself.
 */

import type { World } from "../../../src/cli/command.ts";
import { runCli } from "../../../src/cli/run.ts";
import type { Output } from "../../../src/cli/terminal.ts";
import type { Config } from "../../../src/node/config.ts";

/** Milliseconds since 1970 at which the fake clock stands. */
export const NOW = 1_800_000_000_000;

/** An output that remembers. */
export class MemoryOutput implements Output {
  text = "";
  readonly isTty: boolean;
  readonly columns: number | undefined;

  constructor({ isTty = false, columns }: { isTty?: boolean; columns?: number } = {}) {
    this.isTty = isTty;
    this.columns = columns;
  }

  readonly write = (text: string): void => {
    this.text += text;
  };

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

/** What one run of the CLI left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: MemoryOutput;
  readonly stderr: MemoryOutput;
  /** Configurations with which a node was run. */
  readonly nodes: readonly Config[];
}

/** What a test may choose of the world. */
export interface Given {
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** What is said to one question after the other; nobody is there to be asked unless given. */
  readonly replies?: readonly string[];
  readonly isTty?: boolean;
  readonly columns?: number;
  readonly fetch?: World["fetch"];
  readonly runNode?: World["runNode"];
}

/** Returns a world, and what it records. */
export function fakeWorld(given: Given = {}) {
  const terminal = {
    isTty: given.isTty ?? false,
    ...(given.columns === undefined ? {} : { columns: given.columns }),
  };
  const stdout = new MemoryOutput(terminal);
  const stderr = new MemoryOutput(terminal);
  const nodes: Config[] = [];
  const replies = [...(given.replies ?? [])];
  const world: World = {
    environment: given.environment ?? {},
    platform: "linux",
    homeDirectory: "/home/ada",
    version: "1.2.3",
    readFile: (path) => given.files?.[path],
    readStdin: async () => given.stdin ?? "",
    ask: async () => replies.shift(),
    stdout,
    stderr,
    fetch: given.fetch ?? ((url, init) => fetch(url, init)),
    clock: { now: () => NOW, monotonic: () => 0, after: () => () => {} },
    spawnMiner: () => {
      throw new Error("nothing mines in these tests");
    },
    runNode: async (config) => {
      nodes.push(config);
      return (await given.runNode?.(config)) ?? 0;
    },
  };
  return { world, stdout, stderr, nodes };
}

/** Runs `cairn argv` in a fake world. */
export async function run(argv: readonly string[], given: Given = {}): Promise<Outcome> {
  const { world, stdout, stderr, nodes } = fakeWorld(given);
  return { code: await runCli(argv, world), stdout, stderr, nodes };
}

/** What a fake node answers at a path: a value as JSON, or a whole response. */
export type Routes = Readonly<Record<string, unknown>>;

/** A request that a fake node was asked. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A fake node; `await using` stops it. */
export function fakeNode(routes: Routes) {
  const asked: Asked[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      const path = `${pathname}${search}`;
      const { method, headers } = request;
      asked.push({ method, path, headers, body: await request.text() });
      const answer = routes[`${method} ${pathname}`];
      if (answer instanceof Response) return answer.clone();
      if (answer === undefined) return problem(404, "not-found", "there is no such thing");
      return Response.json(answer, { status: method === "POST" ? 201 : 200 });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      await server.stop(true);
    },
  };
}

/** A refusal as the API gives it. */
export function problem(status: number, code: string, detail: string, hint?: string): Response {
  const body = { type: "about:blank", title: "Refused", status, code, detail, hint };
  return Response.json(body, { status, headers: { "content-type": "application/problem+json" } });
}
