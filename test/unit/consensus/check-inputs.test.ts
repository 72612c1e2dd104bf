/**
 * Rules that need the coins spent: existence, maturity, amounts, relative locks.
 *
 * The coins are a Map. The relative locks are compared with the text of BIP-0068.
 */

import { describe, expect, test } from "bun:test";
import {
  areSequenceLocksOpen,
  type Coin,
  type CoinView,
  checkInputAmounts,
  findSpentCoins,
  sequenceLocks,
} from "../../../src/consensus/check-inputs.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import {
  outpointKey,
  type Transaction,
  type TransactionParts,
} from "../../../src/primitives/transaction.ts";
import { someInput, someOutput, someTransaction, someTxid } from "../../support/builders.ts";

const { params } = findNetwork("cairn");
const MAX_MONEY = params.maxMoney;

function someCoin(changes: Partial<Coin> = {}): Coin {
  return { ...someOutput(), height: 1, isCoinbase: false, ...changes };
}

/** A transaction with one input per sequence number, and outputs of these values. */
function spending(
  sequences: readonly number[],
  values: readonly number[] = [1_000],
  changes: Partial<TransactionParts> = {},
): Transaction {
  return someTransaction({
    inputs: sequences.map((sequence, vout) =>
      someInput({ sequence, prevout: { txid: someTxid(), vout } }),
    ),
    outputs: values.map((value) => someOutput({ value })),
    ...changes,
  });
}

/** The fee, or the code with which the amounts are refused. */
function feeOf(inputs: readonly number[], outputs: readonly number[]): number | string {
  const tx = spending(
    inputs.map(() => 0xffffffff),
    outputs,
  );
  return resultOf(
    tx,
    inputs.map((value) => someCoin({ value })),
    200,
  );
}

function resultOf(tx: Transaction, coins: readonly Coin[], height: number): number | string {
  try {
    return checkInputAmounts(tx, coins, height, params);
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("findSpentCoins", () => {
  const coins = new Map<string, Coin>();
  const view: CoinView = { findCoin: (outpoint) => coins.get(outpointKey(outpoint)) };
  const tx = spending([0, 0]);

  test("gives the coins in the order of the inputs", () => {
    const expected = tx.inputs.map((_, height) => someCoin({ height }));
    for (const [index, { prevout }] of tx.inputs.entries()) {
      coins.set(outpointKey(prevout), expected[index]!);
    }
    expect(findSpentCoins(tx, view)).toEqual(expected);
  });

  test("refuses a transaction of whose coins one is missing", () => {
    coins.delete(outpointKey(tx.inputs[1]!.prevout));
    expect(() => findSpentCoins(tx, view)).toThrow(
      expect.objectContaining({
        code: "bad-txns-inputs-missingorspent",
        facts: { outpoint: `${someTxid()}:1` },
      }),
    );
  });
});

describe("checkInputAmounts", () => {
  test("C-05: gives the fee to the sat", () => {
    expect(feeOf([1_000], [1_000])).toBe(0);
    expect(feeOf([1_000, 1], [1_000])).toBe(1);
    expect(feeOf([600, 400], [1, 2])).toBe(997);
    expect(feeOf([MAX_MONEY], [1])).toBe(MAX_MONEY - 1);
  });

  test("C-04: nothing comes out that did not go in", () => {
    expect(feeOf([1_000], [1_001])).toBe("bad-txns-in-belowout");
    expect(feeOf([0], [1])).toBe("bad-txns-in-belowout");
    expect(feeOf([MAX_MONEY - 1], [MAX_MONEY])).toBe("bad-txns-in-belowout");
  });

  test("C-04: what goes in is no more than all money there is", () => {
    expect(feeOf([MAX_MONEY - 1, 1], [0])).toBe(MAX_MONEY);
    expect(feeOf([MAX_MONEY, 1], [0])).toBe("bad-txns-inputvalues-outofrange");
    expect(feeOf([MAX_MONEY + 1], [0])).toBe("bad-txns-inputvalues-outofrange");
    expect(feeOf([-1], [0])).toBe("bad-txns-inputvalues-outofrange");
    expect(feeOf([MAX_MONEY, MAX_MONEY], [0])).toBe("bad-txns-inputvalues-outofrange");
  });

  test("C-04: a fee out of range is refused even of outputs that nobody has checked", () => {
    expect(feeOf([MAX_MONEY], [-1])).toBe("bad-txns-fee-outofrange");
    expect(feeOf([MAX_MONEY - 1], [-1])).toBe(MAX_MONEY);
  });

  test.each([
    [99, "bad-txns-premature-spend-of-coinbase"],
    [100, 0],
    [101, 0],
  ])("C-07: a coinbase %i blocks deep gives %p", (depth, result) => {
    const coin = someCoin({ isCoinbase: true, height: 50 });
    expect(resultOf(spending([0]), [coin], 50 + depth)).toBe(result);
  });

  test("C-07: each coin's own depth counts, and other coins are ripe at once", () => {
    const ripe = someCoin({ isCoinbase: true, height: 0 });
    const fresh = someCoin({ height: 100 });
    const unripe = someCoin({ isCoinbase: true, height: 1 });
    expect(resultOf(spending([0, 0], [2_000]), [ripe, fresh], 100)).toBe(0);
    expect(resultOf(spending([0, 0], [2_000]), [fresh, unripe], 100)).toBe(
      "bad-txns-premature-spend-of-coinbase",
    );
  });
});

describe("sequenceLocks", () => {
  const BY_TIME = 1 << 22;
  const DISABLED = 2 ** 31;
  /** Block h has the median time past 1,000,000 + 600 h. */
  const medianTimePastAt = (height: number) => 1_000_000 + 600 * height;
  const locksOf = (
    inputs: readonly (readonly [sequence: number, coinHeight: number])[],
    version = 2,
  ) =>
    sequenceLocks(
      spending(
        inputs.map(([sequence]) => sequence),
        [1],
        { version },
      ),
      inputs.map(([, height]) => someCoin({ height })),
      medianTimePastAt,
    );

  test.each([
    // The input can be included n blocks after the one that made its coin.
    [0, 10, { height: 9, time: -1 }],
    [1, 10, { height: 10, time: -1 }],
    [144, 10, { height: 153, time: -1 }],
    [0xffff, 10, { height: 65_544, time: -1 }],
    // 512 seconds a unit, counted from the median time past of the block before the coin's.
    [BY_TIME, 10, { height: -1, time: 1_005_399 }],
    [BY_TIME + 1, 10, { height: -1, time: 1_005_911 }],
    [BY_TIME + 0xffff, 10, { height: -1, time: 1_005_399 + 33_553_920 }],
    // The remaining bits have no meaning.
    [0x10000 + 5, 10, { height: 14, time: -1 }],
    [0x3f0000 + 5, 10, { height: 14, time: -1 }],
    [0x7f800000 + 5, 10, { height: 14, time: -1 }],
    [DISABLED + 5, 10, { height: -1, time: -1 }],
    [DISABLED + BY_TIME + 5, 10, { height: -1, time: -1 }],
    [0xffffffff, 10, { height: -1, time: -1 }],
  ])("C-24: reads sequence %i of a coin at height %i (BIP-0068)", (sequence, height, locks) => {
    expect(locksOf([[sequence, height]])).toEqual(locks);
  });

  test("C-24: hold from version 2 on; a negative version is a large one", () => {
    const none = { height: -1, time: -1 };
    expect(locksOf([[5, 10]], 0)).toEqual(none);
    expect(locksOf([[5, 10]], 1)).toEqual(none);
    expect(locksOf([[5, 10]], 2)).toEqual({ height: 14, time: -1 });
    expect(locksOf([[5, 10]], 0x7fffffff)).toEqual({ height: 14, time: -1 });
    expect(locksOf([[5, 10]], -1)).toEqual({ height: 14, time: -1 });
    expect(locksOf([[5, 10]], -0x80000000)).toEqual({ height: 14, time: -1 });
  });

  test("C-24: the latest of several counts, of each kind", () => {
    const inputs = [
      [5, 10],
      [20, 3],
      [BY_TIME + 1, 10],
      [BY_TIME + 3, 2],
      [DISABLED, 900],
    ] as const;
    expect(locksOf(inputs)).toEqual({ height: 22, time: 1_005_911 });
  });

  test("C-24: a coin of genesis, or of block 0 as the mempool has it, counts from genesis", () => {
    expect(locksOf([[BY_TIME, 0]])).toEqual({ height: -1, time: 999_999 });
    expect(locksOf([[BY_TIME, 1]])).toEqual({ height: -1, time: 999_999 });
  });
});

describe("areSequenceLocksOpen", () => {
  test("C-24: none is open from the first block on", () => {
    expect(areSequenceLocksOpen({ height: -1, time: -1 }, 0, 0)).toBe(true);
  });

  test("C-24: a coin at height 10 locked by 5 is open in block 15, not in block 14", () => {
    const locks = { height: 14, time: -1 };
    expect(areSequenceLocksOpen(locks, 14, 0)).toBe(false);
    expect(areSequenceLocksOpen(locks, 15, 0)).toBe(true);
    expect(areSequenceLocksOpen(locks, 16, 0)).toBe(true);
  });

  test("C-24: a lock of 512 s is open once that long has passed, not a second before", () => {
    const start = 1_000_000;
    const locks = { height: -1, time: start + 512 - 1 };
    expect(areSequenceLocksOpen(locks, 1, start + 511)).toBe(false);
    expect(areSequenceLocksOpen(locks, 1, start + 512)).toBe(true);
    expect(areSequenceLocksOpen(locks, 1, start + 513)).toBe(true);
  });

  test("C-24: both kinds must be open", () => {
    const locks = { height: 14, time: 500 };
    expect(areSequenceLocksOpen(locks, 15, 500)).toBe(false);
    expect(areSequenceLocksOpen(locks, 14, 501)).toBe(false);
    expect(areSequenceLocksOpen(locks, 15, 501)).toBe(true);
  });
});
