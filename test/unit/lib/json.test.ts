/**
 * Strict JSON: each code at, below and above its limit, and agreement with the engine's parser on
 * everything that both accept.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { JsonError, type JsonErrorCode, MAX_JSON_DEPTH, parseJson } from "../../../src/lib/json.ts";

function codeOf(text: string, maxDepth?: number): JsonErrorCode | undefined {
  try {
    parseJson(text, maxDepth === undefined ? {} : { maxDepth });
    return undefined;
  } catch (error) {
    if (error instanceof JsonError) return error.code;
    throw error;
  }
}

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

describe("parseJson", () => {
  test.each([
    ["null", null],
    ["true", true],
    ["false", false],
    ["0", 0],
    ["-0", -0],
    ["-12.5e-1", -1.25],
    ["1E3", 1000],
    ['""', ""],
    ['"a\\u0062\\n\\"\\\\"', 'ab\n"\\'],
    ['"\\\\"', "\\"],
    ['"é😀\u2028"', "é😀\u2028"],
    ["[]", []],
    ["{}", {}],
    [' \t\r\n[ 1 , "2" , { "a" : [ ] } ] \n', [1, "2", { a: [] }]],
    ['{"toString":1,"hasOwnProperty":2,"0":3}', { toString: 1, hasOwnProperty: 2, "0": 3 }],
    [`{"":${nested(MAX_JSON_DEPTH - 1)}}`, { "": JSON.parse(nested(MAX_JSON_DEPTH - 1)) }],
  ])("reads %s", (text, value) => {
    expect(parseJson(text)).toEqual(value as never);
  });

  test.each([
    "",
    " ",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{",
    "{}}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{,}",
    "{a:1}",
    "{'a':1}",
    '{"a" 1}',
    '{"a":1 "b":2}',
    "1 2",
    "tru",
    "nul",
    "True",
    "truefalse",
    "undefined",
    "NaN",
    "Infinity",
    "-Infinity",
    "+1",
    "-",
    "01",
    "-01",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x10",
    "1_000",
    "1n",
    '"',
    '"a',
    '"a\\',
    '"a\\"',
    '"\\q"',
    '"\\u12g4"',
    '"\\u123"',
    '"\n"',
    '"\t"',
    '"\u0000"',
    "// comment\n1",
    "/**/1",
    "\ufeff1",
    "\u00a01",
    "[1]\u0000",
  ])("refuses the syntax of %p", (text) => {
    expect(codeOf(text)).toBe("json-syntax");
  });

  test("reads nesting of exactly the limit and refuses one more", () => {
    expect(codeOf(nested(MAX_JSON_DEPTH))).toBeUndefined();
    expect(codeOf(nested(MAX_JSON_DEPTH + 1))).toBe("json-too-deep");
    expect(codeOf(`${'{"a":'.repeat(17)}1${"}".repeat(17)}`)).toBe("json-too-deep");
    expect(codeOf(nested(3), 3)).toBeUndefined();
    expect(codeOf(nested(4), 3)).toBe("json-too-deep");
    expect(codeOf("1", 0)).toBeUndefined();
    expect(codeOf("[]", 0)).toBe("json-too-deep");
  });

  test("counts nesting, not the number of arrays", () => {
    expect(codeOf(`[${"[[]],".repeat(100)}[]]`, 3)).toBeUndefined();
  });

  test("does not overflow the stack on brackets without end", () => {
    expect(codeOf("[".repeat(1_000_000))).toBe("json-too-deep");
  });

  test("ignores brackets in strings", () => {
    expect(codeOf(JSON.stringify("[{".repeat(100)))).toBeUndefined();
  });

  test("refuses a key given twice, however it is written", () => {
    expect(codeOf('{"amount":"1","amount":"9"}')).toBe("json-duplicate-key");
    expect(codeOf('{"a":1,"b":2,"\\u0061":3}')).toBe("json-duplicate-key");
    expect(codeOf('{"":1,"":2}')).toBe("json-duplicate-key");
    expect(codeOf('{"1":1,"1":2}')).toBe("json-duplicate-key");
  });

  test("allows a key again in another object", () => {
    expect(codeOf('[{"a":1},{"a":{"a":2}}]')).toBeUndefined();
  });

  test.each(["__proto__", "constructor", "prototype"])("refuses the key %s", (key) => {
    expect(codeOf(`{"${key}":{"polluted":true}}`)).toBe("json-forbidden-key");
    expect(codeOf(`[{"a":{"${key}":1}}]`)).toBe("json-forbidden-key");
    const escaped = `\\u${key.charCodeAt(0).toString(16).padStart(4, "0")}${key.slice(1)}`;
    expect(codeOf(`{"${escaped}":1}`)).toBe("json-forbidden-key");
    expect(codeOf(`"${key}"`)).toBeUndefined();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("reads numbers up to 2^53 - 1 and refuses those beyond", () => {
    expect(parseJson("9007199254740991")).toBe(9_007_199_254_740_991);
    expect(parseJson("-9007199254740991")).toBe(-9_007_199_254_740_991);
    for (const text of [
      "9007199254740992",
      "9007199254740993",
      "-9007199254740992",
      "9007199254740993.5",
      "1e16",
      "1e400",
      "-1e400",
      "9".repeat(1000),
    ]) {
      expect(codeOf(text)).toBe("json-number");
    }
  });

  test("says in which line and column the fault is", () => {
    expect(() => parseJson('{\n  "a": tru\n}')).toThrow("(line 2, column 8)");
  });

  test("agrees with JSON.parse on what it accepts", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const code = codeOf(text);
        if (code === undefined) expect(parseJson(text)).toEqual(JSON.parse(text));
        else expect(["json-forbidden-key", "json-number"]).toContain(code);
      }),
    );
  });

  test("refuses as syntax exactly what JSON.parse refuses, on damaged texts", () => {
    const damaged = fc
      .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom(...'{}[]",:\\0-e.x\n '), fc.nat(2))
      .map(([text, at, character, removed]) => {
        const position = at % (text.length + 1);
        return text.slice(0, position) + character + text.slice(position + removed);
      });
    fc.assert(
      fc.property(damaged, (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        const code = codeOf(text);
        if (isJson) expect(code).not.toBe("json-syntax");
        else expect(code).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });
});
