/**
 * The table of settings: each row gives one setting's name, kind, default, range and help.
 *
 * Flags, variables, keys of the file, the help text and the README's table all come from these
 * rows, so that a new setting is one new row. Reading the sources is the business of config.ts.
 */

import { isIP, isIPv4 } from "node:net";
import { posix, win32 } from "node:path";
import {
  DEFAULT_DIFFICULTY,
  DEVELOPMENT_NETWORK_NAME,
  DIFFICULTY_RANGE,
  hasFixedDifficulty,
  NETWORK_NAME_PATTERN,
} from "../consensus/networks.ts";
import { LOG_LEVELS, type LogLevel } from "../lib/logger.ts";
import { type NetAddress, parseNetAddress } from "../wire/net-address.ts";
import { type NodeId, parseNodeId } from "../wire/node-id.ts";

/** Where a value can come from, the strongest first. */
export const SETTING_SOURCES = ["flag", "environment", "file"] as const;

export type SettingSource = (typeof SETTING_SOURCES)[number];

/** What values a setting takes, and how their text form is read. */
export interface Kind<Value> {
  /** How the value is written in the file: text in quotes, a bare number, or true and false. */
  readonly fileType: "string" | "number" | "boolean";
  /** Stands for the value in help: `PORT`. Empty for a boolean, whose flag takes no value. */
  readonly placeholder: string;
  /** Ends the sentence "must be ...". */
  readonly allowed: string;
  /** The words that may be chosen from, if they can be listed. */
  readonly choices?: readonly string[];
  /** True if several values make one list; their text form is then the values with commas. */
  readonly isList: boolean;
  /** True if a leading `~` means the home directory. */
  readonly isPath: boolean;
  /** Returns the value that `text` stands for, or undefined if there is none. */
  parse(text: string): Value | undefined;
}

/** What a default may depend on. */
export interface Situation {
  /** As `process.platform` names it. */
  readonly platform: string;
  readonly environment: Environment;
  readonly homeDirectory: string;
  /** Name of the network chosen. */
  readonly network: string;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One row. Its name is its key in the table, in camelCase; every other name follows from that. */
export interface Setting<Value> {
  readonly kind: Kind<Value>;
  /** Heading under which help shows it. */
  readonly group: string;
  /** One line, without a full stop. */
  readonly help: string;
  readonly default: Value | ((situation: Situation) => Value);
  /** Describes a default that is computed or absent. */
  readonly defaultText?: string;
  /** True if no message may repeat a value. */
  readonly isSecret?: boolean;
  /** All of them, unless given. */
  readonly sources?: readonly SettingSource[];
}

/** Rows by name. */
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

/** The values that the rows of `Table` take. */
export type ValuesOf<Table extends SettingTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never;
};

/** Returns `row` as it is: lets the compiler find the row's type of value. */
export function setting<Value>(row: Setting<Value>): Setting<Value> {
  return row;
}

/** True and false. As a flag, `--name` and `--no-name`. */
export function truth(): Kind<boolean> {
  return {
    ...TEXT_KIND,
    fileType: "boolean",
    placeholder: "",
    allowed: "true or false",
    choices: ["true", "false"],
    parse: (text) => TRUTHS.get(text.toLowerCase()),
  };
}

/** Whole numbers of `least` to `most`. */
export function wholeNumber(least: number, most: number, placeholder = "N"): Kind<number> {
  return {
    ...TEXT_KIND,
    fileType: "number",
    placeholder,
    allowed: `a whole number from ${least} to ${most}`,
    parse: (text) => (/^\d{1,15}$/.test(text) ? within(Number(text), least, most) : undefined),
  };
}

/** Numbers of `least` to `most` with at most three decimals. */
export function decimalNumber(least: number, most: number, placeholder = "N"): Kind<number> {
  return {
    ...TEXT_KIND,
    fileType: "number",
    placeholder,
    allowed: `a number from ${least} to ${most} with at most 3 decimals`,
    parse: (text) =>
      /^\d{1,12}(?:\.\d{1,3})?$/.test(text) ? within(Number(text), least, most) : undefined,
  };
}

/** One of `choices`. */
export function oneOf<Choice extends string>(
  choices: readonly Choice[],
  placeholder: string,
): Kind<Choice> {
  return {
    ...TEXT_KIND,
    placeholder,
    allowed: `one of ${choices.join(", ")}`,
    choices,
    parse: (text) => choices.find((choice) => choice === text),
  };
}

/** Text that `pattern` matches; `allowed` says so in words. */
export function textLike(pattern: RegExp, allowed: string, placeholder: string): Kind<string> {
  return {
    ...TEXT_KIND,
    placeholder,
    allowed,
    parse: (text) => (pattern.test(text) ? text : undefined),
  };
}

/** Text that `parse` makes a value of; `allowed` says in words which. */
export function textAs<Value>(
  parse: (text: string) => Value | undefined,
  allowed: string,
  placeholder: string,
): Kind<Value> {
  return { ...TEXT_KIND, placeholder, allowed, parse };
}

/** The path of a file or directory. */
export function path(placeholder: string): Kind<string> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no path has one by intent.
  const kind = textLike(/^[^\u0000-\u001f]{1,4096}$/, "a path", placeholder);
  return { ...kind, isPath: true };
}

/** Any number of values of `kind`: a flag to repeat, a variable with commas, an array in the file. */
export function listOf<Value>(kind: Kind<Value>): Kind<readonly Value[]> {
  return {
    ...kind,
    isList: true,
    parse: (text) => {
      const values: Value[] = [];
      for (const part of text.split(",")) {
        const value = kind.parse(part.trim());
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
  };
}

const TEXT_KIND = { fileType: "string", isList: false, isPath: false } as const;

const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["no", false],
  ["off", false],
]);

function within(value: number, least: number, most: number): number | undefined {
  return value >= least && value <= most ? value : undefined;
}

/** Most mining threads: beyond any machine this runs on, and below what would exhaust its memory. */
const MAX_THREADS = 256;

/** Processors that the affinity mask of platform/cpu-affinity.ts can name. */
const MAX_CPUS = 1_024;

/** When a development network has a new block: for each transaction, when asked, or every so many
 * seconds. */
export type DevelopmentMining = "auto" | "manual" | number;

const DEVELOPMENT_MINING_RULE = "auto, manual, or a whole number of seconds from 1 to 3600";

const HOST_NAME_PATTERN = /^[a-z0-9_][a-z0-9_-]{0,62}(?:\.[a-z0-9_][a-z0-9_-]{0,62})*$/i;
const MAX_HOST_NAME_LENGTH = 253;

const DIFFICULTY = wholeNumber(DIFFICULTY_RANGE.least, DIFFICULTY_RANGE.most);
const NETWORK_NAME_RULE = "up to 32 of a-z, 0-9 and -, not starting with -";
const HOST_RULE = "an IP address or a host name, without a port";
const ORIGIN_RULE = "an origin like https://dash.example or http://10.0.0.5:3000, without a path";
const CPU_LIST_RULE = `processor numbers below ${MAX_CPUS} like 0,2-3, each once`;

/** Every setting of a node. */
export const SETTINGS = {
  data: setting({
    kind: path("DIR"),
    group: "Node",
    help: "Where everything is kept, a folder for each network",
    default: defaultDataDirectory,
    defaultText: "your data folder, like ~/.local/share/cairn",
  }),
  config: setting<string | undefined>({
    kind: path("FILE"),
    group: "Node",
    help: "File of settings, in TOML",
    default: undefined,
    defaultText: "cairn.toml in the data folder, if there",
    sources: ["flag", "environment"],
  }),
  network: setting({
    kind: textLike(NETWORK_NAME_PATTERN, NETWORK_NAME_RULE, "NAME"),
    group: "Node",
    help: "Network to join: cairn, regtest, or any name for a network of your own",
    default: ({ network }) => network,
    defaultText: "cairn",
  }),
  difficulty: setting<number | undefined>({
    kind: DIFFICULTY,
    group: "Node",
    help: "First target as leading zero digits, 1 to 12; part of what the network is",
    default: ({ network }) => (hasFixedDifficulty(network) ? undefined : DEFAULT_DIFFICULTY),
    defaultText: String(DEFAULT_DIFFICULTY),
  }),
  dev: setting({
    kind: truth(),
    group: "Node",
    help: "A chain to develop against, the network dev: blocks at once, funded accounts, a faucet",
    default: ({ network }) => network === DEVELOPMENT_NETWORK_NAME,
    defaultText: "off, except on dev",
  }),
  devMine: setting<DevelopmentMining>({
    kind: textAs(parseDevelopmentMining, DEVELOPMENT_MINING_RULE, "WHEN"),
    group: "Node",
    help: "When the network dev has a new block: auto (for each transaction), manual, or every N seconds",
    default: "auto",
  }),

  apiHost: setting({
    kind: textAs(parseHost, HOST_RULE, "HOST"),
    group: "API and dashboard",
    help: "Address to listen on",
    default: "127.0.0.1",
  }),
  port: setting({
    kind: wholeNumber(0, 65_535, "PORT"),
    group: "API and dashboard",
    help: "Port to listen on; 0 takes any free one",
    default: 8_080,
  }),
  apiExpose: setting({
    kind: truth(),
    group: "API and dashboard",
    help: "Agree that other machines can reach the API",
    default: false,
  }),
  apiAllowHost: setting<readonly string[]>({
    kind: listOf(textAs(parseHost, HOST_RULE, "HOST")),
    group: "API and dashboard",
    help: "Another name under which browsers may ask for this node",
    default: [],
  }),
  apiTokenFile: setting<string | undefined>({
    kind: path("FILE"),
    group: "API and dashboard",
    help: "File that holds the token which programs must present",
    default: undefined,
    defaultText: "api.token in the network's folder, new at each start",
  }),
  walletRemote: setting({
    kind: truth(),
    group: "API and dashboard",
    help: "Agree that other machines can use the wallets, with the token and in the clear",
    default: false,
  }),
  corsOrigin: setting<readonly string[]>({
    kind: listOf(textAs(parseOrigin, ORIGIN_RULE, "ORIGIN")),
    group: "API and dashboard",
    help: "A site whose pages may read the API",
    default: [],
  }),

  mine: setting({
    kind: truth(),
    group: "Mining",
    help: "Mine from the start",
    default: ({ network }) => !hasFixedDifficulty(network),
    defaultText: "on, except on regtest and dev",
  }),
  threads: setting({
    kind: wholeNumber(1, MAX_THREADS),
    group: "Mining",
    help: "Mining threads",
    default: 1,
  }),
  address: setting<string | undefined>({
    kind: textLike(/^[a-zA-Z0-9]{1,90}$/, "an address", "ADDRESS"),
    group: "Mining",
    help: "Where the coins of mined blocks go",
    default: undefined,
    defaultText: "a key of the node's own",
  }),
  minerTag: setting({
    kind: textLike(/^[\x20-\x7e]{0,32}$/, "at most 32 printable ASCII characters", "TEXT"),
    group: "Mining",
    help: "Name that mined blocks carry for all to see",
    default: "cairn",
    defaultText: "the node's name, else cairn",
  }),
  cpuAffinity: setting<readonly number[] | undefined>({
    kind: textAs(parseCpuList, CPU_LIST_RULE, "LIST"),
    group: "Mining",
    help: "Processors to tie the mining threads to, like 0,2-3 (Linux)",
    default: undefined,
    defaultText: "any",
  }),
  templateRefreshSeconds: setting({
    kind: wholeNumber(1, 3_600),
    group: "Mining",
    help: "How often the block being mined takes in new transactions",
    default: 5,
  }),

  mempoolMaxMegabytes: setting({
    kind: wholeNumber(1, 4_096),
    group: "Mempool",
    help: "Memory for transactions that wait; the cheapest leave first",
    default: 128,
  }),
  mempoolExpiryHours: setting({
    kind: wholeNumber(1, 8_760),
    group: "Mempool",
    help: "How long a transaction may wait",
    default: 24,
  }),
  minRelayFeerate: setting({
    kind: decimalNumber(0, 1_000_000, "RATE"),
    group: "Mempool",
    help: "Least fee to be accepted, in sat per virtual byte",
    default: 1,
  }),

  p2pHost: setting({
    kind: textAs(parseIpAddress, "an IP address of this machine", "IP"),
    group: "Peers",
    help: "Address at which peers are accepted; :: is every one",
    default: ({ network }) => (network === DEVELOPMENT_NETWORK_NAME ? "127.0.0.1" : "::"),
    defaultText: "::, on dev 127.0.0.1",
  }),
  p2pPort: setting<number | undefined>({
    kind: wholeNumber(0, 65_535, "PORT"),
    group: "Peers",
    help: "Port at which peers are accepted; 0 takes any free one",
    default: undefined,
    defaultText: "8333, on regtest 18444",
  }),
  peer: setting<readonly NetAddress[]>({
    kind: listOf(
      textAs(parseNetAddress, "an IP address and port like 192.168.1.5:8333", "IP:PORT"),
    ),
    group: "Peers",
    help: "A node to keep a connection to",
    default: [],
  }),
  discover: setting({
    kind: truth(),
    group: "Peers",
    help: "Look for nodes of the same network nearby, by multicast",
    default: ({ network }) => network !== DEVELOPMENT_NETWORK_NAME,
    defaultText: "on, except on dev",
  }),
  allowNode: setting<readonly NodeId[]>({
    kind: listOf(textAs(parseNodeId, "the 66 hexadecimal digits of a node id", "ID")),
    group: "Peers",
    help: "Talk to this node, and to no other that is not named so",
    default: [],
    defaultText: "any",
  }),
  maxInbound: setting({
    kind: wholeNumber(0, 512),
    group: "Peers",
    help: "Most peers that may have dialled us",
    default: 125,
  }),
  nodeName: setting({
    kind: textLike(/^[\x20-\x7e]{0,32}$/, "at most 32 printable ASCII characters", "TEXT"),
    group: "Peers",
    help: "Name by which other nodes show this one",
    default: "",
    defaultText: "none",
  }),
  multicastInterface: setting<string | undefined>({
    kind: textAs(parseIpv4, "an IPv4 address of this machine", "IPV4"),
    group: "Peers",
    help: "Interface on which to look for nodes nearby, by its address",
    default: undefined,
    defaultText: "every one",
  }),

  logLevel: setting<LogLevel>({
    kind: oneOf(LOG_LEVELS, "LEVEL"),
    group: "Log",
    help: "How much to log: error, warn, info or debug",
    default: "info",
  }),
  logFormat: setting<"text" | "json">({
    kind: oneOf(["text", "json"], "FORMAT"),
    group: "Log",
    help: "How to log: text for people, json for programs",
    default: "text",
  }),
} as const satisfies SettingTable;

/** Variables that begin with CAIRN_ and are no settings of a node, and what they are for. */
export const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  CAIRN_URL: "Node that the commands ask",
  CAIRN_TOKEN: "Token that the commands present to it",
  CAIRN_DEBUG: "If set, a failing command shows its stack",
};

/** Returns the name of setting `name` in flags and in the file: `apiHost` is `api-host`. */
export function kebabName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Returns the variable of setting `name`: `apiHost` is `CAIRN_API_HOST`. */
export function variableName(name: string): string {
  return `CAIRN_${kebabName(name).replaceAll("-", "_").toUpperCase()}`;
}

/** True if `row` can be set by `source`. */
export function hasSource(row: Setting<unknown>, source: SettingSource): boolean {
  return (row.sources ?? SETTING_SOURCES).includes(source);
}

/** Returns what help says of a row's default, or undefined where there is nothing to say. */
export function describeDefault(row: Setting<unknown>): string | undefined {
  if (row.defaultText !== undefined) return row.defaultText;
  if (row.default === undefined || typeof row.default === "function") return undefined;
  if (Array.isArray(row.default)) return undefined;
  if (typeof row.default === "boolean") return row.default ? "on" : undefined;
  return String(row.default);
}

/** Returns the rows of `table` under their headings, in the table's order. */
export function groupSettings<Name extends string>(
  table: Readonly<Record<Name, Setting<unknown>>>,
): Map<string, [Name, Setting<unknown>][]> {
  const groups = new Map<string, [Name, Setting<unknown>][]>();
  for (const [name, row] of Object.entries(table) as [Name, Setting<unknown>][]) {
    const rows = groups.get(row.group);
    if (rows === undefined) groups.set(row.group, [[name, row]]);
    else rows.push([name, row]);
  }
  return groups;
}

/** Returns the configuration table of the README, in Markdown. */
export function formatSettingsTable(): string {
  const lines = [
    "| Flag | Variable | Key in the file | Default | Meaning |",
    "| --- | --- | --- | --- | --- |",
  ];
  for (const [name, row] of [...groupSettings(SETTINGS).values()].flat()) {
    const cells = [
      code(formatFlag(name, row)),
      code(variableName(name)),
      hasSource(row, "file") ? code(kebabName(name)) : "",
      describeDefault(row) ?? (row.kind.fileType === "boolean" ? "off" : "none"),
      `${row.help}${row.kind.isList ? " (repeatable)" : ""}`,
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** Returns how a setting is written on the command line: `--port PORT`, `--[no-]mine`. */
export function formatFlag(name: string, row: Setting<unknown>): string {
  const { placeholder } = row.kind;
  if (placeholder !== "") return `--${kebabName(name)} ${placeholder}`;
  return row.default === false ? `--${kebabName(name)}` : `--[no-]${kebabName(name)}`;
}

/** True if `host` can only be reached from this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function code(text: string): string {
  return `\`${text}\``;
}

function defaultDataDirectory({ platform, environment, homeDirectory }: Situation): string {
  switch (platform) {
    case "win32": {
      const local = environment.LOCALAPPDATA || win32.join(homeDirectory, "AppData", "Local");
      return win32.join(local, "cairn");
    }
    case "darwin":
      return posix.join(homeDirectory, "Library", "Application Support", "cairn");
    default: {
      // The XDG specification has relative paths ignored.
      const xdg = environment.XDG_DATA_HOME ?? "";
      const share = xdg.startsWith("/") ? xdg : posix.join(homeDirectory, ".local", "share");
      return posix.join(share, "cairn");
    }
  }
}

function parseHost(text: string): string | undefined {
  if (isIP(text) !== 0) return text.toLowerCase();
  // Digits and dots alone are a mistyped address, not a name.
  if (text.length > MAX_HOST_NAME_LENGTH || /^[\d.]+$/.test(text)) return undefined;
  return HOST_NAME_PATTERN.test(text) ? text.toLowerCase() : undefined;
}

function parseDevelopmentMining(text: string): DevelopmentMining | undefined {
  if (text === "auto" || text === "manual") return text;
  return /^\d{1,4}$/.test(text) ? within(Number(text), 1, 3_600) : undefined;
}

function parseIpAddress(text: string): string | undefined {
  return isIP(text) === 0 ? undefined : text.toLowerCase();
}

function parseIpv4(text: string): string | undefined {
  return isIPv4(text) ? text : undefined;
}

function parseOrigin(text: string): string | undefined {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  // Browsers send the origin in exactly this form, and it is compared letter by letter.
  return new URL(text).origin === text ? text : undefined;
}

function parseCpuList(text: string): readonly number[] | undefined {
  const cpus = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first > last || last >= MAX_CPUS) return undefined;
    for (let cpu = first; cpu <= last; cpu++) {
      if (cpus.has(cpu)) return undefined;
      cpus.add(cpu);
    }
  }
  return [...cpus];
}
