/**
 * The network as this node sees it: who is there, who is connected to whom, how blocks spread, and
 * what can be done about peers.
 *
 * Puts the parts together and asks for what several of them show.
 */

import type { Static } from "@sinclair/typebox";
import type { BlockPage } from "../../src/api/chain-schemas.ts";
import type { BanPage, Network, PeerPage } from "../../src/api/peer-schemas.ts";
import { Card } from "../components/card.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { useDashboard } from "../dashboard-store.ts";
import { formatCount, formatNumbered } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { usePolled } from "../use-polled.ts";
import { useQuery } from "../use-query.ts";
import { AloneAdvice } from "./alone-advice.ts";
import { BanList } from "./ban-list.ts";
import { BlockSpread } from "./block-spread.ts";
import { ConnectForm } from "./connect-form.ts";
import { DiscoverButton } from "./discover-button.ts";
import { NetworkPicture } from "./network-picture.ts";
import { NodeTable } from "./node-table.ts";
import { PeerTable } from "./peer-table.ts";

type NetworkAnswer = Static<typeof Network>;
type PeerAnswer = Static<typeof PeerPage>;
type BlockAnswer = Static<typeof BlockPage>;
type BanAnswer = Static<typeof BanPage>;

/** Blocks over which the ways that they came here are counted. */
const RECENT_BLOCKS = 50;

/** The network. */
export function NetworkView() {
  const { status } = useDashboard();
  const network = usePolled<NetworkAnswer>("/api/topology", ["peers", "chain"]);
  const peers = usePolled<PeerAnswer>("/api/peers", ["peers"]);
  const bans = useQuery<BanAnswer>("/api/peers/bans", ["peers"]);
  const recent = useQuery<BlockAnswer>(`/api/blockchain?limit=${RECENT_BLOCKS}`, ["chain"]);
  // Nobody found the genesis block.
  const blocks = recent.answer?.blocks.filter(({ height }) => height > 0) ?? [];
  const counts = peers.answer;
  const note =
    counts === undefined
      ? undefined
      : `${formatNumbered(counts.total, "peer")}: ${counts.inbound} in, ${counts.outbound} out`;
  return html`<${Fragment}>
    <${PageTitle} title="Network" note=${note ?? "Peers"} actions=${html`<${DiscoverButton} />`} />
    <${AloneAdvice} alone=${status?.alone ?? null} />
    <div class="grid gap-4 sm:gap-5 lg:grid-cols-[3fr_2fr]">
      <${Card} title="Who is connected to whom">
        <${Loaded} query=${network} lines=${8}>
          ${(answer: NetworkAnswer) => html`<${NetworkPicture} network=${answer} newest=${recent.answer?.blocks[0]} />`}
        </${Loaded}>
      </${Card}>
      <div class="flex min-w-0 flex-col gap-4 sm:gap-5">
        <${ConnectForm} manual=${counts?.manual ?? []} />
        <${BlockSpread} network=${network.answer} blocks=${blocks} />
      </div>
    </div>
    <${Card} title="Nodes" actions=${network.answer === undefined ? null : formatCount(network.answer.nodes.length)} isFlush=${true}>
      <${Loaded} query=${network} lines=${3}>
        ${(answer: NetworkAnswer) => html`<${NodeTable} network=${answer} peers=${counts?.peers ?? []} />`}
      </${Loaded}>
    </${Card}>
    <${Card} title="Connected peers" actions=${counts === undefined ? null : formatCount(counts.total)} isFlush=${true}>
      <${Loaded} query=${peers} lines=${3}>
        ${(answer: PeerAnswer) => html`<${PeerTable} peers=${answer.peers} total=${answer.total} />`}
      </${Loaded}>
    </${Card}>
    <${Loaded} query=${bans} lines=${2}>
      ${(answer: BanAnswer) => html`<${BanList} bans=${answer.bans} discouraged=${answer.discouraged} />`}
    </${Loaded}>
  </${Fragment}>`;
}
