/**
 * Blocks to come, the spread of feerates, and what to pay.
 */

import { describe, expect, test } from "bun:test";
import { estimateFees } from "../../../src/mempool/fee-estimate.ts";
import { feerateHistogram, projectBlocks } from "../../../src/mempool/project-blocks.ts";
import { MempoolHarness, outputOf, spend } from "../../support/mempool-harness.ts";

const VALUE = 10_000_000;
const WEIGHT = 381;

/** Blocks that hold two transactions of one input and one output. */
const SMALL_BLOCKS = { maxBlockWeight: 4_000 + 2 * WEIGHT, maxBlockSigopCost: 80_000 };
const REAL_BLOCKS = { maxBlockWeight: 4_000_000, maxBlockSigopCost: 80_000 };

/** A mempool whose transactions of 96 vbytes pay these feerates. */
function worldPaying(...feerates: number[]): MempoolHarness {
  const world = new MempoolHarness();
  for (const feerate of feerates)
    world.accept(spend([world.chain.fund(VALUE)], { fee: 96 * feerate }));
  return world;
}

describe("projectBlocks", () => {
  test("fills one block after the other with the best that is left", () => {
    const { mempool } = worldPaying(1, 5, 2, 4, 3);
    const blocks = projectBlocks(mempool, 10, SMALL_BLOCKS);
    const feerates = blocks.map(({ entries }) => entries.map(({ fee }) => fee / 96));
    expect(feerates).toEqual([[5, 4], [3, 2], [1]]);
    expect(blocks.map(({ entries: _, ...figures }) => figures)).toEqual([
      { count: 2, weight: 2 * WEIGHT, fees: 96 * 9, minFeerate: 4, bestFeerateLeft: 3 },
      { count: 2, weight: 2 * WEIGHT, fees: 96 * 5, minFeerate: 2, bestFeerateLeft: 1 },
      { count: 1, weight: WEIGHT, fees: 96, minFeerate: 1, bestFeerateLeft: 0 },
    ]);
    expect(projectBlocks(mempool, 1, SMALL_BLOCKS)).toHaveLength(1);
  });

  test("gives no block for an empty mempool", () => {
    expect(projectBlocks(worldPaying().mempool, 3, REAL_BLOCKS)).toEqual([]);
  });

  test("keeps a package that does not fit for the next block", () => {
    const world = worldPaying(9);
    const parent = world.accept(spend([world.chain.fund(VALUE)], { fee: 96 }));
    world.accept(spend([outputOf(parent)], { fee: 96 * 9 }));
    const blocks = projectBlocks(world.mempool, 3, SMALL_BLOCKS);
    expect(blocks.map(({ count }) => count)).toEqual([2, 1]);
  });
});

describe("projectBlocks with families", () => {
  test("ranks a child whose parent is in an earlier block by its own feerate", () => {
    const world = worldPaying(4, 3);
    const parent = world.accept(spend([world.chain.fund(VALUE)], { fee: 96 * 9, outputs: 2 }));
    world.accept(spend([outputOf(parent)], { fee: 450, outputs: 4 }));
    const roomForParent = { ...SMALL_BLOCKS, maxBlockWeight: 4_000 + parent.weight };
    const [first, second] = projectBlocks(world.mempool, 2, roomForParent);
    expect(first).toMatchObject({ count: 1, fees: 96 * 9, bestFeerateLeft: 4 });
    expect(second).toMatchObject({ count: 1, fees: 96 * 4 });
  });
});

describe("estimateFees", () => {
  test("asks for the minimum when all fits, and when there is nothing", () => {
    const minimum = { minFeerate: 1, feerates: { 1: 1, 3: 1, 6: 1 } };
    expect(estimateFees(worldPaying().mempool, REAL_BLOCKS)).toEqual(minimum);
    expect(estimateFees(worldPaying(50, 2).mempool, REAL_BLOCKS)).toEqual(minimum);
  });

  test("outbids the best that is left out", () => {
    const { mempool } = worldPaying(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2);
    expect(estimateFees(mempool, SMALL_BLOCKS)).toEqual({
      minFeerate: 1,
      feerates: { 1: 13.001, 3: 9.001, 6: 3.001 },
    });
  });

  test("never goes below what is relayed", () => {
    const world = new MempoolHarness({ policy: { minRelayFeerate: 2.5 } });
    expect(estimateFees(world.mempool, REAL_BLOCKS).feerates).toEqual({ 1: 2.5, 3: 2.5, 6: 2.5 });
  });

  test("never falls as one wants to be faster", () => {
    const { mempool } = worldPaying(...Array.from({ length: 20 }, (_, n) => 1 + ((7 * n) % 20)));
    const { feerates } = estimateFees(mempool, SMALL_BLOCKS);
    expect(feerates[1]).toBeGreaterThanOrEqual(feerates[3]);
    expect(feerates[3]).toBeGreaterThanOrEqual(feerates[6]);
  });
});

describe("feerateHistogram", () => {
  test("counts every transaction once, at, below and above a bound", () => {
    const world = worldPaying(2, 10, 5_000);
    world.accept(spend([world.chain.fund(VALUE)], { fee: 10 * 96 - 1 }));
    world.accept(spend([world.chain.fund(VALUE)], { fee: 10 * 96 + 1 }));
    const filled = feerateHistogram(world.mempool).filter(({ count }) => count > 0);
    expect(filled).toEqual([
      { from: 2, to: 3, count: 1, size: 96, fees: 192 },
      { from: 8, to: 10, count: 1, size: 96, fees: 959 },
      { from: 10, to: 12, count: 2, size: 192, fees: 960 + 961 },
      { from: 1_000, to: undefined, count: 1, size: 96, fees: 480_000 },
    ]);
  });
});
