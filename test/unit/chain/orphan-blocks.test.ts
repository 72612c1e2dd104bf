/**
 * Blocks that come before their parents: kept within a bound, connected as soon as they can be.
 *
 * The property at the end is the strongest: whatever the order of delivery, the same chain.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_ORPHAN_BYTES, OrphanBlocks } from "../../../src/chain/orphan-blocks.ts";
import { type Block, blockSize } from "../../../src/primitives/block.ts";
import {
  type Branch,
  chainOf,
  coinOf,
  QUICK,
  spend,
  TestNode,
} from "../../support/chain-builder.ts";
import { repeatSeeded } from "../../support/random.ts";

describe("OrphanBlocks", () => {
  const blocks = chainOf(6).blocks;
  const size = blockSize(blocks[3]!.transactions);

  test("gives back the children of a block once, and counts their bytes", () => {
    const orphans = new OrphanBlocks();
    for (const block of blocks) orphans.add(block);
    orphans.add(blocks[2]!);
    const total = blocks.reduce((sum, { transactions }) => sum + blockSize(transactions), 0);
    expect([orphans.count, orphans.bytes]).toEqual([6, total]);
    expect(orphans.takeChildrenOf(blocks[2]!.hash)).toEqual([blocks[3]!]);
    expect(orphans.takeChildrenOf(blocks[2]!.hash)).toEqual([]);
    expect([orphans.count, orphans.bytes]).toEqual([5, total - size]);
    expect(orphans.has(blocks[3]!.hash)).toBe(false);
  });

  test("gives back all children of one parent", () => {
    const trunk = chainOf(2);
    const children = [1, 2, 3].map(() => trunk.make());
    const orphans = new OrphanBlocks();
    for (const child of children) orphans.add(child);
    expect(orphans.takeChildrenOf(trunk.tip.hash)).toEqual(children);
    expect([orphans.count, orphans.bytes]).toEqual([0, 0]);
  });

  test("lets the oldest go beyond its bound, to the byte", () => {
    const exact = new OrphanBlocks(3 * size);
    for (const block of blocks.slice(0, 3)) exact.add(block);
    expect(exact.count).toBe(3);
    const less = new OrphanBlocks(3 * size - 1);
    for (const block of blocks.slice(0, 3)) less.add(block);
    expect(less.has(blocks[0]!.hash)).toBe(false);
    expect(less.count).toBe(2);
    expect(less.takeChildrenOf(blocks[0]!.header.prevBlockHash)).toEqual([]);
  });

  test("never exceeds its bound nor forgets a byte, whatever comes and goes", () => {
    repeatSeeded(0x0b, 50, (random) => {
      const orphans = new OrphanBlocks(3 * size);
      for (let step = 0; step < 40; step++) {
        const block = random.pick(blocks);
        if (random.oneIn(3)) orphans.takeChildrenOf(block.header.prevBlockHash);
        else orphans.add(block);
        expect(orphans.bytes).toBeLessThanOrEqual(3 * size);
        const held = blocks.filter(({ hash }) => orphans.has(hash));
        expect(held).toHaveLength(orphans.count);
        const bytes = held.reduce((sum, { transactions }) => sum + blockSize(transactions), 0);
        expect(orphans.bytes).toBe(bytes);
      }
    });
  });

  test("holds a largest block of cairn", () => {
    expect(MAX_ORPHAN_BYTES).toBeGreaterThan(16_000_000);
  });
});

describe("a chain that hears of blocks early", () => {
  test("names the parent it misses, and knows the block when it comes again", () => {
    const branch = chainOf(3);
    const node = new TestNode();
    expect(node.chain.submitBlock(branch.tip)).toEqual({
      status: "orphan",
      missingParent: branch.at(2).hash,
    });
    expect(node.offer(branch.tip)).toBe("duplicate");
    expect(node.events).toEqual([]);
  });

  test("connects a whole chain that came backwards, with one change of the tip", () => {
    const branch = chainOf(50);
    const node = new TestNode();
    const outcomes = node.offerAll(branch.blocks.toReversed());
    expect(outcomes).toEqual([...new Array(49).fill("orphan"), "connected"]);
    expect(node.tips).toEqual([branch.tip.hash]);
    expect(node.chain.orphans.count).toBe(0);
    expect(node.chain.orphans.bytes).toBe(0);
  });

  test("of two branches that waited for one parent, the one that came first wins", () => {
    const trunk = chainOf(1);
    const first = trunk.fork().mine(2);
    const second = trunk.fork().mine(2);
    const node = new TestNode();
    node.offerAll([first.at(2), second.at(2), first.at(3), second.at(3), trunk.tip]);
    expect(node.tipHash).toBe(first.tip.hash);
  });

  test("forgets them with the process, and takes them again after", () => {
    const branch = chainOf(2);
    const node = new TestNode();
    node.offer(branch.tip);
    const restarted = node.restartedCopy();
    expect(restarted.offer(branch.tip)).toBe("orphan");
    expect(restarted.offer(branch.at(1))).toBe("connected");
    expect(restarted.tipHash).toBe(branch.tip.hash);
  });

  test("C-25: refuses those that descend from an invalid block, and keeps none of them", () => {
    for (const broken of [{ fees: 1 }, { body: [...chainOf(4).make().transactions] }]) {
      const branch = chainOf(3);
      const [first] = branch.make().transactions;
      const plan = "body" in broken ? { body: [first!, ...broken.body] } : broken;
      const bad = branch.fork().mine(plan).mine(4);
      const node = new TestNode().follow(branch);
      expect(node.offerAll(bad.after(4))).toEqual(new Array(4).fill("orphan"));
      expect(node.chain.orphans.count).toBe(4);
      node.offer(bad.at(4));
      expect(node.chain.orphans.count).toBe(0);
      for (const block of bad.after(4)) expect(node.offer(block)).toBe("duplicate-invalid");
      expect(node.tipHash).toBe(branch.tip.hash);
    }
  });

  test("C-10: keeps the children of a block that is only too new", () => {
    const branch = chainOf(3);
    const node = new TestNode().follow(branch);
    node.nowSeconds = branch.context.time;
    branch.mine({ header: { time: node.nowSeconds + 7_201 } }).mine(1);
    expect(node.offer(branch.tip)).toBe("orphan");
    expect(node.offer(branch.at(4))).toBe("time-too-new");
    node.nowSeconds += 100;
    expect(node.offer(branch.at(4))).toBe("connected");
    expect(node.tipHash).toBe(branch.tip.hash);
  });
});

/** A tree of blocks with payments, of which one leaf has the most work. */
function bushyTree(shape: readonly number[]): { blocks: readonly Block[]; best: Branch } {
  const branches = [chainOf(3, QUICK)];
  for (const number of shape) {
    const branch = branches[number % branches.length]!;
    const depth = Math.floor(number / 16) % 4;
    const grown = depth === 0 ? branch : branch.fork(Math.min(depth, branch.height - 3));
    const first = spend([grown.coinbaseCoin(grown.height - 1)], { count: 2, fee: 5 });
    const second = spend([coinOf(first, 1)]);
    grown.mine({ transactions: number % 3 === 0 ? [first] : [first, second], fees: 5 });
    if (grown !== branch) branches.push(grown);
  }
  const [best] = branches.toSorted((a, b) => b.height - a.height);
  best!.mine(1);
  const all = new Map(branches.flatMap(({ blocks }) => blocks.map((block) => [block.hash, block])));
  return { blocks: [...all.values()], best: best! };
}

test("C-01: whatever the order in which valid blocks come, tip and coins are the same", () => {
  const trees = fc
    .array(fc.nat(1_000), { minLength: 3, maxLength: 12 })
    .map(bushyTree)
    .chain(({ blocks, best }) =>
      fc.record({
        best: fc.constant(best),
        order: fc.shuffledSubarray([...blocks], { minLength: blocks.length }),
      }),
    );
  const property = fc.property(trees, ({ best, order }) => {
    const expected = new TestNode(QUICK).follow(best);
    const node = new TestNode(QUICK);
    node.offerAll(order);
    expect(node.tipHash).toBe(best.tip.hash);
    expect(node.digest()).toBe(expected.digest());
    expect(node.chain.orphans.count).toBe(0);
    expect(node.chain.index.size).toBe(order.length + 1);
    expect(node.restartedCopy().state()).toEqual(node.state());
  });
  fc.assert(property, { seed: 20_260_101, numRuns: 150 });
});
