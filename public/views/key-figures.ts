/**
 * The six figures by which a chain is judged, with their course where there is one.
 *
 * Numbers only; what they were before is shown by history-charts.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { History, StatusView, Totals } from "../../src/api/stats-schemas.ts";
import { Figure, Figures } from "../components/figure.ts";
import { Sparkline } from "../components/sparkline.ts";
import {
  formatBytes,
  formatCoins,
  formatCount,
  formatDecimal,
  formatDifficulty,
  formatFeerate,
  formatHashrate,
  NOTHING,
} from "../format.ts";
import { html } from "../html.ts";
import { useQuery } from "../use-query.ts";

/** Points of a sparkline. */
const SPARK_POINTS = 40;

/** Seconds over which the throughput is taken: the newest blocks. */
const THROUGHPUT_SECONDS = 120;

/** Difficulty, hash rate, mempool, throughput, supply, peers. */
export function KeyFigures({ status }: { status: StatusView }) {
  const totals = useQuery<Static<typeof Totals>>("/api/stats", ["chain"]).answer;
  const history = useQuery<Static<typeof History>>("/api/stats/history?range=1h", ["chain"]).answer;
  const chain = history?.chain ?? [];
  const samples = history?.samples ?? [];
  const { hashrate, mempool, peers } = status;
  const coins = totals === undefined ? NOTHING : formatCoins(totals.supply);
  return html`<${Figures} label="Key figures">
    <${Figure}
      label="Difficulty"
      value=${formatDifficulty(status.difficulty)}
      note=${`bits ${status.bits}`}
      title=${`Target ${status.target}`}
    >
      <${Sparkline} values=${tail(chain.map(({ difficulty }) => difficulty))} label="Difficulty, last hour" />
    </${Figure}>
    <${Figure}
      label="Network hash rate"
      value=${formatHashrate(hashrate.network)}
      note=${`${formatHashrate(hashrate.own)} here`}
      title="Hashes a second that the last blocks took"
    >
      <${Sparkline} values=${tail(known(chain.map((point) => point.hashrate)))} label="Hash rate, last hour" />
    </${Figure}>
    <${Figure}
      label="Mempool"
      value=${formatCount(mempool.count)}
      note=${`${formatBytes(mempool.bytes)} · from ${formatFeerate(mempool.minFeerate)}`}
      title="Transactions that wait for a block"
    >
      <${Sparkline} values=${tail(samples.map(({ mempoolCount }) => mempoolCount))} label="Mempool, last hour" />
    </${Figure}>
    <${Figure}
      label="Throughput"
      value=${throughput(chain)}
      note=${totals === undefined ? NOTHING : `${formatCount(totals.transactions)} in all`}
      title="Transactions a second in the blocks of the last two minutes"
    >
      <${Sparkline}
        values=${tail(known(chain.map((point) => point.transactionsPerSecond)))}
        label="Transactions a second, last hour"
      />
    </${Figure}>
    <${Figure}
      label="Supply"
      value=${coins}
      note=${totals === undefined ? NOTHING : `coins in ${formatCount(totals.unspentOutputs)} outputs`}
      title="Coins mined so far"
    />
    <${Figure}
      label="Peers"
      value=${formatCount(peers.total)}
      note=${`${peers.inbound} in, ${peers.outbound} out`}
      title="Nodes this one is connected to"
    >
      <${Sparkline} values=${tail(samples.map((sample) => sample.peers))} label="Peers, last hour" />
    </${Figure}>
  </${Figures}>`;
}

function throughput(chain: Static<typeof History>["chain"]): string {
  const end = chain.at(-1)?.time;
  if (end === undefined) return NOTHING;
  const recent = chain.filter(({ time }) => time > end - THROUGHPUT_SECONDS);
  const span = end - (chain.at(-recent.length - 1)?.time ?? recent[0]?.time ?? end);
  const count = recent.reduce((sum, { transactions }) => sum + transactions, 0);
  return span === 0 ? NOTHING : `${formatDecimal(count / span)} tx/s`;
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function tail(values: readonly number[]): readonly number[] {
  return values.slice(-SPARK_POINTS);
}
