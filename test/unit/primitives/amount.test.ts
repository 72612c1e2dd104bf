/**
 * Amounts: bounds, sums that stop at the first overflow, and text that stands for exactly one amount.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  COIN,
  formatCoins,
  isMoney,
  parseCoins,
  sumMoney,
} from "../../../src/primitives/amount.ts";

const SEED = 20_260_106;
const MAX_MONEY = 21_000_000 * COIN;

describe("isMoney", () => {
  test("is true for integers of 0..maxMoney and for nothing else", () => {
    for (const value of [0, 1, MAX_MONEY - 1, MAX_MONEY]) {
      expect(isMoney(value, MAX_MONEY)).toBe(true);
    }
    for (const value of [
      -1,
      0.5,
      MAX_MONEY + 1,
      2 ** 53,
      2 ** 64,
      Number.NaN,
      Infinity,
      -Infinity,
    ]) {
      expect(isMoney(value, MAX_MONEY)).toBe(false);
    }
    for (const value of ["1", null, undefined, true, [1], {}, 1n] as any[]) {
      expect(isMoney(value, MAX_MONEY)).toBe(false);
    }
  });
});

describe("sumMoney", () => {
  test("adds up to exactly the most and not one sat further", () => {
    expect(sumMoney([], MAX_MONEY)).toBe(0);
    expect(sumMoney([MAX_MONEY], MAX_MONEY)).toBe(MAX_MONEY);
    expect(sumMoney([MAX_MONEY - 1, 1], MAX_MONEY)).toBe(MAX_MONEY);
    expect(sumMoney([MAX_MONEY, 1], MAX_MONEY)).toBeUndefined();
    expect(sumMoney([1, MAX_MONEY], MAX_MONEY)).toBeUndefined();
    expect(sumMoney([MAX_MONEY, MAX_MONEY, MAX_MONEY], MAX_MONEY)).toBeUndefined();
  });

  test("refuses the two outputs of CVE-2010-5139, whose sum wrapped around to little", () => {
    const output = Number(9_223_372_036_854_277_039n);
    expect(sumMoney([output, output], MAX_MONEY)).toBeUndefined();
  });

  test("refuses a part that is out of range even where the sum would be in it", () => {
    expect(sumMoney([2, -1], MAX_MONEY)).toBeUndefined();
    expect(sumMoney([MAX_MONEY + 1, -1], MAX_MONEY)).toBeUndefined();
    expect(sumMoney([0.5, 0.5], MAX_MONEY)).toBeUndefined();
    expect(sumMoney([Number.NaN], MAX_MONEY)).toBeUndefined();
  });

  test("stops reading at the first overflow", () => {
    let read = 0;
    const values = (function* () {
      for (;;) {
        read++;
        yield MAX_MONEY;
      }
    })();
    expect(sumMoney(values, MAX_MONEY)).toBeUndefined();
    expect(read).toBe(2);
  });

  test("agrees with exact integers, up to a supply of 2^53 - 1", () => {
    const amount = fc.maxSafeInteger().map(Math.abs);
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 6 }), fc.nat(40), (values, shift) => {
        const parts = values.map((value) => Math.floor(value / 2 ** shift));
        const exact = parts.reduce((sum, value) => sum + BigInt(value), 0n);
        const sum = sumMoney(parts, Number.MAX_SAFE_INTEGER);
        if (exact > BigInt(Number.MAX_SAFE_INTEGER)) expect(sum).toBeUndefined();
        else expect(BigInt(sum ?? -1)).toBe(exact);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

describe("parseCoins", () => {
  test.each([
    ["0", 0],
    ["0.00000001", 1],
    ["1", COIN],
    ["1.5", 150_000_000],
    ["50.00000000", 5_000_000_000],
    ["0.1", 10_000_000],
    ["0.29", 29_000_000],
    ["1.1", 110_000_000],
    ["20999999.99999999", MAX_MONEY - 1],
    ["21000000", MAX_MONEY],
    ["90071992.54740991", Number.MAX_SAFE_INTEGER],
  ])("reads %s as %d sat", (text, sats) => {
    expect(parseCoins(text)).toBe(sats);
  });

  test.each([
    "",
    " ",
    "1 ",
    " 1",
    "1\n",
    "+1",
    "-1",
    "-0",
    "1e3",
    "1E3",
    "0x10",
    "0b1",
    "1_000",
    "1,5",
    "1,000.00",
    "1.",
    ".5",
    ".",
    "1.2.3",
    "1.000000000",
    "0.123456789",
    "123456789",
    "Infinity",
    "NaN",
    "null",
    "true",
    "[1]",
    "١",
    "１",
    "1٫5",
    "1\u202e5",
    "1\u0000",
    "9007199254740993",
  ])("refuses %j", (text) => {
    expect(parseCoins(text)).toBeUndefined();
  });

  test("refuses what a number could not hold exactly", () => {
    expect(parseCoins("90071992.54740992")).toBeUndefined();
    expect(parseCoins("90071992.54740993")).toBeUndefined();
    expect(parseCoins("99999999.99999999")).toBeUndefined();
  });
});

describe("formatCoins", () => {
  test.each([
    [0, "0.00000000"],
    [-0, "0.00000000"],
    [1, "0.00000001"],
    [-1, "-0.00000001"],
    [99_999_999, "0.99999999"],
    [COIN, "1.00000000"],
    [-150_000_000, "-1.50000000"],
    [MAX_MONEY, "21000000.00000000"],
    [Number.MAX_SAFE_INTEGER, "90071992.54740991"],
  ])("writes %d sat as %s", (sats, text) => {
    expect(formatCoins(sats)).toBe(text);
  });

  test("writes text that is read back as the same amount", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger().map(Math.abs), (sats) => {
        expect(parseCoins(formatCoins(sats))).toBe(sats);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
