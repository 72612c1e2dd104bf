/** What mining comes to; targets and difficulties are Bitcoin's own. */

import { describe, expect, test } from "bun:test";
import {
  blocksToRetarget,
  expectedSeconds,
  findRetargets,
  hashesPerBlock,
  shareOf,
} from "../../../public/mining-figures.ts";

describe("hashesPerBlock", () => {
  test("Bitcoin's easiest target takes 2^32 hashes and a little", () => {
    const target = `00000000ffff${"0".repeat(52)}`;
    expect(hashesPerBlock(target)).toBe(4_295_032_833);
  });

  test("half of all hashes, as on regtest, takes two", () => {
    expect(hashesPerBlock(`7fffff${"0".repeat(58)}`)).toBe(2);
    expect(hashesPerBlock("f".repeat(64))).toBe(1);
  });

  test.each(["", "xyz", "-1", "f".repeat(65)])("%p is no target", (text) => {
    expect(hashesPerBlock(text)).toBe(0);
  });
});

describe("expectedSeconds", () => {
  test("is hashes by rate, and nothing where nobody searches", () => {
    expect(expectedSeconds(1_000, 250)).toBe(4);
    expect(expectedSeconds(1_000, 0)).toBeNull();
  });
});

describe("blocksToRetarget", () => {
  test.each([
    [0, 100],
    [1, 99],
    [99, 1],
    [100, 100],
  ])("at height %d, of 100, %d are left", (height, left) => {
    expect(blocksToRetarget(height, 100)).toBe(left);
  });

  test("never where the difficulty is fixed", () => expect(blocksToRetarget(7, null)).toBeNull());
});

describe("findRetargets", () => {
  test("is each point that differs from the one before, not the first", () => {
    const points = [5, 5, 7, 7, 5].map((difficulty) => ({ difficulty }));
    expect(findRetargets(points)).toEqual([2, 4]);
    expect(findRetargets([])).toEqual([]);
  });
});

describe("shareOf", () => {
  const miners = [
    { address: "a", blocks: 5, share: 0.5 },
    { address: null, blocks: 3, share: 0.3 },
    { address: "a", blocks: 2, share: 0.2 },
  ];

  test("adds what paid the address, under whatever name", () => {
    expect(shareOf("a", miners)).toBeCloseTo(0.7);
    expect(shareOf("b", miners)).toBe(0);
  });

  test("an address that is not known has none", () => expect(shareOf(null, miners)).toBe(0));
});
