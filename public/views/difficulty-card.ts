/**
 * How hard it is to find a block, what that means, and how it went.
 *
 * The sums are in mining-figures.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { History, StatusView } from "../../src/api/stats-schemas.ts";
import { Card } from "../components/card.ts";
import { Chart } from "../components/chart.ts";
import type { ChartSpec } from "../components/chart-engine.ts";
import { Choice } from "../components/choice.ts";
import { type Field, Fields } from "../components/fields.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { formatCount, formatDifficulty, formatDuration, formatNumbered } from "../format.ts";
import { Fragment, html, useMemo, useState } from "../html.ts";
import { blocksToRetarget, findRetargets, hashesPerBlock } from "../mining-figures.ts";
import { useQuery } from "../use-query.ts";

type HistoryView = Static<typeof History>;
type Range = HistoryView["range"];

const RANGES: readonly { value: Range; text: string; title: string }[] = [
  { value: "1h", text: "1 h", title: "Last hour" },
  { value: "24h", text: "1 d", title: "Last day" },
  { value: "7d", text: "1 w", title: "Last week" },
  { value: "all", text: "All", title: "Since the beginning" },
];

interface DifficultyCardProps {
  readonly status: StatusView;
  /** Null where the difficulty never changes. */
  readonly retargetBlocks: number | null;
}

/** The difficulty, explained and drawn. */
export function DifficultyCard({ status, retargetBlocks }: DifficultyCardProps) {
  const [range, setRange] = useState<Range>("all");
  const query = useQuery<HistoryView>(`/api/stats/history?range=${range}`, ["chain"]);
  const choice = html`<${Choice} label="Span" options=${RANGES} value=${range} onChoose=${setRange} />`;
  return html`<${Card} title="Difficulty" actions=${choice}>
    <${Loaded} query=${query} lines=${4}>
      ${(history: HistoryView) => html`<${DifficultyChart} history=${history} />`}
    </${Loaded}>
    <${Fields} fields=${explain(status, retargetBlocks)} />
  </${Card}>`;
}

function DifficultyChart({ history }: { history: HistoryView }) {
  const { chain } = history;
  const retargets = useMemo(() => findRetargets(chain), [chain]);
  const spec = useMemo((): ChartSpec => {
    // The times of blocks found in quick succession run ahead of the clock.
    const to = Math.max(history.to, chain.at(-1)?.time ?? 0);
    const from = Math.min(Math.max(history.from, chain[0]?.time ?? to), to - 60);
    return {
      kind: "line",
      label: "Difficulty",
      points: chain.map(({ time, difficulty }) => ({ x: time, y: difficulty })),
      format: formatDifficulty,
      from,
      to,
      isStepped: true,
      marks: new Set(retargets),
    };
  }, [history, retargets]);
  const told =
    retargets.length === 0
      ? "It did not change in this span."
      : `Each dot is a change: ${formatNumbered(retargets.length, "change")} in this span.`;
  return html`<${Fragment}>
    ${
      chain.length === 0
        ? html`<div class="flex h-40 items-center justify-center rounded-lg bg-raised text-[0.8125rem] text-muted">Nothing in this span yet</div>`
        : html`<${Chart} spec=${spec} />`
    }
    <p class="mt-1 mb-2 text-[0.8125rem] text-muted">${told}</p>
  </${Fragment}>`;
}

function explain(status: StatusView, retargetBlocks: number | null): readonly Field[] {
  const { difficulty, target, bits, height, blockIntervalSeconds } = status;
  const left = blocksToRetarget(height, retargetBlocks);
  const interval = blockIntervalSeconds ?? 0;
  return [
    {
      term: "Difficulty",
      value: formatDifficulty(difficulty),
      about: "How many times harder than the easiest that Bitcoin knows.",
    },
    {
      term: "Target",
      value: html`<${Hash} value=${target} label="the target" ends=${0} />`,
      about: `A block counts if its hash, as a number, is not above this; ${bits} in short.`,
    },
    {
      term: "Hashes a block",
      value: formatCount(Math.round(hashesPerBlock(target))),
      about: "That many have to be tried on average; each has the same chance.",
    },
    {
      term: "Next change",
      value:
        left === null
          ? "never"
          : `in ${formatNumbered(left, "block")}, at height ${formatCount(height + left)}`,
      about:
        left === null
          ? "The difficulty of this network is fixed."
          : `In about ${formatDuration(left * interval)}; every ${formatNumbered(retargetBlocks ?? 0, "block")} it is set anew, so that a block takes ${interval} s.`,
    },
  ];
}
