/**
 * How much waits at which feerate, as bars that stand still: every band has its place whether
 * anything is in it or not.
 *
 * The same figures are there as a table for who does not see the bars.
 */

import type { MempoolSummaryView } from "../../src/api/transaction-schemas.ts";
import { bandsOf, type FeerateBand } from "../feerate-bands.ts";
import { formatCoins, formatCount, formatNumbered } from "../format.ts";
import { html } from "../html.ts";

/** Least height of a bar with anything in it, in percent. */
const LEAST_PERCENT = 2;

/** Bars by feerate, those that the next block would take in the accent. */
export function FeerateBars({ mempool }: { mempool: MempoolSummaryView }) {
  const bands = bandsOf(mempool.histogram);
  const most = Math.max(1, ...bands.map(({ virtualSize }) => virtualSize));
  // If one block takes all, that is so whatever its least feerate is.
  const isNext = ({ to }: FeerateBand) =>
    mempool.blocks.length <= 1 || to > mempool.nextBlock.minFeerate;
  return html`<div>
    <div aria-hidden="true">
      <div class="flex h-40 items-end gap-1 border-b border-line sm:gap-2">
        ${bands.map((band) => {
          const percent = (band.virtualSize / most) * 100;
          const height = band.count === 0 ? 0 : Math.max(LEAST_PERCENT, percent);
          return html`<div
            key=${band.from}
            title=${describeBand(band)}
            class="group flex h-full min-w-0 flex-1 flex-col justify-end rounded-t hover:bg-raised"
          >
            <span class="truncate text-center text-[0.6875rem] text-muted">${band.count === 0 ? "" : formatCount(band.count)}</span>
            <div
              class=${`rounded-t motion-safe:transition-[height] motion-safe:duration-300 ${isNext(band) ? "bg-accent" : "bg-strong"}`}
              style=${{ height: `${height * 0.88}%` }}
            ></div>
          </div>`;
        })}
      </div>
      <div class="flex gap-1 sm:gap-2">
        ${bands.map(({ from, label }) => html`<span key=${from} class="min-w-0 flex-1 pt-1 text-center text-[0.6875rem] text-muted">${label}</span>`)}
      </div>
      <p class="mt-1 flex flex-wrap justify-between gap-x-4 gap-y-1 text-[0.8125rem] text-muted">
        <span class="flex flex-wrap gap-x-4">
          <span class="inline-flex items-center gap-1.5"><span class="size-2 rounded-sm bg-accent"></span>in the next block</span>
          <span class="inline-flex items-center gap-1.5"><span class="size-2 rounded-sm bg-strong"></span>later</span>
        </span>
        <span>from so many sat/vB on, by size</span>
      </p>
    </div>
    <div class="sr-only"><table>
      <caption>Waiting transactions by feerate</caption>
      <thead><tr><th scope="col">Feerate</th><th scope="col">Transactions</th><th scope="col">Size</th><th scope="col">Fees</th></tr></thead>
      <tbody>
        ${bands.map(
          (band) => html`<tr key=${band.from}>
            <th scope="row">${band.range}</th>
            <td>${formatCount(band.count)}</td>
            <td>${formatCount(band.virtualSize)} vB</td>
            <td>${formatCoins(band.fees)}</td>
          </tr>`,
        )}
      </tbody>
    </table></div>
  </div>`;
}

function describeBand({ range, count, virtualSize, fees }: FeerateBand): string {
  return `${range}: ${formatNumbered(count, "transaction")}, ${formatCount(virtualSize)} vB, fees ${formatCoins(fees)}`;
}
