/**
 * The OpenAPI document, gathered from the descriptions that the routes carry.
 *
 * Knows OpenAPI and JSON Schema, not what any route does. Schemas with a title become components.
 */

import type { OperationObject } from "./operation.ts";
import { TAGS } from "./operation.ts";

/** A route as the framework lists it. */
export interface ListedRoute {
  readonly method: string;
  readonly path: string;
  readonly hooks: unknown;
}

type Json = Record<string, unknown>;

/** Returns the document that describes `routes`; those without a description are left out. */
export function makeOpenApi(routes: readonly ListedRoute[], version: string): Json {
  const components = new Map<string, unknown>();
  const paths: Record<string, Json> = {};
  for (const { method, path, hooks } of routes) {
    const operation = operationOf(hooks);
    if (operation === undefined) continue;
    const shown = path.replace(/:([A-Za-z]+)/g, "{$1}");
    paths[shown] ??= {};
    (paths[shown] as Json)[method.toLowerCase()] = {
      operationId: operationId(method, shown),
      // Reading is mostly free for all; the rest wants the token where others can reach the node.
      ...("401" in operation.responses ? { security: [{}, { token: [] }] } : {}),
      ...(simplify(operation, components) as Json),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Cairn",
      version,
      description:
        "A complete private blockchain in Bitcoin's own formats. Amounts are sats, hashes are hex " +
        "as Bitcoin shows them. Lists page with `limit` and `cursor`. Errors are problem documents " +
        "(RFC 9457) whose `code` is stable.",
    },
    tags: TAGS.map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(components),
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

/** Returns what a route's options say of it, if they say anything. */
export function operationOf(hooks: unknown): OperationObject | undefined {
  return (hooks as { detail?: { operation?: OperationObject } } | undefined)?.detail?.operation;
}

function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "" && word !== "api");
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return method.toLowerCase() + name;
}

/** Copies plain JSON out of a description: titled schemas by reference, choices as enum. */
function simplify(value: unknown, components: Map<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => simplify(item, components));
  if (typeof value !== "object" || value === null) return value;

  const object = value as Json;
  const { title } = object;
  if (typeof title === "string" && object.type === "object") {
    if (!components.has(title)) {
      components.set(title, undefined);
      components.set(title, simplifyMembers(object, components));
    }
    return { $ref: `#/components/schemas/${title}` };
  }
  return simplifyMembers(object, components);
}

function simplifyMembers(object: Json, components: Map<string, unknown>): Json {
  const choices = object.anyOf;
  if (Array.isArray(choices) && choices.length > 0 && choices.every(isTextConstant)) {
    const { anyOf: _, ...rest } = object;
    return { type: "string", enum: choices.map((choice) => choice.const), ...plain(rest) };
  }
  return Object.fromEntries(
    Object.entries(object).map(([name, member]) => [name, simplify(member, components)]),
  );
}

function isTextConstant(choice: unknown): choice is { const: string } {
  return typeof (choice as { const?: unknown } | null)?.const === "string";
}

/** Drops the schema library's own marks, which are symbols. */
function plain(object: Json): Json {
  return Object.fromEntries(Object.entries(object));
}
