/**
 * What is found unreached in small programs that are run with counters in them, and what becomes of
 * it: sums of several runs, excuses, the report.
 */

import { afterAll, describe, expect, test } from "bun:test";
import { COVERED_FILES, instrument } from "../../../scripts/coverage-instrument.ts";
import {
  type FileCoverage,
  formatReport,
  type Gap,
  judgeGaps,
  mergeCoverage,
  reportFile,
} from "../../../scripts/coverage-report.ts";

const PATH = "src/script/small.ts";

const world = globalThis as { __coverage__?: Record<string, FileCoverage> };
const before = world.__coverage__;

afterAll(() => {
  if (before === undefined) delete world.__coverage__;
  else world.__coverage__ = before;
});

/** Runs `source`, which declares f, with counters; then f with each of `calls`. */
function runCounted(source: string, calls: readonly (readonly unknown[])[]) {
  const { code } = instrument(source, PATH);
  const plain = new Bun.Transpiler({ loader: "ts" }).transformSync(code);
  world.__coverage__ = {};
  const f = new Function(`${plain}; return f;`)() as (...values: readonly unknown[]) => unknown;
  const results = calls.map((values) => f(...values));
  return { results, coverage: structuredClone(world.__coverage__[PATH]) as FileCoverage };
}

/** The texts of what the calls do not reach. */
function gapsOf(source: string, ...calls: readonly (readonly unknown[])[]): string[] {
  const { coverage } = runCounted(source, calls);
  return reportFile(coverage, source).gaps.map(({ what }) => what);
}

describe("reportFile", () => {
  test("wants an if without else both true and false", () => {
    const source = "function f(a: number) { if (a > 1) a -= 1; return a; }";
    expect(gapsOf(source, [1])).toEqual(["never true: a > 1", "never run: a -= 1;"]);
    expect(gapsOf(source, [2])).toEqual(["never false: a > 1"]);
    expect(gapsOf(source, [1], [2])).toEqual([]);
  });

  test("names the whole condition, brackets included", () => {
    const source = "function f(a: number) { if ((a + 1) * (a - 1) > 0) return 1; return 0; }";
    expect(gapsOf(source, [2], [0])).toEqual([]);
    expect(gapsOf(source, [2])).toContain("never false: (a + 1) * (a - 1) > 0");
  });

  test("wants both sides of a condition, every case, and defaults used", () => {
    const ternary = "function f(a: boolean) { return a ? 1 : 2; }";
    expect(gapsOf(ternary, [true])).toEqual(["never taken: 2"]);
    const cases = "function f(a: number) { switch (a) { case 1: return 1; default: return 2; } }";
    expect(gapsOf(cases, [1])).toContain("never taken: default: return 2;");
    expect(gapsOf("function f(a = 5) { return a; }", [1])).toEqual(["default never used: 5"]);
    expect(gapsOf("function f(a = 5) { return a; }", [])).toEqual([]);
  });

  test("wants the right side of && and || evaluated, and left out", () => {
    const source = "function f(a: boolean, b: boolean) { return a && b; }";
    expect(gapsOf(source, [false, true])).toEqual(["never evaluated: b"]);
    expect(gapsOf(source, [true, false], [true, true])).toEqual(["never left out: b"]);
    expect(gapsOf(source, [true, false], [false, true])).toEqual([]);
  });

  test("wants every operand of a chain to have decided it", () => {
    const source = "function f(a: any, b: any, c: any) { return a || b || c; }";
    expect(gapsOf(source, [0, 0, 1], [1, 0, 0])).toEqual(["never left out: c"]);
    expect(gapsOf(source, [0, 0, 1], [1, 0, 0], [0, 1, 0])).toEqual([]);
    const mixed = "function f(a: any, b: any, c: any) { return (a && b) || c; }";
    expect(gapsOf(mixed, [0, 0, 1], [1, 1, 0])).toEqual([]);
    expect(gapsOf(mixed, [1, 0, 1])).toEqual(["never left out: b", "never left out: c"]);
  });

  test("wants what ?. looks at to be there and not to be there", () => {
    const source = "function f(a?: { b: { c: number } }) { return a?.b.c; }";
    expect(gapsOf(source, [{ b: { c: 1 } }])).toEqual(["never nullish: a?."]);
    expect(gapsOf(source, [])).toEqual(["always nullish: a?."]);
    expect(gapsOf(source, [], [{ b: { c: 1 } }])).toEqual([]);
  });

  test("wants ??= to assign and to leave alone", () => {
    const source = "function f(a: { b?: number }) { a.b ??= 7; return a.b; }";
    expect(gapsOf(source, [{ b: 1 }])).toEqual(["never evaluated: 7"]);
    expect(gapsOf(source, [{}])).toEqual(["never left out: 7"]);
    expect(gapsOf(source, [{}], [{ b: 1 }])).toEqual([]);
  });

  test("names functions that are never called, those without a name by their text", () => {
    const source = "function g() {}\nfunction f() { return [].map(() => 5); }";
    expect(gapsOf(source, [])).toEqual(["never called: g", "never run: 5", "never called: 5"]);
  });

  test("says where, in lines and columns from 1, and counts", () => {
    const source = "function f(a: number) {\n  if (a > 1) return 1;\n  return 0;\n}\n";
    const { coverage } = runCounted(source, [[1]]);
    expect(reportFile(coverage, source)).toEqual({
      path: PATH,
      statements: { covered: 2, total: 3 },
      branches: { covered: 1, total: 2 },
      functions: { covered: 1, total: 1 },
      gaps: [
        { path: PATH, line: 2, column: 3, what: "never true: a > 1" },
        { path: PATH, line: 2, column: 14, what: "never run: return 1;" },
      ],
    });
  });

  test("finds everything in a file that nothing loads", () => {
    const source = "function f(a = 1) { return a; }";
    const { gaps } = reportFile(instrument(source, PATH).coverage, source);
    expect(gaps.map(({ what }) => what).sort()).toEqual([
      "default never used: 1",
      "never called: f",
      "never run: return a;",
    ]);
  });
});

describe("instrument", () => {
  test("leaves what the code does unchanged", () => {
    const source = `class Counter { #n?: number; next() { this.#n ??= 40; return ++this.#n; } }
      function f(a?: { list?: number[] }, b = 2) {
        const counter: Counter = new Counter();
        return [a?.list?.at(-1)?.toFixed(b), counter.next(), counter.next(), a?.list?.[0] ?? "none"];
      }`;
    expect(runCounted(source, [[], [{}], [{ list: [1, 2.5] }], [{ list: [] }, 0]]).results).toEqual(
      [
        [undefined, 41, 42, "none"],
        [undefined, 41, 42, "none"],
        ["2.50", 41, 42, 1],
        [undefined, 41, 42, "none"],
      ],
    );
  });

  test("refuses the optional call of a method, which it would part from its object", () => {
    expect(() => instrument("a.b?.()", PATH)).toThrow();
    expect(() => instrument("a?.()", PATH)).not.toThrow();
  });

  test("is meant for the three layers alone", () => {
    expect(COVERED_FILES.test("/home/cairn/src/script/script.ts")).toBe(true);
    expect(COVERED_FILES.test("C:\\cairn\\src\\consensus\\params.ts")).toBe(true);
    expect(COVERED_FILES.test("/home/cairn/src/crypto/hash.ts")).toBe(false);
    expect(COVERED_FILES.test("/home/cairn/test/unit/script/script.test.ts")).toBe(false);
  });
});

describe("mergeCoverage", () => {
  const source = "function f(a: boolean) { return a ? 1 : 2; }";
  const [yes, no] = [runCounted(source, [[true]]), runCounted(source, [[false]])];

  test("adds up the runs", () => {
    const merged = mergeCoverage(yes.coverage, no.coverage);
    expect(reportFile(merged, source).gaps).toEqual([]);
    expect(reportFile(yes.coverage, source).gaps).toHaveLength(1);
    expect(merged.f).toEqual({ 0: 2 });
  });

  test("refuses counts of another text of the file", () => {
    const other = runCounted(`\n${source}`, [[true]]);
    expect(() => mergeCoverage(yes.coverage, other.coverage)).toThrow();
  });
});

describe("judgeGaps", () => {
  const gap: Gap = { path: PATH, line: 3, column: 1, what: "never true: a" };
  const excuse = { path: PATH, what: "never true: a", reason: "nobody can" };

  test("excuses a gap by its file and text, wherever it stands", () => {
    expect(judgeGaps([gap, { ...gap, line: 9 }], [excuse])).toEqual({
      unexcused: [],
      excused: [
        { ...gap, reason: "nobody can" },
        { ...gap, line: 9, reason: "nobody can" },
      ],
      idle: [],
    });
  });

  test("excuses no other text and no other file", () => {
    for (const changes of [{ what: "never false: a" }, { path: "src/script/other.ts" }]) {
      const other = { ...excuse, ...changes };
      expect(judgeGaps([gap], [other])).toEqual({ unexcused: [gap], excused: [], idle: [other] });
    }
  });

  test("finds the excuse that excuses nothing any more", () => {
    expect(judgeGaps([], [excuse]).idle).toEqual([excuse]);
  });
});

describe("formatReport", () => {
  const tally = { covered: 3, total: 10 };
  const report = { path: PATH, statements: tally, branches: tally, functions: tally, gaps: [] };
  const gap = { path: PATH, line: 3, column: 1, what: "never true: a" };

  test("lines up the files and their sum, and nothing more if all is well", () => {
    const verdict = { unexcused: [], excused: [], idle: [] };
    expect(formatReport([report, report], verdict).split("\n")).toEqual([
      "file                 statements  branches  functions",
      "src/script/small.ts        3/10      3/10       3/10",
      "src/script/small.ts        3/10      3/10       3/10",
      "in all                     6/20      6/20       6/20",
    ]);
  });

  test("lists what is missed, what is excused and why, and excuses for nothing", () => {
    const excuse = { path: PATH, what: "never true: b", reason: "nobody can" };
    const verdict = { unexcused: [gap], excused: [{ ...gap, reason: "R" }], idle: [excuse] };
    const text = formatReport([report], verdict);
    expect(text.match(/src\/script\/small\.ts:3:1 never true: a/g)).toHaveLength(2);
    expect(text).toContain("\n    R\n");
    expect(text).toEndWith("\nsrc/script/small.ts never true: b");
  });
});
