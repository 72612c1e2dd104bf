/**
 * Choosing for a block: order, limits, packages, and agreement with a slow model that looks at all
 * packages before every choice.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { MempoolEntry } from "../../../src/mempool/mempool-entry.ts";
import { selectTransactions } from "../../../src/mempool/select-transactions.ts";
import type { Transaction } from "../../../src/primitives/transaction.ts";
import {
  chainOf,
  type Funds,
  MempoolHarness,
  outputOf,
  spend,
} from "../../support/mempool-harness.ts";

const VALUE = 10_000_000;

const LIMITS = {
  maxWeight: 4_000_000,
  maxSigopCost: 80_000,
  height: 201,
  medianTimePast: 1_700_001_950,
};

/** Weight of a transaction with one input and one output. */
const WEIGHT = 381;

function txidsOf(txs: readonly Transaction[]): string[] {
  return txs.map(({ txid }) => txid);
}

/** Unconfirmed ancestors with itself, found through the inputs alone. */
function packageOf(
  entry: MempoolEntry,
  all: ReadonlyMap<string, MempoolEntry>,
  chosen: ReadonlySet<MempoolEntry>,
): Set<MempoolEntry> {
  const found = new Set([entry]);
  for (const member of found) {
    for (const { prevout } of member.tx.inputs) {
      const parent = all.get(prevout.txid);
      if (parent !== undefined && !chosen.has(parent)) found.add(parent);
    }
  }
  return found;
}

function total(entries: Iterable<MempoolEntry>, of: (entry: MempoolEntry) => number): number {
  let sum = 0;
  for (const entry of entries) sum += of(entry);
  return sum;
}

/** Takes, as long as one fits, the package that pays best per vbyte. */
function selectSlowly(entries: readonly MempoolEntry[], maxWeight: number): Set<MempoolEntry> {
  const all = new Map(entries.map((entry) => [entry.tx.txid as string, entry]));
  const chosen = new Set<MempoolEntry>();
  for (;;) {
    const used = total(chosen, ({ tx }) => tx.weight);
    let best: Set<MempoolEntry> | undefined;
    let bestFeerate = -1;
    for (const entry of entries) {
      if (chosen.has(entry)) continue;
      const members = packageOf(entry, all, chosen);
      if (used + total(members, ({ tx }) => tx.weight) > maxWeight) continue;
      const feerate = total(members, ({ fee }) => fee) / total(members, (e) => e.virtualSize);
      if (feerate <= bestFeerate) continue;
      best = members;
      bestFeerate = feerate;
    }
    if (best === undefined) return chosen;
    for (const member of best) chosen.add(member);
  }
}

/** The most that any valid choice pays, by trying all of them. */
function bestFees(entries: readonly MempoolEntry[], maxWeight: number): number {
  let best = 0;
  for (let mask = 0; mask < 2 ** entries.length; mask++) {
    const chosen = new Set(entries.filter((_, index) => (mask & (1 << index)) !== 0));
    const isClosed = [...chosen].every(({ parents }) => parents.every((p) => chosen.has(p)));
    if (!isClosed || total(chosen, ({ tx }) => tx.weight) > maxWeight) continue;
    best = Math.max(
      best,
      total(chosen, ({ fee }) => fee),
    );
  }
  return best;
}

/** Throws unless every parent comes before its children. */
function expectValidOrder(entries: readonly MempoolEntry[]): void {
  const seen = new Set<MempoolEntry>();
  for (const entry of entries) {
    for (const parent of entry.parents) expect(seen.has(parent)).toBe(true);
    expect(seen.has(entry)).toBe(false);
    seen.add(entry);
  }
}

const PLAN = fc.array(
  fc.record({
    fee: fc.integer({ min: 600, max: 20_000 }),
    outputs: fc.integer({ min: 2, max: 6 }),
    parents: fc.array(fc.nat(), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 12 },
);

function worldOf(plan: readonly { fee: number; outputs: number; parents: readonly number[] }[]) {
  const world = new MempoolHarness();
  const free: Funds[] = [];
  for (const { fee, outputs, parents } of plan) {
    const coins = parents.flatMap((choice) => free.splice(choice % Math.max(free.length, 1), 1));
    if (coins.length === 0) coins.push(world.chain.fund(VALUE));
    const tx = spend(coins, { fee, outputs });
    if (world.codeOf(tx) !== "accepted") continue;
    for (const vout of tx.outputs.keys()) free.push(outputOf(tx, vout));
  }
  return world;
}

describe("selectTransactions", () => {
  test("takes all there is if there is room, and adds up", () => {
    const world = new MempoolHarness();
    const chain = chainOf(3, world.chain.fund(VALUE));
    for (const tx of chain) world.accept(tx);
    const selection = selectTransactions(world.mempool, LIMITS);
    expect(txidsOf(selection.transactions)).toEqual(txidsOf(chain));
    expect(selection).toMatchObject({ totalFees: 3_000, weight: 3 * WEIGHT, sigopCost: 0 });
  });

  test("takes nothing from nothing", () => {
    const selection = selectTransactions(new MempoolHarness().mempool, LIMITS);
    expect(selection).toMatchObject({ transactions: [], totalFees: 0, weight: 0, minFeerate: 0 });
  });

  test("takes the best payers, first come first where they pay the same", () => {
    const world = new MempoolHarness();
    const fees = [1_000, 3_000, 2_000, 3_000];
    const txs = fees.map((fee) => world.accept(spend([world.chain.fund(VALUE)], { fee })));
    const { transactions } = selectTransactions(world.mempool, LIMITS);
    expect(txidsOf(transactions)).toEqual(txidsOf([txs[1]!, txs[3]!, txs[2]!, txs[0]!]));
  });

  test.each([
    [2 * WEIGHT - 1, 1],
    [2 * WEIGHT, 2],
    [2 * WEIGHT + 1, 2],
  ])("fills a weight of %d with %d", (maxWeight, count) => {
    const world = new MempoolHarness();
    for (let n = 0; n < 3; n++) world.accept(spend([world.chain.fund(VALUE)]));
    expect(selectTransactions(world.mempool, { ...LIMITS, maxWeight }).entries).toHaveLength(count);
  });

  test("keeps to the cost of signature operations", () => {
    const world = new MempoolHarness();
    const entries = [3, 4, 5].map((sigopCost) => {
      const tx = world.accept(spend([world.chain.fund(VALUE)]));
      return { ...world.mempool.find(tx.txid)!, sigopCost };
    });
    const source = { entries: () => entries };
    const cost = (maxSigopCost: number) =>
      selectTransactions(source, { ...LIMITS, maxSigopCost }).sigopCost;
    expect([cost(6), cost(7), cost(8), cost(12)]).toEqual([3, 7, 7, 12]);
  });

  test("takes a poor parent for the sake of its child", () => {
    const world = new MempoolHarness();
    const parent = world.accept(spend([world.chain.fund(VALUE)], { fee: 100 }));
    const other = world.accept(spend([world.chain.fund(VALUE)], { fee: 2_000 }));
    const child = world.accept(spend([outputOf(parent)], { fee: 9_000 }));
    const two = { ...LIMITS, maxWeight: 2 * WEIGHT };
    const { transactions, minFeerate } = selectTransactions(world.mempool, two);
    expect(txidsOf(transactions)).toEqual(txidsOf([parent, child]));
    expect(minFeerate).toBeCloseTo(9_100 / 192);
    const all = selectTransactions(world.mempool, LIMITS).transactions;
    expect(txidsOf(all)).toEqual(txidsOf([parent, child, other]));
  });

  test("leaves out a child that does not fit, not the parent that another brings", () => {
    const world = new MempoolHarness();
    const parent = world.accept(spend([world.chain.fund(VALUE)], { fee: 1_000, outputs: 3 }));
    const large = world.accept(spend([outputOf(parent)], { fee: 90_000, outputs: 10 }));
    const small = world.accept(spend([outputOf(parent, 1)], { fee: 3_000 }));
    const maxWeight = parent.weight + small.weight;
    const { transactions } = selectTransactions(world.mempool, { ...LIMITS, maxWeight });
    expect(large.weight).toBeGreaterThan(small.weight);
    expect(txidsOf(transactions)).toEqual(txidsOf([parent, small]));
  });

  test("leaves out what is not final, and what descends from it", () => {
    const world = new MempoolHarness();
    world.mine([]);
    const locked = world.accept(spend([world.chain.fund(VALUE)], { lockTime: 201, outputs: 2 }));
    const free = world.accept(spend([world.chain.fund(VALUE)], { fee: 500 }));
    world.accept(spend([outputOf(locked)], { fee: 50_000 }));
    const { transactions } = selectTransactions(world.mempool, LIMITS);
    expect(txidsOf(transactions)).toEqual([free.txid]);
    expect(selectTransactions(world.mempool, { ...LIMITS, height: 202 }).entries).toHaveLength(3);
  });

  test.each([
    [1_000, true],
    [1_001, false],
  ])("gives up an almost full block after %d misses: %p", (misses, isReached) => {
    const world = new MempoolHarness();
    const first = world.accept(spend([world.chain.fund(VALUE)], { fee: 50_000, outputs: 30 }));
    for (let n = 0; n < misses; n++) {
      world.accept(spend([world.chain.fund(VALUE)], { fee: 5_000, outputs: 2 }));
    }
    const last = world.accept(spend([world.chain.fund(VALUE)], { fee: 100 }));
    const maxWeight = first.weight + last.weight;
    const { transactions } = selectTransactions(world.mempool, { ...LIMITS, maxWeight });
    expect(txidsOf(transactions)).toEqual(txidsOf(isReached ? [first, last] : [first]));
  });

  test("chooses as the slow model does, in a valid order (M-09)", () => {
    fc.assert(
      fc.property(PLAN, fc.integer({ min: 300, max: 12_000 }), (plan, maxWeight) => {
        const { mempool } = worldOf(plan);
        const selection = selectTransactions(mempool, { ...LIMITS, maxWeight });
        const slow = selectSlowly([...mempool.entries()], maxWeight);
        expect(new Set(selection.entries)).toEqual(slow);
        expectValidOrder(selection.entries);
        expect(selection.weight).toBeLessThanOrEqual(maxWeight);
      }),
      { numRuns: 150 },
    );
  });

  test("never claims more than the best there is, which it reaches if all fits", () => {
    fc.assert(
      fc.property(PLAN, fc.integer({ min: 2_000, max: 8_000 }), (plan, maxWeight) => {
        const { mempool } = worldOf(plan.slice(0, 8));
        const entries = [...mempool.entries()];
        const { totalFees } = selectTransactions(mempool, { ...LIMITS, maxWeight });
        const best = bestFees(entries, maxWeight);
        expect(totalFees).toBeLessThanOrEqual(best);
        if (total(entries, ({ tx }) => tx.weight) <= maxWeight) expect(totalFees).toBe(best);
      }),
      { numRuns: 60 },
    );
  });
});
