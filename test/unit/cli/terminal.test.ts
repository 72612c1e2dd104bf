/**
 * Terminal: alignment, colours, and texts that would command it.
 */

import { describe, expect, test } from "bun:test";
import { printable, Terminal, wrap } from "../../../src/cli/terminal.ts";
import { MemoryOutput } from "./fake-world.ts";

function terminalOn(stdout: MemoryOutput): Terminal {
  return new Terminal({ stdout, stderr: new MemoryOutput(), environment: {} });
}

describe("printTable", () => {
  test("aligns by what is seen, with and without colours", () => {
    const columns = [
      { title: "name" },
      { title: "count", align: "right" },
      { title: "note" },
    ] as const;
    const rows = [
      ["a", { text: "1", style: "red" }, "x"],
      ["long name", "1,000,000", ""],
    ] as const;
    const plain = new MemoryOutput();
    terminalOn(plain).printTable(columns, rows);
    expect(plain.lines).toEqual([
      "name           count  note",
      "a                  1  x",
      "long name  1,000,000",
    ]);

    const coloured = new MemoryOutput({ isTty: true });
    terminalOn(coloured).printTable(columns, rows);
    expect(coloured.text).toContain("\x1b[31m1\x1b[39m");
    expect(
      Bun.stripANSI(coloured.text)
        .split("\n")
        .map((line) => line.trimEnd()),
    ).toEqual([...plain.lines, ""]);
  });

  test("prints the titles of an empty table", () => {
    const output = new MemoryOutput();
    terminalOn(output).printTable([{ title: "a" }, { title: "b" }], []);
    expect(output.lines).toEqual(["a  b"]);
  });
});

describe("printPairs", () => {
  test("aligns values", () => {
    const output = new MemoryOutput();
    terminalOn(output).printPairs([
      ["a", "1"],
      ["long", "2", "3"],
    ]);
    expect(output.lines).toEqual(["  a     1", "  long  23"]);
  });
});

describe("printRaw", () => {
  test("ends with one line feed", () => {
    const output = new MemoryOutput();
    terminalOn(output).printRaw("{}");
    terminalOn(output).printRaw("{}\n");
    expect(output.text).toBe("{}\n{}\n");
  });
});

describe("printable", () => {
  test("lets no control, direction or invisible character through", () => {
    const hostile = "a\x1b[2Jb\rc\nd\x07e\x9bf\u202eg\u200bh\u2028i\x7f";
    expect(printable(hostile).replaceAll("\ufffd", "")).toBe("a[2Jbcdefghi");
    expect(printable("Grüße, 世界 …")).toBe("Grüße, 世界 …");
  });
});

describe("wrap", () => {
  test("breaks at blanks and never within a word", () => {
    expect(wrap("aa bb cc", 5)).toEqual(["aa bb", "cc"]);
    expect(wrap("aaaaaaaa b", 5)).toEqual(["aaaaaaaa", "b"]);
    expect(wrap("", 5)).toEqual([""]);
  });
});
