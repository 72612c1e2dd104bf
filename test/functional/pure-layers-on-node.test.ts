/**
 * The pure layers in another engine: everything that they decide over published vectors and seeded
 * chance is the same in Node's V8 as in Bun's JavaScriptCore, and every one of their files loads.
 *
 * Here a quarter of the Taproot spends, all of them in pure-layers-on-node.long.test.ts. What is right
 * is the unit tests' business.
 */

import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../support/chain-builder.ts";
import {
  findDivergence,
  ROOT,
  runInNode,
  type TwoTraces,
  traceInBothEngines,
} from "../support/foreign-engine.ts";
import type { TraceSection } from "../support/pure-corpus.ts";

const TIMEOUT_MS = 180_000;

describe("the corpus in both engines", () => {
  let traces: TwoTraces;

  beforeAll(async () => {
    traces = await traceInBothEngines(4);
  }, TIMEOUT_MS);

  test("ran on V8 in Node 20 or later, with the portable SHA-256 and nothing of Bun's", () => {
    const { hasBun, isSha256Portable, versions } = traces.node;
    expect(Number(versions.node?.split(".")[0])).toBeGreaterThanOrEqual(20);
    expect(versions.v8).toBeString();
    expect({ hasBun, isSha256Portable, bun: versions.bun }).toEqual({
      hasBun: false,
      isSha256Portable: true,
      bun: undefined,
    });
  });

  test("C-30: gives the same verdicts and hashes, entry by entry", () => {
    expect(findDivergence(traces.bun, traces.node.sections)).toBeUndefined();
    expect(hashesOf(traces.node.sections)).toEqual(hashesOf(traces.bun));
  });

  test("C-30: leaves out none of what was published", () => {
    const counts = Object.fromEntries(
      traces.bun.map(({ name, entries }) => [name, entries.length] as const),
    );
    expect(counts).toMatchObject({
      "script_tests.json": 1189,
      "tx_valid.json": 50,
      "tx_invalid.json": 39,
      "sighash.json": 500,
      "script_assets_test.json": 934,
      "real blocks": 6,
      "real transactions": 47,
      "Wycheproof ECDSA": 463,
      "scaled bits": 308,
      "retarget scenarios": 12,
      "base58 addresses and keys": 100,
      "bech32 addresses": 74,
    });
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    console.log(
      `${total} verdicts and hashes, on JavaScriptCore and V8 ${traces.node.versions.v8}`,
    );
  });

  test("C-30: goes both ways, over many rules", () => {
    const entriesOf = (name: string) =>
      traces.node.sections.find((section) => section.name === name)?.entries ?? [];
    const isFirstWord = (word: string) => (entry: string) => entry.split(/[ ,]/)[0] === word;
    expect(entriesOf("tx_valid.json").filter(isFirstWord("OK"))).toHaveLength(50);
    expect(entriesOf("tx_invalid.json").every((entry) => !/^(?:OK,?)+ /.test(entry))).toBe(true);
    expect(entriesOf("script_tests.json").filter(isFirstWord("OK")).length).toBeGreaterThan(500);

    const codes = (name: string, pattern: RegExp) =>
      new Set(entriesOf(name).flatMap((entry) => entry.match(pattern) ?? [])).size;
    expect(
      codes("random blocks", /(?<= )(?:bad-[a-z-]+|unexpected-witness|valid)/g),
    ).toBeGreaterThan(20);
    expect(codes("random scripts", /^[A-Z_]+/)).toBeGreaterThan(25);
    expect(codes("random headers", /(?:time-[a-z-]+|bad-[a-z]+|valid)/)).toBe(6);
  });
});

describe("findDivergence", () => {
  const trace: TraceSection[] = [
    { name: "a", entries: ["1", "2"], hash: "x" },
    { name: "b", entries: ["3"], hash: "y" },
  ];

  test("names the first entry that differs, and a section that is missing", () => {
    expect(findDivergence(trace, trace)).toBeUndefined();
    const other = [trace[0]!, { name: "b", entries: ["4"], hash: "z" }];
    expect(findDivergence(trace, other)).toBe("b, entry 0: 3 / 4");
    const longer = [{ name: "a", entries: ["1", "2", "3"], hash: "z" }, trace[1]!];
    expect(findDivergence(trace, longer)).toBe("a, entry 2: undefined / 3");
    expect(findDivergence(trace, [trace[0]!])).toBe("b: missing in one");
  });
});

test(
  "every file of the pure layers loads in Node, and exports what it exports in Bun",
  async () => {
    const paths = [
      ...new Bun.Glob("src/{lib,crypto,primitives,script,consensus,wire}/**/*.ts").scanSync({
        cwd: ROOT,
        absolute: true,
      }),
    ].sort();
    expect(paths.length).toBeGreaterThan(50);

    using folder = temporaryFolder();
    const entry = join(folder.path, "entry.ts");
    await Bun.write(entry, entryThatImports(paths));
    const exported = await runInNode<Record<string, string[]>>(entry);
    for (const path of paths) {
      const module: object = await import(path);
      expect(exported[path]).toEqual(Object.keys(module).sort());
    }
  },
  TIMEOUT_MS,
);

/** A program that writes the names of all exports, by path, to the file that it is told. */
function entryThatImports(paths: readonly string[]): string {
  const imports = paths.map((path, index) => `import * as m${index} from ${JSON.stringify(path)};`);
  const modules = paths.map((path, index) => `[${JSON.stringify(path)}, m${index}],`);
  return `import { writeFileSync } from "node:fs";
${imports.join("\n")}
const modules = [${modules.join("\n")}];
const names = modules.map(([path, module]) => [path, Object.keys(module).sort()]);
writeFileSync(process.argv[2], JSON.stringify(Object.fromEntries(names)));
`;
}

function hashesOf(sections: readonly TraceSection[]): Record<string, string> {
  return Object.fromEntries(sections.map(({ name, hash }) => [name, hash]));
}
