/**
 * The tree of headers: fork points, the active chain, leaves, and medians on any branch.
 *
 * Trees are made by hand; what is valid in them is not this file's business.
 */

import { describe, expect, test } from "bun:test";
import {
  BLOCK_STATUS,
  BlockIndex,
  type BlockIndexEntry,
  forkPoint,
  isInvalid,
  makeEntry,
} from "../../../src/chain/block-index.ts";
import { medianTimePast } from "../../../src/consensus/difficulty.ts";
import { type BlockHash, hashToId } from "../../../src/primitives/hash-id.ts";
import { repeatSeeded, type SeededRandom } from "../../support/random.ts";

let lastId = 0;

function entryAfter(parent: BlockIndexEntry | undefined, time = 0, bits = 0x207fffff) {
  lastId += 1;
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, lastId);
  const hash = hashToId<BlockHash>(bytes);
  const height = parent === undefined ? 0 : parent.height + 1;
  return makeEntry({ id: lastId, hash, height, time, bits, parent, receivedAt: 0, status: 0 });
}

/** `count` entries after `parent`, in order. */
function grow(parent: BlockIndexEntry | undefined, count: number): BlockIndexEntry[] {
  const entries: BlockIndexEntry[] = [];
  for (let index = 0; index < count; index++) entries.push(entryAfter(entries.at(-1) ?? parent));
  return entries;
}

function randomTree(random: SeededRandom, size: number): BlockIndexEntry[] {
  const entries = [entryAfter(undefined)];
  while (entries.length < size)
    entries.push(entryAfter(random.pick(entries), random.below(100_000)));
  return entries;
}

test("C-13: the work of a chain is the sum over its blocks, beyond what a float can hold", () => {
  const genesis = entryAfter(undefined, 0, 0x03000001);
  const child = entryAfter(genesis);
  expect(genesis.chainwork).toBe(1n << 255n);
  expect(child.chainwork).toBe((1n << 255n) + 2n);
  expect(child.chainwork > genesis.chainwork).toBe(true);
  expect(Number(child.chainwork)).toBe(Number(genesis.chainwork));
});

test("a block is invalid by itself or by an ancestor, whether it was connected once or not", () => {
  const withStatus = (status: number) => isInvalid({ ...entryAfter(undefined), status });
  expect(withStatus(0)).toBe(false);
  expect(withStatus(BLOCK_STATUS.connected)).toBe(false);
  expect(withStatus(BLOCK_STATUS.invalid)).toBe(true);
  expect(withStatus(BLOCK_STATUS.invalidAncestor)).toBe(true);
  expect(withStatus(BLOCK_STATUS.connected | BLOCK_STATUS.invalidAncestor)).toBe(true);
});

describe("forkPoint", () => {
  test("is the last common ancestor of any two entries of a tree", () => {
    const ancestorsOf = (entry: BlockIndexEntry) => {
      const all: BlockIndexEntry[] = [];
      for (let at: BlockIndexEntry | undefined = entry; at !== undefined; at = at.parent)
        all.push(at);
      return all;
    };
    repeatSeeded(0xf0, 50, (random) => {
      const tree = randomTree(random, 30);
      const [a, b] = [random.pick(tree), random.pick(tree)];
      const ancestors = new Set(ancestorsOf(a));
      const expected = ancestorsOf(b).find((entry) => ancestors.has(entry));
      expect(forkPoint(a, b)).toBe(expected!);
    });
  });
});

describe("BlockIndex", () => {
  test("has no tip before genesis, and never loses genesis", () => {
    const index = new BlockIndex();
    expect(() => index.tip).toThrow();
    const genesis = entryAfter(undefined);
    index.add(genesis);
    index.pushActive(genesis);
    expect(index.tip).toBe(genesis);
    expect(() => index.popActive()).toThrow();
  });

  test("takes only the next height as the new tip", () => {
    const index = new BlockIndex();
    const [genesis, first, second] = grow(undefined, 3);
    index.pushActive(genesis!);
    expect(() => index.pushActive(second!)).toThrow();
    expect(() => index.pushActive(genesis!)).toThrow();
    index.pushActive(first!);
    expect(index.findActive(1)).toBe(first!);
    expect(index.findActive(2)).toBeUndefined();
    expect(index.isActive(second!)).toBe(false);
  });

  test("knows leaves, and what was connected once and is not any more", () => {
    const index = new BlockIndex();
    const trunk = grow(undefined, 4);
    const side = grow(trunk[1], 3);
    for (const entry of [...trunk, ...side]) index.add(entry);
    for (const entry of trunk) index.pushActive(entry);
    side[0]!.status = BLOCK_STATUS.connected;
    expect(new Set(index.leaves())).toEqual(new Set([trunk[3]!, side[2]!]));
    expect(index.abandonedSince(0)).toEqual([side[0]!]);
    expect(index.abandonedSince(2)).toEqual([]);
    expect(index.size).toBe(7);
  });

  test("gives the median time of a height on the branch asked about, not on the active one", () => {
    repeatSeeded(0xb1, 50, (random) => {
      const index = new BlockIndex();
      const tree = randomTree(random, 60);
      for (const entry of tree) index.add(entry);
      const path: BlockIndexEntry[] = [];
      for (let at: BlockIndexEntry | undefined = random.pick(tree); at; at = at.parent)
        path.push(at);
      for (const entry of path.reverse()) index.pushActive(entry);

      const branch = random.pick(tree);
      let expected: BlockIndexEntry = branch;
      for (let back = random.below(branch.height + 1); back > 0; back--)
        expected = expected.parent!;
      expect(index.medianTimePastAt(branch, expected.height)).toBe(medianTimePast(expected));
    });
  });
});
