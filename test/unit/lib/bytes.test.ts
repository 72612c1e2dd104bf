/**
 * Byte strings: hex both ways with the engine's codec and without it, comparison, concatenation.
 */

import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  reverseBytes,
  toHex,
} from "../../../src/lib/bytes.ts";

const SEED = 20_260_101;
const bytes = fc.uint8Array({ maxLength: 80 });

const nativeFromHex = Object.getOwnPropertyDescriptor(Uint8Array, "fromHex");
const nativeToHex = Object.getOwnPropertyDescriptor(Uint8Array.prototype, "toHex");

/** Hides the engine's hex codec, as on an engine that has none. */
function hideNativeHex(): void {
  Object.defineProperty(Uint8Array, "fromHex", { value: undefined, configurable: true });
  Object.defineProperty(Uint8Array.prototype, "toHex", { value: undefined, configurable: true });
}

afterEach(() => {
  if (nativeFromHex !== undefined) Object.defineProperty(Uint8Array, "fromHex", nativeFromHex);
  if (nativeToHex !== undefined) {
    Object.defineProperty(Uint8Array.prototype, "toHex", nativeToHex);
  }
});

const NOT_HEX = [
  "0",
  "abc",
  "0x00",
  "zz00",
  "00zz",
  "0g",
  " 00",
  "00 ",
  "00\n",
  "0 0",
  "00\u0000",
  "００",
  "٠٠",
  "-1",
  "+1",
];

describe.each([
  ["the engine's codec", () => {}],
  ["the portable codec", hideNativeHex],
])("hex with %s", (_name, prepare) => {
  test("writes every byte as two lower-case digits", () => {
    prepare();
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    const expected = [...all].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    expect(toHex(all)).toBe(expected);
    expect(fromHex(expected)).toEqual(all);
  });

  test("reads either case and the empty string", () => {
    prepare();
    expect(fromHex("00aAfF")).toEqual(Uint8Array.of(0, 0xaa, 0xff));
    expect(fromHex("")).toEqual(new Uint8Array(0));
    expect(toHex(new Uint8Array(0))).toBe("");
  });

  test.each(NOT_HEX)("refuses %j", (text) => {
    prepare();
    expect(() => fromHex(text)).toThrow(RangeError);
  });

  test("gives back any bytes", () => {
    prepare();
    fc.assert(
      fc.property(bytes, (value) => {
        expect(fromHex(toHex(value))).toEqual(value);
      }),
      { seed: SEED },
    );
  });

  test("reads a view, not the buffer behind it", () => {
    prepare();
    expect(toHex(Uint8Array.of(1, 2, 3, 4).subarray(1, 3))).toBe("0203");
    expect(toHex(Buffer.from([0xab]))).toBe("ab");
  });
});

describe("concatBytes", () => {
  test("joins parts in order into bytes of its own", () => {
    const first = Uint8Array.of(1, 2);
    const joined = concatBytes(first, new Uint8Array(0), Uint8Array.of(3));
    expect(joined).toEqual(Uint8Array.of(1, 2, 3));
    joined[0] = 9;
    expect(first).toEqual(Uint8Array.of(1, 2));
    expect(concatBytes()).toEqual(new Uint8Array(0));
  });
});

describe("equalBytes and compareBytes", () => {
  test("agree with the order of hex strings", () => {
    fc.assert(
      fc.property(bytes, bytes, fc.boolean(), (left, other, same) => {
        const right = same ? left.slice() : other;
        const [a, b] = [toHex(left), toHex(right)];
        const expected = a < b ? -1 : Number(a > b);
        expect(Math.sign(compareBytes(left, right))).toBe(expected);
        expect(equalBytes(left, right)).toBe(expected === 0);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("put a prefix before what it begins", () => {
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0);
    expect(compareBytes(new Uint8Array(0), new Uint8Array(0))).toBe(0);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
  });
});

describe("reverseBytes", () => {
  test("leaves its argument alone and undoes itself", () => {
    const value = Uint8Array.of(1, 2, 3);
    expect(reverseBytes(value)).toEqual(Uint8Array.of(3, 2, 1));
    expect(value).toEqual(Uint8Array.of(1, 2, 3));
    expect(reverseBytes(reverseBytes(value))).toEqual(value);
  });
});
