/**
 * Rows, lanes and lines of the block tree, for trees made by hand and for thousands made by chance.
 */

import { describe, expect, test } from "bun:test";
import {
  layoutTree,
  MAX_LANES,
  type TreeLayout,
  type TreeNode,
} from "../../../public/tree-layout.ts";
import { SeededRandom } from "../../support/random.ts";

/** A tree written as `hash<parent` at a height; active if the hash is upper case, `!` for invalid. */
function treeOf(...rows: string[]): TreeNode[] {
  return rows.map((row) => {
    const [height = "", hash = "", previousHash = "none"] = row.split(/[ <]/);
    const status = hash.startsWith("!")
      ? "invalid"
      : hash === hash.toUpperCase()
        ? "active"
        : "side-branch";
    return { height: Number(height), hash, previousHash, status } as const;
  });
}

/** A tree of `count` blocks, each on one of the newest, with the longest chain active. */
function randomTree(random: SeededRandom, count: number): TreeNode[] {
  const made = [{ hash: "0", height: 0, previousHash: "none" }];
  while (made.length < count) {
    const parent = random.pick(made.slice(random.oneIn(4) ? -30 : -1));
    made.push({
      hash: String(made.length),
      height: parent.height + 1,
      previousHash: parent.hash,
    });
  }
  const byHash = new Map(made.map((block) => [block.hash, block]));
  const active = new Set<string>();
  const best = made.reduce((a, b) => (b.height > a.height ? b : a));
  for (let at = byHash.get(best.hash); at !== undefined; at = byHash.get(at.previousHash)) {
    active.add(at.hash);
  }
  const isActive = ({ hash }: { hash: string }) => Number(active.has(hash));
  return made
    .sort((a, b) => b.height - a.height || isActive(b) - isActive(a))
    .map((block) => ({ ...block, status: active.has(block.hash) ? "active" : "stale" }));
}

/** First and last row that each branch takes of its lane. */
function spansOf({ branches }: TreeLayout, rowCount: number) {
  return branches.map(({ lane, rows, forkRow }) => ({
    lane,
    first: rows[0] ?? 0,
    end: forkRow ?? rowCount,
  }));
}

describe("layoutTree", () => {
  test("nothing has one lane and no lines", () => {
    expect(layoutTree([])).toEqual({ lanes: [], laneCount: 1, branches: [], edges: [] });
  });

  test("a chain is one straight line that ends at genesis", () => {
    const { lanes, edges, laneCount } = layoutTree(treeOf("2 C<B", "1 B<A", "0 A"));
    expect([lanes, laneCount]).toEqual([[0, 0, 0], 1]);
    expect(edges).toEqual([
      { row: 0, lane: 0, toRow: 1, toLane: 0 },
      { row: 1, lane: 0, toRow: 2, toLane: 0 },
    ]);
  });

  test("a rival forks off where it left, the active chain stays straight", () => {
    const blocks = treeOf("3 D<C", "2 C<B", "2 c<B", "1 B<A", "0 A");
    const { lanes, branches, edges } = layoutTree(blocks);
    expect(lanes).toEqual([0, 0, 1, 0, 0]);
    expect(branches[1]).toEqual({ lane: 1, rows: [2], forkRow: 3 });
    expect(edges).toContainEqual({ row: 2, lane: 1, toRow: 3, toLane: 0 });
  });

  test("what stands higher than the active tip does not take its lane", () => {
    const { lanes } = layoutTree(treeOf("4 !e<!d", "3 !d<B", "2 C<B", "1 B<A", "0 A"));
    expect(lanes).toEqual([1, 1, 0, 0, 0]);
  });

  test("a lane is used again below a branch that has ended, and not beside one", () => {
    const apart = treeOf("4 E<D", "4 e<D", "3 D<C", "2 C<B", "2 c<B", "1 B<A", "0 A");
    expect(layoutTree(apart).lanes).toEqual([0, 1, 0, 0, 1, 0, 0]);
    const beside = treeOf("3 D<C", "3 d<c", "2 C<B", "2 c<B", "2 x<B", "1 B<A", "0 A");
    expect(layoutTree(beside).lanes).toEqual([0, 1, 0, 1, 2, 0, 0]);
  });

  test("a branch of a branch leaves that one", () => {
    const { branches, edges } = layoutTree(
      treeOf("4 E<D", "3 D<C", "3 d<c", "3 x<c", "2 C<B", "2 c<B", "1 B<A", "0 A"),
    );
    expect(branches.map(({ lane, forkRow }) => [lane, forkRow])).toEqual([
      [0, undefined],
      [1, 6],
      [2, 5],
    ]);
    expect(edges).toContainEqual({ row: 3, lane: 2, toRow: 5, toLane: 1 });
  });

  test("what grows on blocks below the last row goes down to the end", () => {
    const { edges } = layoutTree(treeOf("9 J<I", "9 j<i", "8 I<H"));
    expect(edges).toEqual([
      { row: 0, lane: 0, toRow: 2, toLane: 0 },
      { row: 1, lane: 1, toRow: 3, toLane: 1 },
      { row: 2, lane: 0, toRow: 3, toLane: 0 },
    ]);
  });

  test("there are never more lanes than the most, however many rivals", () => {
    const rivals = Array.from({ length: 500 }, (_, index) => `2 r${index}<B`);
    const { laneCount, branches } = layoutTree(treeOf("2 C<B", ...rivals, "1 B<A", "0 A"));
    expect(laneCount).toBe(MAX_LANES);
    expect(branches).toHaveLength(501);
  });

  test("any tree: each block in one branch, the active chain alone in its lane, none overlap", () => {
    const random = new SeededRandom(1);
    for (let round = 0; round < 200; round++) {
      const blocks = randomTree(random, 1 + random.below(120));
      const layout = layoutTree(blocks);
      const rows = layout.branches.flatMap((branch) => branch.rows);
      expect(rows.toSorted((a, b) => a - b)).toEqual([...blocks.keys()]);
      for (const [row, { status }] of blocks.entries()) {
        expect(layout.lanes[row] === 0).toBe(status === "active");
      }
      expect(layout.edges).toHaveLength(blocks.length - 1);
      for (const { row, toRow } of layout.edges) expect(toRow).toBeGreaterThan(row);
      const spans = spansOf(layout, blocks.length).filter(({ lane }) => lane < MAX_LANES - 1);
      for (const a of spans) {
        for (const b of spans) {
          const isApart = a === b || a.lane !== b.lane || a.end <= b.first || b.end <= a.first;
          expect(isApart).toBeTrue();
        }
      }
    }
  });

  test("a thousand heights with fifty forks are laid out in no time", () => {
    const blocks = randomTree(new SeededRandom(2), 1_100);
    layoutTree(blocks);
    const started = performance.now();
    layoutTree(blocks);
    // A frame has 16 ms; this takes one, and has room on a slow machine.
    expect(performance.now() - started).toBeLessThan(100);
  });
});
