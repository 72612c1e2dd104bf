/**
 * How blocks spread, from what the node knows: over how many links each came here and how long that
 * took, and which nodes have the newest.
 *
 * Pure. All of it is the word of others, and for display alone.
 */

/** How a block came here; null if nobody has said. */
export interface Arrival {
  readonly propagation: { readonly hops: number; readonly milliseconds: number } | null;
}

/** Blocks that came over as many links. */
export interface HopGroup {
  readonly hops: number;
  readonly count: number;
  /** Milliseconds from where they were found to here. */
  readonly medianMs: number;
}

/** Nodes that are as many links away. */
export interface DistanceGroup {
  /** Null where no links are known that lead there. */
  readonly distance: number | null;
  readonly count: number;
  /** Those that have the newest block. */
  readonly reached: number;
}

/** Returns the blocks of which it is known, by links passed, fewest first. */
export function groupByHops(blocks: readonly Arrival[]): HopGroup[] {
  const groups = new Map<number, number[]>();
  for (const { propagation } of blocks) {
    if (propagation === null) continue;
    const { hops, milliseconds } = propagation;
    groups.set(hops, [...(groups.get(hops) ?? []), milliseconds]);
  }
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([hops, times]) => ({ hops, count: times.length, medianMs: medianOf(times) }));
}

/** Returns how many of `nodes` have the block `tip`, by links from here, nearest first. */
export function groupByDistance(
  nodes: readonly { readonly nodeId: string; readonly tip: string | null }[],
  distances: ReadonlyMap<string, number>,
  tip: string,
): DistanceGroup[] {
  const groups = new Map<number | null, { count: number; reached: number }>();
  for (const node of nodes) {
    const distance = distances.get(node.nodeId) ?? null;
    const group = groups.get(distance) ?? { count: 0, reached: 0 };
    group.count += 1;
    if (node.tip === tip) group.reached += 1;
    groups.set(distance, group);
  }
  const rank = (distance: number | null) => distance ?? Number.POSITIVE_INFINITY;
  return [...groups]
    .map(([distance, group]) => ({ distance, ...group }))
    .sort((a, b) => (rank(a.distance) < rank(b.distance) ? -1 : 1));
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [below = 0, above = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 0 ? (below + above) / 2 : above;
}
