/**
 * The shapes that several topics share: hashes, amounts, pages, problems.
 *
 * One description serves the check of what comes in, the compiler, and the OpenAPI document. A
 * schema with a title becomes a component of that document under it.
 */

import {
  type TObject,
  type TProperties,
  type TSchema,
  type TUnsafe,
  Type,
} from "@sinclair/typebox";

/** Most rows of one page of a list. */
export const MAX_LIST_LIMIT = 100;

/** An object in which nothing but `properties` may stand. */
export function exact<Properties extends TProperties>(
  properties: Properties,
  options: { title?: string; description?: string } = {},
): TObject<Properties> {
  return Type.Object(properties, { ...options, additionalProperties: false });
}

/** `schema`, or null where there is nothing. */
export function orNull<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}

/** One of these words. */
export function oneOf<const Words extends readonly string[]>(
  words: Words,
  options: { description?: string; default?: Words[number] } = {},
): TUnsafe<Words[number]> {
  const literals = words.map((word) => Type.Literal(word));
  return Type.Union(literals, options) as unknown as TUnsafe<Words[number]>;
}

export const Hash = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "A hash as Bitcoin shows it: 64 hexadecimal digits.",
});

export const Hex = Type.String({ pattern: "^(?:[0-9a-f]{2})*$", description: "Bytes as hex." });

/** Hex from outside, in either case. */
export const HexInput = Type.String({
  pattern: "^(?:[0-9a-fA-F]{2})*$",
  description: "Bytes as hex.",
});

export const HashInput = Type.String({ pattern: "^[0-9a-fA-F]{64}$" });

export const Amount = Type.Integer({ minimum: 0, description: "Sats." });

export const Count = Type.Integer({ minimum: 0 });

export const Feerate = Type.Number({ minimum: 0, description: "Sats per virtual byte." });

export const Seconds = Type.Integer({ minimum: 0, description: "Seconds since 1970." });

export const Milliseconds = Type.Integer({ minimum: 0, description: "Milliseconds since 1970." });

export const Bits = Type.String({
  pattern: "^[0-9a-f]{8}$",
  description: "The target in compact form, as hex.",
});

export const Target = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "The largest hash that counts, as hex.",
});

export const Chainwork = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "Hashes expected for the chain up to here, as hex.",
});

export const Cursor = orNull(
  Type.String({ description: "Give it as `cursor` for the next page; null on the last one." }),
);

/** Query of a list. */
export const PageQuery = exact({
  limit: Type.Integer({ minimum: 1, maximum: MAX_LIST_LIMIT, default: 20 }),
  cursor: Type.Optional(Type.String({ maxLength: 64, description: "From the page before." })),
});

export const NoQuery = exact({});

export const NoBody = exact({});

/** A problem document (RFC 9457); the numbers that were compared stand beside these members. */
export const ProblemDocument = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: "Stable, for programs." }),
    detail: Type.String({ description: "One plain sentence." }),
    hint: Type.Optional(Type.String({ description: "What to do next." })),
  },
  { title: "Problem" },
);
