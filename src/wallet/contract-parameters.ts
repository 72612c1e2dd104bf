/**
 * Reads the parts that contracts' parameters are made of, from plain JSON values: parties, locks,
 * thresholds, hashes. Strict: what is not known, not there or out of range is a ContractError with
 * the path of the field.
 *
 * Each part can be written back as it was read. Which template has which parts is the business of
 * contract-templates.ts.
 */

import { PubT, validatePubkey } from "@scure/btc-signer/utils.js";
import { fromHex, toHex } from "../lib/bytes.ts";
import type { JsonObject } from "../lib/json.ts";
import { MAX_MULTISIG_KEYS } from "../script/script.ts";
import { type ContractParty, PREIMAGE_LENGTH } from "./contract.ts";
import { ContractError } from "./contract-error.ts";
import { LOCK_RANGES, LOCK_SECONDS_STEP, type Lock, type LockUnit } from "./contract-lock.ts";

/** Keys of one branch: what one OP_CHECKMULTISIG takes. The script then has some 700 bytes and the
 * witness some 25 items, far from what is relayed at most (3,600 and 100). */
export const MAX_CONTRACT_PARTIES = MAX_MULTISIG_KEYS;

/** Characters of a party's name. */
export const MAX_NAME_LENGTH = 40;

/** Letters and digits of any script, and little else: nothing that hides, or turns the text round. */
const NAME_PATTERN = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} .,'_-]*$/u;
const KEY_PATTERN = /^0[23][0-9a-f]{64}$/i;
const HASH_PATTERN = /^[0-9a-f]{64}$/i;

/** Parameters as an object, the values not yet read. */
export type RawFields = Readonly<Record<string, unknown>>;

/** Returns `value` as an object that has exactly the fields named. */
export function readFields(value: unknown, path: string, names: readonly string[]): RawFields {
  const fields = readObject(value, path);
  const strange = Object.keys(fields).find((key) => !names.includes(key));
  if (strange !== undefined) {
    throw new ContractError("contract-parameter-unknown", `${path} has only ${listOf(names)}`, {
      path,
      known: names,
    });
  }
  for (const name of names) getField(fields, path, name);
  return fields;
}

/** Reads `{ publicKey, name? }`; without a name the party is called by its role. */
export function readParty(value: unknown, path: string, role: string): ContractParty {
  const fields = readObject(value, path);
  const hasName = Object.hasOwn(fields, "name");
  readFields(fields, path, hasName ? ["name", "publicKey"] : ["publicKey"]);
  return {
    role,
    name: hasName ? readName(fields.name, `${path}.name`) : role,
    publicKey: readPublicKey(fields.publicKey, `${path}.publicKey`),
  };
}

/** Reads a list of 1 to MAX_CONTRACT_PARTIES parties; the first one's role is "`role` 1". */
export function readParties(value: unknown, path: string, role: string): ContractParty[] {
  if (!Array.isArray(value)) throw shapeError(path, "a list");
  const most = MAX_CONTRACT_PARTIES;
  if (value.length < 1 || value.length > most) {
    const message = `${path} has ${value.length} keys, 1 to ${most} is what a script can ask for`;
    throw new ContractError("contract-key-count", message, { path, least: 1, most });
  }
  return value.map((party, index) => readParty(party, `${path}[${index}]`, `${role} ${index + 1}`));
}

/** Throws ContractError if two of `parties` have the same key, or the same name. */
export function checkDistinct(parties: readonly ContractParty[]): void {
  const names = new Map<string, ContractParty>();
  const keys = new Map<string, ContractParty>();
  for (const party of parties) {
    const key = toHex(party.publicKey);
    const name = party.name.normalize("NFKC").toLowerCase();
    const twin = keys.get(key);
    if (twin !== undefined) {
      const message = `${twin.role} and ${party.role} have the same key`;
      throw new ContractError("contract-key-twice", message, { roles: [twin.role, party.role] });
    }
    const namesake = names.get(name);
    if (namesake !== undefined) {
      const message = `${namesake.role} and ${party.role} have the same name`;
      const roles = [namesake.role, party.role];
      throw new ContractError("contract-name-twice", message, { roles });
    }
    keys.set(key, party);
    names.set(name, party);
  }
}

/** Reads how many of `count` parties must sign. */
export function readThreshold(value: unknown, path: string, count: number): number {
  if (!isIntegerWithin(value, 1, count)) {
    const message = `${path} is a whole number of 1 to ${count}, the number of keys`;
    throw new ContractError("contract-threshold", message, { path, least: 1, most: count });
  }
  return value;
}

/**
 * Reads a lock: an object of one field, whose name is one of `units`. Seconds are rounded up to the
 * next multiple of LOCK_SECONDS_STEP, since a script can ask for nothing between.
 */
export function readLock(value: unknown, path: string, units: readonly LockUnit[]): Lock {
  const fields = readObject(value, path);
  const [name, another] = Object.keys(fields);
  const unit = units.find((candidate) => candidate === name);
  if (unit === undefined || another !== undefined) {
    throw new ContractError("contract-lock", `${path} has one field of ${listOf(units)}`, {
      path,
      known: units,
    });
  }
  const { least, most } = LOCK_RANGES[unit];
  const given = fields[unit];
  // Any second up to the first step is rounded to it.
  if (!isIntegerWithin(given, unit === "seconds" ? 1 : least, most)) {
    const message = `${path}.${unit} is a whole number of ${least} to ${most}`;
    throw new ContractError("contract-lock", message, { path: `${path}.${unit}`, least, most });
  }
  const step = unit === "seconds" ? LOCK_SECONDS_STEP : 1;
  return { unit, value: Math.ceil(given / step) * step };
}

/** Reads a SHA-256 hash in hex. */
export function readHash(value: unknown, path: string): Uint8Array {
  if (typeof value !== "string" || !HASH_PATTERN.test(value)) {
    const message = `${path} is the SHA-256 of ${PREIMAGE_LENGTH} secret bytes, 64 hex digits`;
    throw new ContractError("contract-hash", message, { path });
  }
  return fromHex(value);
}

/** Writes a party as `readParty` reads it. */
export function formatParty({ name, role, publicKey }: ContractParty): JsonObject {
  const key = { publicKey: toHex(publicKey) };
  return name === role ? key : { name, ...key };
}

/** Writes a lock as `readLock` reads it. */
export function formatLock({ unit, value }: Lock): JsonObject {
  return { [unit]: value };
}

function readObject(value: unknown, path: string): RawFields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw shapeError(path, "an object");
  }
  return value as RawFields;
}

function getField(fields: RawFields, path: string, name: string): void {
  if (Object.hasOwn(fields, name)) return;
  throw new ContractError("contract-parameter-missing", `${path} has no ${name}`, {
    path: `${path}.${name}`,
  });
}

function readName(value: unknown, path: string): string {
  const isName =
    typeof value === "string" &&
    value.length <= MAX_NAME_LENGTH &&
    NAME_PATTERN.test(value) &&
    !value.endsWith(" ");
  if (isName) return value;
  const message = `${path} begins with a letter or digit, has at most ${MAX_NAME_LENGTH} characters, and no signs but . , ' _ -`;
  throw new ContractError("contract-name", message, { path, most: MAX_NAME_LENGTH });
}

function readPublicKey(value: unknown, path: string): Uint8Array {
  if (typeof value === "string" && KEY_PATTERN.test(value)) {
    const key = fromHex(value);
    if (isOnCurve(key)) return key;
  }
  const message = `${path} is a compressed public key, 66 hex digits that begin with 02 or 03`;
  throw new ContractError("contract-key", message, { path });
}

function isOnCurve(key: Uint8Array): boolean {
  try {
    validatePubkey(key, PubT.ecdsa);
    return true;
  } catch {
    return false; // About half of all numbers are the x of no point.
  }
}

function isIntegerWithin(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function shapeError(path: string, what: string): ContractError {
  return new ContractError("contract-shape", `${path} is ${what}`, { path });
}

function listOf(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
