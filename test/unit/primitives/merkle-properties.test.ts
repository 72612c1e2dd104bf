/**
 * Merkle trees of any shape: two lists with one root are told apart by the mutation that is reported,
 * and of all proofs only the true one is believed.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { hash256, sha256 } from "../../../src/crypto/hash.ts";
import { concatBytes, toHex } from "../../../src/lib/bytes.ts";
import {
  merkleProof,
  merkleRoot,
  rootFromFirstLeaf,
  verifyMerkleProof,
} from "../../../src/primitives/merkle.ts";
import { ANY_HASH, damaged } from "../../support/arbitraries.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";

/** Leaves that differ exactly where their numbers do. */
function leavesOf(numbers: readonly number[]): Uint8Array[] {
  return numbers.map((number) => sha256(Uint8Array.of(number & 0xff, number >>> 8)));
}

function distinctLeaves(count: number): Uint8Array[] {
  return leavesOf(Array.from({ length: count }, (_, index) => index));
}

/** The root by its definition: each level is paired, a lone last one with itself. */
function definedRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!;
  const pairs = Array.from({ length: Math.ceil(leaves.length / 2) }, (_, index) => {
    const left = leaves[2 * index]!;
    return hash256(concatBytes(left, leaves[2 * index + 1] ?? left));
  });
  return definedRoot(pairs);
}

describe("merkleRoot", () => {
  test(
    "C-02: reports every suffix that is repeated with an equal root, up to 70 leaves, twice over",
    () => {
      let forgeries = 0;
      for (let count = 1; count <= 70; count++) {
        const honest = distinctLeaves(count);
        const { root, mutated } = merkleRoot(honest);
        expect(mutated).toBe(false);
        for (let tail = 1; tail <= count; tail++) {
          const once = [...honest, ...honest.slice(count - tail)];
          for (const forged of [once, [...once, ...once.slice(-tail)], [...once, ...once]]) {
            const result = merkleRoot(forged);
            if (toHex(result.root) !== toHex(root)) continue;
            forgeries += 1;
            expect(result.mutated).toBe(true);
          }
        }
      }
      // For each count that is no power of two there is one at least.
      expect(forgeries).toBeGreaterThan(70 - 7);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("is the defined one, and mutated exactly if a level pairs two equal nodes", () => {
    const numbers = fc.array(fc.nat(3), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(numbers, (list) => {
        const leaves = leavesOf(list);
        const { root, mutated } = merkleRoot(leaves);
        expect(toHex(root)).toBe(toHex(definedRoot(leaves)));
        expect(mutated).toBe(pairsEquals(leaves));
      }),
      runs(1_000),
    );
  });

  test(
    "C-02: is shared by no two different lists of which none is reported",
    () => {
      const seen = new Map<string, string>();
      const numbers = fc.array(fc.nat(2), { minLength: 1, maxLength: 12 });
      fc.assert(
        fc.property(numbers, (list) => {
          const { root, mutated } = merkleRoot(leavesOf(list));
          if (mutated) return;
          const other = seen.get(toHex(root)) ?? list.join();
          expect(other).toBe(list.join());
          seen.set(toHex(root), other);
        }),
        runs(3_000),
      );
      expect(seen.size).toBeGreaterThan(100);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("leads from the first leaf up the branch that templates hand out", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), ANY_HASH, (count, first) => {
        const leaves = [first, ...distinctLeaves(count).slice(1)];
        const branch = merkleProof(leaves, 0);
        expect(rootFromFirstLeaf(first, branch)).toEqual(merkleRoot(leaves).root);
      }),
      runs(200),
    );
  });
});

/** True if some level has two neighbours, both really there, that are equal. */
function pairsEquals(leaves: readonly Uint8Array[]): boolean {
  if (leaves.length < 2) return false;
  const isPair = (index: number) =>
    index + 1 < leaves.length && toHex(leaves[index]!) === toHex(leaves[index + 1]!);
  const pairs = Array.from({ length: Math.ceil(leaves.length / 2) }, (_, index) => 2 * index);
  if (pairs.some(isPair)) return true;
  return pairsEquals(
    pairs.map((index) => hash256(concatBytes(leaves[index]!, leaves[index + 1] ?? leaves[index]!))),
  );
}

describe("verifyMerkleProof", () => {
  const PLACE = fc
    .integer({ min: 1, max: 40 })
    .chain((count) => fc.tuple(fc.constant(count), fc.nat(count - 1)));

  /** A proof that was tampered with: its nodes changed, left out, doubled, exchanged, made up. */
  const TAMPERING = fc.record({
    act: fc.constantFrom("none", "turn", "drop", "double", "swap", "add", "invent", "resize"),
    at: fc.nat(),
    to: fc.nat(),
    hash: ANY_HASH,
  });

  function tamper(
    siblings: readonly Uint8Array[],
    { act, at, to, hash }: { act: string; at: number; to: number; hash: Uint8Array },
  ): Uint8Array[] {
    const nodes = [...siblings];
    const index = nodes.length === 0 ? 0 : at % nodes.length;
    const other = nodes.length === 0 ? 0 : to % nodes.length;
    const node = nodes[index];
    if (act === "add" || node === undefined) return act === "none" ? nodes : [...nodes, hash];
    switch (act) {
      case "turn":
        return nodes.with(index, node.with(to % 32, node[to % 32]! ^ 1));
      case "drop":
        return nodes.toSpliced(index, 1);
      case "double":
        return nodes.toSpliced(index, 0, node);
      case "swap":
        return nodes.with(index, nodes[other]!).with(other, node);
      case "invent":
        return nodes.with(index, hash);
      case "resize":
        return nodes.with(index, node.subarray(0, to % 32));
      default:
        return nodes;
    }
  }

  test("believes the true proof and no other, for the true leaf and no other", () => {
    let believed = 0;
    fc.assert(
      fc.property(
        PLACE,
        TAMPERING,
        fc.nat(45),
        fc.nat(45),
        ([count, index], tampering, leafAt, at) => {
          const leaves = distinctLeaves(count);
          const { root } = merkleRoot(leaves);
          const proof = tamper(merkleProof(leaves, index), tampering);
          // Half of the time the leaf and its place are the true ones.
          const claimed = at % 2 === 0 ? index : at;
          const leaf = leafAt % 2 === 0 ? leaves[index]! : leavesOf([leafAt])[0]!;
          const isTrue =
            claimed < count &&
            toHex(leaf) === toHex(leaves[claimed]!) &&
            proof.map(toHex).join() === merkleProof(leaves, claimed).map(toHex).join();
          if (isTrue) believed += 1;
          expect(verifyMerkleProof(leaf, claimed, count, proof, root)).toBe(isTrue);
        },
      ),
      runs(3_000),
    );
    expect(believed).toBeGreaterThan(50);
  });

  test("C-02: believes no copy of a tail as further leaves, though the root is the same", () => {
    const count = fc.integer({ min: 3, max: 200 }).filter((many) => (many & (many - 1)) !== 0);
    fc.assert(
      fc.property(count, fc.nat(), (many, at) => {
        const honest = distinctLeaves(many);
        // As many leaves as the last node that is paired with itself stands for.
        const tail = many & -many;
        const forged = [...honest, ...honest.slice(-tail)];
        const { root } = merkleRoot(honest);
        expect(merkleRoot(forged).root).toEqual(root);
        const index = many + (at % tail);
        const proof = merkleProof(forged, index);
        expect(verifyMerkleProof(forged[index]!, index, forged.length, proof, root)).toBe(false);
        expect(verifyMerkleProof(honest[0]!, 0, many, merkleProof(honest, 0), root)).toBe(true);
      }),
      runs(200),
    );
  });

  test("answers any bytes and any numbers with a truth", () => {
    const hash = fc.oneof(ANY_HASH, damaged(ANY_HASH));
    const number = fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger());
    fc.assert(
      fc.property(hash, number, number, fc.array(hash), hash, (leaf, index, count, proof, root) => {
        const isAlone = index === 0 && count === 1 && proof.length === 0;
        const isTrue = isAlone && toHex(leaf) === toHex(root) && leaf.length === 32;
        expect(verifyMerkleProof(leaf, index, count, proof, root)).toBe(isTrue);
      }),
      runs(1_000),
    );
  });
});
