/**
 * C-29: no floating point decides what is valid. Looks at the text of every file that does.
 *
 * `scripts/tidy.ts` holds every commit to a part of this; here each exception stands by name.
 */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { blankText } from "../../../scripts/tidy.ts";

const SOURCE = join(import.meta.dir, "..", "..", "..", "src");

type Line = readonly [place: string, code: string];

/** Every line of code of a layer, without comments and the insides of strings and patterns. */
async function codeOf(layer: string): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const path of [...new Bun.Glob("**/*.ts").scanSync(join(SOURCE, layer))].sort()) {
    const text = await Bun.file(join(SOURCE, layer, path)).text();
    const name = `${layer}/${path.replaceAll("\\", "/")}`;
    for (const line of blankText(text).split("\n")) {
      lines.push([name, line.replace(/\/\s{2,}\/[a-z]*/g, "").trim()]);
    }
  }
  return lines;
}

/** The divisions there are: of BigInts, or of a number by what it was made a multiple of. */
const DIVISIONS: readonly Line[] = [
  [
    "consensus/difficulty.ts",
    "const span = clamp(BigInt(actualSeconds), expected / factor, expected * factor);",
  ],
  ["consensus/difficulty.ts", "const scaled = (target * span) / expected;"],
  [
    "consensus/subsidy.ts",
    "const halvings = (height - (height % params.halvingInterval)) / params.halvingInterval;",
  ],
  ["consensus/target.ts", "return TWO_256 / (target + 1n);"],
];

const consensus = await codeOf("consensus");
const matching = (lines: readonly Line[], pattern: RegExp) =>
  lines.filter(([, code]) => pattern.test(code));

describe("the consensus files", () => {
  test("C-29: are read, with their code in them", () => {
    expect(new Set(consensus.map(([place]) => place)).size).toBeGreaterThanOrEqual(12);
    expect(matching(consensus, /\bcheckTransaction\(/).length).toBeGreaterThan(0);
    expect(matching([["made up", "const half = fee / 2;"]], /\//)).toHaveLength(1);
  });

  test("C-29: divide nowhere but where it is exact", () => {
    expect(matching(consensus, /\//)).toEqual([...DIVISIONS]);
  });

  test("C-29: use no function of Math but those that are exact", () => {
    const used = consensus.flatMap(([, code]) => code.match(/\bMath\.\w+/g) ?? []);
    expect([...new Set(used)].sort()).toEqual(["Math.max", "Math.min"]);
  });

  test("C-29: have no decimal number, and make none", () => {
    const pattern = /\d\.\d|\de-?\d|\b(?:parseFloat|toFixed|toPrecision|NaN|Infinity|EPSILON)\b/;
    // In hexadecimal an e is a digit.
    const bare = consensus.map(([place, code]): Line => [place, code.replace(/0x[\da-f]+/g, "")]);
    expect(matching(bare, pattern)).toEqual([]);
  });

  test("C-29: turn a BigInt into a number only where it is a subsidy or three bytes", () => {
    expect(matching(consensus, /\bNumber\(/)).toEqual([
      ["consensus/subsidy.ts", "return Number(BigInt(params.subsidy) >> BigInt(halvings));"],
      ["consensus/target.ts", "let mantissa = Number("],
    ]);
  });
});

describe("amounts", () => {
  test("C-29: are divided by nobody who connects blocks, and in primitives only to be shown", async () => {
    const lines = [...(await codeOf("chain")), ...(await codeOf("primitives"))];
    // The time of day, coins for people to read, and the virtual size.
    expect(matching(lines, /\//).map(([place]) => place)).toEqual([
      "chain/chain.ts",
      "primitives/amount.ts",
      "primitives/transaction.ts",
    ]);
  });
});
