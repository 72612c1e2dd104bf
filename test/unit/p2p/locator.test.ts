/**
 * Locators, and what is told to whoever sends one.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BlockIndex } from "../../../src/chain/block-index.ts";
import { HeaderTree } from "../../../src/p2p/header-tree.ts";
import { buildLocator, headersAfter } from "../../../src/p2p/locator.ts";
import { type BlockHash, ZERO_HASH } from "../../../src/primitives/hash-id.ts";
import { MAX_HEADERS, MAX_LOCATOR_HASHES } from "../../../src/wire/header-messages.ts";
import { REGTEST } from "../../support/chain-builder.ts";
import { HeaderChain } from "../../support/header-chain.ts";

const MAIN = new HeaderChain(REGTEST).mine(2_500);
const INDEX = MAIN.activate(new BlockIndex());
const UNKNOWN = "ab".repeat(32) as BlockHash;

/** Heights of the active chain that a locator names. */
function heightsOf(locator: readonly BlockHash[], index: BlockIndex): number[] {
  return locator.map((hash) => index.find(hash)!.height);
}

/** Heights that are told. */
function told(locator: readonly BlockHash[], stopHash: BlockHash = ZERO_HASH): number[] {
  return headersAfter(locator, stopHash, INDEX).map(({ height }) => height);
}

describe("buildLocator", () => {
  test("takes ten steps of one, then doubles them, and ends at genesis", () => {
    const heights = heightsOf(buildLocator(INDEX.tip, INDEX), INDEX);
    expect(heights).toEqual([
      ...[2500, 2499, 2498, 2497, 2496, 2495, 2494, 2493, 2492, 2491, 2490, 2489],
      ...[2487, 2483, 2475, 2459, 2427, 2363, 2235, 1979, 1467, 443, 0],
    ]);
  });

  test("of genesis alone is genesis", () => {
    expect(buildLocator(INDEX.findActive(0)!, INDEX)).toEqual([MAIN.hashAt(0)]);
  });

  test("of headers without blocks follows their own branch", () => {
    const index = new BlockIndex();
    MAIN.fork(100, 0).activate(index);
    const branch = MAIN.fork(50, 9).mine(60);
    const now = () => (REGTEST.genesis.header.time + 1_000_000) * 1000;
    const tree = new HeaderTree({ index, params: REGTEST.params, now });
    tree.accept(branch.slice(1), 1);
    const locator = buildLocator(tree.bestOf(1)!, index);
    const heights = locator.map((hash) => tree.find(hash)!.height);
    expect(heights[0]).toBe(110);
    expect(locator).toEqual(heights.map((height) => branch.hashAt(height)));
  });

  test("fits into a message at any height", () => {
    expect(buildLocator(INDEX.tip, INDEX).length).toBeLessThan(MAX_LOCATOR_HASHES);
  });
});

describe("headersAfter", () => {
  test("tells what follows the first hash that is on our chain, 2,000 at most", () => {
    expect(told([MAIN.hashAt(2_490)])).toEqual([
      2491, 2492, 2493, 2494, 2495, 2496, 2497, 2498, 2499, 2500,
    ]);
    expect(told([UNKNOWN, MAIN.hashAt(2_498), MAIN.hashAt(1)])).toEqual([2499, 2500]);
    expect(told([MAIN.tipHash])).toEqual([]);
    const all = told([MAIN.hashAt(0)]);
    expect([all.length, all[0], all.at(-1)]).toEqual([MAX_HEADERS, 1, 2_000]);
  });

  test("starts after genesis if nothing is known, and stops where told", () => {
    expect(told([UNKNOWN], MAIN.hashAt(3))).toEqual([1, 2, 3]);
    expect(told([MAIN.hashAt(5)], MAIN.hashAt(3)).length).toBe(MAX_HEADERS);
    expect(told([MAIN.hashAt(2_499)], UNKNOWN)).toEqual([2_500]);
  });

  test("an empty locator asks for one block, and gets it if it is on our chain", () => {
    expect(told([], MAIN.hashAt(7))).toEqual([7]);
    expect(told([], UNKNOWN)).toEqual([]);
  });

  test("P-41: tells nothing of blocks off our chain", () => {
    const index = new BlockIndex();
    MAIN.fork(20, 0).activate(index);
    const side = MAIN.fork(10, 5).mine(3);
    side.store(index);
    expect(headersAfter([], side.tipHash, index)).toEqual([]);
    const after = headersAfter([side.tipHash, side.hashAt(10)], ZERO_HASH, index);
    expect(after.map(({ height }) => height)[0]).toBe(11);
    expect(after.every((entry) => index.isActive(entry))).toBe(true);
  });

  test("P-03: looks at 101 hashes and no more", () => {
    const locator = new Array<BlockHash>(MAX_LOCATOR_HASHES).fill(UNKNOWN);
    expect(told([...locator.slice(1), MAIN.hashAt(2_499)])).toEqual([2_500]);
    expect(told([...locator, MAIN.hashAt(2_499)])[0]).toBe(1);
  });

  test("leads two nodes to all that one has and the other lacks, wherever they fork", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 300 }),
        fc.nat({ max: 40 }),
        fc.nat({ max: 300 }),
        (at, ours, theirs) => {
          const trunk = MAIN.fork(at, 0);
          const asker = trunk.fork(at, 1).mine(ours).activate(new BlockIndex());
          const other = trunk.fork(at, 2);
          other.mine(theirs);
          const teller = other.activate(new BlockIndex());
          const answer = headersAfter(buildLocator(asker.tip, asker), ZERO_HASH, teller);
          const hashes = new Set(answer.map(({ hash }) => hash));
          for (let height = at + 1; height <= other.height; height++) {
            expect(hashes.has(other.hashAt(height))).toBe(true);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
