/**
 * Making room in a full mempool: what a miner would take last goes first, never a parent without
 * its children.
 *
 * Raises the floor, so that the same could not come in again for nothing. Who is told is not
 * decided here.
 */

import type { FeeFloor } from "./fee-floor.ts";
import type { MempoolEntry } from "./mempool-entry.ts";
import { type MempoolGraph, packageFeerate } from "./mempool-graph.ts";

/** The bounds that a mempool keeps. */
export interface MempoolBounds {
  /** Memory of all entries, overhead included. */
  readonly maxBytes: number;
  readonly maxCount: number;
}

/** Takes out the worst entries, with their descendants, until the bounds hold; returns them. */
export function makeRoom(
  graph: MempoolGraph,
  { maxBytes, maxCount }: MempoolBounds,
  floor: FeeFloor,
): readonly MempoolEntry[] {
  const evicted: MempoolEntry[] = [];
  while (graph.bytes > maxBytes || graph.count > maxCount) {
    const worst = graph.findWorst();
    if (worst === undefined) break;
    floor.raise(packageFeerate(worst));
    evicted.push(...graph.removeWithDescendants([worst]));
  }
  return evicted;
}
