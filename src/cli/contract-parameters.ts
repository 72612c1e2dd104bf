/**
 * A contract's parameters as they are typed: `owner=ada:02ab...`, `lock.blocks=144`, `threshold=2`,
 * `keys=02ab...,03cd...`.
 *
 * Knows how values look, not which contract has which: the node says what is wrong with them.
 */

import type { JsonObject, JsonValue } from "../lib/json.ts";
import { UsageError } from "./command.ts";

/** Parameters that are lists, however many are given. */
const LISTS: ReadonlySet<string> = new Set(["keys", "heirs"]);

const PARAMETER_PATTERN = /^([a-zA-Z]{1,30})(?:\.([a-zA-Z]{1,30}))?=(.+)$/s;
const PARTY_PATTERN = /^(?:([^:]{1,40}):)?(0[23][0-9a-f]{64})$/i;
const NUMBER_PATTERN = /^\d{1,15}$/;

/**
 * Returns the parameters; `texts` are the arguments cut at their commas, of which those without an
 * equals sign go on with the value before them.
 */
export function parseContractParameters(texts: readonly string[]): JsonObject {
  const parameters: Record<string, JsonValue> = {};
  for (const text of joinParts(texts)) {
    const match = PARAMETER_PATTERN.exec(text);
    if (match === null) {
      throw new UsageError(
        `--param ${JSON.stringify(text.slice(0, 60))}: a parameter is NAME=VALUE, like threshold=2`,
      );
    }
    const [, name = "", field, value = ""] = match;
    if (Object.hasOwn(parameters, name)) throw new UsageError(`--param ${name} is given twice`);
    const read = LISTS.has(name) ? value.split(",").map(readValue) : readValue(value);
    parameters[name] = field === undefined ? read : { [field]: read };
  }
  return parameters;
}

function joinParts(texts: readonly string[]): string[] {
  const whole: string[] = [];
  for (const text of texts) {
    if (text.includes("=") || whole.length === 0) whole.push(text);
    else whole.push(`${whole.pop()},${text}`);
  }
  return whole;
}

function readValue(text: string): JsonValue {
  const party = PARTY_PATTERN.exec(text);
  if (party !== null) {
    const [, name, publicKey = ""] = party;
    return { ...(name !== undefined && { name }), publicKey: publicKey.toLowerCase() };
  }
  return NUMBER_PATTERN.test(text) ? Number(text) : text;
}
