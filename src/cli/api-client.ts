/**
 * Asking a running node: the address, the token, and its refusals in one clear line.
 *
 * Knows how the API speaks (JSON, problem documents of RFC 9457), not what it says: the shapes of
 * answers are in api-answers.ts.
 */

import { isIPv6 } from "node:net";
import { join } from "node:path";
import { JsonError, type JsonObject, type JsonValue, parseJson } from "../lib/json.ts";
import { type Config, resolveConfig } from "../node/config.ts";
import { networkFolder, TOKEN_FILE_NAME, URL_FILE_NAME } from "../node/network-folder.ts";
import {
  isLoopbackHost,
  path,
  SETTINGS,
  setting,
  textAs,
  textLike,
  truth,
  type ValuesOf,
} from "../node/settings.ts";
import { CommandError, flagOnly, type World } from "./command.ts";

/** Heading of these options in help. */
const GROUP = "Asking a node";

/** The options of every command that asks a node. */
export const CLIENT_OPTIONS = {
  json: flagOnly(
    setting({
      kind: truth(),
      group: GROUP,
      help: "Print the node's answer as it is, for programs",
      default: false,
    }),
  ),
  url: setting<string | undefined>({
    kind: textAs(parseNodeUrl, "a URL like http://127.0.0.1:8080", "URL"),
    group: GROUP,
    help: "The node to ask",
    default: undefined,
    defaultText: `http://127.0.0.1:${SETTINGS.port.default}, or CAIRN_URL`,
    sources: ["flag", "environment"],
  }),
  token: setting<string | undefined>({
    kind: textLike(/^[\x21-\x7e]{1,1024}$/, "a token, which is one word", "TOKEN"),
    group: GROUP,
    help: "Token to present where one is needed",
    default: undefined,
    defaultText: "that of the node on this machine, or CAIRN_TOKEN",
    isSecret: true,
    sources: ["flag", "environment"],
  }),
  data: flagOnly(
    setting<string | undefined>({
      kind: path("DIR"),
      group: GROUP,
      help: "Data folder of the node on this machine",
      default: undefined,
      defaultText: "as for cairn start",
    }),
  ),
  network: flagOnly(
    setting<string | undefined>({
      kind: SETTINGS.network.kind,
      group: GROUP,
      help: "Network of the node on this machine",
      default: undefined,
      defaultText: "as for cairn start",
    }),
  ),
  dev: flagOnly(
    setting({
      kind: truth(),
      group: GROUP,
      help: "The node on this machine is one to develop against",
      default: false,
    }),
  ),
  difficulty: flagOnly(
    setting<number | undefined>({
      kind: SETTINGS.difficulty.kind,
      group: GROUP,
      help: "Difficulty with which that network began, if not the usual",
      default: undefined,
    }),
  ),
} as const;

/** Values of the options of every command that asks a node. */
export type ClientOptions = ValuesOf<typeof CLIENT_OPTIONS>;

/** Returns the settings of the node on this machine that `options` name. */
export function localConfigOf(
  { data, network, difficulty, dev }: ClientOptions,
  world: World,
): Config {
  const argv = Object.entries({ data, network, difficulty }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
  if (dev) argv.push("--dev");
  return resolveConfig({ argv, ...world });
}

/** The node answered that it will not; the message holds its code and hint. */
export class RefusedError extends CommandError {
  /** As the problem document has it; empty if it has none. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Longest that a node is waited for; it gives itself 10 s. */
const TIMEOUT_MS = 15_000;

/** What a node said: the text, and what it stands for. */
export interface Answer<Shape> {
  readonly text: string;
  readonly value: Shape;
}

/** What an ApiClient is made of. */
export interface ApiClientNeeds {
  readonly options: ClientOptions;
  readonly world: World;
  readonly timeoutMs?: number;
}

/**
 * Asks one node. Every method throws CommandError if no node answers, or if it refuses.
 *
 * The token goes out only with what needs one, and the one read from this machine only to this
 * machine.
 */
export class ApiClient {
  readonly #options: ClientOptions;
  readonly #world: World;
  readonly #timeoutMs: number;
  #url: string | undefined;

  constructor({ options, world, timeoutMs = TIMEOUT_MS }: ApiClientNeeds) {
    this.#options = options;
    this.#world = world;
    this.#timeoutMs = timeoutMs;
    this.#url = options.url;
  }

  /** Returns the answer to GET `path`, which begins with a slash. */
  async get<Shape>(path: string): Promise<Answer<Shape>> {
    return await this.#ask<Shape>(path, { method: "GET", headers: { accept: "application/json" } });
  }

  /** Returns the answer to GET `path` of what is shown to those alone who have the token. */
  async getOwn<Shape>(path: string): Promise<Answer<Shape>> {
    const headers = { accept: "application/json", ...this.#authorization() };
    return await this.#ask<Shape>(path, { method: "GET", headers });
  }

  /** Returns the answer to PUT `path` with `body` as JSON. */
  async put<Shape>(path: string, body: JsonValue): Promise<Answer<Shape>> {
    return await this.#change<Shape>("PUT", path, body);
  }

  /** Returns the answer to POST `path` with `body` as JSON. */
  async post<Shape>(path: string, body: JsonValue): Promise<Answer<Shape>> {
    return await this.#change<Shape>("POST", path, body);
  }

  /** Returns the answer to DELETE `path`. */
  async delete<Shape>(path: string): Promise<Answer<Shape>> {
    return await this.#change<Shape>("DELETE", path, {});
  }

  async #change<Shape>(method: string, path: string, body: JsonValue): Promise<Answer<Shape>> {
    const headers = {
      accept: "application/json",
      "content-type": "application/json",
      ...this.#authorization(),
    };
    return await this.#ask<Shape>(path, { method, headers, body: JSON.stringify(body) });
  }

  #authorization(): Record<string, string> {
    const token = this.#options.token ?? this.#readLocalToken();
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async #ask<Shape>(path: string, request: RequestInit): Promise<Answer<Shape>> {
    const { response, text } = await this.#exchange(path, request);
    const value = parseAnswer(text);
    if (response.ok && value !== undefined) {
      return { text, value: value as unknown as Shape };
    }

    throw (
      (value === undefined ? undefined : refusalOf(value)) ??
      new CommandError(
        `${this.#baseUrl()} answers (status ${response.status}), but not as a node does`,
      )
    );
  }

  async #exchange(
    path: string,
    request: RequestInit,
  ): Promise<{ response: Response; text: string }> {
    const url = this.#baseUrl();
    try {
      const response = await this.#world.fetch(`${url}${path}`, {
        ...request,
        // A node never redirects, and a token must not follow one.
        redirect: "manual",
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      return { response, text: await response.text() };
    } catch (cause) {
      throw new CommandError(describeFailure(cause, url, this.#timeoutMs), { cause });
    }
  }

  #baseUrl(): string {
    this.#url ??= this.#localUrl();
    return this.#url;
  }

  /**
   * Returns the address that a node on this machine has left in its folder, since its port may have
   * moved; else the one that its settings give it.
   */
  #localUrl(): string {
    const config = localConfigOf(this.#options, this.#world);
    const left = this.#readLocalFile(join(networkFolder(config), URL_FILE_NAME));
    const url = left === undefined ? undefined : parseNodeUrl(left);
    if (url !== undefined) return url;

    const { apiHost, port } = config;
    const host = apiHost === "0.0.0.0" ? "127.0.0.1" : apiHost === "::" ? "::1" : apiHost;
    return `http://${isIPv6(host) ? `[${host}]` : host}:${port === 0 ? SETTINGS.port.default : port}`;
  }

  #readLocalToken(): string | undefined {
    if (!isLoopbackHost(new URL(this.#baseUrl()).hostname.replace(/^\[|\]$/g, "")))
      return undefined;

    const config = localConfigOf(this.#options, this.#world);
    return this.#readLocalFile(config.apiTokenFile ?? join(networkFolder(config), TOKEN_FILE_NAME));
  }

  #readLocalFile(file: string): string | undefined {
    try {
      return this.#world.readFile(file)?.trim();
    } catch {
      // Another user's node: it says itself whether it wants a token.
      return undefined;
    }
  }
}

function parseNodeUrl(text: string): string | undefined {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const { origin, pathname, search, hash, username, password } = new URL(text);
  if (search !== "" || hash !== "" || username !== "" || password !== "") return undefined;
  return `${origin}${pathname}`.replace(/\/+$/, "");
}

function parseAnswer(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** Returns what a problem document says on one line, or undefined if `value` is none. */
function refusalOf(value: JsonValue): RefusedError | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const problem = value as JsonObject;
  const said = textOf(problem.detail) ?? textOf(problem.title);
  if (said === undefined) return undefined;

  const code = textOf(problem.code);
  const hint = textOf(problem.hint);
  return new RefusedError(
    code ?? "",
    `${said.replace(/\.$/, "")}${code === undefined ? "" : ` (${code})`}${
      hint === undefined ? "" : `: ${hint}`
    }`,
  );
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

const REFUSED_CODES: ReadonlySet<unknown> = new Set(["ConnectionRefused", "ECONNREFUSED"]);

function describeFailure(cause: unknown, url: string, timeoutMs: number): string {
  const { name, code, message } = cause as { name?: string; code?: unknown; message?: string };
  if (REFUSED_CODES.has(code)) return `no node answers at ${url}; start one with: cairn start`;
  if (name === "TimeoutError") return `${url} did not answer within ${timeoutMs / 1_000} s`;
  return `cannot ask ${url}: ${message ?? String(cause)}`;
}
