/**
 * What holds of a mempool whatever happens to it: closed under parents, no conflicts, every total
 * equal to a recount, every entry fit for the next block, what was told equal to what is there.
 */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { entryMemoryBytes } from "../../../src/mempool/memory-bytes.ts";
import type { MempoolEntry } from "../../../src/mempool/mempool-entry.ts";
import { ancestorsOf, descendantsOf } from "../../../src/mempool/mempool-graph.ts";
import { selectTransactions } from "../../../src/mempool/select-transactions.ts";
import { outpointKey, type Transaction } from "../../../src/primitives/transaction.ts";
import { type Funds, MempoolHarness, outputOf, spend } from "../../support/mempool-harness.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";

const VALUE = 1_000_000;

const BOUNDS = { maxCount: 10, maxBytes: 22_000, expiryMs: 60_000 };

const STEP = fc.record({
  act: fc.constantFrom(
    "spend",
    "spend",
    "spend",
    "spend",
    "replace",
    "orphan",
    "mine",
    "mine-other",
    "reorg",
    "wait",
  ),
  which: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  fee: fc.integer({ min: 50, max: 5_000 }),
  outputs: fc.integer({ min: 1, max: 3 }),
  depth: fc.integer({ min: 1, max: 3 }),
  sequence: fc.constantFrom(0xfffffffd, 0xfffffffd, 1, 0),
});

/** A world that remembers every coin it ever saw, spent or not. */
class Playground {
  readonly world = new MempoolHarness({ policy: BOUNDS });
  readonly coins: Funds[] = [];
  readonly held: Transaction[] = [];
  depth = 0;

  coinsOf(which: readonly number[]): Funds[] {
    const chosen = new Map<string, Funds>();
    for (const choice of which) {
      const coin = this.coins[choice % (this.coins.length + 1)] ?? this.world.chain.fund(VALUE);
      chosen.set(outpointKey(coin), coin);
    }
    return [...chosen.values()];
  }

  remember(tx: Transaction): void {
    for (const vout of tx.outputs.keys()) this.coins.push(outputOf(tx, vout));
  }

  /** Leaves `depth` blocks for one more, which spends coins of its own choice. */
  reorganize(depth: number, which: readonly number[], outputs: number): void {
    const { chain, mempool } = this.world;
    for (let left = depth; left > 0; left--) mempool.blockDisconnected(chain.disconnect());
    for (let height = 0; height <= depth; height++) {
      const choice = this.coinsOf(which.map((index) => index + height));
      const coins = choice.filter((coin) => isSpendable(coin, this.world));
      const txs = coins.map((coin) => spend([coin], { fee: 7_777 + height, outputs }));
      mempool.blockConnected(chain.connect(txs));
      for (const tx of txs) this.remember(tx);
    }
    mempool.settle();
    this.depth += 1;
  }

  /** What a miner would take, all of it or the better half. */
  template(isHalf: boolean): readonly Transaction[] {
    const { tip } = this.world.chain;
    const all = selectTransactions(this.world.mempool, {
      maxWeight: 4_000_000,
      maxSigopCost: 80_000,
      height: tip.height + 1,
      medianTimePast: tip.time - 50,
    }).transactions;
    return isHalf ? all.slice(0, Math.ceil(all.length / 2)) : all;
  }
}

function play(ground: Playground, step: typeof STEP extends fc.Arbitrary<infer T> ? T : never) {
  const { world } = ground;
  const { act, which, fee, outputs, depth, sequence } = step;
  switch (act) {
    case "spend":
    case "replace":
    case "orphan": {
      const coins = ground.coinsOf(act === "replace" ? which.slice(0, 1) : which);
      if (coins.some(({ value }) => value < 100_000)) break;
      const tx = spend(coins, { fee: act === "replace" ? 4 * fee : fee, outputs, sequence });
      world.mempool.submit(tx, { keepOrphan: act === "orphan", peer: "peer" });
      ground.remember(tx);
      break;
    }
    case "mine":
      world.mine(ground.template(true));
      ground.depth += 1;
      break;
    case "mine-other": {
      const tx = spend([world.chain.fund(VALUE)], { outputs });
      world.mine([tx]);
      ground.remember(tx);
      ground.depth += 1;
      break;
    }
    case "reorg":
      ground.reorganize(Math.min(depth, ground.depth), which, outputs);
      break;
    case "wait":
      world.now += 10_000;
      world.mempool.expire();
      break;
  }
  world.mempool.reconsiderOrphans();
}

function isSpendable(coin: Funds, { chain }: MempoolHarness): boolean {
  return coin.value > 100_000 && chain.coins.findCoin(coin) !== undefined;
}

function checkAll(ground: Playground): void {
  const { mempool, told, chain } = ground.world;
  const entries = [...mempool.entries()];
  checkBounds(entries, ground);
  checkCoins(entries, ground);
  for (const entry of entries) checkTotals(entry, entries);

  const known = new Set<string>();
  for (const line of told) {
    const txid = line.slice(1, 65);
    expect(known.has(txid)).toBe(line.startsWith("-"));
    if (line.startsWith("+")) known.add(txid);
    else known.delete(txid);
  }
  expect([...known].sort()).toEqual(entries.map(({ tx }) => tx.txid as string).sort());

  // The engine must take all of it as its next block (M-09).
  const template = ground.template(false);
  expect(template.length).toBe(entries.length);
  chain.checkNext(template, ground.world.scripts);
}

function checkBounds(entries: readonly MempoolEntry[], { world: { mempool } }: Playground): void {
  expect(mempool.count).toBe(entries.length);
  expect(mempool.count).toBeLessThanOrEqual(BOUNDS.maxCount);
  expect(mempool.bytes).toBeLessThanOrEqual(BOUNDS.maxBytes);
  expect(mempool.bytes).toBe(entries.reduce((sum, { tx }) => sum + entryMemoryBytes(tx), 0));
}

function checkCoins(entries: readonly MempoolEntry[], { world }: Playground): void {
  const made = new Set<string>();
  const spent = new Set<string>();
  for (const { tx } of entries) {
    for (const { prevout } of tx.inputs) {
      const key = outpointKey(prevout);
      expect(spent.has(key)).toBe(false);
      spent.add(key);
      expect(made.has(key) || world.chain.coins.findCoin(prevout) !== undefined).toBe(true);
      expect(world.mempool.findSpender(prevout)?.tx).toBe(tx);
    }
    for (const vout of tx.outputs.keys()) made.add(outpointKey({ txid: tx.txid, vout }));
  }
}

function checkTotals(entry: MempoolEntry, entries: readonly MempoolEntry[]): void {
  const inputs = new Set<string>(entry.tx.inputs.map(({ prevout }) => prevout.txid));
  const parents = entries.filter(({ tx }) => inputs.has(tx.txid));
  expect(new Set(entry.parents)).toEqual(new Set(parents));
  for (const parent of parents) {
    expect(parent.sequence).toBeLessThan(entry.sequence);
    expect(parent.children).toContain(entry);
  }
  for (const child of entry.children) expect(child.parents).toContain(entry);

  const ancestors = [entry, ...ancestorsOf(entry)];
  const descendants = [entry, ...descendantsOf(entry)];
  const fees = (family: readonly MempoolEntry[]) => family.reduce((sum, { fee }) => sum + fee, 0);
  const size = (family: readonly MempoolEntry[]) =>
    family.reduce((sum, { virtualSize }) => sum + virtualSize, 0);
  expect([entry.ancestorCount, entry.ancestorFees, entry.ancestorSize]).toEqual([
    ancestors.length,
    fees(ancestors),
    size(ancestors),
  ]);
  expect([entry.descendantCount, entry.descendantFees, entry.descendantSize]).toEqual([
    descendants.length,
    fees(descendants),
    size(descendants),
  ]);
  expect(entry.ancestorCount).toBeLessThanOrEqual(25);
  expect(entry.descendantCount).toBeLessThanOrEqual(25);
}

test(
  "a mempool stays whole through any sequence of events",
  () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 120, size: "max" }), (steps) => {
        const ground = new Playground();
        for (const step of steps) {
          play(ground, step);
          checkAll(ground);
        }
      }),
      runs(40),
    );
  },
  PROPERTY_TIMEOUT_MS,
);
