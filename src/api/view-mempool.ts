/**
 * The mempool as a whole, as the API shows it.
 *
 * Walking all entries takes long where they are many, so what was found is kept until one of them
 * changes.
 */

import type { ConsensusParams } from "../consensus/params.ts";
import {
  ESTIMATE_TARGETS,
  type EstimateTarget,
  estimateFees,
  type FeeEstimate,
} from "../mempool/fee-estimate.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import { feerateHistogram, projectBlocks } from "../mempool/project-blocks.ts";
import type { MempoolSummaryView, MempoolTransactionView } from "./transaction-schemas.ts";
import { viewListed } from "./view-transaction.ts";

interface Known {
  readonly revision: number;
  readonly fees: FeeEstimate;
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
    const rows: MempoolEntry[] = [];
    for (const entry of newestFirst(this.#mempool)) {
      if (entry.sequence >= before) continue;
      rows.push(entry);
      if (rows.length > limit) break;
    }
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const next = rows.length > limit && last !== undefined ? String(last.sequence) : null;
    return { rows: shown.map(viewListed), next };
  }

  #look(): Known {
    const { revision } = this.#mempool;
    if (this.#known?.revision !== revision) {
      this.#known = {
        revision,
        fees: estimateFees(this.#mempool, this.#params),
        summary: summarize(this.#mempool, this.#params),
      };
    }
    return this.#known;
  }
}

function summarize(mempool: Mempool, params: ConsensusParams): Known["summary"] {
  const [next] = projectBlocks(mempool, 1, params);
  return {
    histogram: feerateHistogram(mempool)
      .filter(({ count }) => count > 0)
      .map(({ from, count, size, fees }) => ({ feerate: from, count, virtualSize: size, fees })),
    nextBlock: {
      count: next?.count ?? 0,
      weight: next?.weight ?? 0,
      fees: next?.fees ?? 0,
      minFeerate: next?.minFeerate ?? 0,
    },
  };
}

function newestFirst(mempool: Mempool): MempoolEntry[] {
  return [...mempool.entries()].sort((a, b) => b.sequence - a.sequence);
}
