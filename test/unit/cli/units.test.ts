/**
 * Units: each at the edges where the unit changes.
 */

import { describe, expect, test } from "bun:test";
import {
  formatAge,
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatFeerate,
  formatHashrate,
  formatPlural,
  formatShare,
  formatTime,
  shortenHash,
} from "../../../src/cli/units.ts";

describe("units", () => {
  test("bytes", () => {
    expect([0, 1, 1023, 1024, 1536, 1_048_575, 1_048_576, 15 * 1024 ** 3].map(formatBytes)).toEqual(
      ["0 B", "1 B", "1,023 B", "1 KiB", "1.5 KiB", "1 MiB", "1 MiB", "15 GiB"],
    );
  });

  test("hash rates", () => {
    expect([0, 950, 999.6, 2_412_345, 12_345_678, 1e18].map(formatHashrate)).toEqual([
      "0 H/s",
      "950 H/s",
      "1 kH/s",
      "2.41 MH/s",
      "12.3 MH/s",
      "1,000 PH/s",
    ]);
  });

  test("durations", () => {
    expect([-5, 0, 59.4, 60, 61, 3599, 3600, 7500, 86_400, 349_200].map(formatDuration)).toEqual([
      "0 s",
      "0 s",
      "59 s",
      "1 min",
      "1 min 1 s",
      "59 min 59 s",
      "1 h",
      "2 h 5 min",
      "1 d",
      "4 d 1 h",
    ]);
  });

  test("ages, of the future too", () => {
    expect([0, 0.4, 12, 180, 7_300, 200_000, -5].map(formatAge)).toEqual([
      "now",
      "now",
      "12 s ago",
      "3 min ago",
      "2 h ago",
      "2 d ago",
      "in 5 s",
    ]);
  });

  test("times, of any number", () => {
    expect(formatTime(1_800_000_000)).toBe("2027-01-15 08:00:00 UTC");
    expect(formatTime(1e300)).toContain("since 1970");
  });

  test("counts, shares, amounts, feerates and plurals", () => {
    expect(formatCount(1_234_567)).toBe("1,234,567");
    expect(formatShare(0.125)).toBe("12.5 %");
    expect(formatAmount(5_000_000_001)).toBe("50.00000001 coins");
    expect(formatFeerate(1.25)).toBe("1.25 sat/vB");
    expect(formatPlural(1, "block")).toBe("1 block");
    expect(formatPlural(0, "block")).toBe("0 blocks");
    expect(shortenHash("ab".repeat(32))).toBe("ababababa…babababab");
    expect(shortenHash("short")).toBe("short");
  });
});
