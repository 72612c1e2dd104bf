/**
 * Asks this node's API, and nobody else: JSON in, JSON out, problem documents as ApiProblem.
 *
 * Knows the form of errors and of the token; the paths and shapes belong to whoever asks.
 */

/** What the node, or the way to it, had against a request. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  /** Of the answer; 0 if there was none. */
  readonly status: number;
  /** Stable word, as the node gave it; "unreachable" if it did not answer. */
  readonly code: string;
  /** What to do next, if the node knows. */
  readonly hint: string | undefined;

  constructor(
    detail: string,
    problem: { status: number; code: string; hint?: string | undefined },
  ) {
    super(detail);
    this.status = problem.status;
    this.code = problem.code;
    this.hint = problem.hint;
  }
}

/** Milliseconds after which an answer is not waited for any more. */
const TIMEOUT_MS = 15_000;

/** Where the token is kept for as long as this tab is open. */
const TOKEN_KEY = "cairn-token";

/** Where to look for a token that came with the page's address: after its `#`, never sent. */
const TOKEN_FRAGMENT = /^#token=([\x21-\x7e]{32,1024})$/;

/** What only the node's owner may read. */
const PRIVATE_PATH = /^\/api\/(?:wallets|contacts|contracts)(?:[/?]|$)/;

/** Returns what GET `path` answers; throws ApiProblem. */
export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>(path, { method: "GET" }, signal);
}

/** Sends `body` by POST and returns the answer; throws ApiProblem. `signal` replaces the limit. */
export function post<Answer>(path: string, body: unknown, signal?: AbortSignal): Promise<Answer> {
  return send<Answer>("POST", path, body, signal);
}

/** Sends `body` by PUT and returns the answer; throws ApiProblem. */
export function put<Answer>(path: string, body: unknown): Promise<Answer> {
  return send<Answer>("PUT", path, body);
}

/** Sends DELETE and returns the answer; throws ApiProblem. */
export function remove<Answer>(path: string): Promise<Answer> {
  return send<Answer>("DELETE", path, {});
}

function send<Answer>(
  method: string,
  path: string,
  body: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  return ask<Answer>(path, { method, headers, body: JSON.stringify(body) }, signal);
}

/** Keeps the token that came with the page's address, and takes it off the address. */
export function adoptToken(): void {
  const token = TOKEN_FRAGMENT.exec(location.hash)?.[1];
  if (token === undefined) return;
  saveToken(token);
  history.replaceState(history.state, "", location.pathname + location.search);
}

/** Keeps `token` for what changes something on a node that other machines can reach. */
export function saveToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** Returns any error as the problem to show. */
export function problemFrom(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ApiProblem(asSentence(detail), { status: 0, code: "page-error" });
}

async function ask<Answer>(
  path: string,
  { headers, ...init }: { method: string; headers?: Record<string, string>; body?: string },
  signal: AbortSignal = AbortSignal.timeout(TIMEOUT_MS),
): Promise<Answer> {
  // Reading what is for all needs no token, and a wrong one would have even that refused.
  const isOpen = init.method === "GET" && !PRIVATE_PATH.test(path);
  const token = isOpen ? null : sessionStorage.getItem(TOKEN_KEY);
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { ...headers, ...authorization }, signal });
  } catch {
    throw unreachable();
  }
  const text = await response.text().catch(() => {
    throw unreachable();
  });
  const answer = parse(text);
  // A node that started anew has a new one.
  if (response.status === 401) sessionStorage.removeItem(TOKEN_KEY);
  if (!response.ok) throw readProblem(response.status, answer);
  if (answer === undefined) {
    throw new ApiProblem("The answer is not JSON.", { status: response.status, code: "not-json" });
  }
  return answer as Answer;
}

function asSentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

function unreachable(): ApiProblem {
  const hint = "Is it running? This page asks again by itself.";
  return new ApiProblem("The node does not answer.", { status: 0, code: "unreachable", hint });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is no problem document, as from a proxy in between, still tells its status. */
function readProblem(status: number, answer: unknown): ApiProblem {
  const { code, detail, hint } = (answer ?? {}) as Record<string, unknown>;
  return new ApiProblem(typeof detail === "string" ? detail : `The node answered ${status}.`, {
    status,
    code: typeof code === "string" ? code : `http-${status}`,
    hint: typeof hint === "string" ? hint : undefined,
  });
}
