/**
 * Partial trees of real blocks (BIP-0037): the root in the header is reached from what is known, and
 * every transaction that they are about has a proof by our own rules.
 */

import { expect, test } from "bun:test";
import { hash256 } from "../../../src/crypto/hash.ts";
import { concatBytes, toHex } from "../../../src/lib/bytes.ts";
import { verifyMerkleProof } from "../../../src/primitives/merkle.ts";
import { type PartialMerkleTree, readMerkleBlocks } from "../../support/bitcore-vectors.ts";
import { reportCases } from "../../support/report-cases.ts";

/** What a partial tree says: hashes by level (0: leaves) and position, and the matched leaves. */
interface KnownTree {
  readonly nodes: ReadonlyMap<string, Uint8Array>;
  readonly matched: readonly number[];
  readonly depth: number;
}

test("partial trees of real blocks lead to the root, and prove what they are about", async () => {
  const trees = await readMerkleBlocks();
  const counts = { trees: trees.length, transactions: 0, proofs: 0 };
  for (const tree of trees) {
    const { nodes, matched, depth } = knownPart(tree);
    expect(toHex(nodes.get(`${depth}/0`)!)).toBe(toHex(tree.merkleRoot));
    counts.transactions += tree.transactions;

    for (const index of matched) {
      counts.proofs++;
      const leaf = nodes.get(`0/${index}`)!;
      const siblings = siblingsOf(nodes, index, depth);
      const prove = (at: number) =>
        verifyMerkleProof(leaf, at, tree.transactions, siblings, tree.merkleRoot);
      expect(prove(index)).toBe(true);
      expect(depth === 0 || !prove(index ^ 1)).toBe(true);
    }
  }
  reportCases("merkleblocks.js", counts, {
    trees: 4,
    transactions: 4_476,
    proofs: 229,
  });
});

/** Walks the tree depth first, as BIP-0037 wrote it. */
function knownPart({ transactions, hashes, flags }: PartialMerkleTree): KnownTree {
  const nodes = new Map<string, Uint8Array>();
  const matched: number[] = [];
  const width = (level: number) => Math.ceil(transactions / 2 ** level);
  let depth = 0;
  while (width(depth) > 1) depth++;

  let bits = 0;
  let used = 0;
  const visit = (level: number, position: number): Uint8Array => {
    const hasMatch = (((flags[bits >> 3] as number) >> (bits & 7)) & 1) === 1;
    bits++;
    let hash: Uint8Array;
    if (level === 0 || !hasMatch) {
      hash = hashes[used++] as Uint8Array;
      if (level === 0 && hasMatch) matched.push(position);
    } else {
      const left = visit(level - 1, 2 * position);
      const hasRight = 2 * position + 1 < width(level - 1);
      hash = hash256(concatBytes(left, hasRight ? visit(level - 1, 2 * position + 1) : left));
    }
    nodes.set(`${level}/${position}`, hash);
    return hash;
  };
  visit(depth, 0);
  expect(used).toBe(hashes.length);
  expect(Math.ceil(bits / 8)).toBe(flags.length);
  return { nodes, matched, depth };
}

function siblingsOf(
  nodes: ReadonlyMap<string, Uint8Array>,
  index: number,
  depth: number,
): Uint8Array[] {
  return Array.from({ length: depth }, (_, level) => {
    const position = index >> level;
    const own = nodes.get(`${level}/${position}`) as Uint8Array;
    return nodes.get(`${level}/${position ^ 1}`) ?? own;
  });
}
