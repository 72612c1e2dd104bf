/**
 * How blocks spread: who found the newest and how it came here, who has it by now, and over how many
 * links the last ones came.
 *
 * All but this node's own part is the word of others; the sums are in propagation-figures.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { BlockSummaryView } from "../../src/api/chain-schemas.ts";
import type { Network } from "../../src/api/peer-schemas.ts";
import { Age } from "../components/age.ts";
import { type Bar, BarList } from "../components/bar-list.ts";
import { Card } from "../components/card.ts";
import { EmptyState } from "../components/states.ts";
import { formatCount, formatDecimal, formatNumbered } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { countLinksFrom } from "../network-layout.ts";
import { groupByDistance, groupByHops } from "../propagation-figures.ts";
import { nameMiner } from "./block-table.ts";

interface BlockSpreadProps {
  readonly network: Static<typeof Network> | undefined;
  /** Newest first, without the genesis block. */
  readonly blocks: readonly BlockSummaryView[];
}

/** The newest block's way, and those of the last ones. */
export function BlockSpread({ network, blocks }: BlockSpreadProps) {
  const [newest] = blocks;
  if (newest === undefined) {
    return html`<${Card} title="How blocks spread">
      <${EmptyState} title="No block yet">Once one is found, its way through the network is told here.</${EmptyState}>
    </${Card}>`;
  }
  return html`<${Card} title="How blocks spread">
    <p>
      <a href=${`/block/${newest.hash}`} class="font-medium text-accent hover:underline">Block ${formatCount(newest.height)}</a>
      ${" by "}<span class="break-words">${nameMiner(newest)}</span>, <${Age} timeMs=${newest.receivedAt} />
    </p>
    <p class="text-[0.8125rem] text-muted">${describeWay(newest)}</p>
    ${network === undefined ? null : html`<${Reached} network=${network} newest=${newest} />`}
    <${Ways} blocks=${blocks} />
  </${Card}>`;
}

function Reached({
  network: { nodes, edges },
  newest,
}: {
  network: Static<typeof Network>;
  newest: BlockSummaryView;
}) {
  const self = nodes.find((node) => node.self)?.nodeId;
  if (self === undefined || nodes.length < 2) return null;
  const groups = groupByDistance(nodes, countLinksFrom(self, edges), newest.hash);
  const bars = groups.map(
    ({ distance, count, reached }): Bar => ({
      key: String(distance),
      name: describeDistance(distance),
      value: `${formatCount(reached)} of ${formatCount(count)}`,
      share: reached / count,
    }),
  );
  return html`<${Fragment}>
    <h3 class="mt-4 mb-2 text-[0.8125rem] text-muted">Who has it, as far as each has said</h3>
    <${BarList} label="Who has the newest block" bars=${bars} />
  </${Fragment}>`;
}

function Ways({ blocks }: { blocks: readonly BlockSummaryView[] }) {
  const groups = groupByHops(blocks);
  if (groups.length === 0) return null;
  const told = groups.reduce((sum, { count }) => sum + count, 0);
  const bars = groups.map(
    ({ hops, count, medianMs }): Bar => ({
      key: String(hops),
      name: hops === 0 ? "Found here" : `Over ${formatNumbered(hops, "link")}`,
      value:
        hops === 0
          ? formatNumbered(count, "block")
          : `${formatNumbered(count, "block")} in ${formatDecimal(medianMs)} ms`,
      share: count / told,
    }),
  );
  return html`<${Fragment}>
    <h3 class="mt-4 mb-2 text-[0.8125rem] text-muted">How the last ${formatNumbered(told, "block")} came here, and the median time</h3>
    <${BarList} label="Ways of the last blocks" bars=${bars} />
  </${Fragment}>`;
}

function describeWay({ propagation }: BlockSummaryView): string {
  if (propagation === null) return "Nobody has said how it came here.";
  const { hops, milliseconds } = propagation;
  if (hops === 0) return "It was found here.";
  return `It came here over ${formatNumbered(hops, "link")} in ${formatCount(milliseconds)} ms.`;
}

function describeDistance(distance: number | null): string {
  if (distance === null) return "No link known";
  return distance === 0 ? "This node" : `${formatNumbered(distance, "link")} away`;
}
