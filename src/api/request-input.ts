/**
 * What a route is given of a request: its query, its body, whose quota it uses.
 *
 * Bodies are read here and nowhere else: bounded in bytes and time, strict JSON, checked against a
 * schema with unknown fields refused. The framework never sees one: it would turn "1" into 1, take
 * null for {}, and keep the last of two equal keys.
 */

import { type Static, type TObject, type TSchema, TypeGuard } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import type { Clock } from "../lib/clock.ts";
import { type JsonValue, parseJson } from "../lib/json.ts";
import { ApiError } from "./problem.ts";

/** Milliseconds in which a body must be complete. */
export const BODY_TIMEOUT_MS = 15_000;

/** A request as it passed the gate. */
export interface RequestInput {
  readonly query: URLSearchParams;
  /** Reads the body's text; ApiError if it is too large or too slow. */
  readonly readText: () => Promise<string>;
  /** Takes more of the client's quota than one request: `cost` further units of its class. */
  readonly charge: (cost: number) => void;
  /** Who asks, in a form that no client of lesser standing can take. */
  readonly boundTo: string;
  /** Runs what tries a password: a wrong one counts against the client, and is told late. */
  readonly tryPassword: <T>(work: () => Promise<T>) => Promise<T>;
}

const inputs = new WeakMap<Request, RequestInput>();

/** Keeps `input` for the routes that will get `request`. */
export function attachInput(request: Request, input: RequestInput): void {
  inputs.set(request, input);
}

/** Returns what belongs to `request`; it must have come through the gate. */
export function inputOf(request: Request): RequestInput {
  const input = inputs.get(request);
  if (input === undefined) throw new Error("a request came round the gate");
  return input;
}

/** Returns the body of `request` as `schema` has it; no body counts as `{}`. ApiError or JsonError
 * on anything else. */
export async function readBody<Schema extends TSchema>(
  request: Request,
  schema: Schema,
): Promise<Static<Schema>> {
  const text = await inputOf(request).readText();
  return checkShape(schema, text === "" ? {} : parseJson(text), "body");
}

const WHOLE_NUMBER_PATTERN = /^(?:0|[1-9][0-9]{0,14})$/;

/**
 * Returns the query of `request` as `schema` has it, whole numbers in plain digits as numbers and
 * defaults filled in. ApiError on an unknown or repeated parameter, and on a value out of range.
 */
export function readQuery<Schema extends TObject>(
  request: Request,
  schema: Schema,
): Static<Schema> {
  const values: Record<string, JsonValue> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    if (property.default !== undefined) values[name] = property.default as JsonValue;
  }

  const seen = new Set<string>();
  for (const [name, text] of inputOf(request).query) {
    const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (property === undefined) throw shapeError(`There is no parameter "${shorten(name)}".`, name);
    if (seen.has(name)) throw shapeError(`The parameter "${name}" is given twice.`, name);
    seen.add(name);
    values[name] = TypeGuard.IsInteger(property) ? wholeNumber(name, text) : text;
  }
  return checkShape(schema, values, "query");
}

/** Returns `value`, which is as `schema` has it; ApiError naming the first field that is not. */
export function checkShape<Schema extends TSchema>(
  schema: Schema,
  value: JsonValue,
  what: string,
): Static<Schema> {
  const check = compiled(schema);
  if (check.Check(value)) return value;

  const first = check.Errors(value).First();
  const field = (first?.path ?? "").slice(1).replaceAll("/", ".") || what;
  const message = first === undefined ? "not as described" : first.message;
  throw shapeError(`The field "${shorten(field)}": ${lowerFirst(message)}.`, field);
}

/** The error of a request that is JSON but not what was asked for. */
export function shapeError(detail: string, field: string): ApiError {
  return new ApiError({
    status: 422,
    code: "bad-request-shape",
    detail,
    facts: { field: shorten(field) },
  });
}

/** Reads the text of `request`, at most `maxBytes` long and in time; ApiError if it is not. */
export async function readBoundedText(
  request: Request,
  maxBytes: number,
  clock: Clock,
): Promise<string> {
  if (request.body === null) return "";
  const reader = request.body.getReader();
  const deadline = Promise.withResolvers<never>();
  const cancel = clock.after(BODY_TIMEOUT_MS, () => deadline.reject(tooSlow()));
  try {
    const chunks: Uint8Array[] = [];
    for (let size = 0; ; ) {
      const read = reader.read().catch(() => Promise.reject(brokenOff()));
      const { done, value } = await Promise.race([read, deadline.promise]);
      if (done || value === undefined) return decodeText(chunks);
      size += value.length;
      if (size > maxBytes) throw bodyTooLarge(maxBytes);
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  } finally {
    cancel();
  }
}

/** The error of a body that exceeds what its route takes. */
export function bodyTooLarge(maxBytes: number): ApiError {
  return new ApiError({
    status: 413,
    code: "body-too-large",
    detail: `A body here has at most ${maxBytes} bytes.`,
    facts: { most: maxBytes },
  });
}

function decodeText(chunks: readonly Uint8Array[]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new ApiError({
      status: 400,
      code: "json-syntax",
      detail: "The body is not strict JSON: it is not UTF-8.",
    });
  }
}

function tooSlow(): ApiError {
  return new ApiError({
    status: 408,
    code: "body-too-slow",
    detail: `The body did not arrive within ${BODY_TIMEOUT_MS / 1000} seconds.`,
  });
}

/** Whoever sent it went away or framed it wrongly: nothing to keep in a log. */
function brokenOff(): ApiError {
  return new ApiError({
    status: 400,
    code: "body-incomplete",
    detail: "The body broke off before its end.",
  });
}

function wholeNumber(name: string, text: string): number {
  if (!WHOLE_NUMBER_PATTERN.test(text)) {
    throw shapeError(`The parameter "${name}" must be a whole number in plain digits.`, name);
  }
  return Number(text);
}

const checks = new WeakMap<TSchema, TypeCheck<TSchema>>();

function compiled<Schema extends TSchema>(schema: Schema): TypeCheck<Schema> {
  let check = checks.get(schema);
  if (check === undefined) {
    check = TypeCompiler.Compile(schema as TSchema);
    checks.set(schema, check);
  }
  return check as unknown as TypeCheck<Schema>;
}

/** Longest piece of a request that a message repeats, in characters. */
const MAX_SHOWN_LENGTH = 60;

function shorten(text: string): string {
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}...` : text;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
