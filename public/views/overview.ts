/**
 * The first page: the chain's pulse, this node's part in it, and what has just happened.
 *
 * Puts the overview's parts together; each fetches what it shows.
 */

import type { StatusView } from "../../src/api/stats-schemas.ts";
import { Card } from "../components/card.ts";
import { Icon } from "../components/icon.ts";
import { Progress } from "../components/progress.ts";
import { LoadingState } from "../components/states.ts";
import { useDashboard } from "../dashboard-store.ts";
import { formatCount, formatDuration, formatPercent } from "../format.ts";
import { Fragment, html, useEffect } from "../html.ts";
import { HistoryCharts } from "./history-charts.ts";
import { KeyFigures } from "./key-figures.ts";
import { LatestBlocks } from "./latest-blocks.ts";
import { LatestTransactions } from "./latest-transactions.ts";
import { MiningControl } from "./mining-control.ts";
import { TipPulse } from "./tip-pulse.ts";

/** The overview. */
export function OverviewView() {
  const { status } = useDashboard();
  useEffect(() => {
    document.title = status === null ? "Cairn" : `${formatCount(status.height)} · Cairn`;
  }, [status?.height]);
  if (status === null) {
    return html`<${Fragment}>
    <h1 class="sr-only">Overview</h1>
      <${LoadingState} lines=${8} /></${Fragment}>`;
  }
  return html`<${Fragment}>
    <h1 class="sr-only">Overview</h1>
    <${Warnings} warnings=${status.warnings} />
    <${SyncProgress} status=${status} />
    <div class="grid gap-4 sm:gap-5 lg:grid-cols-[3fr_2fr]">
      <${TipPulse} status=${status} />
      <${MiningControl} status=${status} />
    </div>
    <${KeyFigures} status=${status} />
    <div class="grid items-start gap-4 sm:gap-5 xl:grid-cols-[3fr_2fr]">
      <${LatestBlocks} />
      <${LatestTransactions} />
    </div>
    <${Alone} alone=${status.alone} />
    <${HistoryCharts} targetSeconds=${status.blockIntervalSeconds} />
  </${Fragment}>`;
}

function Warnings({ warnings }: { warnings: StatusView["warnings"] }) {
  if (warnings.length === 0) return null;
  return html`<ul aria-label="Warnings" class="rounded-xl border border-accent bg-tint px-4 py-3">
    ${warnings.map(
      (warning) => html`<li class="flex items-start gap-2">
        <span class="mt-0.5 text-accent"><${Icon} name="warning" size=${1.1} /></span>${warning}
      </li>`,
    )}
  </ul>`;
}

function SyncProgress({ status: { height, sync } }: { status: StatusView }) {
  if (!sync.isSyncing) return null;
  const parts = [
    `${formatCount(height)} of ${formatCount(sync.headers)} blocks`,
    `${formatCount(sync.blocksPerSecond)} a second`,
  ];
  if (sync.estimatedSeconds !== null) {
    parts.push(`about ${formatDuration(sync.estimatedSeconds)} left`);
  }
  return html`<${Card} title="Catching up" actions=${formatPercent(sync.progress)}>
    <${Progress} share=${sync.progress} label="Catching up with the chain" />
    <p class="mt-2 text-[0.8125rem] text-muted">${parts.join(", ")}</p>
  </${Card}>`;
}

function Alone({ alone }: { alone: StatusView["alone"] }) {
  if (alone === null) return null;
  return html`<${Card} title="Why there are no peers">
    <ul class="list-disc space-y-1 pl-5">
      ${alone.reasons.map(({ detail }) => html`<li>${detail}</li>`)}
    </ul>
    <p class="mt-2 text-[0.8125rem] text-muted">${alone.advice}</p>
  </${Card}>`;
}
