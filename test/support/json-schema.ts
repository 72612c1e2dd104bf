/**
 * Checks values against the JSON Schema of an OpenAPI document, as a client would who has nothing
 * else.
 *
 * Knows the keywords that the document uses, and throws on any other: a keyword that is ignored
 * checks nothing.
 */

type Json = Record<string, unknown>;

const ANNOTATIONS = new Set(["title", "description", "default", "example", "examples"]);

/** Returns what is wrong with `value`, one line each; `document` resolves references. */
export function findMismatches(schema: Json, value: unknown, document: Json, path = "$"): string[] {
  if (typeof schema.$ref === "string") {
    return findMismatches(resolve(schema.$ref, document), value, document, path);
  }
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`unknown keyword ${keyword} at ${path}`);
    return check({ rule, schema, value, document, path });
  });
}

interface Situation {
  readonly rule: any;
  readonly schema: Json;
  readonly value: unknown;
  readonly document: Json;
  readonly path: string;
}

type Check = (situation: Situation) => string[];

function wrong(isWrong: boolean, { path, value }: Situation, what: string): string[] {
  return isWrong ? [`${path}: ${what}, found ${JSON.stringify(value)?.slice(0, 80)}`] : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const TYPES: Record<string, (value: unknown) => boolean> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number" && Number.isFinite(value),
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

const CHECKS: Record<string, Check> = {
  type: (at) => wrong(TYPES[at.rule]?.(at.value) !== true, at, `not ${at.rule}`),
  const: (at) => wrong(at.value !== at.rule, at, `not ${at.rule}`),
  enum: (at) => wrong(!at.rule.includes(at.value), at, `none of ${at.rule}`),
  pattern: (at) =>
    wrong(typeof at.value === "string" && !new RegExp(at.rule).test(at.value), at, "bad pattern"),
  maxLength: (at) =>
    wrong(typeof at.value === "string" && at.value.length > at.rule, at, "too long"),
  minimum: (at) => wrong(typeof at.value === "number" && at.value < at.rule, at, "too small"),
  maximum: (at) => wrong(typeof at.value === "number" && at.value > at.rule, at, "too large"),
  minItems: (at) => wrong(Array.isArray(at.value) && at.value.length < at.rule, at, "too few"),
  maxItems: (at) => wrong(Array.isArray(at.value) && at.value.length > at.rule, at, "too many"),
  required: (at) =>
    at.rule.flatMap((name: string) =>
      wrong(isObject(at.value) && !Object.hasOwn(at.value, name), at, `without ${name}`),
    ),
  properties: ({ rule, value, document, path }) =>
    Object.entries(rule as Record<string, Json>).flatMap(([name, member]) => {
      if (!isObject(value) || !Object.hasOwn(value, name)) return [];
      return findMismatches(member, value[name], document, `${path}.${name}`);
    }),
  additionalProperties: (at) => {
    if (at.rule !== false || !isObject(at.value)) return [];
    const known = Object.keys((at.schema.properties as Json | undefined) ?? {});
    return Object.keys(at.value).flatMap((name) => wrong(!known.includes(name), at, `has ${name}`));
  },
  patternProperties: ({ rule, value, document, path }) =>
    Object.entries(rule as Record<string, Json>).flatMap(([pattern, member]) =>
      Object.entries(isObject(value) ? value : {})
        .filter(([name]) => new RegExp(pattern).test(name))
        .flatMap(([name, item]) => findMismatches(member, item, document, `${path}.${name}`)),
    ),
  items: ({ rule, value, document, path }) =>
    (Array.isArray(value) ? value : []).flatMap((item, index) =>
      findMismatches(rule, item, document, `${path}[${index}]`),
    ),
  anyOf: (at) => {
    const results = at.rule.map((choice: Json) =>
      findMismatches(choice, at.value, at.document, at.path),
    );
    if (results.some((found: string[]) => found.length === 0)) return [];
    return [`${at.path}: none of the choices`, ...results.flat()];
  },
};

function resolve(reference: string, document: Json): Json {
  let found: unknown = document;
  for (const part of reference.replace(/^#\//, "").split("/")) found = (found as Json)[part];
  if (!isObject(found)) throw new Error(`${reference} leads nowhere`);
  return found;
}
