/** Amounts and rates as people type them. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatCoins } from "../../../public/format.ts";
import { parseCoins, parseCount, parseFeerate } from "../../../public/parse-amount.ts";
import { runs } from "../../support/property-runs.ts";

describe("parseCoins", () => {
  test.each([
    ["1.25", 125_000_000],
    [" 1,000.00000001 ", 100_000_000_001],
    [".5", 50_000_000],
    ["21000000", 2_100_000_000_000_000],
    ["0", 0],
  ])("reads %p", (text, sats) => {
    expect(parseCoins(text)).toBe(sats);
  });

  test.each([
    "",
    ".",
    "-1",
    "1.000000001",
    "1e3",
    "0x1",
    "1,00",
    "1.2.3",
    "99999999999",
    "Infinity",
    "１",
  ])("refuses %p", (text) => {
    expect(parseCoins(text)).toBeUndefined();
  });

  test("reads every amount as it is shown", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (sats) => {
        expect(parseCoins(formatCoins(sats))).toBe(sats);
      }),
      runs(500),
    );
  });
});

describe("parseFeerate", () => {
  test("reads three decimals, and no more", () => {
    expect(parseFeerate("7.125")).toBe(7.125);
    expect(parseFeerate("0.0001")).toBeUndefined();
  });
});

describe("parseCount", () => {
  test("reads whole numbers only", () => {
    expect(parseCount("1,200")).toBe(1200);
    expect(parseCount("1.5")).toBeUndefined();
  });
});
