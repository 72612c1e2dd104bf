/**
 * The configuration of a node: flags before environment before file before default.
 *
 * Reads the table in settings.ts and knows few settings by name: those that decide where the file
 * is, and those that exclude one another. Touches nothing but what it is handed.
 */

import { posix, win32 } from "node:path";
import {
  DEFAULT_NETWORK_NAME,
  DEVELOPMENT_NETWORK_NAME,
  hasFixedDifficulty,
} from "../consensus/networks.ts";
import { ConfigError, suggest } from "./config-error.ts";
import {
  type Environment,
  hasSource,
  isLoopbackHost,
  kebabName,
  OTHER_VARIABLES,
  SETTINGS,
  type Setting,
  type SettingSource,
  type SettingTable,
  type Situation,
  type ValuesOf,
  variableName,
} from "./settings.ts";

/** Where a value came from. */
export type SettingOrigin = SettingSource | "default";

/** Name of a node's setting. */
export type SettingName = keyof typeof SETTINGS;

/** The settings of a node, complete and checked. */
export type Config = ValuesOf<typeof SETTINGS> & {
  /** Says for each setting whether somebody named it. */
  readonly origins: Readonly<Record<SettingName, SettingOrigin>>;
  /** Path of the file that was read, if one was. */
  readonly fileRead: string | undefined;
};

/** Everything that a configuration is made of. */
export interface ConfigWorld {
  readonly environment: Environment;
  /** As `process.platform` names it. */
  readonly platform: string;
  readonly homeDirectory: string;
  /** Returns a file's text, or undefined if there is no such file; throws if it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
}

/** Values as given, by the setting's name, not yet parsed. */
export type GivenValues = ReadonlyMap<string, GivenValue>;

interface GivenValue {
  readonly text: string;
  readonly origin: SettingSource;
  /** Source and value, as the operator wrote them: `--port 99999`. */
  readonly written: string;
}

/** Name of the file that is looked for in the data directory. */
export const CONFIG_FILE_NAME = "cairn.toml";

/**
 * Returns the configuration that `argv` (flags only), the environment and the file make together.
 *
 * Throws ConfigError on anything unknown, repeated, out of range or contradictory.
 */
export function resolveConfig({
  argv,
  ...world
}: { readonly argv: readonly string[] } & ConfigWorld): Config {
  checkVariables(world.environment);
  const { flags, positionals } = readFlags(argv, SETTINGS);
  if (positionals[0] !== undefined) {
    throw new ConfigError("unexpected-argument", `unexpected argument ${show(positionals[0])}`);
  }

  const variables = readVariables(world.environment, SETTINGS);
  const file = readConfigFile([flags, variables], world);
  const sources = [flags, variables, file.given];
  const { values, origins } = resolveSettings(SETTINGS, sources, world);
  checkTogether(values, origins);
  return { ...values, origins, fileRead: file.path };
}

/** Throws ConfigError if a variable begins with CAIRN_ and nothing in Cairn reads it. */
export function checkVariables(environment: Environment): void {
  const known = new Set([
    ...Object.keys(SETTINGS).map((name) => variableName(name)),
    ...Object.keys(OTHER_VARIABLES),
  ]);
  for (const name of Object.keys(environment)) {
    if (!name.startsWith("CAIRN_") || known.has(name)) continue;
    const message = `there is no setting for the variable ${show(name)}${suggest(name, known)}`;
    throw new ConfigError("unknown-setting", message);
  }
}

/**
 * Splits `argv` into the flags of `table` and the rest, in order. A lone `-` is no flag, and
 * nothing after `--` is. ConfigError on an unknown flag, one without its value, or one given twice
 * that is no list.
 */
export function readFlags(
  argv: readonly string[],
  table: SettingTable,
): { readonly flags: GivenValues; readonly positionals: readonly string[] } {
  const names = flagNames(table);
  const flags = new Map<string, GivenValue>();
  const positionals: string[] = [];

  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--") {
      positionals.push(...argv.slice(index + 1));
      break;
    }
    if (argument === "-" || !argument.startsWith("-")) {
      positionals.push(argument);
      continue;
    }

    const { flag, attached } = splitFlag(argument);
    const target = names.get(flag);
    if (target === undefined) {
      const message = `there is no option ${show(flag)}${suggest(flag, names.keys())}`;
      throw new ConfigError("unknown-setting", message);
    }

    if (target.implied !== undefined) {
      if (attached !== undefined) {
        throw new ConfigError("bad-value", `${flag} takes no value`);
      }
      putFlag(flags, target, { text: target.implied, origin: "flag", written: flag });
      continue;
    }

    const text = attached ?? argv[index + 1];
    if (text === undefined || text === "" || (attached === undefined && text.startsWith("--"))) {
      throw new ConfigError("missing-value", `${flag} needs a value: ${target.row.kind.allowed}`);
    }
    if (attached === undefined) index++;
    putFlag(flags, target, {
      text,
      origin: "flag",
      written: `${flag} ${showFor(target.row, text)}`,
    });
  }
  return { flags, positionals };
}

/** Returns what the environment says of `table`. An empty variable counts as absent. */
export function readVariables(environment: Environment, table: SettingTable): GivenValues {
  const variables = new Map<string, GivenValue>();
  for (const [name, row] of Object.entries(table)) {
    if (!hasSource(row, "environment")) continue;
    const variable = variableName(name);
    const text = environment[variable];
    if (text === undefined || text === "") continue;
    const written = `${variable}=${showFor(row, text)}`;
    variables.set(name, { text, origin: "environment", written });
  }
  return variables;
}

/**
 * Returns a value for every row of `table`: of the first of `sources` that gives one, else the
 * default. ConfigError on a value out of range.
 */
export function resolveSettings<Table extends SettingTable>(
  table: Table,
  sources: readonly GivenValues[],
  world: Omit<ConfigWorld, "readFile">,
): {
  readonly values: ValuesOf<Table>;
  readonly origins: Readonly<Record<keyof Table, SettingOrigin>>;
} {
  const { environment, platform, homeDirectory } = world;
  const network = findGiven("network", sources)?.text ?? unnamedNetwork(sources);
  const situation: Situation = { environment, platform, homeDirectory, network };

  const values: Record<string, unknown> = {};
  const origins: Record<string, SettingOrigin> = {};
  for (const [name, row] of Object.entries(table)) {
    const given = findGiven(name, sources);
    origins[name] = given?.origin ?? "default";
    values[name] =
      given === undefined ? defaultOf(row, situation) : parseGiven(row, given, situation);
  }
  return {
    values: values as ValuesOf<Table>,
    origins: origins as Record<keyof Table, SettingOrigin>,
  };
}

/** The network that is meant when none is named. */
function unnamedNetwork(sources: readonly GivenValues[]): string {
  const isDevelopment = SETTINGS.dev.kind.parse(findGiven("dev", sources)?.text ?? "false");
  return isDevelopment === true ? DEVELOPMENT_NETWORK_NAME : DEFAULT_NETWORK_NAME;
}

function findGiven(name: string, sources: readonly GivenValues[]): GivenValue | undefined {
  for (const source of sources) {
    const given = source.get(name);
    if (given !== undefined) return given;
  }
  return undefined;
}

function defaultOf(row: Setting<unknown>, situation: Situation): unknown {
  return typeof row.default === "function" ? row.default(situation) : row.default;
}

function parseGiven(row: Setting<unknown>, given: GivenValue, situation: Situation): unknown {
  const { kind } = row;
  const value = kind.parse(kind.isPath ? expandHome(given.text, situation) : given.text);
  if (value === undefined) {
    const near = kind.choices === undefined ? "" : suggest(given.text, kind.choices);
    throw new ConfigError("bad-value", `${given.written}: must be ${kind.allowed}${near}`);
  }
  return value;
}

/** Only shells that see a bare word replace `~`; a file or `--data=~/x` would make a folder `~`. */
function expandHome(text: string, { platform, homeDirectory }: Situation): string {
  if (text !== "~" && !text.startsWith("~/") && !text.startsWith("~\\")) return text;
  return (platform === "win32" ? win32 : posix).join(homeDirectory, text.slice(1));
}

/** A flag's row, and the value that it stands for if it takes none. */
interface FlagTarget {
  readonly name: string;
  readonly row: Setting<unknown>;
  readonly implied: string | undefined;
}

function flagNames(table: SettingTable): Map<string, FlagTarget> {
  const names = new Map<string, FlagTarget>();
  for (const [name, row] of Object.entries(table)) {
    if (!hasSource(row, "flag")) continue;
    const isBoolean = row.kind.fileType === "boolean";
    names.set(`--${kebabName(name)}`, { name, row, implied: isBoolean ? "true" : undefined });
    if (isBoolean) names.set(`--no-${kebabName(name)}`, { name, row, implied: "false" });
  }
  return names;
}

function splitFlag(argument: string): { flag: string; attached: string | undefined } {
  const equals = argument.indexOf("=");
  if (equals === -1) return { flag: argument, attached: undefined };
  return { flag: argument.slice(0, equals), attached: argument.slice(equals + 1) };
}

function putFlag(flags: Map<string, GivenValue>, target: FlagTarget, given: GivenValue): void {
  const earlier = flags.get(target.name);
  if (earlier === undefined) {
    flags.set(target.name, given);
    return;
  }
  if (!target.row.kind.isList) {
    const flag = `--${kebabName(target.name)}`;
    throw new ConfigError("given-twice", `${flag} is given twice; once is enough`);
  }
  flags.set(target.name, {
    ...given,
    text: `${earlier.text},${given.text}`,
    written: `${earlier.written} ${given.written}`,
  });
}

/** Finds and reads the file of settings; `stronger` are the sources that may say where it is. */
function readConfigFile(
  stronger: readonly GivenValues[],
  world: ConfigWorld,
): { readonly given: GivenValues; readonly path: string | undefined } {
  const { data, config } = SETTINGS;
  const { values } = resolveSettings({ data, config }, stronger, world);
  const join = (world.platform === "win32" ? win32 : posix).join;
  const path = values.config ?? join(values.data, CONFIG_FILE_NAME);

  const text = readText(path, world);
  if (text === undefined) {
    if (values.config === undefined) return { given: new Map(), path: undefined };
    throw new ConfigError("bad-file", `there is no file of settings ${show(path)}`);
  }

  const given = readFileValues(parseToml(text, path), path);
  if (values.config === undefined && given.has("data")) {
    const message =
      `data cannot be set in ${show(path)}, which is found through it: ` +
      "use --data or CAIRN_DATA, or name the file with --config";
    throw new ConfigError("conflict", message);
  }
  return { given, path };
}

function readText(path: string, world: ConfigWorld): string | undefined {
  try {
    return world.readFile(path);
  } catch (cause) {
    const message = `cannot read the file of settings ${show(path)}: ${reasonOf(cause)}`;
    throw new ConfigError("bad-file", message, { cause });
  }
}

function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return Bun.TOML.parse(text) as Record<string, unknown>;
  } catch (cause) {
    const reason = reasonOf(cause).replace(/^TOML Parse error: /, "");
    throw new ConfigError("bad-file", `${show(path)} is not TOML: ${reason}`, { cause });
  }
}

function readFileValues(contents: Record<string, unknown>, path: string): GivenValues {
  const names = new Map<string, string>();
  for (const [name, row] of Object.entries(SETTINGS)) {
    if (hasSource(row, "file")) names.set(kebabName(name), name);
  }

  const given = new Map<string, GivenValue>();
  for (const [key, value] of Object.entries(contents)) {
    const name = names.get(key);
    if (name === undefined) {
      const message = `there is no setting ${show(key)} (in ${show(path)})`;
      throw new ConfigError("unknown-setting", `${message}${suggest(key, names.keys())}`);
    }

    const row: Setting<unknown> = SETTINGS[name as SettingName];
    const written = `${key} = ${showFileValue(value)} in ${show(path)}`;
    const text = fileText(row, value);
    if (text === undefined) {
      throw new ConfigError("bad-value", `${written}: must be ${describeFileType(row)}`);
    }
    // An empty array names nothing, as an empty variable does.
    if (text !== "" || !row.kind.isList) given.set(name, { text, origin: "file", written });
  }
  return given;
}

/** Returns the text form of a value of the file, or undefined if it has another type than `row`. */
function fileText({ kind }: Setting<unknown>, value: unknown): string | undefined {
  if (!kind.isList) return typeof value === kind.fileType ? String(value) : undefined;
  if (!Array.isArray(value)) return undefined;
  const isPlain = (item: unknown) => typeof item === kind.fileType && !String(item).includes(",");
  return value.every(isPlain) ? value.join(",") : undefined;
}

function describeFileType({ kind }: Setting<unknown>): string {
  if (kind.isList) return `an array of strings, each ${kind.allowed}`;
  switch (kind.fileType) {
    case "string":
      return `${kind.allowed}, in double quotes`;
    case "number":
      return `${kind.allowed}, without quotes`;
    case "boolean":
      return "true or false, without quotes";
  }
}

/** What no single row can say. */
function checkTogether(
  values: ValuesOf<typeof SETTINGS>,
  origins: Readonly<Record<SettingName, SettingOrigin>>,
): void {
  if (hasFixedDifficulty(values.network) && origins.difficulty !== "default") {
    const message = `difficulty cannot be combined with the network ${values.network}, whose own is fixed`;
    throw new ConfigError("conflict", message);
  }
  checkDevelopment(values, origins);
  if (!isLoopbackHost(values.apiHost) && !values.apiExpose) {
    const message =
      `api-host ${values.apiHost} lets other machines reach the API: ` +
      "add --api-expose (or api-expose = true) to agree";
    throw new ConfigError("conflict", message);
  }
}

/** The keys of a development network are known to all, so nobody else may reach it. */
function checkDevelopment(
  { dev, network, apiHost, p2pHost }: ValuesOf<typeof SETTINGS>,
  origins: Readonly<Record<SettingName, SettingOrigin>>,
): void {
  if (dev !== (network === DEVELOPMENT_NETWORK_NAME)) {
    const message = `dev is the network ${DEVELOPMENT_NETWORK_NAME}, and cannot be combined with the network ${network}`;
    throw new ConfigError("conflict", message);
  }
  if (!dev && origins.devMine !== "default") {
    throw new ConfigError(
      "conflict",
      "dev-mine needs dev: blocks of other networks take real work",
    );
  }
  if (dev && !(isLoopbackHost(apiHost) && isLoopbackHost(p2pHost))) {
    const host = isLoopbackHost(apiHost) ? `p2p-host ${p2pHost}` : `api-host ${apiHost}`;
    const message = `dev cannot be combined with ${host}: its keys are published, so only this machine may reach it`;
    throw new ConfigError("conflict", message);
  }
}

/** Longest value that a message repeats, in characters. */
const MAX_SHOWN_LENGTH = 120;

/** Shows a value so that it stays one word on one line. */
function show(text: string): string {
  const shown = shorten(text);
  return /^[\x21-\x7e]+$/.test(shown) ? shown : JSON.stringify(shown);
}

function showFor(row: Setting<unknown>, text: string): string {
  return row.isSecret === true ? "(secret)" : show(text);
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}...` : text;
}

function showFileValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shorten(value));
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(showFileValue).join(", ")}]`;
  return typeof value === "object" ? "(a table or date)" : String(value);
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
