/**
 * Coin selection against brute force on small sets, and against another wallet's on large ones.
 */

import { describe, expect, test } from "bun:test";
import { selectUTXO } from "@scure/btc-signer";
import fc from "fast-check";
import { feeAt } from "../../../src/mempool/policy.ts";
import { virtualSize } from "../../../src/primitives/transaction.ts";
import {
  CALM_FEERATE,
  type Candidate,
  heaviestLoad,
  type SelectionGoal,
  selectCoins,
  shuffled,
} from "../../../src/wallet/coin-selection.ts";
import {
  inputWeightOf,
  outputWeight,
  transactionWeight,
} from "../../../src/wallet/output-costs.ts";
import { KIND_SCRIPTS } from "../../support/planned-payments.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";
import { SeededRandom } from "../../support/random.ts";

const SCRIPT = KIND_SCRIPTS.p2wpkh;
const DUST = 294;
const CHANGE_SIZE = 31;

/** Pays `amount` to one output, with change to another. */
function goalOf(amount: number, feerate: number, changes: Partial<SelectionGoal> = {}) {
  const goal: SelectionGoal = {
    surplus: (netValue, inputWeight, inputCount) => {
      const shape = { inputCount, inputWeight, outputCount: 1, outputWeight: outputWeight(SCRIPT) };
      return netValue - amount - feeAt(feerate, virtualSize(transactionWeight(shape)));
    },
    weightFeerate: feerate,
    feerate,
    changeLimit: DUST + feeAt(feerate, CHANGE_SIZE),
    changeCost: feerate * CHANGE_SIZE + 67 * CALM_FEERATE,
    maxWeight: 399_000,
    ...changes,
  };
  return goal;
}

function surplusOf(coins: readonly Candidate[], goal: SelectionGoal): number {
  const value = coins.reduce((sum, { netValue }) => sum + netValue, 0);
  const weight = coins.reduce((sum, coin) => sum + coin.weight, 0);
  return goal.surplus(value, weight, coins.length);
}

function wasteOf(coins: readonly Candidate[], goal: SelectionGoal): number {
  const surplus = surplusOf(coins, goal);
  const weight = coins.reduce((sum, coin) => sum + coin.weight, 0);
  const leftOver = surplus >= goal.changeLimit ? goal.changeCost : surplus;
  return leftOver + (weight * (goal.feerate - CALM_FEERATE)) / 4;
}

function subsetsOf<T>(items: readonly T[]): T[][] {
  return Array.from({ length: 2 ** items.length }, (_, mask) =>
    items.filter((_, at) => ((mask >> at) & 1) === 1),
  );
}

const FEERATE = fc.integer({ min: 1, max: 60_000 }).map((thousandths) => thousandths / 1000);
const WEIGHT = fc.constantFrom(inputWeightOf("p2wpkh"), inputWeightOf("p2tr"), 593);
const COIN: fc.Arbitrary<Candidate> = fc.record({
  netValue: fc.integer({ min: 1, max: 100_000 }),
  weight: WEIGHT,
});
const COINS = fc.array(COIN, { minLength: 1, maxLength: 10 });

describe("selectCoins", () => {
  test(
    "finds coins whenever any subset is enough, and wastes no more than any without change",
    () => {
      fc.assert(
        fc.property(
          COINS,
          fc.integer({ min: 1, max: 400_000 }),
          FEERATE,
          fc.nat(),
          (coins, amount, feerate, seed) => {
            const goal = goalOf(amount, feerate);
            const found = selectCoins(coins, goal, new SeededRandom(seed));
            const worthIt = coins.filter(
              ({ netValue, weight }) => netValue > (weight * feerate) / 4,
            );
            const enough = subsetsOf(worthIt).filter(
              (set) => set.length > 0 && surplusOf(set, goal) >= 0,
            );
            // Whole vbytes and sats: all together may be less than all but one by a vbyte's fee.
            const isClear = enough.some((set) => surplusOf(set, goal) > feerate + 1);
            if (isClear) expect(found).toBeDefined();
            if (enough.length === 0) expect(found).toBeUndefined();
            if (found === undefined) return;

            expect(new Set(found.coins).size).toBe(found.coins.length);
            expect(surplusOf(found.coins, goal)).toBeGreaterThanOrEqual(0);
            expect(found.waste).toBeCloseTo(wasteOf(found.coins, goal), 6);
            if (feerate < CALM_FEERATE) return;
            const changeless = enough.filter((set) => surplusOf(set, goal) < goal.changeLimit);
            for (const set of changeless) {
              expect(found.waste).toBeLessThanOrEqual(wasteOf(set, goal) + 1e-6);
            }
          },
        ),
        runs(400),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "finds a set that leaves nothing wherever one was hidden",
    () => {
      fc.assert(
        fc.property(
          fc.array(COIN, { minLength: 2, maxLength: 14 }),
          fc.nat(),
          fc.integer({ min: 2, max: 30 }),
          (coins, chosen, feerate) => {
            const worthIt = coins.filter(
              ({ netValue, weight }) => netValue > (weight * feerate) / 4 + 100,
            );
            const hidden = worthIt.filter((_, at) => ((chosen >> at) & 1) === 1);
            const amount = surplusOf(hidden, goalOf(0, feerate));
            fc.pre(hidden.length > 0 && amount > 0);
            const goal = goalOf(amount, feerate);
            const found = selectCoins(coins, goal, new SeededRandom(chosen));
            expect(found?.waste).toBeLessThanOrEqual(wasteOf(hidden, goal));
          },
        ),
        runs(300),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("takes three of many alike by branch and bound, not by trying each three of them", () => {
    const coins = Array.from({ length: 10_000 }, () => ({ netValue: 50_000, weight: 272 }));
    const amount = surplusOf(coins.slice(0, 3), goalOf(0, 10));
    const found = selectCoins(coins, goalOf(amount, 10), new SeededRandom(1));
    expect(found).toMatchObject({ algorithm: "branch-and-bound", waste: (3 * 272 * 9) / 4 });
    expect(found?.coins).toHaveLength(3);
  });

  test("does not lose its way among coins that are alike", () => {
    const alike = Array.from({ length: 200 }, () => ({ netValue: 50_000, weight: 272 }));
    // With the large coin, whichever others are taken, there is always something left over.
    const coins = [{ netValue: 120_000, weight: 272 }, ...alike, { netValue: 7_000, weight: 272 }];
    const amount = surplusOf(coins.slice(-21), goalOf(0, 1));
    const found = selectCoins(coins, goalOf(amount, 1), new SeededRandom(1));
    expect(found).toMatchObject({ algorithm: "branch-and-bound", waste: 0 });
    expect(found?.coins).toEqual([...coins.slice(1, 21), ...coins.slice(-1)]);
  });

  test("prefers the smallest coin that is enough to a larger one", () => {
    const coins = [9_000_000, 5_000_000, 7_000_000].map((netValue) => ({ netValue, weight: 272 }));
    const found = selectCoins(coins, goalOf(4_000_000, 10), new SeededRandom(1));
    expect(found).toMatchObject({ coins: [{ netValue: 5_000_000 }], algorithm: "single-coin" });
  });

  test("leaves coins alone that cost more than they bring", () => {
    const poor = Array.from({ length: 50 }, () => ({ netValue: 600, weight: 272 }));
    expect(selectCoins(poor, goalOf(1_000, 10), new SeededRandom(1))).toBeUndefined();
  });

  test("keeps within the weight, with fewer and larger coins if need be", () => {
    const small = Array.from({ length: 60 }, () => ({ netValue: 10_000, weight: 272 }));
    const large = { netValue: 400_000, weight: 272 };
    const goal = goalOf(390_000, 2, { maxWeight: 10 * 272 });
    for (let seed = 0; seed < 20; seed++) {
      const found = selectCoins([...small, large], goal, new SeededRandom(seed));
      expect(found?.coins).toContain(large);
      expect(found?.coins.length).toBeLessThanOrEqual(10);
    }
    expect(selectCoins(small, goal, new SeededRandom(1))).toBeUndefined();

    // Twelve would leave nothing over, but are too many.
    const twelve = surplusOf(small.slice(0, 12), goalOf(0, 1));
    const found = selectCoins(
      [...small, large],
      { ...goalOf(twelve, 1), maxWeight: 2_720 },
      {
        below: () => 0,
      },
    );
    expect(found?.coins).toEqual([large]);
    expect(heaviestLoad(small, goal)).toHaveLength(10);
  });

  test("gives the same for the same chance", () => {
    const random = new SeededRandom(5);
    const coins = Array.from({ length: 500 }, () => ({
      netValue: random.below(1_000_000),
      weight: 272,
    }));
    const [one, same] = [7, 7].map((seed) =>
      selectCoins(coins, goalOf(20_000_000, 10), new SeededRandom(seed)),
    );
    expect(one).toBeDefined();
    expect(same).toEqual(one);
  });

  test("wastes no more than another wallet's selection, nearly always less", () => {
    const random = new SeededRandom(0x5e1ec7);
    let [ours, theirs, worse, compared] = [0, 0, 0, 0];
    for (let round = 0; round < 150; round++) {
      const feerate = 2 + random.below(30);
      const coins = Array.from({ length: 5 + random.below(60) }, () => ({
        netValue: 5_000 + random.below(10 ** (4 + random.below(4))),
        weight: inputWeightOf("p2wpkh"),
      }));
      const total = coins.reduce((sum, { netValue }) => sum + netValue, 0);
      const amount = 1_000 + random.below(Math.floor(total / 2));
      const goal = goalOf(amount, feerate);
      const found = selectCoins(coins, goal, random);
      const other = selectUTXO(
        coins.map(({ netValue }, index) => ({
          txid: new Uint8Array(32).fill(7),
          index,
          witnessUtxo: { script: SCRIPT, amount: BigInt(netValue) },
        })),
        [{ script: SCRIPT, amount: BigInt(amount) }],
        "default",
        { feePerByte: BigInt(feerate), changeAddress: CHANGE_ADDRESS, bip69: false },
      );
      if (found === undefined || other === undefined) continue;
      const taken = other.inputs.map(({ index }) => coins[index ?? -1] as Candidate);
      const theirWaste = wasteOf(taken, goal);
      compared++;
      ours += found.waste;
      theirs += theirWaste;
      if (found.waste > theirWaste) worse++;
    }
    console.log(
      `coin selection: waste ${(ours / theirs).toFixed(3)} of @scure/btc-signer's over ` +
        `${compared} payments, more in ${worse}`,
    );
    expect(compared).toBeGreaterThan(100);
    expect(ours).toBeLessThanOrEqual(theirs);
  });
});

describe("shuffled", () => {
  test("gives every order about as often", () => {
    const random = new SeededRandom(3);
    const counts = new Map<string, number>();
    for (let round = 0; round < 6_000; round++) {
      const order = shuffled(["a", "b", "c"], random).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

const CHANGE_ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
