/**
 * The blocks to come as this node's mempool would fill them: how full, for how much, and what it
 * takes to get in.
 */

import type { MempoolSummaryView } from "../../src/api/transaction-schemas.ts";
import { Amount } from "../components/amount.ts";
import { Progress } from "../components/progress.ts";
import {
  formatCount,
  formatDuration,
  formatFeerate,
  formatNumbered,
  formatPercent,
} from "../format.ts";
import { html } from "../html.ts";

interface NextBlocksProps {
  readonly mempool: MempoolSummaryView;
  /** Seconds from block to block; null if the network has no target. */
  readonly interval: number | null;
}

/** Blocks shown at least, empty ones too, so that the page is as long whatever waits. */
const LEAST_BLOCKS = 3;

const EMPTY_BLOCK = { count: 0, weight: 0, fees: 0, minFeerate: 0 };

/** One item for each block that would not be empty, and for the first ones always. */
export function NextBlocks({ mempool, interval }: NextBlocksProps) {
  const { blocks, maxBlockWeight, minFeerate, count } = mempool;
  const empty = Array.from(
    { length: Math.max(0, LEAST_BLOCKS - blocks.length) },
    () => EMPTY_BLOCK,
  );
  const shown = [...blocks, ...empty];
  const inside = blocks.reduce((sum, block) => sum + block.count, 0);
  return html`<div>
    <ol class="flex flex-col gap-3">
      ${shown.map((block, index) => {
        const share = block.weight / maxBlockWeight;
        // Where something is left for later, one has to outbid the last that got in.
        const isFull = index + 1 < blocks.length || (index + 1 === blocks.length && inside < count);
        const least = isFull ? block.minFeerate : minFeerate;
        const name = index === 0 ? "Next block" : `Block ${index + 1}`;
        return html`<li key=${index}>
          <p class="mb-1 flex flex-wrap justify-between gap-x-3">
            <span>
              <span class="font-medium">${name}</span>
              ${interval === null ? null : html`<span class="ml-2 text-[0.8125rem] text-muted">in about ${formatDuration(interval * (index + 1))}</span>`}
            </span>
            <span>${formatPercent(share)} full</span>
          </p>
          <${Progress} share=${share} label=${`${name}, how full`} />
          <p class="mt-1 flex flex-wrap justify-between gap-x-3 text-[0.8125rem] text-muted">
            <span>${formatNumbered(block.count, "transaction")}, fees <${Amount} sats=${block.fees} /></span>
            <span>${isFull ? "in above" : "in from"} ${formatFeerate(least)}</span>
          </p>
        </li>`;
      })}
    </ol>
    <p class="mt-3 text-[0.8125rem] text-muted">
      ${inside < count ? `${formatCount(count - inside)} more wait for later blocks.` : "All that waits has room in these."}
    </p>
  </div>`;
}
