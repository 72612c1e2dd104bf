/**
 * The mempool as a whole, as the API shows it.
 *
 * Walking all entries takes long where they are many, so what was found is kept until one of them
 * changes.
 */

import type { ConsensusParams } from "../consensus/params.ts";
import { formatCursor } from "../lib/paging.ts";
import {
  ESTIMATE_TARGETS,
  type EstimateTarget,
  estimateFrom,
  type FeeEstimate,
  MOST_BLOCKS,
} from "../mempool/fee-estimate.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import { ancestorsOf, descendantsOf } from "../mempool/mempool-graph.ts";
import { feerateHistogram, type ProjectedBlock, projectBlocks } from "../mempool/project-blocks.ts";
import { MAX_LIST_LIMIT } from "./schemas.ts";
import type {
  MempoolSummaryView,
  MempoolTransactionView,
  RankedTransactionView,
  WaitingFamilyView,
} from "./transaction-schemas.ts";
import { feerateOf, viewListed } from "./view-transaction.ts";

interface Known {
  readonly revision: number;
  readonly fees: FeeEstimate;
  /** Which of the next blocks an entry would be in, 1 the first. */
  readonly blockOf: ReadonlyMap<MempoolEntry, number>;
  readonly summary: Omit<MempoolSummaryView, "count" | "bytes" | "minFeerate">;
}

/** Shows one mempool. */
export class MempoolViewer {
  readonly #mempool: Mempool;
  readonly #params: ConsensusParams;
  #known: Known | undefined;

  constructor({ mempool, params }: { mempool: Mempool; params: ConsensusParams }) {
    this.#mempool = mempool;
    this.#params = params;
  }

  /** Returns counts, the spread of feerates, and what the next block would take. */
  summary(): MempoolSummaryView {
    const { count, bytes } = this.#mempool;
    return { count, bytes, minFeerate: this.#mempool.minFeerate(), ...this.#look().summary };
  }

  /** Returns what to pay to be in one of the next blocks. */
  fees() {
    const { minFeerate, feerates } = this.#look().fees;
    const estimates = ESTIMATE_TARGETS.map((blocks) => ({ blocks, feerate: feerates[blocks] }));
    return { unit: "sat/vB" as const, minFeerate, estimates };
  }

  /** Returns the sats per vbyte to pay to be in one of the next `target` blocks. */
  feerateFor(target: EstimateTarget): number {
    return this.#look().fees.feerates[target];
  }

  /** Returns transactions in order of arrival, newest first, from the one after `before` on. */
  list(limit: number, before: number): { rows: MempoolTransactionView[]; next: string | null } {
    const newestFirst = (a: MempoolEntry, b: MempoolEntry) => b.sequence - a.sequence;
    const isAfter = ({ sequence }: MempoolEntry) => sequence < before;
    const { shown, last } = this.#page(limit, newestFirst, isAfter);
    const next = last === undefined ? null : String(last.sequence);
    return { rows: shown.map(viewListed), next };
  }

  /** Returns transactions by their own feerate, highest first, from the one after `after` on. */
  ranked(
    limit: number,
    after: readonly number[],
  ): { rows: RankedTransactionView[]; next: string | null } {
    const [rate = 0, sequence = 0] = after;
    const isAfter = (entry: MempoolEntry) =>
      rankOf(entry) < rate || (rankOf(entry) === rate && entry.sequence > sequence);
    const { shown, last } = this.#page(limit, byRank, isAfter);
    const next = last === undefined ? null : formatCursor(rankOf(last), last.sequence);
    return { rows: shown.map((entry) => this.#viewRanked(entry)), next };
  }

  /** Returns a transaction with those that it needs, and those that need it. */
  family(entry: MempoolEntry): WaitingFamilyView {
    const view = (relatives: MempoolEntry[]) =>
      relatives
        .sort((a, b) => a.sequence - b.sequence)
        .slice(0, MAX_LIST_LIMIT)
        .map((relative) => this.#viewRanked(relative));
    return {
      transaction: this.#viewRanked(entry),
      ancestors: view(ancestorsOf(entry)),
      descendants: view(descendantsOf(entry)),
    };
  }

  #viewRanked(entry: MempoolEntry): RankedTransactionView {
    return { ...viewListed(entry), block: this.#look().blockOf.get(entry) ?? null };
  }

  /** The first `limit` of those that `isAfter`, in order; `last` of them if there are more. */
  #page(
    limit: number,
    compare: (a: MempoolEntry, b: MempoolEntry) => number,
    isAfter: (entry: MempoolEntry) => boolean,
  ): { shown: readonly MempoolEntry[]; last: MempoolEntry | undefined } {
    let first: MempoolEntry[] = [];
    for (const entry of this.#mempool.entries()) {
      if (isAfter(entry)) first.push(entry);
      // Sorting a few again and again is far less than sorting all.
      if (first.length > SORTED_AT_ONCE) first = first.sort(compare).slice(0, limit + 1);
    }
    first.sort(compare);
    const shown = first.slice(0, limit);
    return { shown, last: first.length > limit ? shown.at(-1) : undefined };
  }

  #look(): Known {
    const { revision } = this.#mempool;
    if (this.#known?.revision !== revision) {
      const blocks = projectBlocks(this.#mempool, MOST_BLOCKS, this.#params);
      this.#known = {
        revision,
        fees: estimateFrom(blocks, this.#mempool.minFeerate()),
        blockOf: numberEntries(blocks),
        summary: summarize(this.#mempool, blocks, this.#params),
      };
    }
    return this.#known;
  }
}

/** Entries gathered for a page before they are sorted and all but the first let go. */
const SORTED_AT_ONCE = 1_000;

/** Thousandths of a sat per virtual byte, as shown: exact, so that a cursor can have it. */
function rankOf({ fee, virtualSize }: MempoolEntry): number {
  return Math.round(feerateOf(fee, virtualSize) * 1_000);
}

function byRank(a: MempoolEntry, b: MempoolEntry): number {
  return rankOf(b) - rankOf(a) || a.sequence - b.sequence;
}

function numberEntries(blocks: readonly ProjectedBlock[]): Map<MempoolEntry, number> {
  const numbered = blocks.flatMap(({ entries }, index) =>
    entries.map((entry) => [entry, index + 1] as const),
  );
  return new Map(numbered);
}

function summarize(
  mempool: Mempool,
  projected: readonly ProjectedBlock[],
  { maxBlockWeight }: ConsensusParams,
): Known["summary"] {
  const blocks = projected.map(({ count, weight, fees, minFeerate }) => {
    return { count, weight, fees, minFeerate };
  });
  return {
    histogram: feerateHistogram(mempool)
      .filter(({ count }) => count > 0)
      .map(({ from, count, size, fees }) => ({ feerate: from, count, virtualSize: size, fees })),
    nextBlock: blocks[0] ?? { count: 0, weight: 0, fees: 0, minFeerate: 0 },
    blocks,
    maxBlockWeight,
  };
}
