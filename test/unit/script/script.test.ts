/**
 * Scripts as bytes: numbers, pushes, reading and text.
 */

import { describe, expect, test } from "bun:test";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { findOpcode, Opcode, opcodeName } from "../../../src/script/opcodes.ts";
import {
  decodeBoolean,
  decodeNumber,
  encodeNumber,
  formatScript,
  isMinimalPush,
  isPushOnly,
  isUnspendable,
  MAX_SCRIPT_ELEMENT_SIZE,
  MAX_SCRIPT_SIZE,
  parseScript,
  pushData,
  pushLiteral,
  ScriptBuilder,
} from "../../../src/script/script.ts";

const NUMBERS: [number, string][] = [
  [0, ""],
  [1, "01"],
  [-1, "81"],
  [127, "7f"],
  [-127, "ff"],
  [128, "8000"],
  [-128, "8080"],
  [255, "ff00"],
  [256, "0001"],
  [-256, "0081"],
  [32_767, "ff7f"],
  [32_768, "008000"],
  [2 ** 31 - 1, "ffffff7f"],
  [1 - 2 ** 31, "ffffffff"],
  [2 ** 31, "0000008000"],
  [2 ** 32 - 1, "ffffffff00"],
  [2 ** 39 - 1, "ffffffff7f"],
];

describe("encodeNumber", () => {
  test.each(NUMBERS)("of %i is the shortest form", (value, hex) => {
    expect(toHex(encodeNumber(value))).toBe(hex);
  });

  test("of negative zero is that of zero", () => {
    expect(encodeNumber(-0)).toHaveLength(0);
  });

  test("refuses what is no integer or not exact", () => {
    expect(() => encodeNumber(0.5)).toThrow(RangeError);
    expect(() => encodeNumber(2 ** 53)).toThrow(RangeError);
  });
});

describe("decodeNumber", () => {
  test.each(NUMBERS)("reads %i", (value, hex) => {
    expect(decodeNumber(fromHex(hex), true, 5)).toBe(value);
  });

  test("takes at most four bytes unless told otherwise", () => {
    expect(decodeNumber(fromHex("ffffff7f"), true)).toBe(2 ** 31 - 1);
    expect(decodeNumber(fromHex("0000008000"), true)).toBeUndefined();
    expect(decodeNumber(fromHex("000000000000"), false, 5)).toBeUndefined();
  });

  test.each(["00", "80", "0100", "0180", "ff7f00", "00000080"])(
    "refuses %s only where the shortest form is asked for",
    (hex) => {
      expect(decodeNumber(fromHex(hex), true)).toBeUndefined();
      expect(decodeNumber(fromHex(hex), false)).toBeNumber();
    },
  );

  test.each(["ff00", "ff80"])("takes %s, whose last byte holds only the sign", (hex) => {
    expect(decodeNumber(fromHex(hex), true)).toBe(hex === "ff00" ? 255 : -255);
  });
});

describe("decodeBoolean", () => {
  test.each(["", "00", "0000", "80", "000080"])("%s is false", (hex) => {
    expect(decodeBoolean(fromHex(hex))).toBe(false);
  });

  test.each(["01", "0100", "8000", "0081", "81", "0001"])("%s is true", (hex) => {
    expect(decodeBoolean(fromHex(hex))).toBe(true);
  });
});

describe("pushData", () => {
  test.each([
    ["", "00"],
    ["81", "4f"],
    ["01", "51"],
    ["10", "60"],
    ["11", "0111"],
    ["00", "0100"],
    ["0102", "020102"],
  ])("of %s is %s", (data, script) => {
    expect(toHex(pushData(fromHex(data)))).toBe(script);
    expect(isMinimalPush(fromHex(script)[0] as number, fromHex(data))).toBe(true);
  });

  test.each([
    [75, "4b"],
    [76, "4c4c"],
    [255, "4cff"],
    [256, "4d0001"],
    [65_535, "4dffff"],
    [65_536, "4e00000100"],
  ])("of %i bytes begins with %s", (length, prefix) => {
    const data = new Uint8Array(length).fill(7);
    const script = pushData(data);
    expect(toHex(script.subarray(0, script.length - length))).toBe(prefix);
    expect(isMinimalPush(script[0] as number, data)).toBe(true);
    expect(isMinimalPush(Opcode.OP_PUSHDATA4, data)).toBe(length > 65_535);
  });

  test("is literal on request", () => {
    expect(toHex(pushLiteral(Uint8Array.of(1)))).toBe("0101");
    expect(isMinimalPush(1, Uint8Array.of(1))).toBe(false);
  });
});

describe("ScriptBuilder", () => {
  test("puts opcodes, numbers and data in order", () => {
    const script = new ScriptBuilder()
      .opcode(Opcode.OP_DUP, Opcode.OP_HASH160)
      .data(fromHex("aabb"))
      .number(17)
      .number(-1)
      .build();
    expect(toHex(script)).toBe("76a902aabb01114f");
  });

  test("refuses what no interpreter takes", () => {
    const builder = new ScriptBuilder().data(new Uint8Array(MAX_SCRIPT_ELEMENT_SIZE));
    expect(() => builder.data(new Uint8Array(MAX_SCRIPT_ELEMENT_SIZE + 1))).toThrow(RangeError);
  });
});

describe("parseScript", () => {
  test("gives opcodes with their data", () => {
    expect(parseScript(fromHex("5102aabb4c01cc76"))).toEqual([
      { opcode: 0x51, data: fromHex("") },
      { opcode: 0x02, data: fromHex("aabb") },
      { opcode: 0x4c, data: fromHex("cc") },
      { opcode: 0x76, data: fromHex("") },
    ]);
    expect(parseScript(fromHex(""))).toEqual([]);
  });

  test.each(["01", "02aa", "4c", "4c01", "4d01", "4d0100", "4e010000", "4effffffff00"])(
    "refuses %s, which ends within a push",
    (hex) => {
      expect(parseScript(fromHex(hex))).toBeUndefined();
      expect(isPushOnly(fromHex(hex))).toBe(false);
    },
  );
});

describe("isPushOnly", () => {
  test.each(["", "00", "4f", "50", "60", "01aa4c01bb"])("%s is", (hex) => {
    expect(isPushOnly(fromHex(hex))).toBe(true);
  });

  test.each(["61", "0061", "ac"])("%s is not", (hex) => {
    expect(isPushOnly(fromHex(hex))).toBe(false);
  });
});

describe("isUnspendable", () => {
  test("holds for OP_RETURN first and for more than 10,000 bytes", () => {
    expect(isUnspendable(fromHex("6a"))).toBe(true);
    expect(isUnspendable(fromHex("516a"))).toBe(false);
    expect(isUnspendable(fromHex(""))).toBe(false);
    expect(isUnspendable(new Uint8Array(MAX_SCRIPT_SIZE))).toBe(false);
    expect(isUnspendable(new Uint8Array(MAX_SCRIPT_SIZE + 1))).toBe(true);
  });
});

describe("formatScript", () => {
  test.each([
    ["", ""],
    ["00", "0"],
    ["4f5160", "-1 1 16"],
    ["0111", "17"],
    ["04ffffffff", "-2147483647"],
    ["05ffffffff00", "ffffffff00"],
    [
      "76a988acb1b2",
      "OP_DUP OP_HASH160 OP_EQUALVERIFY OP_CHECKSIG OP_CHECKLOCKTIMEVERIFY OP_CHECKSEQUENCEVERIFY",
    ],
    ["50bbfeff", "OP_RESERVED OP_UNKNOWN OP_UNKNOWN OP_INVALIDOPCODE"],
    ["5102aa", "1 [error]"],
  ])("of %s is %s", (hex, text) => {
    expect(formatScript(fromHex(hex))).toBe(text);
  });
});

describe("findOpcode", () => {
  test("finds each name's number, and the name again", () => {
    for (const [name, opcode] of Object.entries(Opcode)) {
      expect(findOpcode(name)).toBe(opcode);
      expect(opcodeName(opcode)).toBe(name);
    }
    expect(findOpcode("OP_FOO")).toBeUndefined();
    expect(findOpcode("toString")).toBeUndefined();
    expect(opcodeName(0xff)).toBeUndefined();
  });
});
