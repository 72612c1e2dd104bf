/**
 * The configuration: precedence, origins, every range at its edges, and every way to be wrong.
 */

import { describe, expect, test } from "bun:test";
import {
  type Config,
  type ConfigWorld,
  readFlags,
  resolveConfig,
} from "../../../src/node/config.ts";
import { ConfigError, type ConfigErrorCode, suggest } from "../../../src/node/config-error.ts";
import {
  describeDefault,
  type Environment,
  formatFlag,
  formatSettingsTable,
  isLoopbackHost,
  kebabName,
  listOf,
  oneOf,
  SETTINGS,
  setting,
  variableName,
} from "../../../src/node/settings.ts";

const DATA = "/home/ada/.local/share/cairn";

interface Given {
  readonly environment?: Environment;
  readonly files?: Readonly<Record<string, string>>;
  readonly platform?: string;
}

function worldOf({ environment = {}, files = {}, platform = "linux" }: Given): ConfigWorld {
  return {
    environment,
    platform,
    homeDirectory: "/home/ada",
    readFile: (path) => files[path],
  };
}

/** Resolves `command`, split at spaces. */
function resolve(command = "", given: Given = {}): Config {
  return resolveConfig({ argv: command.split(" ").filter(Boolean), ...worldOf(given) });
}

function errorOf(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function codeOf(command: string, given: Given = {}): ConfigErrorCode {
  return errorOf(() => resolve(command, given)).code;
}

function withFile(text: string): Given {
  return { files: { [`${DATA}/cairn.toml`]: text } };
}

describe("resolveConfig", () => {
  test("gives the defaults when nothing is said", () => {
    const { origins, ...values } = resolve();
    expect(values).toEqual({
      data: DATA,
      config: undefined,
      network: "cairn",
      difficulty: 5,
      dev: false,
      devMine: "auto",
      apiHost: "127.0.0.1",
      port: 8080,
      apiExpose: false,
      apiAllowHost: [],
      apiTokenFile: undefined,
      walletRemote: false,
      corsOrigin: [],
      mine: true,
      threads: 1,
      address: undefined,
      minerTag: "cairn",
      cpuAffinity: undefined,
      templateRefreshSeconds: 5,
      mempoolMaxMegabytes: 128,
      mempoolExpiryHours: 24,
      minRelayFeerate: 1,
      p2pHost: "::",
      p2pPort: undefined,
      peer: [],
      discover: true,
      allowNode: [],
      maxInbound: 125,
      nodeName: "",
      multicastInterface: undefined,
      logLevel: "info",
      logFormat: "text",
      fileRead: undefined,
    });
    expect(new Set(Object.values(origins))).toEqual(new Set(["default"]));
  });

  test("prefers a flag to the environment, that to the file, and that to the default", () => {
    const environment = { CAIRN_PORT: "2", CAIRN_THREADS: "2" };
    const file = withFile('port = 3\nthreads = 3\nmempool-expiry-hours = 3\nlog-format = "json"');
    const config = resolve("--port 1 --log-format text", { environment, ...file });

    expect(config.port).toBe(1);
    expect(config.threads).toBe(2);
    expect(config.mempoolExpiryHours).toBe(3);
    expect(config.logFormat).toBe("text");
    expect(config.origins.port).toBe("flag");
    expect(config.origins.threads).toBe("environment");
    expect(config.origins.mempoolExpiryHours).toBe("file");
    expect(config.origins.logFormat).toBe("flag");
    expect(config.origins.network).toBe("default");
    expect(config.fileRead).toBe(`${DATA}/cairn.toml`);
  });

  test("tells a value that equals the default from one that nobody named", () => {
    expect(resolve("--port 8080").origins.port).toBe("flag");
    expect(resolve("").origins.port).toBe("default");
  });

  test("reads every setting from each of its sources alike", () => {
    const samples: Record<string, [text: string, toml: string]> = {
      data: ["/d", '"/d"'],
      config: ["/c.toml", ""],
      network: ["lab-1", '"lab-1"'],
      difficulty: ["3", "3"],
      dev: ["true", "true"],
      devMine: ["10", '"10"'],
      apiHost: ["::1", '"::1"'],
      port: ["0", "0"],
      apiExpose: ["true", "true"],
      apiAllowHost: ["a.example,b", '["a.example", "b"]'],
      apiTokenFile: ["/t", '"/t"'],
      walletRemote: ["true", "true"],
      corsOrigin: ["https://x,http://10.0.0.5:3000", '["https://x", "http://10.0.0.5:3000"]'],
      mine: ["true", "true"],
      threads: ["256", "256"],
      address: ["crn1qxyz", '"crn1qxyz"'],
      minerTag: ["ada's own", '"ada\'s own"'],
      cpuAffinity: ["0,2-3", '"0,2-3"'],
      templateRefreshSeconds: ["7", "7"],
      mempoolMaxMegabytes: ["64", "64"],
      mempoolExpiryHours: ["2", "2"],
      minRelayFeerate: ["0.125", "0.125"],
      p2pHost: ["10.0.0.5", '"10.0.0.5"'],
      p2pPort: ["0", "0"],
      peer: ["10.0.0.5:8333,[2001:db8::1]:1", '["10.0.0.5:8333", "[2001:db8::1]:1"]'],
      discover: ["true", "true"],
      allowNode: [`02${"ab".repeat(32)}`, `["02${"ab".repeat(32)}"]`],
      maxInbound: ["8", "8"],
      nodeName: ["ada", '"ada"'],
      multicastInterface: ["10.0.0.5", '"10.0.0.5"'],
      logLevel: ["debug", '"debug"'],
      logFormat: ["json", '"json"'],
    };
    expect(Object.keys(samples)).toEqual(Object.keys(SETTINGS));

    for (const [key, [text, toml]] of Object.entries(samples)) {
      const name = key as keyof typeof SETTINGS;
      const files = { "/c.toml": toml === "" ? "" : `${kebabName(name)} = ${toml}` };
      const flag = `--${kebabName(name)}`;
      const companion = name === "devMine" ? ["--dev"] : [];
      const argv = [...companion, flag, ...(text === "true" ? [] : [text])];

      const fromFlag = resolveConfig({ argv, ...worldOf({ files }) });
      const environment = { [variableName(name)]: text };
      const fromVariable = resolve(companion.join(" "), { environment, files });
      expect(fromFlag.origins[name]).toBe("flag");
      expect(fromVariable.origins[name]).toBe("environment");
      expect(fromVariable[name]).toEqual(fromFlag[name] as never);

      if (toml === "") continue;
      const fromFile = resolve(["--config /c.toml", ...companion].join(" "), { files });
      expect(fromFile.origins[name]).toBe("file");
      expect(fromFile[name]).toEqual(fromFlag[name] as never);
    }
  });

  test("reads a flag's value attached or apart, and the last word on a boolean is the only one", () => {
    expect(resolve("--port=9000").port).toBe(9000);
    expect(resolve("--no-mine").mine).toBe(false);
    expect(resolve("--network regtest --mine").mine).toBe(true);
    expect(codeOf("--mine --no-mine")).toBe("given-twice");
    expect(codeOf("--mine=true")).toBe("bad-value");
  });

  test("gathers a repeated flag into a list", () => {
    const config = resolve("--api-allow-host A.example --api-allow-host b");
    expect(config.apiAllowHost).toEqual(["a.example", "b"]);
    expect(codeOf("--port 1 --port 2")).toBe("given-twice");
  });

  test("takes truth in a variable in its usual spellings and no other", () => {
    for (const text of ["true", "1", "yes", "on", "TRUE"]) {
      expect(resolve("", { environment: { CAIRN_MINE: text } }).mine).toBe(true);
    }
    for (const text of ["false", "0", "no", "off", "False"]) {
      expect(resolve("", { environment: { CAIRN_MINE: text } }).mine).toBe(false);
    }
    expect(codeOf("", { environment: { CAIRN_MINE: "maybe" } })).toBe("bad-value");
  });

  test("counts an empty variable as absent", () => {
    const config = resolve("", { environment: { CAIRN_ADDRESS: "", CAIRN_PORT: "" } });
    expect(config.address).toBeUndefined();
    expect(config.origins.port).toBe("default");
  });
});

describe("the data folder and the file", () => {
  test("follows the custom of each system", () => {
    const xdg = { environment: { XDG_DATA_HOME: "/xdg" } };
    expect(resolve("", xdg).data).toBe("/xdg/cairn");
    expect(resolve("", { environment: { XDG_DATA_HOME: "relative" } }).data).toBe(DATA);
    expect(resolve("", { platform: "darwin" }).data).toBe(
      "/home/ada/Library/Application Support/cairn",
    );
    const windows = { LOCALAPPDATA: "C:\\Users\\ada\\AppData\\Local" };
    expect(resolve("", { platform: "win32", environment: windows }).data).toBe(
      "C:\\Users\\ada\\AppData\\Local\\cairn",
    );
    expect(resolve("", { platform: "win32" }).data).toEndWith("\\AppData\\Local\\cairn");
  });

  test("reads the home directory for a leading ~", () => {
    expect(resolve("--data=~/chain").data).toBe("/home/ada/chain");
    expect(resolve("--data ~").data).toBe("/home/ada");
    expect(resolve("--data ~x").data).toBe("~x");
  });

  test("looks for cairn.toml in the data folder that was named", () => {
    const files = { "/d/cairn.toml": "port = 1" };
    expect(resolve("--data /d", { files }).port).toBe(1);
    expect(resolve("", { files, environment: { CAIRN_DATA: "/d" } }).port).toBe(1);
  });

  test("reads the file that was named instead, and insists that it is there", () => {
    const files = { "/c": "port = 2", [`${DATA}/cairn.toml`]: "port = 1" };
    expect(resolve("--config /c", { files }).port).toBe(2);
    expect(resolve("", { files, environment: { CAIRN_CONFIG: "/c" } }).port).toBe(2);
    expect(codeOf("--config /missing", { files })).toBe("bad-file");
  });

  test("lets only a file that was named move the data folder", () => {
    expect(resolve("--config /c", { files: { "/c": 'data = "/d"' } }).data).toBe("/d");
    expect(codeOf("", withFile('data = "/d"'))).toBe("conflict");
  });

  test("turns a file that cannot be read into a ConfigError", () => {
    const readFile = () => {
      throw new Error("permission denied");
    };
    const error = errorOf(() => resolveConfig({ argv: [], ...worldOf({}), readFile }));
    expect(error.code).toBe("bad-file");
    expect(error.message).toContain("permission denied");
  });

  test.each([
    ["port = 1\nport = 2", "bad-file"],
    ["port", "bad-file"],
    ["network = regtest", "bad-file"],
    ["port = 99999999999999999999", "bad-file"],
    ["prot = 1", "unknown-setting"],
    ["config = '/c'", "unknown-setting"],
    ["apiHost = '::1'", "unknown-setting"],
    ["[api]\nport = 1", "unknown-setting"],
    ["__proto__ = 1", "unknown-setting"],
    ["constructor = 1", "unknown-setting"],
    ['port = "8080"', "bad-value"],
    ["port = 1.5", "bad-value"],
    ["port = -1", "bad-value"],
    ["port = true", "bad-value"],
    ["port = [1]", "bad-value"],
    ["port = 1979-05-27", "bad-value"],
    ["port.number = 1", "bad-value"],
    ["mine = 1", "bad-value"],
    ['mine = "true"', "bad-value"],
    ["network = 1", "bad-value"],
    ["min-relay-feerate = nan", "bad-value"],
    ["min-relay-feerate = inf", "bad-value"],
    ['cors-origin = "https://x"', "bad-value"],
    ["cors-origin = [1]", "bad-value"],
    ['cors-origin = ["https://x,https://y"]', "bad-value"],
    ['cors-origin = ["https://x", "y"]', "bad-value"],
  ] as const)("refuses the file %p as %s", (text, code) => {
    const error = errorOf(() => resolve("", withFile(text)));
    expect(error.code).toBe(code);
    expect(error.message).toContain(`${DATA}/cairn.toml`);
  });

  test("takes an empty array for nothing", () => {
    expect(resolve("", withFile("cors-origin = []")).corsOrigin).toEqual([]);
  });
});

describe("values", () => {
  const accepted: Record<string, readonly string[]> = {
    network: ["cairn", "regtest", "0", "a-", "a".repeat(32)],
    difficulty: ["1", "12"],
    "api-host": ["127.0.0.1", "127.9.9.9", "::1", "localhost"],
    port: ["0", "65535"],
    "api-allow-host": ["node", "node.lan", "10.0.0.1", "fd00::1", "a_b-c.example"],
    "cors-origin": ["https://x", "http://x.example:3000", "http://[::1]:3000"],
    threads: ["1", "256"],
    "miner-tag": ["x", "x".repeat(32)],
    "cpu-affinity": ["0", "1023", "3,1", "0-3,8-9"],
    "template-refresh-seconds": ["1", "3600"],
    "mempool-max-megabytes": ["1", "4096"],
    "mempool-expiry-hours": ["1", "8760"],
    "min-relay-feerate": ["0", "1", "0.001", "1000000"],
    "multicast-interface": ["127.0.0.1"],
    "log-level": ["error", "warn", "info", "debug"],
    "log-format": ["text", "json"],
  };
  const refused: Record<string, readonly string[]> = {
    network: ["Cairn", "-a", "a".repeat(33), "a/b", "..", "a b", "a\n"],
    difficulty: ["0", "13", "1.5", "05x", "-1", "one"],
    "api-host": ["127.0.0", "256.1.1.1", "a:80", "[::1]", "a..b", "-a", "a b", "a".repeat(254)],
    port: ["65536", "-1", "0x50", "8080 ", "1e3", "+1", "9".repeat(20)],
    "api-allow-host": ["a:80", "http://a", "*", "a,,b"],
    "cors-origin": ["*", "null", "x", "https://x/", "https://x/a", "https://X", "https://x:443"],
    threads: ["0", "257"],
    address: ["crn1 q", "../x", "x".repeat(91)],
    "miner-tag": ["x".repeat(33), "é", "a\tb"],
    "cpu-affinity": ["1024", "3-1", "1,1", "0-2,2", "a", "1-", "1,,2"],
    "template-refresh-seconds": ["0", "3601"],
    "mempool-max-megabytes": ["0", "4097"],
    "mempool-expiry-hours": ["0", "8761"],
    "min-relay-feerate": ["-1", "1000001", "0.0001", "1e2", ".5"],
    "multicast-interface": ["::1", "eth0", "1.2.3"],
    "log-level": ["Info", "trace"],
    "log-format": ["xml"],
  };

  test("accepts each setting up to its limits", () => {
    for (const [name, texts] of Object.entries(accepted)) {
      for (const text of texts) {
        expect(() => resolveConfig({ argv: [`--${name}`, text], ...worldOf({}) })).not.toThrow();
      }
    }
  });

  test("refuses each setting beyond its limits, naming the source and the value", () => {
    for (const [name, texts] of Object.entries(refused)) {
      for (const text of texts) {
        const argv = [`--${name}`, text];
        const error = errorOf(() => resolveConfig({ argv, ...worldOf({}) }));
        expect(`${argv}: ${error.code}`).toBe(`${argv}: bad-value`);
        expect(error.message).toStartWith(`--${name} `);
        expect(error.message).not.toContain("\n");
      }
    }
  });

  test("reads a list of processors in the order given", () => {
    expect(resolve("--cpu-affinity 3,0-1").cpuAffinity).toEqual([3, 0, 1]);
  });

  test("repeats no more of a value than fits a line", () => {
    const error = errorOf(() => resolve(`--network ${"x".repeat(5000)}`));
    expect(error.message.length).toBeLessThan(300);
  });
});

describe("mistakes", () => {
  test.each([
    ["--prot 1", "unknown-setting", "--port"],
    ["--mien", "unknown-setting", "--mine"],
    ["--nomine", "unknown-setting", "--no-mine"],
    ["--no-mien", "unknown-setting", "--no-mine"],
    ["--threads-count 2", "unknown-setting", ""],
    ["--no-port", "unknown-setting", ""],
    ["-p 1", "unknown-setting", ""],
    ["--port", "missing-value", ""],
    ["--port=", "missing-value", ""],
    ["--port --mine", "missing-value", ""],
    ["--log-level inof", "bad-value", "info"],
    ["extra", "unexpected-argument", ""],
    ["--mine extra", "unexpected-argument", ""],
    ["-- --mine", "unexpected-argument", ""],
  ] as const)("refuses %p as %s", (command, code, suggestion) => {
    const error = errorOf(() => resolve(command));
    expect(error.code).toBe(code);
    if (suggestion !== "") expect(error.message).toEndWith(`(did you mean ${suggestion}?)`);
  });

  test("refuses a variable that nothing reads, and suggests the nearest", () => {
    const error = errorOf(() => resolve("", { environment: { CAIRN_THREDS: "2" } }));
    expect(error.code).toBe("unknown-setting");
    expect(error.message).toContain("CAIRN_THREADS");
  });

  test("accepts the variables of the commands, and those of other programs", () => {
    const environment = {
      CAIRN_URL: "http://x",
      CAIRN_TOKEN: "x",
      CAIRN_DEBUG: "1",
      PORT: "80",
      CAIRNX: "1",
    };
    expect(() => resolve("", { environment })).not.toThrow();
  });

  test("refuses a difficulty for regtest from any source, and gives it none", () => {
    expect(codeOf("--network regtest --difficulty 5")).toBe("conflict");
    expect(codeOf("--network regtest", { environment: { CAIRN_DIFFICULTY: "5" } })).toBe(
      "conflict",
    );
    expect(codeOf("--network regtest", withFile("difficulty = 5"))).toBe("conflict");
    expect(resolve("--network regtest").difficulty).toBeUndefined();
    expect(resolve("--network lab --difficulty 2").difficulty).toBe(2);
  });

  test("mines by default on every network but regtest", () => {
    expect(resolve("--network lab").mine).toBe(true);
    expect(resolve("", withFile('network = "regtest"')).mine).toBe(false);
  });

  test("a chain to develop against is the network dev, whichever way it is named", () => {
    for (const command of ["--dev", "--network dev", "--dev --network dev"]) {
      const { network, dev, difficulty, mine, p2pHost, discover } = resolve(command);
      expect({ network, dev, difficulty, mine, p2pHost, discover }).toEqual({
        network: "dev",
        dev: true,
        difficulty: undefined,
        mine: false,
        p2pHost: "127.0.0.1",
        discover: false,
      });
    }
    expect(resolve("", { environment: { CAIRN_DEV: "yes" } }).network).toBe("dev");
    expect(resolve("", withFile("dev = true")).network).toBe("dev");
    expect(resolve("--dev --dev-mine 10").devMine).toBe(10);
    expect(resolve("--dev --dev-mine manual").devMine).toBe("manual");
  });

  test.each([
    "--dev --network lab",
    "--dev --network regtest",
    "--no-dev --network dev",
    "--dev --difficulty 3",
    "--dev --api-host 0.0.0.0 --api-expose",
    "--dev --p2p-host ::",
    "--dev-mine 10",
  ])("a chain to develop against is never another's to reach: %s", (command) => {
    expect(codeOf(command)).toBe("conflict");
  });

  test.each(["0", "3601", "1.5", "Auto", "-1"])("%p is no time to mine", (text) => {
    expect(codeOf(`--dev --dev-mine=${text}`)).toBe("bad-value");
  });

  test("listens beyond this machine only when told twice", () => {
    for (const host of ["0.0.0.0", "::", "10.0.0.5", "node.lan"]) {
      expect(codeOf(`--api-host ${host}`)).toBe("conflict");
      expect(resolve(`--api-host ${host} --api-expose`).apiHost).toBe(host);
    }
  });
});

describe("readFlags", () => {
  const table = {
    tags: setting<readonly string[]>({
      kind: listOf(oneOf(["a", "b"], "TAG")),
      group: "Options",
      help: "Tags",
      default: [],
    }),
  };

  test("keeps positionals in order, among them a lone dash and all after two", () => {
    const { flags, positionals } = readFlags(["x", "--tags", "a", "-", "--", "--tags"], table);
    expect(positionals).toEqual(["x", "-", "--tags"]);
    expect(flags.get("tags")?.text).toBe("a");
  });
});

describe("suggest", () => {
  test("finds a swapped, missing, wrong or extra letter", () => {
    for (const name of ["prot", "pot", "part", "ports"]) {
      expect(suggest(name, ["data", "port", "mine"])).toBe(" (did you mean port?)");
    }
  });

  test("says nothing when nothing is near", () => {
    expect(suggest("quux", ["data", "port"])).toBe("");
    expect(suggest("", ["data"])).toBe("");
    expect(suggest("x".repeat(100_000), ["data"])).toBe("");
  });
});

describe("the table", () => {
  test("names each setting in one line of help without a full stop", () => {
    for (const row of Object.values(SETTINGS)) {
      expect(row.help).toMatch(/^[A-Z][^\n|]*[^.\n]$/);
    }
  });

  test("has no two settings whose variables or flags collide, and none that begins with no-", () => {
    const names = Object.keys(SETTINGS).map(kebabName);
    expect(new Set(names).size).toBe(names.length);
    expect(names.some((name) => name.startsWith("no-"))).toBe(false);
  });

  test("has defaults that pass its own checks", () => {
    for (const row of Object.values(SETTINGS)) {
      const value: unknown = row.default;
      if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
        expect(row.kind.parse(String(value))).toBe(value as never);
      }
    }
  });

  test("becomes one row a setting in the README", () => {
    const rows = formatSettingsTable().trimEnd().split("\n").slice(2);
    expect(rows).toHaveLength(Object.keys(SETTINGS).length);
    expect(rows.every((row) => row.split(" | ").length === 5)).toBe(true);
    expect(rows.join("\n")).toContain("`--api-host HOST` | `CAIRN_API_HOST` | `api-host`");
  });

  test("describes flags and defaults", () => {
    expect(formatFlag("mine", SETTINGS.mine)).toBe("--[no-]mine");
    expect(formatFlag("apiExpose", SETTINGS.apiExpose)).toBe("--api-expose");
    expect(describeDefault(SETTINGS.port)).toBe("8080");
    expect(describeDefault(SETTINGS.corsOrigin)).toBeUndefined();
  });
});

describe("isLoopbackHost", () => {
  test("knows the addresses that never leave the machine", () => {
    expect(["127.0.0.1", "127.255.0.9", "::1", "localhost"].every(isLoopbackHost)).toBe(true);
    const others = ["0.0.0.0", "::", "128.0.0.1", "127.evil.example", "localhost.evil.example"];
    expect(others.some(isLoopbackHost)).toBe(false);
  });
});
