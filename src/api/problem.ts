/**
 * Errors as clients see them: problem documents (RFC 9457) with a stable code and a plain sentence.
 *
 * The one place where errors become answers. Nothing of a stack, a path or a cause gets through: what
 * is not known here is "internal-error", and its details go to the log alone.
 */

import { RuleError } from "../consensus/rule-error.ts";
import { DecodeError } from "../lib/codec.ts";
import { JsonError } from "../lib/json.ts";
import { CursorError } from "../lib/paging.ts";
import { MiningStoppedError } from "../mining/miner.ts";
import { AddressError } from "../primitives/address.ts";
import { hintFor } from "./hints.ts";
import { describeWalletError } from "./wallet-problem.ts";

/** Numbers and words compared, by name, shown beside the standard members. */
export type ProblemFacts = Readonly<Record<string, string | number>>;

/** A problem document, and the headers that go with it. */
export interface Problem {
  readonly status: number;
  /** Stable; part of the API. */
  readonly code: string;
  /** One plain sentence. */
  readonly detail: string;
  readonly facts?: ProblemFacts;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that cannot be answered as asked; becomes its problem document. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** What every answer of this kind says of its type. */
export const PROBLEM_CONTENT_TYPE = "application/problem+json";

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Token needed",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  408: "Too slow",
  409: "Conflict",
  413: "Body too large",
  415: "Not JSON",
  421: "Wrong host",
  422: "Not acceptable",
  426: "Upgrade needed",
  429: "Too many requests",
  500: "Internal error",
  503: "Not available",
};

/** Members that facts may not replace. */
const RESERVED: ReadonlySet<string> = new Set([
  "type",
  "title",
  "status",
  "code",
  "detail",
  "hint",
]);

/** Codes of transactions that are where their sender wants them. */
const ALREADY_KNOWN: ReadonlySet<string> = new Set(["txn-already-known"]);

/** Returns the problem that `error` is to a client, or undefined if it is a fault of ours. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof ApiError) return error.problem;
  if (error instanceof RuleError) return ruleProblem(error);
  if (error instanceof AddressError) {
    return { status: 400, code: `bad-address-${error.reason}`, detail: sentence(error.message) };
  }
  if (error instanceof JsonError) {
    return {
      status: 400,
      code: error.code,
      detail: `The body is not strict JSON: ${error.message}.`,
    };
  }
  if (error instanceof CursorError) {
    return { status: 400, code: "bad-cursor", detail: "The cursor is none that this list gave." };
  }
  if (error instanceof DecodeError) {
    return { status: 400, code: "decode-failed", detail: sentence(error.message) };
  }
  if (error instanceof MiningStoppedError) {
    return { status: 503, code: "mining-unavailable", detail: sentence(error.message) };
  }
  const known = describeWalletError(error);
  return known && { ...known, detail: sentence(known.detail) };
}

/** Returns the problem of a broken rule, with the numbers that were compared. */
export function ruleProblem({ code, message, facts }: RuleError): Problem {
  const status = ALREADY_KNOWN.has(code) ? 409 : 422;
  return { status, code, detail: sentence(message), facts };
}

/** The problem of a fault that is ours; it says nothing of what went wrong. */
export const INTERNAL_PROBLEM: Problem = {
  status: 500,
  code: "internal-error",
  detail: "The node could not answer this; its log says why.",
};

/** Returns the members of the document of `problem`. */
export function problemDocument(problem: Problem): ProblemFacts {
  const { status, code, detail, facts = {} } = problem;
  const hint = hintFor(code);
  const shown = Object.entries(facts).filter(([name]) => !RESERVED.has(name));
  return {
    type: `urn:cairn:problem:${code}`,
    title: TITLES[status] ?? "Problem",
    status,
    code,
    detail,
    ...(hint === undefined ? {} : { hint }),
    ...Object.fromEntries(shown),
  };
}

/** Returns the answer that carries `problem`. */
export function problemResponse(problem: Problem): Response {
  return new Response(JSON.stringify(problemDocument(problem)), {
    status: problem.status,
    headers: {
      "content-type": PROBLEM_CONTENT_TYPE,
      "cache-control": "no-store",
      ...problem.headers,
    },
  });
}

/** Returns `message` with a capital and a full stop. */
export function sentence(message: string): string {
  const capital = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
