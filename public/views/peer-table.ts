/**
 * The peers that are connected, what went to and fro, and the buttons that end that.
 *
 * What ending it costs is said by peer-dialogs.ts before it is done.
 */

import type { PeerViewType } from "../../src/api/peer-schemas.ts";
import { Age } from "../components/age.ts";
import { Button } from "../components/button.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { formatBytes, formatCount, formatDecimal, NOTHING } from "../format.ts";
import { Fragment, html, useState } from "../html.ts";
import { nameNode } from "./name-node.ts";
import { BanDialog, DisconnectDialog } from "./peer-dialogs.ts";

/** What each kind of connection is for. */
const KINDS: Readonly<Record<PeerViewType["kind"], { text: string; title: string }>> = {
  inbound: { text: "in", title: "It dialled this node." },
  outbound: { text: "out", title: "This node dialled it." },
  manual: { text: "out, by hand", title: "Named by the operator, and dialled again and again." },
  "block-relay": { text: "out, blocks only", title: "Carries blocks and no transactions." },
  feeler: { text: "out, a try", title: "Only to see whether it is there." },
};

type Question = { readonly act: "disconnect" | "ban"; readonly peer: PeerViewType };

interface PeerTableProps {
  readonly peers: readonly PeerViewType[];
  /** Of all, also those that are not listed. */
  readonly total: number;
}

/** A table of peers, with what can be done about each. */
export function PeerTable({ peers, total }: PeerTableProps) {
  const [question, ask] = useState<Question | undefined>(undefined);
  const close = () => ask(undefined);
  const empty = html`<${EmptyState} title="Nobody is connected">
    Nodes of the same network nearby are found by themselves; others are named above, by address.
  </${EmptyState}>`;
  return html`<${Fragment}>
    <${Table} caption="Connected peers" columns=${columnsFor(ask)} rows=${peers} keyOf=${({ id }: PeerViewType) => String(id)} empty=${empty} />
    ${total > peers.length ? html`<p class="px-4 py-2 text-[0.8125rem] text-muted">The first ${formatCount(peers.length)} of ${formatCount(total)}.</p>` : null}
    <${DisconnectDialog} peer=${question?.act === "disconnect" ? question.peer : undefined} onClose=${close} />
    <${BanDialog} target=${question?.act === "ban" ? targetOf(question.peer) : undefined} onClose=${close} />
  </${Fragment}>`;
}

function columnsFor(ask: (question: Question) => void): readonly Column<PeerViewType>[] {
  return [
    {
      title: "Peer",
      isWide: true,
      cell: ({ nodeId, name, address }) => html`<span class="flex min-w-0 flex-col">
        <span class="max-w-60 truncate" title=${nodeId ?? ""}>${nameNode({ nodeId, name })}</span>
        <span class="text-[0.8125rem] text-muted">${address}</span>
      </span>`,
    },
    {
      title: "Direction",
      cell: ({ kind }) => html`<span title=${KINDS[kind].title}>${KINDS[kind].text}</span>`,
    },
    { title: "Height", isNumeric: true, cell: ({ height }) => formatCount(height) },
    {
      title: "Ping",
      isNumeric: true,
      cell: ({ pingMs }) => (pingMs === null ? NOTHING : `${formatDecimal(pingMs)} ms`),
    },
    {
      title: "Received",
      isNumeric: true,
      cell: ({ bytesReceived }) => formatBytes(bytesReceived),
    },
    { title: "Sent", isNumeric: true, cell: ({ bytesSent }) => formatBytes(bytesSent) },
    {
      title: "Since",
      isNumeric: true,
      cell: ({ connectedSince }) => html`<${Age} timeMs=${connectedSince} />`,
    },
    {
      title: "Software",
      isWide: true,
      cell: ({ userAgent }) =>
        html`<span class="inline-block max-w-48 truncate align-bottom" title=${userAgent}>${userAgent === "" ? NOTHING : userAgent}</span>`,
    },
    {
      title: "Actions",
      isWide: true,
      cell: (peer) => html`<span class="flex justify-end gap-2 sm:justify-start">
        <${Button} onClick=${() => ask({ act: "disconnect", peer })}>Disconnect</${Button}>
        <${Button} onClick=${() => ask({ act: "ban", peer })}>Ban</${Button}>
      </span>`,
    },
  ];
}

function targetOf({ id, address }: PeerViewType) {
  return { id: String(id), host: address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "") };
}
