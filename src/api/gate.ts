/**
 * What every request passes before a route sees it, and every answer on its way out.
 *
 * In this order: whom it asks for, what it wants, where it comes from, how often, the token, the
 * body's kind and size, a free slot. Sockets are opened here, by the same rules. Refusing early is
 * cheap, and no body is read before. Decisions are in security.ts, numbers in access.ts.
 */

import type { Clock } from "../lib/clock.ts";
import { RateLimiter } from "../lib/rate-limiter.ts";
import { KeystoreError } from "../wallet/keystore-error.ts";
import { type Access, accessOf, RATES, WRONG_PASSWORD_RATE, WRONG_TOKEN_RATE } from "./access.ts";
import type { LivePlace } from "./live-hub.ts";
import type { Metrics } from "./metrics.ts";
import { ApiError, INTERNAL_PROBLEM, type Problem, problemOf, problemResponse } from "./problem.ts";
import { attachInput, bodyTooLarge, readBoundedText } from "./request-input.ts";
import { RequestSlots } from "./request-slots.ts";
import {
  clientKey,
  createTokenCheck,
  type HostPolicy,
  isAllowedHost,
  isAllowedOrigin,
  isCrossSite,
  isJsonContentType,
  isLoopbackAddress,
  SECURITY_HEADERS,
} from "./security.ts";

/** What a gate enforces. */
export interface GatePolicy extends HostPolicy {
  readonly corsOrigins: readonly string[];
  /** True if other machines may use the wallets, where they can ask at all. */
  readonly sharesWallets: boolean;
  /** Bytes of the largest block. */
  readonly maxBlockBytes: number;
}

/** What a gate needs of the others. */
export interface GateNeeds {
  readonly token: string;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "countAnswer">;
  /** Answers a request that passed; never rejects. */
  readonly routes: (request: Request) => Promise<Response>;
  /** Where sockets find a place. */
  readonly sockets: SocketPlaces;
}

/** Places for sockets, a bounded number of them. */
export interface SocketPlaces {
  /** Keeps a place for `client`, which must be used or given back; ApiError if there is none. */
  reserve(client: string, isTrusted: boolean): LivePlace;
  /** Gives a place back. */
  leave(place: LivePlace): void;
}

/** Who sent a request. */
export interface Caller {
  /** Of the socket: what a header says of it is not believed. */
  readonly address: string;
  /** Lets the connection stay idle as long as the answer takes. */
  waitLong(): void;
  /** Makes the connection a socket at `place`; false if it did not ask for one as it should. */
  upgrade(place: LivePlace): boolean;
}

/** A request being judged. */
interface Visit {
  readonly request: Request;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly access: Access;
  readonly client: string;
  /** `trusted` or `other`, and so which quota it has. */
  readonly standing: keyof typeof RATES;
  readonly hasToken: boolean;
}

const METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** Base of the addresses that routes see: the framework looks for the path from a fixed place on. */
const INNER_BASE = "http://cairn.internal";

const SWITCHING_PROTOCOLS = 101;

/**
 * Whom a wallet's session is lent to: holders of the token, of which there is one, and it outlives
 * all sessions; or programs of this machine without it, where nobody else can ask. Those cannot be
 * told apart: each could speak for another.
 */
const TOKEN_HOLDER = "holder of the token";
const THIS_MACHINE = "this machine";

/** Milliseconds after which a wrong password is told. */
const WRONG_PASSWORD_DELAY_MS = 250;

/** Seconds for which a browser may remember what a preflight said. */
const PREFLIGHT_SECONDS = 600;

export class Gate {
  readonly #policy: GatePolicy;
  readonly #needs: GateNeeds;
  readonly #limiter: RateLimiter;
  readonly #slots = new RequestSlots();
  readonly #checkToken: ReturnType<typeof createTokenCheck>;

  constructor(policy: GatePolicy, needs: GateNeeds) {
    this.#policy = policy;
    this.#needs = needs;
    this.#limiter = new RateLimiter({ now: () => needs.clock.monotonic() });
    this.#checkToken = createTokenCheck(needs.token);
  }

  /** Answers a request, unless it became a socket; never rejects. */
  async handle(request: Request, caller: Caller): Promise<Response | undefined> {
    let response: Response | undefined;
    try {
      response = await this.#answer(request, caller);
    } catch (error) {
      // Whatever went wrong here, nobody gets through.
      response = problemResponse(problemOf(error) ?? INTERNAL_PROBLEM);
    }
    this.#needs.metrics.countAnswer(response?.status ?? SWITCHING_PROTOCOLS);
    return response === undefined ? undefined : this.#dress(request, response);
  }

  async #answer(request: Request, caller: Caller): Promise<Response | undefined> {
    const host = request.headers.get("host");
    if (!isAllowedHost(host, this.#policy)) throw refuse(WRONG_HOST);
    if (!METHODS.has(request.method)) throw refuse(UNKNOWN_METHOD);
    if (request.method === "OPTIONS") return this.#preflight(request);

    const visit = this.#identify(request, caller.address);
    // First, or a page of another site could use up the quota of its visitor's own programs.
    this.#checkSite(visit, host ?? "");
    this.#limit(visit);
    this.#checkRights(visit);
    checkBodyHeaders(visit);
    if (visit.access.isSocket && visit.method === "GET" && request.headers.has("upgrade")) {
      return this.#openSocket(visit, caller);
    }
    if (!visit.access.isSlow) return this.#passInSlot(visit);
    caller.waitLong();
    return this.#pass(visit);
  }

  #identify(request: Request, address: string): Visit {
    const { method, headers } = request;
    const url = new URL(request.url);
    checkPath(url.pathname);
    const client = clientKey(address);
    const token = this.#checkToken(headers.get("authorization"));
    if (token === "wrong") this.#refuseToken(client);
    return {
      request,
      method,
      path: url.pathname,
      query: url.searchParams,
      access: accessOf(method, url.pathname, this.#policy.maxBlockBytes),
      client,
      standing: token === "valid" || isLoopbackAddress(address) ? "trusted" : "other",
      hasToken: token === "valid",
    };
  }

  /** The same answer to every wrong token, until there were too many. */
  #refuseToken(client: string): never {
    const seconds = this.#limiter.take(`token ${client}`, WRONG_TOKEN_RATE);
    if (seconds > 0) throw refuse(tooMany(seconds));
    throw refuse({ ...TOKEN_NEEDED, code: "token-wrong", detail: "The token is wrong." });
  }

  #limit({ access: { rateClass }, client, standing }: Visit): void {
    const rate = RATES[standing][rateClass];
    const seconds = this.#limiter.take(quotaKey(standing, rateClass, client), rate);
    if (seconds > 0) throw refuse(tooMany(seconds));
  }

  #checkSite({ request, method, access }: Visit, host: string): void {
    const { headers } = request;
    const origin = headers.get("origin");
    const fetchSite = headers.get("sec-fetch-site");
    // Any page may read what a socket says, whatever its origin is.
    const isPrivate = access.isPrivate || access.isSocket;
    const asked = { method, isPrivate, host, origin, fetchSite };
    if (isCrossSite(asked, this.#policy.corsOrigins)) throw refuse(CROSS_SITE);
  }

  /** Where other machines can ask, whatever is not for all needs the token, whoever asks. */
  #checkRights({ access, hasToken }: Visit): void {
    if (!this.#policy.isExposed) return;
    if (access.isPrivate && !this.#policy.sharesWallets) throw refuse(WALLETS_OFF);
    if (access.needsToken && !hasToken) throw refuse(TOKEN_NEEDED);
  }

  #openSocket({ client, standing }: Visit, caller: Caller): undefined {
    const { sockets } = this.#needs;
    const place = sockets.reserve(client, standing === "trusted");
    if (caller.upgrade(place)) return undefined;
    sockets.leave(place);
    throw refuse(BAD_UPGRADE);
  }

  async #passInSlot(visit: Visit): Promise<Response> {
    if (!(await this.#slots.enter())) throw refuse(BUSY);
    try {
      return await this.#pass(visit);
    } finally {
      this.#slots.leave();
    }
  }

  /** Routes get a request of our own: known host, no body, HEAD as GET. */
  #pass(visit: Visit): Promise<Response> {
    const { request, method, path, query, access, client, standing, hasToken } = visit;
    const inner = new Request(`${INNER_BASE}${path}`, {
      method: method === "HEAD" ? "GET" : method,
      headers: pickHeaders(request.headers),
      signal: request.signal,
    });
    const { rateClass, maxBodyBytes } = access;
    attachInput(inner, {
      query,
      readText: () => readBoundedText(request, maxBodyBytes, this.#needs.clock),
      charge: (cost) => {
        const key = quotaKey(standing, rateClass, client);
        this.#limiter.charge(key, RATES[standing][rateClass], cost);
      },
      boundTo: hasToken ? TOKEN_HOLDER : THIS_MACHINE,
      tryPassword: (work) => this.#tryPassword(client, work),
    });
    return this.#needs.routes(inner);
  }

  /**
   * Looked at before and charged after, so that right passwords cost nothing: the few that are tried
   * at the same time can exceed the limit, and are then owed.
   */
  async #tryPassword<T>(client: string, work: () => Promise<T>): Promise<T> {
    const key = `password ${client}`;
    const seconds = this.#limiter.waitSeconds(key, WRONG_PASSWORD_RATE);
    if (seconds > 0) throw refuse(tooMany(seconds));
    try {
      return await work();
    } catch (error) {
      if (!isWrongPassword(error)) throw error;
      this.#limiter.charge(key, WRONG_PASSWORD_RATE, 1);
      await this.#pause(WRONG_PASSWORD_DELAY_MS);
      throw error;
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#needs.clock.after(milliseconds, resolve);
    });
  }

  #preflight(request: Request): Response {
    const origin = request.headers.get("origin");
    if (!request.headers.has("access-control-request-method")) throw refuse(UNKNOWN_METHOD);
    if (!isAllowedOrigin(origin, this.#policy.corsOrigins)) throw refuse(CROSS_SITE);
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE",
        "access-control-allow-headers": "authorization, content-type",
        "access-control-max-age": String(PREFLIGHT_SECONDS),
      },
    });
  }

  /** Adds what every answer carries, and takes the body off an answer to HEAD. */
  #dress(request: Request, response: Response): Promise<Response> | Response {
    const { headers } = response;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");

    headers.append("vary", "Origin");
    const origin = request.headers.get("origin");
    if (origin !== null && isAllowedOrigin(origin, this.#policy.corsOrigins)) {
      headers.set("access-control-allow-origin", origin);
      headers.set("access-control-expose-headers", "ETag, Retry-After");
    }
    return request.method === "HEAD" ? withoutBody(response) : response;
  }
}

/** An answer to HEAD tells the length that GET would give, except of a stream, which has none. */
async function withoutBody({ status, headers, body }: Response): Promise<Response> {
  if (headers.get("content-type")?.startsWith("application/json") === true) {
    const bytes = await new Response(body).bytes();
    headers.set("content-length", String(bytes.length));
  } else {
    await body?.cancel();
  }
  return new Response(null, { status, headers });
}

function quotaKey(standing: string, rateClass: string, client: string): string {
  return `${standing} ${rateClass} ${client}`;
}

/** What routers, browsers and logs read differently: what does not decode, control characters, and
 * two slashes at the start, which in a link mean another host. */
function checkPath(path: string): void {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw refuse(BAD_PATH);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through.
  if (/[\u0000-\u001f\u007f]|^\/\//.test(decoded)) throw refuse(BAD_PATH);
}

/** Says no to a body by its headers alone, before any of it is read. */
function checkBodyHeaders({ request, access, method }: Visit): void {
  if (method === "GET" || method === "HEAD") return;
  const { headers } = request;
  const length = headers.get("content-length");
  const hasBody = headers.has("transfer-encoding") || (length !== null && length !== "0");
  const contentType = headers.get("content-type");
  if (contentType !== null ? !isJsonContentType(contentType) : hasBody) throw refuse(NOT_JSON);
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") throw refuse(ENCODED);
  if (length !== null && Number(length) > access.maxBodyBytes) {
    throw bodyTooLarge(access.maxBodyBytes);
  }
}

/** The few headers that routes look at. */
const PICKED_HEADERS = ["if-none-match", "accept-encoding"];

function pickHeaders(headers: Headers): Headers {
  const picked = new Headers();
  for (const name of PICKED_HEADERS) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof KeystoreError && error.code === "wrong-password-or-damaged";
}

function refuse(problem: Problem): ApiError {
  return new ApiError(problem);
}

function tooMany(seconds: number): Problem {
  const retryAfter = Math.max(1, Math.ceil(seconds));
  return {
    status: 429,
    code: "rate-limited",
    detail: `Too many requests; the next may come in ${retryAfter} s.`,
    facts: { retryAfterSeconds: retryAfter },
    headers: { "retry-after": String(retryAfter) },
  };
}

const WRONG_HOST: Problem = {
  status: 421,
  code: "wrong-host",
  detail: "The Host header does not name this node.",
};

const UNKNOWN_METHOD: Problem = {
  status: 405,
  code: "method-not-allowed",
  detail: "This method is not understood.",
  headers: { allow: "GET, HEAD, POST" },
};

const BAD_PATH: Problem = {
  status: 400,
  code: "bad-path",
  detail: "The path is not well-formed.",
};

const BAD_UPGRADE: Problem = {
  status: 400,
  code: "bad-upgrade",
  detail: "This is no request for a WebSocket.",
};

const CROSS_SITE: Problem = {
  status: 403,
  code: "cross-site-request",
  detail: "A page of another site may not do this.",
};

const TOKEN_NEEDED: Problem = {
  status: 401,
  code: "token-needed",
  detail: "This needs the node's token.",
  headers: { "www-authenticate": "Bearer" },
};

const WALLETS_OFF: Problem = {
  status: 404,
  code: "wallets-off",
  detail: "There are no wallets here for other machines.",
};

const NOT_JSON: Problem = {
  status: 415,
  code: "not-json",
  detail: "A body here is application/json and nothing else.",
};

const ENCODED: Problem = {
  status: 415,
  code: "not-json",
  detail: "A body here is not compressed.",
};

const BUSY: Problem = {
  status: 503,
  code: "busy",
  detail: "Too many requests are being answered at once.",
  headers: { "retry-after": "1" },
};
