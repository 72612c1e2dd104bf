/**
 * The order in which waiting transactions are listed, page by page, and which block would hold each.
 */

import { describe, expect, test } from "bun:test";
import { MempoolViewer } from "../../../src/api/view-mempool.ts";
import { parseCursor } from "../../../src/lib/paging.ts";
import type { MempoolEntry } from "../../../src/mempool/mempool-entry.ts";
import { MempoolHarness, outputOf, spend } from "../../support/mempool-harness.ts";

const VALUE = 10_000_000;

/** Of a transaction of one input and one output. */
const VIRTUAL_SIZE = 96;
const WEIGHT = 381;

const FIRST = [Number.MAX_SAFE_INTEGER, 0];

/** A mempool whose transactions pay these fees, before blocks that hold two of them. */
function viewerOf(...fees: number[]) {
  const params = { maxBlockWeight: 4_000 + 2 * WEIGHT, maxBlockSigopCost: 80_000 };
  const world = new MempoolHarness();
  for (const fee of fees) world.accept(spend([world.chain.fund(VALUE)], { fee }));
  const viewer = new MempoolViewer({ mempool: world.mempool, params: params as never });
  return { world, viewer };
}

describe("MempoolViewer", () => {
  test("lists the highest feerate first, and the older of equals", () => {
    const { viewer, world } = viewerOf(100, 900, 500, 500);
    const { rows, next } = viewer.ranked(10, FIRST);
    expect(rows.map(({ fee, block }) => [fee, block])).toEqual([
      [900, 1],
      [500, 1],
      [500, 2],
      [100, 2],
    ]);
    const equals = [...world.mempool.entries()].filter(({ fee }) => fee === 500);
    expect(rows.slice(1, 3).map(({ txid }) => txid)).toEqual(equals.map(({ tx }) => tx.txid));
    expect(next).toBeNull();
  });

  test("pages hold every transaction once, however many are equal", () => {
    const fees = Array.from({ length: 2_500 }, (_, index) => 200 + (index % 7));
    const { viewer, world } = viewerOf(...fees);
    const found: string[] = [];
    const seen: number[] = [];
    for (let cursor: string | null = FIRST.join(":"); cursor !== null; ) {
      const { rows, next } = viewer.ranked(100, parseCursor(cursor, FIRST));
      found.push(...rows.map(({ txid }) => txid));
      seen.push(...rows.map(({ fee }) => fee));
      cursor = next;
    }
    expect(new Set(found).size).toBe(world.mempool.count);
    expect(found).toHaveLength(world.mempool.count);
    expect(seen).toEqual(fees.toSorted((a, b) => b - a));
  });

  test("the list by arrival has the newest first, beyond what is sorted at once, too", () => {
    const { viewer } = viewerOf(...Array.from({ length: 1_500 }, (_, index) => 200 + index));
    const first = viewer.list(3, Number.MAX_SAFE_INTEGER);
    expect(first.rows.map(({ fee }) => fee)).toEqual([1_699, 1_698, 1_697]);
    const second = viewer.list(2, Number(first.next));
    expect(second.rows.map(({ fee }) => fee)).toEqual([1_696, 1_695]);
  });

  test("tells the blocks to come, six at most, and who is beyond them", () => {
    const { viewer } = viewerOf(...Array.from({ length: 13 }, (_, index) => 1_000 - index));
    const { blocks, nextBlock } = viewer.summary();
    expect(blocks.map(({ count }) => count)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(blocks[0]).toEqual(nextBlock);
    const { rows } = viewer.ranked(100, FIRST);
    expect(rows.map(({ block }) => block)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, null]);
  });

  test("a parent is in the block of the child that pays for it", () => {
    const { world, viewer } = viewerOf(5 * VIRTUAL_SIZE, 5 * VIRTUAL_SIZE);
    const parent = world.accept(spend([world.chain.fund(VALUE)], { fee: VIRTUAL_SIZE }));
    const child = world.accept(spend([outputOf(parent)], { fee: 40 * VIRTUAL_SIZE }));
    const { ancestors, descendants, transaction } = viewer.family(entryOf(world, parent.txid));
    expect([transaction.block, ancestors]).toEqual([1, []]);
    expect(descendants.map(({ txid, block }) => [txid, block])).toEqual([[child.txid, 1]]);
    const family = viewer.family(entryOf(world, child.txid));
    expect(family.ancestors.map(({ txid }) => txid)).toEqual([parent.txid]);
    expect(viewer.ranked(10, FIRST).rows.at(-1)).toMatchObject({ txid: parent.txid, block: 1 });
  });
});

function entryOf(world: MempoolHarness, txid: string): MempoolEntry {
  return world.mempool.find(txid as never) as MempoolEntry;
}
