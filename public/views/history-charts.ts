/**
 * How the chain went over a span of time that the reader chooses, from what the node has stored.
 *
 * How a chart is drawn is in components/chart.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { History } from "../../src/api/stats-schemas.ts";
import { Card } from "../components/card.ts";
import { Chart } from "../components/chart.ts";
import type { ChartSpec, Point } from "../components/chart-engine.ts";
import { Choice } from "../components/choice.ts";
import { Loaded } from "../components/loaded.ts";
import {
  formatBytes,
  formatDecimal,
  formatDifficulty,
  formatFeerate,
  formatHashrate,
} from "../format.ts";
import { html, useMemo, useState } from "../html.ts";
import { useQuery } from "../use-query.ts";

type HistoryView = Static<typeof History>;
type Range = HistoryView["range"];

const RANGES: readonly { value: Range; text: string; title: string }[] = [
  { value: "1h", text: "1 h", title: "Last hour" },
  { value: "24h", text: "1 d", title: "Last day" },
  { value: "7d", text: "1 w", title: "Last week" },
  { value: "all", text: "All", title: "Since the beginning" },
];

/** The charts, and the choice of their span. `targetSeconds` of a block is drawn across. */
export function HistoryCharts({ targetSeconds }: { targetSeconds: number | null }) {
  const [range, setRange] = useState<Range>("1h");
  const query = useQuery<HistoryView>(`/api/stats/history?range=${range}`, ["chain"]);
  const choice = html`<${Choice} label="Span" options=${RANGES} value=${range} onChoose=${setRange} />`;
  return html`<${Card} title="History" actions=${choice}>
    <${Loaded} query=${query} lines=${6}>
      ${(history: HistoryView) => html`<${Charts} history=${history} targetSeconds=${targetSeconds} />`}
    </${Loaded}>
  </${Card}>`;
}

interface ChartsProps {
  readonly history: HistoryView;
  readonly targetSeconds: number | null;
}

function Charts({ history, targetSeconds }: ChartsProps) {
  const specs = useMemo(() => chartSpecs(history, targetSeconds), [history, targetSeconds]);
  return html`<div class="grid gap-x-8 gap-y-5 sm:grid-cols-2 xl:grid-cols-3">
    ${specs.map(
      (spec) => html`<figure key=${spec.label} class="min-w-0">
        <figcaption class="mb-1 text-[0.8125rem] text-muted">${spec.label}</figcaption>
        ${spec.points.length === 0 ? html`<${NoPoints} />` : html`<${Chart} spec=${spec} />`}
      </figure>`,
    )}
  </div>`;
}

/** As high as a chart. */
function NoPoints() {
  return html`<div class="flex h-40 items-center justify-center rounded-lg bg-raised text-[0.8125rem] text-muted">
    Nothing in this span yet
  </div>`;
}

function chartSpecs(history: HistoryView, targetSeconds: number | null): ChartSpec[] {
  const { chain, samples } = history;
  // The times of blocks found in quick succession run ahead of the clock.
  const to = Math.max(history.to, chain.at(-1)?.time ?? 0);
  // The first block of a chain may be old: begin where there is something to see.
  const first = Math.min(chain[0]?.time ?? to, samples[0]?.time ?? to);
  const from = Math.min(Math.max(history.from, first), to - 60);
  const points = <Row extends { time: number }>(
    rows: readonly Row[],
    value: (row: Row) => number | null,
  ) => rows.map((row): Point => ({ x: row.time, y: value(row) }));
  const shared = { kind: "line", from, to } as const;
  return [
    {
      ...shared,
      label: "Block interval",
      points: points(chain, ({ intervalSeconds }) => intervalSeconds),
      format: (value) => `${formatDecimal(value)} s`,
      target: targetSeconds ?? undefined,
    },
    {
      ...shared,
      label: "Hash rate",
      points: points(chain, ({ hashrate }) => hashrate),
      format: formatHashrate,
    },
    {
      ...shared,
      label: "Transactions a second",
      points: points(chain, ({ transactionsPerSecond }) => transactionsPerSecond),
      format: (value) => `${formatDecimal(value)} tx/s`,
      leastTop: 1,
    },
    {
      ...shared,
      label: "Difficulty",
      points: points(chain, ({ difficulty }) => difficulty),
      format: formatDifficulty,
    },
    {
      ...shared,
      label: "Mempool",
      points: points(samples, ({ mempoolBytes }) => mempoolBytes),
      format: formatBytes,
      isBinary: true,
      leastTop: 2048,
    },
    {
      ...shared,
      label: "Lowest feerate that the mempool takes",
      points: points(samples, ({ mempoolFeerate }) => mempoolFeerate),
      format: formatFeerate,
      leastTop: 2,
    },
  ];
}
