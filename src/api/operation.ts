/**
 * What the OpenAPI document says of a route, written beside the route.
 *
 * Only describes: bodies and queries are checked by request-input.ts with the same schemas. The
 * framework's own checks stay off, since they change what they check.
 */

import { type TObject, type TSchema, Type } from "@sinclair/typebox";
import { exact, ProblemDocument } from "./schemas.ts";

/** Headings of the document. */
export const TAGS = [
  "Chain",
  "Transactions",
  "Addresses",
  "Mining",
  "Wallets",
  "Contracts",
  "Address book",
  "Peers",
  "Statistics",
  "Live",
  "Health",
] as const;

/** What one route takes and gives. */
export interface Operation {
  readonly tag: (typeof TAGS)[number];
  /** A few words. */
  readonly summary: string;
  /** Sentences. */
  readonly description: string;
  /** What stands in the path, by name. */
  readonly path?: Readonly<Record<string, string>>;
  /** Values that stand for something on a development network, by name. */
  readonly pathExamples?: Readonly<Record<string, string>>;
  /** True for what the gate lets nobody but the owner do. */
  readonly isPrivate?: boolean;
  readonly query?: TObject;
  readonly body?: TSchema;
  readonly bodyExample?: unknown;
  /** By status; at least one. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Statuses of the problems peculiar to this route. */
  readonly problems?: readonly number[];
}

/** One kind of answer. */
export interface Answer {
  readonly description: string;
  /** JSON unless another type is named. */
  readonly schema?: TSchema;
  readonly contentType?: string;
  readonly example?: unknown;
}

/** An operation of OpenAPI 3.1. */
export interface OperationObject {
  readonly tags: string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters: ParameterObject[];
  readonly requestBody?: { required: boolean; content: Record<string, MediaObject> };
  readonly responses: Record<
    string,
    { description: string; content?: Record<string, MediaObject> }
  >;
}

interface ParameterObject {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description?: string;
  readonly example?: string;
  readonly schema: TSchema;
}

interface MediaObject {
  readonly schema?: TSchema;
  readonly example?: unknown;
}

const PROBLEM_MEANINGS: Readonly<Record<number, string>> = {
  400: "What was given stands for nothing.",
  401: "The token is missing or wrong.",
  403: "A page of another site asked, the password is wrong, or the wallet is locked.",
  404: "There is no such thing.",
  409: "It is there already, or in the way of something that is.",
  413: "The body is too large.",
  415: "The body is not JSON.",
  421: "The Host header names another.",
  422: "It breaks a rule, or is not of the shape described.",
  426: "It is not asked for as a socket.",
  429: "Too many requests.",
  503: "Not now: busy, or the explorer index is behind.",
};

/** What queries of lists have in common, where a route says nothing more of them. */
const QUERY_MEANINGS: Readonly<Record<string, string>> = {
  limit: "Rows of one page.",
  cursor: "From the page before.",
};

const READ_PROBLEMS = [421, 422, 429, 503];
const WRITE_PROBLEMS = [400, 401, 403, 413, 415, ...READ_PROBLEMS];
const PRIVATE_PROBLEMS = [400, 401, 403, 404, 409];

/** Returns the route option that carries the description of `operation`. */
export function describe(operation: Operation): { detail: { summary: string } } {
  const detail = { summary: operation.summary, operation: toOperationObject(operation) };
  return { detail };
}

function toOperationObject(operation: Operation): OperationObject {
  const { tag, summary, description, body, bodyExample, answers, problems = [] } = operation;
  const common = body === undefined ? READ_PROBLEMS : WRITE_PROBLEMS;
  const ofOwner = operation.isPrivate === true ? PRIVATE_PROBLEMS : [];
  const statuses = [...new Set([...common, ...ofOwner, ...problems])].sort((a, b) => a - b);
  const responses: OperationObject["responses"] = {};
  for (const [status, answer] of Object.entries(answers)) responses[status] = toResponse(answer);
  for (const status of statuses) {
    responses[String(status)] ??= {
      description: PROBLEM_MEANINGS[status] ?? "A problem.",
      content: { "application/problem+json": { schema: ProblemDocument } },
    };
  }
  return {
    tags: [tag],
    summary,
    description,
    parameters: [...pathParameters(operation), ...queryParameters(operation)],
    ...(body === undefined ? {} : { requestBody: toRequestBody(body, bodyExample) }),
    responses,
  };
}

function toRequestBody(schema: TSchema, given: unknown) {
  // Nothing at all counts as {}.
  const isOptional = acceptsNothing(schema);
  const example = given ?? (isOptional ? {} : undefined);
  const media = example === undefined ? { schema } : { schema, example };
  return { required: !isOptional, content: { "application/json": media } };
}

function acceptsNothing(schema: TSchema): boolean {
  return schema.type === "object" && (schema.required ?? []).length === 0;
}

function toResponse({ description, schema, contentType = "application/json", example }: Answer) {
  if (schema === undefined && contentType === "application/json") return { description };
  const media = {
    schema: schema ?? Type.String(),
    ...(example === undefined ? {} : { example }),
  };
  return { description, content: { [contentType]: media } };
}

function pathParameters({ path = {}, pathExamples = {} }: Operation): ParameterObject[] {
  return Object.entries(path).map(([name, description]) => ({
    name,
    in: "path" as const,
    required: true,
    description,
    ...(pathExamples[name] === undefined ? {} : { example: pathExamples[name] }),
    schema: Type.String(),
  }));
}

function queryParameters({ query = exact({}) }: Operation): ParameterObject[] {
  return Object.entries(query.properties).map(([name, schema]) => ({
    name,
    in: "query" as const,
    required: (query.required ?? []).includes(name) && schema.default === undefined,
    description: schema.description ?? QUERY_MEANINGS[name] ?? "",
    schema,
  }));
}
