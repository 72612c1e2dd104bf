/**
 * The same valid blocks in any order, some of them twice, some before their parents, with a restart
 * in between: the tip is the branch with the most work, and the coins are what its blocks leave.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Network } from "../../../src/consensus/params.ts";
import type { Block } from "../../../src/primitives/block.ts";
import { TestNode } from "../../support/chain-builder.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";
import {
  anyTreeRecipe,
  BRISK,
  growTree,
  RETARGETING,
  type TreeBlock,
} from "../../support/random-chain.ts";

const NETWORKS: readonly [string, Network][] = [
  ["of one target", BRISK],
  ["whose target moves", RETARGETING],
];

/** Blocks of a tree in any order, each once at least. */
interface Delivery {
  /** Numbers by which the blocks are put in order; one too many comes first. */
  readonly order: readonly number[];
  /** Blocks that come once more, by number. */
  readonly again: readonly number[];
  /** Before which delivery the node is started again. */
  readonly restart: number;
}

const ANY_DELIVERY: fc.Arbitrary<Delivery> = fc.record({
  order: fc.array(fc.nat(1_000), { minLength: 40, maxLength: 40 }),
  again: fc.array(fc.nat(), { maxLength: 8 }),
  restart: fc.nat(),
});

/** The blocks to deliver, in order. */
function deliveries(tree: readonly TreeBlock[], { order, again }: Delivery): Block[] {
  const blocks = tree.map(({ block }) => block);
  const all = [...blocks, ...again.map((index) => blocks[index % blocks.length]!)];
  return all
    .map((block, index) => ({ block, key: order[index % order.length]! }))
    .sort((a, b) => a.key - b.key)
    .map(({ block }) => block);
}

/** The blocks of most work; more than one if they are equal. */
function heaviest(tree: readonly TreeBlock[]): TreeBlock[] {
  return tree.filter(({ work }) => tree.every((other) => other.work <= work));
}

/** The tip must be the first seen of the heaviest, and everything else must follow from it. */
function checkTip(node: TestNode, tree: readonly TreeBlock[]): void {
  const { index } = node.chain;
  const candidates = heaviest(tree).filter(({ block }) => index.find(block.hash) !== undefined);
  const idOf = ({ block }: TreeBlock) => index.find(block.hash)!.id;
  const best = candidates.reduce((first, other) => (idOf(other) < idOf(first) ? other : first));
  expect(node.tipHash).toBe(best.block.hash);
  expect(node.chain.tip.chainwork).toBe(best.work);
  expect(node.digest()).toBe(best.chain.ledger.digest());

  const { branch } = best.chain;
  expect(node.height).toBe(branch.height);
  for (let height = 0; height <= branch.height; height++) {
    expect(index.findActive(height)?.hash).toBe(branch.at(height).hash);
  }
}

const HARMLESS = ["connected", "side-branch", "orphan", "duplicate"] as const;

describe.each(NETWORKS)("on a network %s", (_name, network) => {
  const ANY_TREE = anyTreeRecipe(3, 16);

  test(
    "any order, with duplicates and orphans, gives the tip of most work and its coins",
    () => {
      const outcomes = new Set<string>();
      fc.assert(
        fc.property(ANY_TREE, ANY_DELIVERY, (recipe, delivery) => {
          const tree = growTree(network, recipe);
          const node = new TestNode(network);
          for (const outcome of node.offerAll(deliveries(tree, delivery))) {
            expect(HARMLESS).toContain(outcome as "orphan");
            outcomes.add(outcome);
          }
          expect(node.chain.index.size).toBe(tree.length + 1);
          expect([node.chain.orphans.count, node.chain.orphans.bytes]).toEqual([0, 0]);
          checkTip(node, tree);
          node.close();
        }),
        runs(60),
      );
      expect([...outcomes].sort()).toEqual([...HARMLESS].sort());
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "two orders give one tip where one branch has most work, one of the equals elsewhere",
    () => {
      let decided = 0;
      fc.assert(
        fc.property(ANY_TREE, ANY_DELIVERY, ANY_DELIVERY, (recipe, one, other) => {
          const tree = growTree(network, recipe);
          const nodes = [one, other].map((delivery) => {
            const node = new TestNode(network);
            node.offerAll(deliveries(tree, delivery));
            return node;
          });
          const [a, b] = nodes.map((node) => node.state());
          const best = heaviest(tree);
          expect(best.map(({ block }) => block.hash as string)).toContain(a!.tip);
          expect(best.map(({ block }) => block.hash as string)).toContain(b!.tip);
          if (best.length === 1) {
            decided += 1;
            expect([a!.tip, a!.coins, a!.active]).toEqual([b!.tip, b!.coins, b!.active]);
          }
          for (const node of nodes) node.close();
        }),
        runs(30),
      );
      expect(decided).toBeGreaterThan(3);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "after every single delivery the tip is the best of what is connected by then",
    () => {
      fc.assert(
        fc.property(ANY_TREE, ANY_DELIVERY, (recipe, delivery) => {
          const tree = growTree(network, recipe);
          const node = new TestNode(network);
          for (const block of deliveries(tree, delivery)) {
            node.offer(block);
            const { index } = node.chain;
            const known = tree.filter((one) => index.find(one.block.hash) !== undefined);
            if (known.length > 0) checkTip(node, known);
            else expect(node.height).toBe(0);
          }
          node.close();
        }),
        runs(30),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "a restart in between changes nothing but that orphans must come again",
    () => {
      fc.assert(
        fc.property(ANY_TREE, ANY_DELIVERY, (recipe, delivery) => {
          const tree = growTree(network, recipe);
          const blocks = deliveries(tree, delivery);
          const restart = delivery.restart % (blocks.length + 1);
          const first = new TestNode(network);
          first.offerAll(blocks.slice(0, restart));

          const second = first.restartedCopy();
          expect(second.state()).toEqual(first.state());
          second.offerAll(blocks.slice(restart));
          // Whoever lost orphans asks for them: they come once more, in another order.
          second.offerAll(blocks.slice(0, restart).toReversed());
          second.offerAll(tree.map(({ block }) => block));
          expect(second.chain.index.size).toBe(tree.length + 1);
          checkTip(second, tree);

          const third = second.restartedCopy();
          expect(third.state()).toEqual(second.state());
          for (const node of [first, second, third]) node.close();
        }),
        runs(30),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

describe("trees on a network whose target moves", () => {
  test("have branches whose blocks differ in work, so that the longest is not always the best", () => {
    let differing = 0;
    let shorterWins = 0;
    fc.assert(
      fc.property(anyTreeRecipe(3, 16), (recipe) => {
        const tree = growTree(RETARGETING, recipe);
        const bits = new Set(tree.map(({ block }) => block.header.bits));
        const longest = Math.max(...tree.map(({ chain }) => chain.branch.height));
        if (bits.size > 1) differing += 1;
        if (heaviest(tree).every(({ chain }) => chain.branch.height < longest)) shorterWins += 1;
      }),
      runs(150),
    );
    expect(differing).toBeGreaterThan(10);
    expect(shorterWins).toBeGreaterThan(0);
  });
});
