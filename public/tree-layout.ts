/**
 * Where each block of the tree stands: a row for every block, a lane for every branch, the active
 * chain straight down the first.
 *
 * Pure, and quick for thousands of blocks; knows no pixels. What is drawn of it is decided in
 * views/tree-graph.ts.
 */

import type { TreeBlockView } from "../src/api/chain-schemas.ts";

/** What the layout needs of a block. */
export type TreeNode = Pick<TreeBlockView, "hash" | "height" | "previousHash" | "status">;

/** Lanes at most; branches beyond them share the last. */
export const MAX_LANES = 12;

/** A run of blocks, each the child of the next, up to where it leaves an older branch. */
export interface Branch {
  readonly lane: number;
  /** Rows of its blocks, highest first; never empty. */
  readonly rows: readonly number[];
  /** Row of the block that it grows on; undefined if that is not among the blocks. */
  readonly forkRow: number | undefined;
}

/** From a block to the one below it. */
export interface Edge {
  readonly row: number;
  readonly lane: number;
  /** Of the parent; the number of rows if it lies below all of them. */
  readonly toRow: number;
  readonly toLane: number;
}

/** The whole picture. */
export interface TreeLayout {
  /** Lane of each row. */
  readonly lanes: readonly number[];
  readonly laneCount: number;
  /** The first is the active chain, wherever there is one. */
  readonly branches: readonly Branch[];
  readonly edges: readonly Edge[];
}

/** Lays `blocks` out, one row each in the order given, in which no parent may be above its child. */
export function layoutTree(blocks: readonly TreeNode[]): TreeLayout {
  const rowOf = new Map(blocks.map(({ hash }, row) => [hash, row]));
  const parents = blocks.map(({ previousHash }) => rowOf.get(previousHash));
  const lanes: (number | undefined)[] = blocks.map(() => undefined);
  const branches: Branch[] = [];
  /** The row from which on each lane is free again. */
  const freeFrom: number[] = [];

  const follow = (top: number) => {
    const rows: number[] = [];
    let row: number | undefined = top;
    while (row !== undefined && lanes[row] === undefined) {
      rows.push(row);
      // Any number but undefined: the lane is known only when the end is.
      lanes[row] = 0;
      row = parents[row];
    }
    const lane = findLane(freeFrom, top);
    freeFrom[lane] = Math.max(freeFrom[lane] ?? 0, row ?? blocks.length);
    for (const own of rows) lanes[own] = lane;
    branches.push({ lane, rows, forkRow: row });
  };

  const tip = blocks.findIndex(({ status }) => status === "active");
  if (tip !== -1) {
    follow(tip);
    // Nothing may stand in the first lane, above the tip either.
    freeFrom[0] = Number.POSITIVE_INFINITY;
  }
  for (const row of blocks.keys()) if (lanes[row] === undefined) follow(row);

  const known = lanes.map((lane) => lane ?? 0);
  return {
    lanes: known,
    laneCount: Math.max(1, ...branches.map(({ lane }) => lane + 1)),
    branches,
    edges: makeEdges(blocks, parents, known),
  };
}

function findLane(freeFrom: readonly number[], row: number): number {
  const free = freeFrom.findIndex((from) => from <= row);
  return Math.min(free === -1 ? freeFrom.length : free, MAX_LANES - 1);
}

function makeEdges(
  blocks: readonly TreeNode[],
  parents: readonly (number | undefined)[],
  lanes: readonly number[],
): Edge[] {
  return blocks.flatMap(({ height }, row) => {
    if (height === 0) return [];
    const [lane = 0, parent] = [lanes[row], parents[row]];
    if (parent === undefined) return [{ row, lane, toRow: blocks.length, toLane: lane }];
    return [{ row, lane, toRow: parent, toLane: lanes[parent] ?? 0 }];
  });
}
