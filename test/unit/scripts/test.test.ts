/**
 * The reading of what `bun test` prints, and the choice of files. That the steps run, and stop, is
 * seen whenever the command is run.
 */

import { describe, expect, test } from "bun:test";
import {
  findFailedFiles,
  formatCounts,
  parseCounts,
  selectTestFiles,
  splitTestFiles,
  sumCounts,
} from "../../../scripts/test.ts";

describe("parseCounts", () => {
  test("reads the closing lines", () => {
    const output = "(pass) a\n\n 12 pass\n 3 skip\n 1 todo\n 2 fail\n 40 expect() calls\nRan 18";
    expect(parseCounts(output)).toEqual({ passed: 12, failed: 2, skipped: 4 });
  });

  test("reads coloured lines", () => {
    const output = "\u001b[0m\u001b[32m 12 pass\u001b[0m\n\u001b[2m 0 fail\u001b[0m\n";
    expect(parseCounts(output)).toEqual({ passed: 12, failed: 0, skipped: 0 });
  });

  test("takes the last of lines that look alike", () => {
    const output = " 1 pass\n 1 fail\nof a child\n 12 pass\n 0 fail\n";
    expect(parseCounts(output)).toEqual({ passed: 12, failed: 0, skipped: 0 });
  });

  test("does not invent counts", () => {
    expect(parseCounts("")).toBeUndefined();
    expect(parseCounts("12 pass and more\n")).toBeUndefined();
  });
});

describe("findFailedFiles", () => {
  test("names each file in which a test failed, and none for what is said again", () => {
    const output =
      "test/unit/a.test.ts:\n(pass) x [1ms]\n(fail) y [2ms]\n(fail) z [2ms]\n" +
      "\u001b[2mtest/unit/b.test.ts:\u001b[0m\n(pass) x [1ms]\n\n2 tests failed:\n(fail) y [2ms]\n(fail) z [2ms]\n";
    expect(findFailedFiles(output)).toEqual(["test/unit/a.test.ts"]);
    expect(findFailedFiles("test/unit/a.test.ts:\n(pass) x [1ms]\n")).toEqual([]);
  });
});

describe("formatCounts", () => {
  test("tells of skipped tests only if there are any", () => {
    expect(formatCounts({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed");
    expect(formatCounts({ passed: 1, failed: 2, skipped: 3 })).toBe(
      "1 passed, 2 failed, 3 skipped",
    );
  });
});

describe("sumCounts", () => {
  test("adds up, and knows nothing if one group says nothing", () => {
    const counts = { passed: 12, failed: 1, skipped: 2 };
    expect(sumCounts([counts, counts])).toEqual({ passed: 24, failed: 2, skipped: 4 });
    expect(sumCounts([counts, undefined])).toBeUndefined();
  });
});

describe("splitTestFiles", () => {
  test("puts every file into one of two groups, and makes no empty one", () => {
    const inside = ["test/unit/a.test.ts", "test/functional/p2p-b.test.ts"];
    const outside = ["test/browser/c.test.ts", "test/functional/api-d.test.ts"];
    expect(splitTestFiles([...outside, ...inside])).toEqual([inside, outside]);
    expect(splitTestFiles(inside)).toEqual([inside]);
  });
});

describe("selectTestFiles", () => {
  const paths = [
    "test/unit/lib/b.test.ts",
    "test/functional/a.test.ts",
    "test/simulation/c.long.test.ts",
    "test/bench/d.test.ts",
    "test/support/e.ts",
  ];

  test("leaves out the long tier unless asked", () => {
    const short = ["test/functional/a.test.ts", "test/unit/lib/b.test.ts"];
    expect(selectTestFiles(paths, "all")).toEqual(short);
    expect(selectTestFiles(paths, "long")).toEqual([
      "test/functional/a.test.ts",
      "test/simulation/c.long.test.ts",
      "test/unit/lib/b.test.ts",
    ]);
  });

  test("checks by the unit tests alone", () => {
    const longUnit = "test/unit/lib/f.long.test.ts";
    expect(selectTestFiles([...paths, longUnit], "check")).toEqual(["test/unit/lib/b.test.ts"]);
  });
});
