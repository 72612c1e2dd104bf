/**
 * How the target follows the hash rate.
 *
 * Against test/vectors/difficulty-cairn.json, which an independent model in Python wrote, and
 * against retargets of Bitcoin's main network.
 */

import { describe, expect, test } from "bun:test";
import {
  ancestorAt,
  type HeaderContext,
  medianTimePast,
  nextBits,
  scaleBits,
} from "../../../src/consensus/difficulty.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import type { ConsensusParams } from "../../../src/consensus/params.ts";
import { reportCases } from "../../support/report-cases.ts";
import vectors from "../../vectors/difficulty-cairn.json";

const { params, genesis } = findNetwork("cairn");
const LIMIT = params.powLimit;
const BITS = 0x1e0fffff;

/** The headers of a chain with these times, the first being genesis; bits as the rule has them. */
function headersOf(times: readonly number[], firstBits = BITS): HeaderContext[] {
  const headers: HeaderContext[] = [];
  for (const [height, time] of times.entries()) {
    const parent = headers.at(-1);
    const bits = parent === undefined ? firstBits : nextBits(parent, params);
    headers.push({ height, time, bits, parent });
  }
  return headers;
}

/** Times of `count` blocks, `spacing` seconds apart, of a genesis long before them. */
function steadyTimes(count: number, spacing: number): number[] {
  const start = genesis.header.time + 1_000_000;
  return [
    genesis.header.time,
    ...Array.from({ length: count }, (_, index) => start + index * spacing),
  ];
}

describe("scaleBits", () => {
  test("the vectors were made for this network", () => {
    reportCases(
      "difficulty-cairn.json",
      { scaled: vectors.scaled.length, scenarios: vectors.scenarios.length },
      { scaled: 308, scenarios: 12 },
    );
    expect(BigInt(`0x${vectors.limit}`)).toBe(LIMIT);
  });

  test.each(vectors.scaled)(
    "C-09: $bits after $actual s instead of $expected s becomes $result",
    ({ bits, actual, expected, result }) => {
      const scaled = scaleBits(Number.parseInt(bits, 16), actual, expected, LIMIT);
      expect(scaled.toString(16).padStart(8, "0")).toBe(result);
    },
  );

  // Bitcoin Core, test/pow_tests.cpp: the time two weeks' worth of blocks took, from real headers.
  const RETARGETS: readonly (readonly [string, number, number, number])[] = [
    ["block 32256", 0x1d00ffff, 1_262_152_739 - 1_261_130_161, 0x1d00d86a],
    ["block 2016, at the limit", 0x1d00ffff, 1_233_061_996 - 1_231_006_505, 0x1d00ffff],
    ["block 68544, a quarter at least", 0x1c05a3f4, 1_279_297_671 - 1_279_008_237, 0x1c0168fd],
    ["block 46368, four times at most", 0x1c387f6f, 1_269_211_443 - 1_263_163_443, 0x1d00e1fd],
  ];

  test("is given every retarget of Bitcoin Core's pow_tests.cpp", () => {
    reportCases("pow_tests.cpp", { retargets: RETARGETS.length }, { retargets: 4 });
  });

  test.each(RETARGETS)(
    "moves as Bitcoin's main network did before %s",
    (_name, bits, actual, result) => {
      const mainLimit = (1n << 224n) - 1n;
      expect(scaleBits(bits, actual, 14 * 24 * 60 * 60, mainLimit)).toBe(result);
    },
  );

  test("never leaves the range of targets, whatever the span", () => {
    expect(scaleBits(0x01010000, -5, 1_000, LIMIT)).toBe(0x01010000);
    expect(scaleBits(0x207fffff, 4_000_000_000, 1_000, LIMIT)).toBe(0x207fffff);
  });

  test("refuses bits that stand for no target", () => {
    expect(() => scaleBits(0x04923456, 1_000, 1_000, LIMIT)).toThrow(RangeError);
  });
});

describe("nextBits", () => {
  test.each(vectors.scenarios)(
    "C-09: follows the model: $name",
    ({ firstBits, steps, changes }) => {
      const times = [genesis.header.time];
      for (const step of steps) times.push((times.at(-1) as number) + step);
      const headers = headersOf(times, Number.parseInt(firstBits, 16));

      const changed = headers
        .filter(({ bits, parent }) => parent !== undefined && bits !== parent.bits)
        .map(({ height, bits }) => [height, bits.toString(16).padStart(8, "0")]);
      expect(changed).toEqual(changes);
    },
  );

  test.each([
    [98, 0x1e0fffff],
    [99, 0x1e0fffff],
    [100, 0x1e07ffff],
    [101, 0x1e07ffff],
    [199, 0x1e07ffff],
    [200, 0x1e03ffff],
    [201, 0x1e03ffff],
  ])("C-09: with blocks twice as fast, the block at height %p has bits %p", (height, bits) => {
    expect(headersOf(steadyTimes(201, 5))[height]?.bits).toBe(bits);
  });

  test("C-09: the first period is measured from block 1 over 98 intervals", () => {
    // Block 1 to block 99 in 980 s: exactly on time, although genesis is days before.
    expect(headersOf(steadyTimes(100, 10))[100]?.bits).toBe(BITS);
    const aSecondLess = steadyTimes(100, 10).with(99, steadyTimes(100, 10)[99]! - 1);
    expect(headersOf(aSecondLess)[100]?.bits).toBe(scaleBits(BITS, 979, 980, LIMIT));
  });

  test("C-09: later periods span exactly 100 intervals, from the last block of the one before", () => {
    const times = steadyTimes(200, 10);
    const parent = headersOf(times).at(199)!;
    expect(nextBits(parent, params)).toBe(BITS);

    // T[99] counts, T[98] and T[100] do not.
    for (const [height, span] of [
      [98, 1_000],
      [99, 1_007],
      [100, 1_000],
    ] as const) {
      const moved = headersOf(times.with(height, times[height]! - 7)).at(199)!;
      const before = moved.bits;
      expect(nextBits(moved, params)).toBe(scaleBits(before, span, 1_000, LIMIT));
    }
  });

  test("never changes where a network has no retarget", () => {
    const regtest = findNetwork("regtest").params;
    const parent = { height: 2015, time: 0, bits: 0x1f00ffff, parent: undefined };
    expect(nextBits(parent, regtest)).toBe(0x1f00ffff);
  });

  test("an interval of one or two leaves nothing to measure at first, and keeps the bits", () => {
    const short = (interval: number): ConsensusParams => ({
      ...params,
      retarget: { interval, spacingSeconds: 10, timewarpGraceSeconds: 120 },
    });
    const [zero] = headersOf([0]);
    const one = { height: 1, time: 5, bits: BITS, parent: zero };
    expect(nextBits(zero!, short(1))).toBe(BITS);
    expect(nextBits(one, short(1))).toBe(BITS);
    expect(nextBits(one, short(2))).toBe(BITS);
  });
});

describe("medianTimePast", () => {
  const medianOf = (...times: number[]) => medianTimePast(headersOf(times).at(-1)!);

  test("C-10: is the middle of the last eleven times, in whatever order they come", () => {
    expect(medianOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)).toBe(6);
    expect(medianOf(11, 3, 9, 1, 7, 5, 10, 2, 8, 4, 6)).toBe(6);
  });

  test("C-10: leaves out the twelfth", () => {
    expect(medianOf(1_000, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)).toBe(6);
  });

  test.each([
    [[7], 7],
    [[7, 9], 9],
    [[7, 9, 8], 8],
    [[4, 3, 2, 1], 3],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 6],
  ])("C-10: of the first blocks %p it is %p, the upper one of two middles", (times, median) => {
    expect(medianOf(...times)).toBe(median);
  });

  test("compares times as numbers, not as text", () => {
    expect(medianOf(9, 10, 100)).toBe(10);
  });
});

describe("ancestorAt", () => {
  const headers = headersOf([0, 10, 20, 30]);

  test("walks down to any height, its own included", () => {
    for (const header of headers) expect(ancestorAt(headers[3]!, header.height)).toBe(header);
  });

  test.each([-1, 4, 1.5])("refuses %p, where there is no ancestor", (height) => {
    expect(() => ancestorAt(headers[3]!, height)).toThrow(RangeError);
  });
});
