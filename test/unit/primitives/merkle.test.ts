/**
 * Merkle trees: the mutation of CVE-2012-2459 is always seen, every true proof verifies, and no
 * forged one does.
 */

import { describe, expect, test } from "bun:test";
import { hash256, sha256 } from "../../../src/crypto/hash.ts";
import { concatBytes, fromHex } from "../../../src/lib/bytes.ts";
import { decodeAll } from "../../../src/lib/codec.ts";
import { decodeBlock } from "../../../src/primitives/block.ts";
import { idToHash } from "../../../src/primitives/hash-id.ts";
import {
  merkleProof,
  merkleRoot,
  rootFromFirstLeaf,
  verifyMerkleProof,
} from "../../../src/primitives/merkle.ts";
import { readRealBlocks } from "../../support/bitcore-vectors.ts";
import { repeatSeeded } from "../../support/random.ts";

const SEED = 20_260_107;

/** Leaves that differ unless their numbers are equal. */
function leavesOf(...numbers: number[]): Uint8Array[] {
  return numbers.map((number) => sha256(Uint8Array.of(number & 0xff, number >> 8)));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** The definition, by recursion: halves of a power of two, the last leaf repeated as needed. */
function modelRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  const width = 2 ** Math.ceil(Math.log2(leaves.length));
  const right = leaves.slice(width / 2);
  return hash256(concatBytes(modelRoot(leaves.slice(0, width / 2)), modelPadded(right, width / 2)));
}

/** The root of `leaves` as a right half of `width`: what is missing repeats what is there. */
function modelPadded(leaves: readonly Uint8Array[], width: number): Uint8Array {
  if (width === 1) return leaves[0] as Uint8Array;
  const half = width / 2;
  const left = modelPadded(leaves.slice(0, half), half);
  const right = leaves.length > half ? modelPadded(leaves.slice(half), half) : left;
  return hash256(concatBytes(left, right));
}

describe("merkleRoot", () => {
  test("is 32 zero bytes for no leaf and the leaf itself for one", () => {
    expect(merkleRoot([])).toEqual({ root: new Uint8Array(32), mutated: false });
    const [leaf] = leavesOf(1);
    expect(merkleRoot([leaf as Uint8Array])).toEqual({ root: leaf as Uint8Array, mutated: false });
  });

  test("is what the headers of real blocks commit to", async () => {
    const blocks = await readRealBlocks();
    expect(blocks).toHaveLength(6);
    for (const { hex } of blocks) {
      const { header, transactions } = decodeAll(fromHex(hex), decodeBlock);
      const { root, mutated } = merkleRoot(transactions.map(({ txid }) => idToHash(txid)));
      expect(root).toEqual(idToHash(header.merkleRoot));
      expect(mutated).toBe(false);
    }
  });

  test("agrees with the definition for every count up to 65", () => {
    for (let count = 1; count <= 65; count++) {
      const leaves = leavesOf(...range(count));
      expect(merkleRoot(leaves)).toEqual({ root: modelRoot(leaves), mutated: false });
    }
  });

  test("leaves its argument alone", () => {
    const leaves = leavesOf(1, 2, 3);
    const copy = leaves.map((leaf) => leaf.slice());
    merkleRoot(leaves);
    expect(leaves).toEqual(copy);
  });

  test("C-02: sees the mutation in [1..6 5 6], whose root is that of [1..6] (CVE-2012-2459)", () => {
    const honest = merkleRoot(leavesOf(1, 2, 3, 4, 5, 6));
    const forged = merkleRoot(leavesOf(1, 2, 3, 4, 5, 6, 5, 6));
    expect(forged.root).toEqual(honest.root);
    expect(honest.mutated).toBe(false);
    expect(forged.mutated).toBe(true);
  });

  test("C-02: sees every repeated tail that leaves the root unchanged, for every count up to 40", () => {
    let forgeries = 0;
    for (let count = 1; count <= 40; count++) {
      const honest = leavesOf(...range(count));
      const { root, mutated } = merkleRoot(honest);
      expect(mutated).toBe(false);
      for (let tail = 1; tail <= count; tail++) {
        const forged = merkleRoot([...honest, ...honest.slice(count - tail)]);
        if (Buffer.compare(forged.root, root) !== 0) continue;
        forgeries++;
        expect(forged.mutated).toBe(true);
      }
    }
    expect(forgeries).toBeGreaterThan(30);
  });

  test("takes two equal neighbours for a mutation wherever they stand, as Bitcoin Core does", () => {
    expect(merkleRoot(leavesOf(1, 1, 2, 3)).mutated).toBe(true);
    expect(merkleRoot(leavesOf(1, 2, 1, 2, 3, 4, 5, 6)).mutated).toBe(true);
    expect(merkleRoot(leavesOf(1, 2, 2, 3)).mutated).toBe(false);
  });

  test("C-02: has no two lists with one root of which neither is mutated", () => {
    const seen = new Map<string, string>();
    repeatSeeded(SEED, 3000, (random) => {
      const list = Array.from({ length: 1 + random.below(9) }, () => 1 + random.below(4));
      const { root, mutated } = merkleRoot(leavesOf(...list));
      if (mutated) return;
      const other = seen.get(root.toHex());
      expect(other ?? list.join()).toBe(list.join());
      seen.set(root.toHex(), list.join());
    });
    expect(seen.size).toBeGreaterThan(500);
  });
});

describe("merkleProof and verifyMerkleProof", () => {
  test("prove every leaf of every count up to 33", () => {
    for (let count = 1; count <= 33; count++) {
      const leaves = leavesOf(...range(count));
      const { root } = merkleRoot(leaves);
      for (const [index, leaf] of leaves.entries()) {
        const siblings = merkleProof(leaves, index);
        expect(siblings).toHaveLength(Math.ceil(Math.log2(count)));
        expect(verifyMerkleProof(leaf, index, count, siblings, root)).toBe(true);
      }
    }
  });

  test("have no proof for a leaf that is not there", () => {
    const leaves = leavesOf(1, 2, 3);
    for (const index of [-1, 3, 0.5, Number.NaN]) {
      expect(() => merkleProof(leaves, index)).toThrow(RangeError);
    }
    expect(() => merkleProof([], 0)).toThrow(RangeError);
  });

  test("refuse another leaf, index, root and sibling", () => {
    repeatSeeded(SEED, 300, (random) => {
      const count = 2 + random.below(20);
      const leaves = leavesOf(...range(count));
      const { root } = merkleRoot(leaves);
      const index = random.below(count);
      const leaf = leaves[index] as Uint8Array;
      const siblings = merkleProof(leaves, index);
      const turned = (bytes: Uint8Array) => bytes.with(random.below(32), random.u32() & 0xff);
      const level = random.below(siblings.length);

      const forgedLeaf = turned(leaf);
      const forgedRoot = turned(root);
      const forgedSibling = turned(siblings[level] as Uint8Array);
      const verify = (l: Uint8Array, s: Uint8Array[], r: Uint8Array) =>
        verifyMerkleProof(l, index, count, s, r);
      expect(verify(forgedLeaf, siblings, root)).toBe(forgedLeaf.toHex() === leaf.toHex());
      expect(verify(leaf, siblings, forgedRoot)).toBe(forgedRoot.toHex() === root.toHex());
      expect(verify(leaf, siblings.with(level, forgedSibling), root)).toBe(
        forgedSibling.toHex() === (siblings[level] as Uint8Array).toHex(),
      );
      for (let other = 0; other < count; other++) {
        if (other === index) continue;
        expect(verifyMerkleProof(leaf, other, count, siblings, root)).toBe(false);
      }
    });
  });

  test("C-19: refuse a proof with a sibling more, one less, and those in another order", () => {
    const leaves = leavesOf(...range(7));
    const { root } = merkleRoot(leaves);
    for (const [index, leaf] of leaves.entries()) {
      const siblings = merkleProof(leaves, index);
      const verify = (others: Uint8Array[]) => verifyMerkleProof(leaf, index, 7, others, root);
      expect(verify([...siblings, leaf])).toBe(false);
      expect(verify([leaf, ...siblings])).toBe(false);
      expect(verify(siblings.slice(1))).toBe(false);
      expect(verify(siblings.slice(0, -1))).toBe(false);
      expect(verify(siblings.toReversed())).toBe(false);
      expect(verify([])).toBe(false);
    }
  });

  test("refuse indices outside the tree, and the index that only a repeated leaf has", () => {
    const leaves = leavesOf(1, 2, 3);
    const { root } = merkleRoot(leaves);
    const last = leaves[2] as Uint8Array;
    const siblings = merkleProof(leaves, 2);
    for (const index of [-1, 3, 4, 2.5, 2 ** 32 + 2, Number.NaN, Infinity]) {
      expect(verifyMerkleProof(last, index, 3, siblings, root)).toBe(false);
    }
    expect(verifyMerkleProof(root, 0, 0, [], root)).toBe(false);
  });

  test("C-19: refuse a proof for a tree of any other count", () => {
    for (let count = 1; count <= 17; count++) {
      const leaves = leavesOf(...range(count));
      const { root } = merkleRoot(leaves);
      const last = leaves.at(-1) as Uint8Array;
      const siblings = merkleProof(leaves, count - 1);
      for (let other = 0; other <= 40; other++) {
        const verdict = verifyMerkleProof(last, count - 1, other, siblings, root);
        // Where the last leaf has a neighbour on every level, further leaves could not be told.
        if (verdict) expect(Math.ceil(Math.log2(other))).toBe(Math.ceil(Math.log2(count)));
        if (other < count) expect(verdict).toBe(false);
      }
    }
    const [leaf] = leavesOf(1) as [Uint8Array];
    expect(verifyMerkleProof(leaf, 0, 1, [leaf], hash256(concatBytes(leaf, leaf)))).toBe(false);
    const four = leavesOf(1, 2, 3, 4);
    const third = four[2] as Uint8Array;
    expect(verifyMerkleProof(third, 2, 3, merkleProof(four, 2), merkleRoot(four).root)).toBe(false);
  });

  test("refuse the copy of a lone last leaf as one more leaf (CVE-2012-2459)", () => {
    for (const count of [3, 5, 6, 7, 11]) {
      const leaves = leavesOf(...range(count));
      const { root } = merkleRoot(leaves);
      const doubled = [...leaves, ...leaves.slice(count % 2 === 0 ? -2 : -1)];
      expect(merkleRoot(doubled).root).toEqual(root);
      for (let index = count; index < doubled.length; index++) {
        const copy = doubled[index] as Uint8Array;
        const siblings = merkleProof(doubled, index);
        expect(verifyMerkleProof(copy, index, doubled.length, siblings, root)).toBe(false);
        expect(verifyMerkleProof(copy, index, count, siblings, root)).toBe(false);
      }
    }
  });

  test("C-19: refuse an inner node as a leaf (CVE-2017-12842)", () => {
    const leaves = leavesOf(...range(8));
    const { root } = merkleRoot(leaves);
    const inner = hash256(concatBytes(leaves[0] as Uint8Array, leaves[1] as Uint8Array));
    const siblings = merkleProof(leaves, 0).slice(1);
    expect(verifyMerkleProof(inner, 0, 8, siblings, root)).toBe(false);

    // A 64-byte transaction is its own pair of hashes: its halves would be leaves one level down.
    const below = [leaves[1] as Uint8Array, ...merkleProof(leaves, 0).slice(1)];
    const half = leaves[0] as Uint8Array;
    expect(verifyMerkleProof(half, 0, 8, [...below, root], root)).toBe(false);
    expect(verifyMerkleProof(half, 0, 4, below, root)).toBe(false);
    expect(verifyMerkleProof(half, 0, 16, below, root)).toBe(false);
  });

  test("refuse hashes that have not 32 bytes, whatever was hashed before", () => {
    const leaves = leavesOf(1, 2);
    const [left, right] = leaves as [Uint8Array, Uint8Array];
    const { root } = merkleRoot(leaves);
    for (const length of [0, 1, 31, 33, 64]) {
      const resized = new Uint8Array(length);
      resized.set(right.subarray(0, Math.min(32, length)));
      expect(verifyMerkleProof(left, 0, 2, [right], root)).toBe(true);
      expect(verifyMerkleProof(left, 0, 2, [resized], root)).toBe(false);
      expect(verifyMerkleProof(resized, 1, 2, [left], root)).toBe(false);
      expect(verifyMerkleProof(resized, 0, 1, [], resized)).toBe(false);
    }
  });
});

describe("rootFromFirstLeaf", () => {
  test("leads another first leaf to the root of the list that begins with it", () => {
    const [other] = leavesOf(999) as [Uint8Array];
    for (let count = 1; count <= 33; count++) {
      const leaves = leavesOf(...range(count));
      const siblings = merkleProof(leaves, 0);
      expect(rootFromFirstLeaf(leaves[0]!, siblings)).toEqual(merkleRoot(leaves).root);
      const { root } = merkleRoot([other, ...leaves.slice(1)]);
      // A lone leaf is its own sibling, and so there is none to begin with.
      expect(rootFromFirstLeaf(other, siblings)).toEqual(root);
    }
  });
});
