/**
 * Mining: what this node does and gets, who else finds blocks, and how hard that is.
 *
 * Puts the parts together; the state is asked for once for all of them.
 */

import type { MiningStateView } from "../../src/api/mining-schemas.ts";
import type { StatusView } from "../../src/api/stats-schemas.ts";
import { Badge } from "../components/badge.ts";
import { Card } from "../components/card.ts";
import { Figure, Figures } from "../components/figure.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { LoadingState } from "../components/states.ts";
import { useDashboard } from "../dashboard-store.ts";
import {
  formatCoins,
  formatDecimal,
  formatDuration,
  formatHashrate,
  formatNumbered,
  formatPercent,
  NOTHING,
} from "../format.ts";
import { Fragment, html } from "../html.ts";
import { expectedSeconds, hashesPerBlock, shareOf } from "../mining-figures.ts";
import { useQuery } from "../use-query.ts";
import { DifficultyCard } from "./difficulty-card.ts";
import { MineNow } from "./mine-now.ts";
import { MinerShares } from "./miner-shares.ts";
import { MiningSwitch } from "./mining-switch.ts";
import { StreamTable } from "./stream-table.ts";

/** Mining. */
export function MiningView() {
  const { status } = useDashboard();
  const query = useQuery<MiningStateView>("/api/mining", ["mining", "chain"]);
  if (status === null) {
    return html`<${Fragment}>
      <${PageTitle} title="Mining" note="Blocks" />
      <${LoadingState} lines=${8} />
    </${Fragment}>`;
  }
  const { running } = status.mining;
  const state = html`<${Badge} tone=${running ? "good" : "muted"}>${running ? "On" : "Off"}</${Badge}>`;
  return html`<${Fragment}>
    <${PageTitle} title="Mining" note=${explainNetwork(status)} actions=${state} />
    <${Loaded} query=${query} lines=${12}>
      ${(mining: MiningStateView) => html`<${Parts} mining=${mining} status=${status} />`}
    </${Loaded}>
  </${Fragment}>`;
}

function Parts({ mining, status }: { mining: MiningStateView; status: StatusView }) {
  return html`<${Fragment}>
    <${MiningFigures} mining=${mining} status=${status} />
    <div class="grid gap-4 sm:gap-5 lg:grid-cols-2">
      <${MiningSwitch} mining=${mining} />
      <${MineNow} address=${mining.address} />
    </div>
    <div class="grid items-start gap-4 sm:gap-5 xl:grid-cols-2">
      <div class="flex min-w-0 flex-col gap-4 sm:gap-5">
        <${Card} title="Streams" isFlush=${true}><${StreamTable} streams=${mining.streams} /></${Card}>
        <${MinerShares} miners=${mining.miners} address=${mining.address} />
      </div>
      <${DifficultyCard} status=${status} retargetBlocks=${mining.retargetBlocks} />
    </div>
  </${Fragment}>`;
}

function MiningFigures({ mining, status }: { mining: MiningStateView; status: StatusView }) {
  const { hashrate } = status;
  const hashes = hashesPerBlock(status.target);
  const earned = mining.streams.reduce((sum, stream) => sum + stream.earned, 0);
  const share = shareOf(mining.address, mining.miners);
  return html`<${Figures} label="Mining in figures">
    <${Figure} label="Hash rate here" value=${formatHashrate(hashrate.own)} note=${formatNumbered(mining.threads, "thread")} />
    <${Figure} label="Network hash rate" value=${formatHashrate(hashrate.network)} note="by the last blocks" title="Hashes a second that the last blocks took" />
    <${Figure} label="Next block, here" value=${showSpan(expectedSeconds(hashes, hashrate.own))} note="on average" title="By the hash rate here" />
    <${Figure} label="Next block, all" value=${showSpan(expectedSeconds(hashes, hashrate.network))} note="on average" title="By the hash rate of the network" />
    <${Figure} label="Our share" value=${formatPercent(share)} note="of recent blocks" title="Of the last 1,000 blocks, those that paid the address of this node" />
    <${Figure} label="Earned" value=${formatCoins(earned)} note=${`in ${formatNumbered(mining.blocksFound, "block")}`} title="Coins: subsidies and fees of the blocks found here since the node was started" />
  </${Figures}>`;
}

function explainNetwork({ network, blockIntervalSeconds }: StatusView): string {
  if (network === "dev") {
    return "On the development network a block takes no work worth the name: blocks come by themselves as the node was started (--dev-mine), and whenever they are asked for.";
  }
  if (blockIntervalSeconds === null) {
    return `On ${network} the difficulty is fixed, and so low that blocks come at once whenever they are asked for.`;
  }
  return `The difficulty is kept so that a block is found about every ${blockIntervalSeconds} s by all who mine together.`;
}

function showSpan(seconds: number | null): string {
  if (seconds === null) return NOTHING;
  if (seconds < 1) return "under 1 s";
  return seconds < 60 ? `${formatDecimal(seconds)} s` : formatDuration(seconds);
}
