/**
 * Bitcoin's Merkle tree, and proofs that a transaction is in it.
 *
 * An odd level repeats its last hash, so some different lists share one root (CVE-2012-2459):
 *
 *        root              [1 2 3] and [1 2 3 3] give the same root, since the lone 3 is paired
 *       /    \             with itself. A forger can thus give an honest block's hash a false
 *     12      33           body. The root is computed here together with whether any level pairs
 *    /  \    /  \          two equal hashes that were both really there; a body like that is
 *   1    2  3   (3)        refused without being held against the block's hash.
 */

import { hash256 } from "../crypto/hash.ts";
import { equalBytes } from "../lib/bytes.ts";

/** A root, and whether the list could be one that was doubled at its end. */
export interface MerkleResult {
  readonly root: Uint8Array;
  readonly mutated: boolean;
}

/** Returns the root of `leaves` (32 bytes each, wire order); 32 zero bytes for none. */
export function merkleRoot(leaves: readonly Uint8Array[]): MerkleResult {
  let level: readonly Uint8Array[] = leaves;
  let mutated = false;
  while (level.length > 1) {
    const parents: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const left = level[index] as Uint8Array;
      const right = level[index + 1];
      if (right !== undefined && equalBytes(left, right)) mutated = true;
      parents.push(hashPair(left, right ?? left));
    }
    level = parents;
  }
  return { root: level[0] ?? new Uint8Array(32), mutated };
}

/**
 * Returns the siblings, from the leaf's level upward, that lead from `leaves[index]` to the root.
 * RangeError if there is no such leaf.
 */
export function merkleProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
    throw new RangeError(`no leaf ${index} among ${leaves.length}`);
  }

  const siblings: Uint8Array[] = [];
  let level: readonly Uint8Array[] = leaves;
  let position = index;
  while (level.length > 1) {
    siblings.push(level[position ^ 1] ?? (level[position] as Uint8Array));
    const parents: Uint8Array[] = [];
    for (let left = 0; left < level.length; left += 2) {
      const node = level[left] as Uint8Array;
      parents.push(hashPair(node, level[left + 1] ?? node));
    }
    level = parents;
    position >>>= 1;
  }
  return siblings;
}

/**
 * True if `siblings` lead from `leaf` at `index` to `root` in a tree of exactly `leafCount` leaves.
 * Knowing the count fixes the depth, so an inner node cannot pass for a leaf (CVE-2017-12842).
 */
export function verifyMerkleProof(
  leaf: Uint8Array,
  index: number,
  leafCount: number,
  siblings: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= leafCount) return false;
  // A shorter hash would leave bytes of the one before it in the buffer that pairs are hashed from.
  if (leaf.length !== 32 || siblings.some(({ length }) => length !== 32)) return false;

  let hash = leaf;
  let position = index;
  let width = leafCount;
  for (const sibling of siblings) {
    if (width <= 1) return false;
    // A node without a neighbour is paired with itself, and no other may be (CVE-2012-2459).
    const isAlone = position === width - 1 && position % 2 === 0;
    if (isAlone !== equalBytes(sibling, hash)) return false;
    hash = position % 2 === 0 ? hashPair(hash, sibling) : hashPair(sibling, hash);
    position >>>= 1;
    width = (width + 1) >>> 1;
  }
  return width === 1 && equalBytes(hash, root);
}

/** Returns the root that `siblings` lead to from the leaf at index 0: all of them stand right. */
export function rootFromFirstLeaf(leaf: Uint8Array, siblings: readonly Uint8Array[]): Uint8Array {
  return siblings.reduce((hash, sibling) => hashPair(hash, sibling), leaf);
}

const pair = new Uint8Array(64);

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  pair.set(left, 0);
  pair.set(right, 32);
  return hash256(pair);
}
