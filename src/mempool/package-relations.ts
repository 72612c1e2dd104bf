/**
 * Bounds on a transaction's relatives in the mempool, so that no chain or cluster makes it slow.
 *
 * Totals of those already in come from mempool-graph.ts; the limits themselves are in policy.ts.
 */

import { RuleError } from "../consensus/rule-error.ts";
import type { MempoolEntry } from "./mempool-entry.ts";
import { ancestorsOf } from "./mempool-graph.ts";
import { PACKAGE_LIMITS } from "./policy.ts";

/** A transaction that may come in: its parents in the mempool, and its vbytes. */
export interface Newcomer {
  readonly parents: readonly MempoolEntry[];
  readonly virtualSize: number;
}

/**
 * Returns the ancestors that `newcomer` would have. Throws RuleError "too-long-mempool-chain" if it
 * would have too many or too large ones, or make one of them have too many descendants, once the
 * entries of `leaving` (with all their descendants) are gone.
 */
export function checkPackageLimits(
  { parents, virtualSize }: Newcomer,
  leaving: ReadonlySet<MempoolEntry>,
): ReadonlySet<MempoolEntry> {
  const ancestors = new Set<MempoolEntry>(parents);
  let size = virtualSize;
  for (const ancestor of ancestors) {
    size += ancestor.virtualSize;
    checkCount("ancestors", ancestors.size + 1, PACKAGE_LIMITS.ancestors);
    checkSize("ancestors", size);
    for (const parent of ancestor.parents) ancestors.add(parent);
  }

  const freed = countFreed(ancestors, leaving);
  for (const ancestor of ancestors) {
    const { count, size: freedSize } = freed.get(ancestor) ?? NOTHING_FREED;
    const descendantCount = ancestor.descendantCount - count + 1;
    checkCount("descendants", descendantCount, PACKAGE_LIMITS.descendants, ancestor);
    checkSize("descendants", ancestor.descendantSize - freedSize + virtualSize, ancestor);
  }
  return ancestors;
}

interface Freed {
  count: number;
  size: number;
}

const NOTHING_FREED: Freed = { count: 0, size: 0 };

/** How many descendants each of `ancestors` loses when `leaving` are gone. */
function countFreed(
  ancestors: ReadonlySet<MempoolEntry>,
  leaving: ReadonlySet<MempoolEntry>,
): ReadonlyMap<MempoolEntry, Freed> {
  const freed = new Map<MempoolEntry, Freed>();
  for (const entry of leaving) {
    for (const ancestor of ancestorsOf(entry)) {
      if (!ancestors.has(ancestor)) continue;
      const sum = freed.get(ancestor) ?? { count: 0, size: 0 };
      freed.set(ancestor, { count: sum.count + 1, size: sum.size + entry.virtualSize });
    }
  }
  return freed;
}

type Kin = "ancestors" | "descendants";

function checkCount(kin: Kin, count: number, most: number, of?: MempoolEntry): void {
  if (count <= most) return;
  throw tooLong(`${count} ${kin}${whose(of)}, at most ${most} with itself`, { count, most });
}

function checkSize(kin: Kin, size: number, of?: MempoolEntry): void {
  const most = PACKAGE_LIMITS.size;
  if (size <= most) return;
  throw tooLong(`${size} vbytes of ${kin}${whose(of)}, at most ${most}`, { size, most });
}

function whose(entry: MempoolEntry | undefined): string {
  return entry === undefined ? "" : ` of ${entry.tx.txid}`;
}

function tooLong(what: string, facts: Record<string, number>): RuleError {
  return new RuleError("too-long-mempool-chain", `it would make ${what}`, facts);
}
