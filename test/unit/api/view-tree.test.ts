/**
 * The tree of blocks as the API gives it: which blocks, in which order, and what is left out.
 */

import { describe, expect, test } from "bun:test";
import { MAX_TREE_BLOCKS } from "../../../src/api/chain-schemas.ts";
import { viewTree } from "../../../src/api/view-tree.ts";
import { ANYONE, chainOf, QUICK, spend, TestNode } from "../../support/chain-builder.ts";

describe("viewTree", () => {
  test("shows genesis alone at height 0", () => {
    const { chain } = new TestNode(QUICK);
    const { blocks, ...rest } = viewTree(chain, 50);
    expect(rest).toEqual({ height: 0, tip: chain.tip.hash, from: 0, omitted: 0 });
    expect(blocks).toMatchObject([{ height: 0, status: "active", reason: null }]);
  });

  test("has what breaks a rule with its reason, and branches that are higher than the tip", () => {
    const trunk = chainOf(4, QUICK);
    const node = new TestNode(QUICK).follow(trunk);
    const bad = trunk.fork(1);
    const theft = spend([trunk.coinbaseCoin(1)], { fee: -1, script: ANYONE });
    bad.mine({ transactions: [theft] }).mine(1);
    for (const block of bad.after(3)) node.chain.submitBlock(block);
    const { blocks, height } = viewTree(node.chain, 2);
    expect(height).toBe(4);
    expect(blocks.map((block) => [block.height, block.status, block.reason?.code])).toEqual([
      [5, "invalid", undefined],
      [4, "active", undefined],
      [4, "invalid", "bad-txns-in-belowout"],
      [3, "active", undefined],
    ]);
  });

  test("leaves out the lowest of too many rivals and says so", () => {
    const trunk = chainOf(3, QUICK);
    const node = new TestNode(QUICK).follow(trunk);
    const rivals = MAX_TREE_BLOCKS + 10;
    for (let index = 0; index < rivals; index++) {
      node.chain.submitBlock(trunk.fork(2).make());
    }
    node.chain.submitBlock(trunk.fork(1).make());
    const { blocks, omitted } = viewTree(node.chain, 3);
    expect(blocks).toHaveLength(MAX_TREE_BLOCKS);
    expect(omitted).toBe(rivals + 4 - MAX_TREE_BLOCKS);
    expect(blocks.filter(({ status }) => status === "active")).toHaveLength(3);
    expect(blocks.slice(0, 3).map(({ height }) => height)).toEqual([3, 3, 2]);
  });
});
