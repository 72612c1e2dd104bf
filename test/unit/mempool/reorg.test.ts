/**
 * What a reorganisation does to the mempool: what comes back, what must go, what is told.
 */

import { describe, expect, test } from "bun:test";
import { transactionMemoryBytes } from "../../../src/mempool/memory-bytes.ts";
import type { Transaction } from "../../../src/primitives/transaction.ts";
import {
  chainOf,
  MempoolHarness,
  outputOf,
  removal,
  spend,
} from "../../support/mempool-harness.ts";

const VALUE = 1_000_000;

function txidsOf(txs: readonly Transaction[]): string[] {
  return txs.map(({ txid }) => txid);
}

describe("a reorganisation", () => {
  test("brings the transactions of abandoned blocks back, parents first (P-14)", () => {
    const world = new MempoolHarness();
    const [first, second, third] = chainOf(3, world.chain.fund(VALUE));
    const lone = spend([world.chain.fund(VALUE)]);
    world.mine([first!, lone]);
    world.mine([second!]);
    world.mine([third!]);

    world.reorganize(3, [[], [], [], []]);
    expect(world.txids() as string[]).toEqual(txidsOf([first!, lone, second!, third!]));
    expect(world.told).toEqual([first!, lone, second!, third!].map(({ txid }) => `+${txid}`));
  });

  test("keeps entries that stood on abandoned blocks, and says nothing of them", () => {
    const world = new MempoolHarness();
    const [mined, child, grandchild] = chainOf(3, world.chain.fund(VALUE));
    world.mine([mined!]);
    world.now += 1_000;
    world.accept(child!);
    world.accept(grandchild!);
    const { acceptedAt } = world.mempool.find(child!.txid)!;
    world.told.length = 0;

    world.now += 1_000;
    world.reorganize(1, [[], []]);
    expect(world.told).toEqual([`+${mined!.txid}`]);
    expect(world.mempool.find(mined!.txid)).toMatchObject({ descendantCount: 3 });
    expect(world.mempool.find(grandchild!.txid)).toMatchObject({ ancestorCount: 3 });
    expect(world.mempool.find(child!.txid)?.acceptedAt).toBe(acceptedAt);
  });

  test("does not bring back what the new branch holds", () => {
    const world = new MempoolHarness();
    const [mined, child] = chainOf(2, world.chain.fund(VALUE));
    const other = spend([world.chain.fund(VALUE)]);
    world.mine([mined!, other]);
    world.accept(child!);
    world.told.length = 0;

    world.reorganize(1, [[mined!], [child!]]);
    expect(world.txids()).toEqual([other.txid]);
    expect(world.told).toEqual([removal(child!, "block"), `+${other.txid}`]);
  });

  test("drops what conflicts with the new branch, with what stood on it", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const [mined, child, grandchild] = chainOf(3, coin);
    world.mine([mined!]);
    world.accept(child!);
    world.accept(grandchild!);
    world.told.length = 0;

    world.reorganize(1, [[spend([coin], { fee: 7_777 })], []]);
    expect(world.txids()).toEqual([]);
    expect(world.told).toEqual([removal(child!, "reorg"), removal(grandchild!, "reorg")]);
  });

  test("drops what spends the coinbase of an abandoned block, or one immature again (C-07)", () => {
    const world = new MempoolHarness();
    const mature = world.chain.fund(VALUE, { height: 101, isCoinbase: true });
    const tx = world.accept(spend([mature]));
    const young = world.chain.fund(VALUE, { height: 102, isCoinbase: true });
    world.mine([]);
    const spender = world.accept(spend([young]));
    const child = world.accept(spend([outputOf(spender)]));
    world.told.length = 0;

    world.reorganize(1, []);
    expect(world.told).toEqual([removal(spender, "reorg"), removal(child, "reorg")]);
    expect(world.txids()).toEqual([tx.txid]);
  });

  test("drops what is locked again", () => {
    const world = new MempoolHarness();
    world.mine([]);
    const byHeight = world.accept(spend([world.chain.fund(VALUE)], { lockTime: 201 }));
    const relative = world.accept(
      spend([world.chain.fund(VALUE, { height: 191 })], { sequence: 11 }),
    );
    const byTime = world.accept(spend([world.chain.fund(VALUE)], { lockTime: 1_700_001_959 }));
    const open = world.accept(spend([world.chain.fund(VALUE)], { lockTime: 200 }));
    world.told.length = 0;

    world.reorganize(1, []);
    expect(world.txids()).toEqual([open.txid]);
    expect(world.told).toEqual([byHeight, relative, byTime].map((tx) => removal(tx, "reorg")));
  });

  test("drops a relative lock on a parent that is in no block any more", () => {
    const world = new MempoolHarness();
    const parent = spend([world.chain.fund(VALUE)]);
    world.mine([parent]);
    const child = world.accept(spend([outputOf(parent)], { sequence: 1 }));
    world.reorganize(1, [[], []]);
    expect(world.txids()).toEqual([parent.txid]);
    expect(world.told.at(-1)).toBe(removal(child, "reorg"));
  });

  test("that comes back to where it was leaves all as it was", () => {
    const world = new MempoolHarness();
    const [mined, child] = chainOf(2, world.chain.fund(VALUE));
    world.mine([mined!]);
    world.accept(child!);
    world.told.length = 0;

    world.reorganize(1, [[mined!]]);
    expect(world.txids()).toEqual([child!.txid]);
    expect(world.told).toEqual([]);
  });

  test("brings back what pays less than a newcomer must", () => {
    const world = new MempoolHarness();
    const free = spend([world.chain.fund(VALUE)], { fee: 0 });
    world.mine([free]);
    world.reorganize(1, [[]]);
    expect(world.txids()).toEqual([free.txid]);
  });

  test("brings back no more than the limits of a package allow", () => {
    const world = new MempoolHarness();
    const chain = chainOf(30, world.chain.fund(VALUE));
    world.mine(chain.slice(0, 10));
    for (const tx of chain.slice(10)) world.accept(tx);
    world.told.length = 0;

    world.reorganize(1, [[]]);
    expect(world.txids() as string[]).toEqual(txidsOf(chain.slice(0, 25)));
    expect(world.told).toEqual([
      ...chain.slice(0, 10).map(({ txid }) => `+${txid}`),
      ...chain.slice(25).map((tx) => removal(tx, "reorg")),
    ]);
  });

  test("gives up the youngest blocks' transactions when there are too many bytes", () => {
    const txs = chainOf(4, new MempoolHarness().chain.fund(VALUE));
    const maxReturningBytes = 3 * transactionMemoryBytes(txs[0]!);
    const world = new MempoolHarness({ maxReturningBytes });
    const chain = chainOf(4, world.chain.fund(VALUE));
    for (const tx of chain) world.mine([tx]);
    const child = world.accept(spend([outputOf(chain[3]!)]));
    world.told.length = 0;

    world.reorganize(4, [[]]);
    expect(world.txids() as string[]).toEqual(txidsOf(chain.slice(0, 3)));
    expect(world.told).toContain(removal(child, "reorg"));
  });

  test("gives up children before their parents within one block", () => {
    const txs = chainOf(4, new MempoolHarness().chain.fund(VALUE));
    const maxReturningBytes = 3 * transactionMemoryBytes(txs[0]!);
    const world = new MempoolHarness({ maxReturningBytes });
    const chain = chainOf(4, world.chain.fund(VALUE));
    world.mine(chain);
    world.reorganize(1, [[]]);
    expect(world.txids() as string[]).toEqual(txidsOf(chain.slice(0, 3)));
  });

  test("keeps the order of entries that were set adrift at different times", () => {
    const world = new MempoolHarness();
    const [low, high] = [spend([world.chain.fund(VALUE)]), spend([world.chain.fund(VALUE)])];
    world.mine([low]);
    world.mine([high]);
    const onLow = world.accept(spend([outputOf(low)]));
    const onBoth = world.accept(spend([outputOf(high), outputOf(onLow)]));
    world.reorganize(2, [[], [], []]);
    expect(world.txids()).toEqual([low.txid, high.txid, onLow.txid, onBoth.txid]);
  });

  test("trims a mempool that it overfills", () => {
    const world = new MempoolHarness({ policy: { maxCount: 2 } });
    const mined = [500, 3_000].map((fee) => spend([world.chain.fund(VALUE)], { fee }));
    world.mine(mined);
    const kept = world.accept(spend([world.chain.fund(VALUE)], { fee: 1_000 }));
    world.reorganize(1, [[]]);
    expect(new Set<string>(world.txids())).toEqual(new Set([kept.txid, mined[1]!.txid]));
    expect(world.told.at(-1)).toBe(removal(mined[0]!, "evicted"));
  });

  test("is settled by whoever asks first", () => {
    const world = new MempoolHarness();
    const tx = spend([world.chain.fund(VALUE)]);
    world.mine([tx]);
    world.mempool.blockDisconnected(world.chain.disconnect());
    expect(world.codeOf(tx)).toBe("duplicate");
  });
});
