/**
 * All routes as one application: a request that passed the gate in, an answer out.
 *
 * The framework matches paths and nothing more: it sees no body, and its checks, its code generation
 * and its bundle routes stay off. Errors become problem documents here.
 */

import type { Logger } from "../lib/logger.ts";
import { addressRoutes } from "./address-routes.ts";
import type { ApiContext } from "./api-context.ts";
import { assetRoutes } from "./asset-routes.ts";
import { chainRoutes } from "./chain-routes.ts";
import { contactRoutes } from "./contact-routes.ts";
import { contractRoutes } from "./contract-routes.ts";
import { docsRoutes } from "./docs.ts";
import { faucetRoutes } from "./faucet-routes.ts";
import { healthRoutes } from "./health-routes.ts";
import { liveRoutes } from "./live-routes.ts";
import type { Metrics } from "./metrics.ts";
import { miningRoutes } from "./mining-routes.ts";
import { makeOpenApi } from "./openapi.ts";
import { peerRoutes } from "./peer-routes.ts";
import { INTERNAL_PROBLEM, type Problem, problemOf, problemResponse } from "./problem.ts";
import { createRouter } from "./router.ts";
import { statsRoutes } from "./stats-routes.ts";
import { transactionRoutes } from "./transaction-routes.ts";
import { walletActivityRoutes } from "./wallet-activity-routes.ts";
import { walletMessageRoutes } from "./wallet-message-routes.ts";
import { walletPaymentRoutes } from "./wallet-payment-routes.ts";
import { walletPsbtRoutes } from "./wallet-psbt-routes.ts";
import { walletRoutes } from "./wallet-routes.ts";

/** The routes, and what the document of the API says of them. */
export interface ApiApp {
  /** Answers a request that came through the gate; never rejects. */
  handle(request: Request): Promise<Response>;
  readonly openApi: Record<string, unknown>;
}

/** Puts the routes of `context` together. */
export function createApp(context: ApiContext, metrics: Metrics): ApiApp {
  const log = context.node.log.for("api");
  const api = createRouter("api")
    .use(statsRoutes(context))
    .use(chainRoutes(context))
    .use(transactionRoutes(context))
    .use(addressRoutes(context))
    .use(miningRoutes(context))
    .use(walletRoutes(context))
    .use(walletActivityRoutes(context))
    .use(walletPaymentRoutes(context))
    .use(walletPsbtRoutes(context))
    .use(walletMessageRoutes(context))
    .use(contactRoutes(context))
    .use(contractRoutes(context))
    .use(faucetRoutes(context))
    .use(peerRoutes(context))
    .use(liveRoutes())
    .use(healthRoutes(context, metrics));
  const openApi = makeOpenApi(api.routes, context.version);

  const app = createRouter("root")
    // Before the routes: a hook reaches those that are added after it.
    .onError({ as: "global" }, ({ error, request }) => {
      return problemResponse(describeError(error, request, app.routes, log));
    })
    .use(api)
    .use(docsRoutes(openApi))
    .use(assetRoutes());
  return { handle: async (request) => app.handle(request), openApi };
}

function describeError(
  error: unknown,
  request: Request,
  routes: readonly { method: string; path: string }[],
  log: Logger,
): Problem {
  const problem = problemOf(error);
  if (problem !== undefined) return problem;
  if ((error as { code?: unknown } | undefined)?.code === "NOT_FOUND") {
    return unknownRoute(request, routes);
  }
  log.error("request failed", {
    method: request.method,
    path: new URL(request.url).pathname,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return INTERNAL_PROBLEM;
}

/** Tells a wrong method from a wrong path. */
function unknownRoute(
  { method, url }: Request,
  routes: readonly { method: string; path: string }[],
): Problem {
  const { pathname } = new URL(url);
  const methods = routes.filter(({ path }) => matches(path, pathname)).map((route) => route.method);
  if (methods.length === 0) {
    return { status: 404, code: "not-found", detail: `There is nothing at ${shorten(pathname)}.` };
  }
  const allowed = [
    ...new Set(methods.flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : name))),
  ];
  return {
    status: 405,
    code: "method-not-allowed",
    detail: `${method} is not understood here.`,
    facts: { method },
    headers: { allow: allowed.join(", ") },
  };
}

function matches(pattern: string, pathname: string): boolean {
  const wanted = pattern.split("/");
  const given = pathname.split("/");
  if (wanted.length !== given.length) return false;
  return wanted.every((part, index) => {
    return part.startsWith(":") ? given[index] !== "" : part === given[index];
  });
}

/** Longest path that a message repeats, in characters. */
const MAX_SHOWN_LENGTH = 80;

function shorten(text: string): string {
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}...` : text;
}
