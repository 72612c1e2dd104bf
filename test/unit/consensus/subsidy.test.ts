/**
 * What blocks may mint: the halvings, and the sum of all of them.
 *
 * The sums are compared with a loop over every block where that is short, else with the published
 * total of Bitcoin's schedule.
 */

import { describe, expect, test } from "bun:test";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { subsidyAt, supplyAt } from "../../../src/consensus/subsidy.ts";
import { COIN } from "../../../src/primitives/amount.ts";

const CAIRN = findNetwork("cairn").params;
const REGTEST = findNetwork("regtest").params;

describe("subsidyAt", () => {
  test.each([
    [1, 50 * COIN],
    [839_999, 50 * COIN],
    [840_000, 25 * COIN],
    [840_001, 25 * COIN],
    [1_679_999, 25 * COIN],
    [1_680_000, 12.5 * COIN],
    [2_520_000, 625_000_000],
    [9 * 840_000, 9_765_625],
    // From the tenth halving on the half sat is lost.
    [10 * 840_000, 4_882_812],
    [32 * 840_000, 1],
    [33 * 840_000 - 1, 1],
    [33 * 840_000, 0],
  ])("C-05: on cairn block %i mints %i sat", (height, subsidy) => {
    expect(subsidyAt(height, CAIRN)).toBe(subsidy);
  });

  test.each([
    [1, 50 * COIN],
    [149, 50 * COIN],
    [150, 25 * COIN],
    [151, 25 * COIN],
    [299, 25 * COIN],
    [300, 12.5 * COIN],
  ])("C-05: on regtest block %i mints %i sat", (height, subsidy) => {
    expect(subsidyAt(height, REGTEST)).toBe(subsidy);
  });

  test.each([33, 34, 62, 63, 64, 65, 127, 128, 1_000])(
    "C-05: after %i halvings it is nothing, and never wraps around",
    (halvings) => {
      expect(subsidyAt(halvings * 150, REGTEST)).toBe(0);
      expect(subsidyAt(halvings * 150 + 149, REGTEST)).toBe(0);
    },
  );

  test("C-05: shifts a large subsidy away bit by bit until the 64th halving", () => {
    const params = { ...REGTEST, subsidy: Number.MAX_SAFE_INTEGER, halvingInterval: 1 };
    for (let halvings = 0; halvings <= 70; halvings++) {
      expect(subsidyAt(halvings, params)).toBe(Number((2n ** 53n - 1n) >> BigInt(halvings)));
    }
  });
});

describe("supplyAt", () => {
  test("is nothing at genesis, whose coinbase never counts", () => {
    expect(supplyAt(0, CAIRN)).toBe(0);
    expect(supplyAt(0, REGTEST)).toBe(0);
  });

  test("is the sum of the subsidies, block by block through all halvings", () => {
    let sum = 0;
    for (let height = 1; height <= 34 * 150 + 5; height++) {
      sum += subsidyAt(height, REGTEST);
      if (supplyAt(height, REGTEST) !== sum) throw new Error(`differs at height ${height}`);
    }
  });

  test("C-04: of all blocks stays within the money there is, and below 2^53", () => {
    // Bitcoin's total is 20,999,999.9769 coins; four times the interval gives four times the coins.
    const total = 4 * 2_099_999_997_690_000 - 50 * COIN;
    expect(supplyAt(34 * 840_000, CAIRN)).toBe(total);
    expect(supplyAt(1_000_000_000, CAIRN)).toBe(total);
    expect(total).toBeLessThan(CAIRN.maxMoney);
    expect(CAIRN.maxMoney).toBe(84_000_000 * COIN);
    expect(CAIRN.maxMoney).toBeLessThan(2 ** 53);
    expect(supplyAt(1_000_000, REGTEST)).toBeLessThan(REGTEST.maxMoney);
  });
});
