/**
 * What waits for a block: how much, at which feerates, in which of the next blocks, and one by one.
 *
 * Puts the parts together; the list fetches what it shows itself.
 */

import type { Static } from "@sinclair/typebox";
import type { FeeEstimates, MempoolSummaryView } from "../../src/api/transaction-schemas.ts";
import { Amount } from "../components/amount.ts";
import { Card } from "../components/card.ts";
import { Figure, Figures } from "../components/figure.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { useDashboard } from "../dashboard-store.ts";
import { totalsOf } from "../feerate-bands.ts";
import {
  formatBytes,
  formatCount,
  formatDecimal,
  formatFeerate,
  formatNumbered,
  formatPercent,
  NOTHING,
} from "../format.ts";
import { Fragment, html } from "../html.ts";
import { useQuery } from "../use-query.ts";
import { FeerateBars } from "./feerate-bars.ts";
import { MempoolList } from "./mempool-list.ts";
import { NextBlocks } from "./next-blocks.ts";

type FeesView = Static<typeof FeeEstimates>;

/** The mempool. */
export function MempoolView() {
  const query = useQuery<MempoolSummaryView>("/api/mempool", ["mempool"]);
  const { status } = useDashboard();
  return html`<${Fragment}>
    <${PageTitle} title="Mempool" note="Transactions that this node has checked, and no block holds yet" />
    <${Loaded} query=${query} lines=${10}>
      ${(mempool: MempoolSummaryView) => html`<${Fragment}>
        <${MempoolFigures} mempool=${mempool} />
        <div class="grid gap-4 sm:gap-5 lg:grid-cols-[3fr_2fr]">
          <${Card} title="The next blocks, if nothing came in between">
            <${NextBlocks} mempool=${mempool} interval=${status?.blockIntervalSeconds ?? null} />
          </${Card}>
          <${Fees} />
        </div>
        <${Card} title="By feerate"><${FeerateBars} mempool=${mempool} /></${Card}>
      </${Fragment}>`}
    </${Loaded}>
    <${MempoolList} isAtGenesis=${status?.height === 0} />
  </${Fragment}>`;
}

function MempoolFigures({ mempool }: { mempool: MempoolSummaryView }) {
  const { count, bytes, minFeerate, nextBlock, maxBlockWeight, histogram } = mempool;
  const { virtualSize, fees } = totalsOf(histogram);
  const mean = virtualSize === 0 ? NOTHING : `${formatFeerate(fees / virtualSize)} on average`;
  const blocks = (virtualSize * 4) / maxBlockWeight;
  return html`<${Figures} label="Figures of the mempool">
    <${Figure} label="Transactions" value=${html`<span data-mempool-count=${count}>${formatCount(count)}</span>`} note="waiting" />
    <${Figure}
      label="Size"
      value=${`${formatCount(virtualSize)} vB`}
      note=${`${blocks < 10 ? formatDecimal(blocks) : formatCount(blocks)} full blocks`}
      title="Virtual bytes: a block holds a quarter of its weight"
    />
    <${Figure} label="Fees" value=${html`<${Amount} sats=${fees} />`} note=${mean} title="Coins, for whoever mines them" />
    <${Figure} label="Next block" value=${formatPercent(nextBlock.weight / maxBlockWeight)} note=${formatNumbered(nextBlock.count, "transaction")} title="How full it would be" />
    <${Figure} label="Least feerate" value=${formatFeerate(minFeerate)} note="to be taken at all" title="Rises while the mempool is full" />
    <${Figure} label="Memory" value=${formatBytes(bytes)} note="in this node" />
  </${Figures}>`;
}

function Fees() {
  const query = useQuery<FeesView>("/api/fees", ["mempool"]);
  return html`<${Card} title="What to pay">
    <${Loaded} query=${query} lines=${4}>
      ${({ estimates, minFeerate }: FeesView) => html`<${Fragment}>
        <dl class="divide-y divide-line">
          ${estimates.map(
            ({
              blocks,
              feerate,
            }) => html`<div key=${blocks} class="flex items-baseline justify-between gap-4 py-2.5">
              <dt class="text-muted">${blocks === 1 ? "In the next block" : `Within ${blocks} blocks`}</dt>
              <dd class="text-lg font-semibold tracking-tight">${formatFeerate(feerate)}</dd>
            </div>`,
          )}
        </dl>
        <p class="mt-1 text-[0.8125rem] text-muted">
          Enough to outbid what waits now, and never less than ${formatFeerate(minFeerate)}, the least
          that is taken. What comes later may pay more.
        </p>
      </${Fragment}>`}
    </${Loaded}>
  </${Card}>`;
}
