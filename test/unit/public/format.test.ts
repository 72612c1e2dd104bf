/** How figures are shown: exact where they are exact, and at the borders between units. */

import { describe, expect, test } from "bun:test";
import {
  countLeadingZeros,
  formatAge,
  formatBytes,
  formatCoins,
  formatCount,
  formatDecimal,
  formatDifficulty,
  formatDuration,
  formatFeerate,
  formatHashrate,
  formatNumbered,
  formatPercent,
  formatSats,
  formatTime,
  shorten,
} from "../../../public/format.ts";

describe("formatCount", () => {
  test.each([
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [-1234567, "-1,234,567"],
    [-0.4, "0"],
    [2 ** 53 - 1, "9,007,199,254,740,991"],
  ])("shows %p as %p", (count, text) => expect(formatCount(count)).toBe(text));
});

describe("formatCoins", () => {
  test.each([
    [0, "0"],
    [1, "0.00000001"],
    [100_000_000, "1"],
    [150_000_000, "1.5"],
    [-150_000_001, "-1.50000001"],
    [2_100_000_000_000_000, "21,000,000"],
    [2_099_999_999_999_999, "20,999,999.99999999"],
    [10_000_000, "0.1"],
  ])("shows %p as %p", (sats, text) => expect(formatCoins(sats)).toBe(text));

  test("loses no sat, whatever the amount", () => {
    for (const sats of [1, 12_345, 99_999_999, 123_456_789_012_345, 2 ** 53 - 1]) {
      const [whole = "", rest = ""] = formatCoins(sats).replaceAll(",", "").split(".");
      expect(BigInt(whole) * 100_000_000n + BigInt(rest.padEnd(8, "0"))).toBe(BigInt(sats));
    }
  });
});

test("sats and other nouns have their plural", () => {
  expect(formatSats(1)).toBe("1 sat");
  expect(formatSats(0)).toBe("0 sats");
  expect(formatNumbered(1, "block")).toBe("1 block");
  expect(formatNumbered(1000, "block")).toBe("1,000 blocks");
});

describe("formatHashrate", () => {
  test.each([
    [0, "0 H/s"],
    [999, "999 H/s"],
    [999.6, "1 kH/s"],
    [1500, "1.5 kH/s"],
    [11_000_000, "11 MH/s"],
    [3.2e20, "320 EH/s"],
  ])("shows %p as %p", (rate, text) => expect(formatHashrate(rate)).toBe(text));
});

describe("formatBytes", () => {
  test.each([
    [0, "0 B"],
    [1023, "1,023 B"],
    [1024, "1 KiB"],
    [1_048_576, "1 MiB"],
    [1_600_000, "1.53 MiB"],
  ])("shows %p as %p", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("formatDecimal", () => {
  test.each([
    [0, "0"],
    [0.5, "0.5"],
    [1.234, "1.23"],
    [12.34, "12.3"],
    [100, "100"],
    [120.4, "120"],
    [20, "20"],
    [1234.5, "1,235"],
    [-2.5, "-2.5"],
  ])("shows %p as %p", (value, text) => expect(formatDecimal(value)).toBe(text));
});

describe("formatDifficulty", () => {
  test.each([
    [0, "0"],
    [4.6565423739069247e-10, "4.66e−10"],
    [0.000244, "2.44e−4"],
    [0.01234, "0.0123"],
    [1, "1"],
    [2_500_000, "2.5 M"],
  ])("shows %p as %p", (difficulty, text) => expect(formatDifficulty(difficulty)).toBe(text));
});

describe("formatDuration", () => {
  test.each([
    [-5, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [3599, "59 min"],
    [3600, "1 h"],
    [172_799, "47 h"],
    [172_800, "2 days"],
  ])("shows %p s as %p", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

test("an age of a clock that runs ahead is now", () => {
  expect(formatAge(10_000, 9_000)).toBe("now");
  expect(formatAge(10_000, 10_999)).toBe("now");
  expect(formatAge(10_000, 12_000)).toBe("2 s ago");
});

test("a time is exact and in UTC", () => {
  expect(formatTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe("2026-01-02 03:04:05 UTC");
});

test("shares and feerates have their unit", () => {
  expect(formatPercent(0.1234)).toBe("12.3 %");
  expect(formatFeerate(1)).toBe("1 sat/vB");
});

test("only what is longer than its short form is shortened", () => {
  expect(shorten("a".repeat(17))).toBe("a".repeat(17));
  expect(shorten(`${"a".repeat(9)}${"b".repeat(9)}`)).toBe("aaaaaaaa…bbbbbbbb");
});

test("leading zeros are counted, also if there is nothing else", () => {
  expect(countLeadingZeros("00ab00")).toBe(2);
  expect(countLeadingZeros("0000")).toBe(4);
  expect(countLeadingZeros("f")).toBe(0);
});
