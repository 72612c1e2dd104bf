/**
 * Who found the last blocks, by what their coinbases say.
 *
 * A miner calls itself what it likes; the address that it had paid is what counts.
 */

import type { MiningStateView } from "../../src/api/mining-schemas.ts";
import { Badge } from "../components/badge.ts";
import { type Bar, BarList } from "../components/bar-list.ts";
import { Card } from "../components/card.ts";
import { Hash } from "../components/hash.ts";
import { EmptyState } from "../components/states.ts";
import { formatNumbered, formatPercent } from "../format.ts";
import { html } from "../html.ts";

type Miner = MiningStateView["miners"][number];

interface MinerSharesProps {
  readonly miners: readonly Miner[];
  /** That blocks found here pay. */
  readonly address: string | null;
}

/** Shares of the last 1,000 blocks, the largest first. */
export function MinerShares({ miners, address }: MinerSharesProps) {
  const bars = miners.map(
    (miner): Bar => ({
      key: `${miner.address} ${miner.tag}`,
      name: html`<${Name} miner=${miner} isOurs=${miner.address !== null && miner.address === address} />`,
      value: `${formatNumbered(miner.blocks, "block")}, ${formatPercent(miner.share)}`,
      share: miner.share,
    }),
  );
  return html`<${Card} title="Who found the last 1,000 blocks">
    ${
      bars.length === 0
        ? html`<${EmptyState} title="No block yet">Start mining, or mine some now: whoever finds blocks is listed here.</${EmptyState}>`
        : html`<${BarList} label="Shares of the last blocks" bars=${bars} />`
    }
  </${Card}>`;
}

function Name({ miner: { tag, address }, isOurs }: { miner: Miner; isOurs: boolean }) {
  return html`<span class="inline-flex max-w-full items-baseline gap-2">
    <span class="min-w-0 truncate" title=${tag}>${tag === "" ? "without a name" : tag}</span>
    ${address === null ? null : html`<${Hash} value=${address} href=${`/address/${address}`} ends=${5} />`}
    ${isOurs ? html`<${Badge} tone="accent">This node</${Badge}>` : null}
  </span>`;
}
