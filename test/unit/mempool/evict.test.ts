/**
 * A full mempool: what goes, what stays, and how the floor rises and sinks again.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { makeRoom } from "../../../src/mempool/evict.ts";
import { FeeFloor, FLOOR_HALF_LIFE_MS } from "../../../src/mempool/fee-floor.ts";
import { entryMemoryBytes } from "../../../src/mempool/memory-bytes.ts";
import type { MempoolEntry } from "../../../src/mempool/mempool-entry.ts";
import { MempoolGraph } from "../../../src/mempool/mempool-graph.ts";
import {
  type Funds,
  MempoolHarness,
  outputOf,
  removal,
  spend,
} from "../../support/mempool-harness.ts";

const VALUE = 10_000_000;

/** Descendants of an entry with itself, found without the totals that the mempool keeps. */
function familyOf(entry: MempoolEntry, all: readonly MempoolEntry[]): Set<MempoolEntry> {
  const family = new Set([entry]);
  for (const other of all) {
    const parents = new Set<string>(other.tx.inputs.map(({ prevout }) => prevout.txid));
    if ([...family].some(({ tx }) => parents.has(tx.txid))) family.add(other);
  }
  return family;
}

function worthOf(entry: MempoolEntry, all: readonly MempoolEntry[]): number {
  const family = [...familyOf(entry, all)];
  const fees = family.reduce((sum, { fee }) => sum + fee, 0);
  const size = family.reduce((sum, { virtualSize }) => sum + virtualSize, 0);
  return Math.max(entry.fee / entry.virtualSize, fees / size);
}

/** What is left when the worst goes, with its family, until `maxCount` are left. */
function slowlyEvict(entries: readonly MempoolEntry[], maxCount: number): string[] {
  let left = [...entries];
  while (left.length > maxCount) {
    let worst = left[0]!;
    for (const entry of left) {
      if (worthOf(entry, left) <= worthOf(worst, left)) worst = entry;
    }
    const family = familyOf(worst, left);
    left = left.filter((entry) => !family.has(entry));
  }
  return left.map(({ tx }) => tx.txid);
}

describe("a full mempool", () => {
  test("keeps its bounds on count and on bytes, at and above", () => {
    for (const bound of ["maxCount", "maxBytes"] as const) {
      const scale =
        bound === "maxCount"
          ? 1
          : entryMemoryBytes(spend([new MempoolHarness().chain.fund(VALUE)]));
      const world = new MempoolHarness({ policy: { [bound]: 3 * scale } });
      const txs = [3_000, 1_000, 2_000].map((fee) => spend([world.chain.fund(VALUE)], { fee }));
      for (const tx of txs) world.accept(tx);
      expect(world.mempool.count).toBe(3);
      world.told.length = 0;

      const better = world.accept(spend([world.chain.fund(VALUE)], { fee: 4_000 }));
      expect(world.told).toEqual([`+${better.txid}`, removal(txs[1]!, "evicted")]);
      expect(world.mempool.count).toBe(3);
    }
  });

  test("refuses what pays least", () => {
    const world = new MempoolHarness({ policy: { maxCount: 2 } });
    for (const fee of [2_000, 3_000]) world.accept(spend([world.chain.fund(VALUE)], { fee }));
    world.told.length = 0;
    expect(world.codeOf(spend([world.chain.fund(VALUE)], { fee: 1_000 }))).toBe("mempool-full");
    expect(world.codeOf(spend([world.chain.fund(VALUE)], { fee: 1_000 }))).toBe(
      "mempool-min-fee-not-met",
    );
    expect(world.told).toEqual([]);
  });

  test("keeps the older of two that pay the same", () => {
    const world = new MempoolHarness({ policy: { maxCount: 1 } });
    const first = world.accept(spend([world.chain.fund(VALUE)]));
    expect(world.codeOf(spend([world.chain.fund(VALUE)]))).toBe("mempool-full");
    expect(world.txids()).toEqual([first.txid]);
  });

  test("drops a rich child with its poor parent rather than leave it alone", () => {
    const world = new MempoolHarness({ policy: { maxCount: 3 } });
    const parent = world.accept(spend([world.chain.fund(VALUE)], { fee: 100 }));
    const child = world.accept(spend([outputOf(parent)], { fee: 1_000 }));
    const others = [4_000, 4_100].map((fee) => spend([world.chain.fund(VALUE)], { fee }));
    world.accept(others[0]!);
    world.told.length = 0;
    world.accept(others[1]!);
    expect(world.txids()).toEqual(others.map(({ txid }) => txid));
    expect(world.told.slice(1)).toEqual([removal(parent, "evicted"), removal(child, "evicted")]);
  });

  test("lets a child pay for its parent", () => {
    const world = new MempoolHarness({ policy: { maxCount: 3 } });
    const parent = world.accept(spend([world.chain.fund(VALUE)], { fee: 100 }));
    const child = world.accept(spend([outputOf(parent)], { fee: 9_000 }));
    world.accept(spend([world.chain.fund(VALUE)], { fee: 1_000 }));
    const other = world.accept(spend([world.chain.fund(VALUE)], { fee: 2_000 }));
    expect(world.txids()).toEqual([parent.txid, child.txid, other.txid]);
  });

  test("gives back what a replacement pushed out when the replacement cannot stay", () => {
    const world = new MempoolHarness({ policy: { maxCount: 4 } });
    const coin = world.chain.fund(VALUE);
    const old = world.accept(spend([coin], { fee: 100 }));
    const parent = world.accept(spend([world.chain.fund(VALUE)], { fee: 3_000 }));
    world.accept(spend([outputOf(parent)], { fee: 3_000 }));
    world.accept(spend([world.chain.fund(VALUE)], { fee: 5_000 }));
    const before = new Set(world.txids());
    world.told.length = 0;

    // So large that the memory it takes outweighs what it replaces.
    const bytes = world.mempool.bytes;
    const tight = new MempoolHarness({ policy: { maxBytes: bytes }, chain: world.chain });
    for (const { tx } of world.mempool.entries()) tight.accept(tx);
    tight.told.length = 0;
    expect(tight.codeOf(spend([coin], { fee: 6_000, outputs: 100 }))).toBe("mempool-full");
    expect(new Set(tight.txids())).toEqual(before);
    expect(tight.told).toEqual([]);
    expect(tight.mempool.has(old.txid)).toBe(true);
  });

  test("keeps the same as a slow model, whatever is in it (M-02)", () => {
    const plan = fc.array(
      fc.record({ fee: fc.integer({ min: 600, max: 9_000 }), parents: fc.array(fc.nat()) }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(plan, fc.nat({ max: 30 }), (steps, maxCount) => {
        const entries = grow(steps);
        const graph = new MempoolGraph();
        for (const entry of entries) graph.add(entry);

        const floor = new FeeFloor({ now: () => 0 });
        const evicted = makeRoom(graph, { maxCount, maxBytes: Number.POSITIVE_INFINITY }, floor);
        const left = [...graph.entries()].map(({ tx }) => tx.txid as string);
        expect(left).toEqual(slowlyEvict(entries, maxCount));
        expect(left.length + evicted.length).toBe(entries.length);
      }),
      { numRuns: 100 },
    );
  });
});

/** Entries of transactions that spend up to three free coins of earlier ones. */
function grow(steps: readonly { fee: number; parents: readonly number[] }[]): MempoolEntry[] {
  const world = new MempoolHarness();
  const free: Funds[] = [];
  for (const { fee, parents } of steps) {
    const coins = [world.chain.fund(VALUE)];
    for (const choice of parents.slice(0, 3)) {
      if (free.length > 0) coins.push(...free.splice(choice % free.length, 1));
    }
    const tx = spend(coins, { fee, outputs: 3 });
    if (world.codeOf(tx) === "accepted") free.push(outputOf(tx), outputOf(tx, 1), outputOf(tx, 2));
  }
  return [...world.mempool.entries()];
}

describe("the floor", () => {
  test("is above what was evicted, and never below the relay minimum", () => {
    const world = new MempoolHarness({ policy: { maxCount: 1, minRelayFeerate: 2 } });
    expect(world.mempool.minFeerate()).toBe(2);
    world.accept(spend([world.chain.fund(VALUE)], { fee: 960 }));
    world.accept(spend([world.chain.fund(VALUE)], { fee: 9_600 }));
    expect(world.mempool.minFeerate()).toBe(11);
  });

  test("sinks again once the mempool has seen a block", () => {
    const world = new MempoolHarness({ policy: { maxCount: 1 } });
    world.accept(spend([world.chain.fund(VALUE)], { fee: 960 }));
    world.accept(spend([world.chain.fund(VALUE)], { fee: 9_600 }));
    world.mine([]);
    world.now += FLOOR_HALF_LIFE_MS;
    expect(world.mempool.minFeerate()).toBeLessThan(11);
  });

  test("is not lowered by a cheaper eviction, and stands anew after a dearer one", () => {
    let now = 1_000_000;
    const floor = new FeeFloor({ now: () => now });
    floor.raise(7);
    floor.raise(3);
    expect(floor.feerate(1)).toBe(8);
    floor.blockConnected();
    floor.raise(9);
    now += FLOOR_HALF_LIFE_MS;
    expect(floor.feerate(1)).toBe(10);
  });

  test("stands until a block, then halves, and is gone below half the relay step", () => {
    let now = 1_000_000;
    const floor = new FeeFloor({ now: () => now });
    floor.raise(7);
    now += 100 * FLOOR_HALF_LIFE_MS;
    expect(floor.feerate(1)).toBe(8);

    floor.blockConnected();
    now += FLOOR_HALF_LIFE_MS;
    expect(floor.feerate(1)).toBeCloseTo(4);
    now += FLOOR_HALF_LIFE_MS / 2;
    expect(floor.feerate(0.49)).toBeCloseTo(2);
    now += FLOOR_HALF_LIFE_MS / 4;
    expect(floor.feerate(0.24)).toBeCloseTo(1);
    now += FLOOR_HALF_LIFE_MS - 1;
    expect(floor.feerate(0.5)).toBeGreaterThan(0.5);
    now += 2;
    expect(floor.feerate(0.5)).toBe(0);
  });

  test("does not rise when the clock is set back", () => {
    let now = 10 * FLOOR_HALF_LIFE_MS;
    const floor = new FeeFloor({ now: () => now });
    floor.raise(7);
    floor.blockConnected();
    now -= FLOOR_HALF_LIFE_MS;
    expect(floor.feerate(1)).toBe(8);
  });
});
