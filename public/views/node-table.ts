/**
 * The nodes of the network as each describes itself, this one first.
 *
 * Names, heights and rates are the word of others; whether there is a connection is known here.
 */

import type { Static } from "@sinclair/typebox";
import type { KnownNodeView, Network, PeerViewType } from "../../src/api/peer-schemas.ts";
import { Age } from "../components/age.ts";
import { Badge } from "../components/badge.ts";
import { type Column, Table } from "../components/table.ts";
import { useDashboard } from "../dashboard-store.ts";
import { formatCount, formatHashrate, NOTHING } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { countLinksFrom } from "../network-layout.ts";
import { nameNode } from "./name-node.ts";

/** Rows shown; nobody reads more, and the list in the API has all. */
const MAX_ROWS = 100;

interface Row {
  readonly node: KnownNodeView;
  readonly version: string;
  /** Links away; undefined if none are known. */
  readonly distance: number | undefined;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    title: "Node",
    isWide: true,
    cell: ({ node }) => html`<${Long} text=${nameNode(node)} title=${node.nodeId} />`,
  },
  { title: "Address", isWide: true, cell: ({ node }) => showAddress(node) },
  { title: "State", cell: (row) => html`<${State} row=${row} />` },
  { title: "Height", isNumeric: true, cell: ({ node }) => count(node.height) },
  { title: "Version", isWide: true, cell: ({ version }) => html`<${Long} text=${version} />` },
  {
    title: "Hash rate",
    isNumeric: true,
    cell: ({ node }) => (node.hashrate === null ? NOTHING : formatHashrate(node.hashrate)),
  },
  { title: "Peers", isNumeric: true, cell: ({ node }) => count(node.peerCount) },
  { title: "Last seen", isNumeric: true, cell: ({ node }) => html`<${LastSeen} node=${node} />` },
];

interface NodeTableProps {
  readonly network: Static<typeof Network>;
  /** Of whom the software is known. */
  readonly peers: readonly PeerViewType[];
}

/** A table of all nodes known. */
export function NodeTable({ network: { nodes, edges }, peers }: NodeTableProps) {
  const { status } = useDashboard();
  const versions = new Map(peers.map(({ nodeId, userAgent }) => [nodeId, userAgent]));
  const self = nodes.find((node) => node.self)?.nodeId ?? "";
  const distances = countLinksFrom(self, edges);
  const rows = nodes.slice(0, MAX_ROWS).map((node): Row => {
    const ours = status === null ? NOTHING : status.version;
    const version = node.self ? ours : (versions.get(node.nodeId) ?? NOTHING);
    return { node, version, distance: distances.get(node.nodeId) };
  });
  return html`<${Fragment}>
    <${Table} caption="Nodes" columns=${COLUMNS} rows=${rows} keyOf=${({ node }: Row) => node.nodeId} />
    ${nodes.length > MAX_ROWS ? html`<p class="px-4 py-2 text-[0.8125rem] text-muted">The first ${MAX_ROWS} of ${formatCount(nodes.length)}.</p>` : null}
  </${Fragment}>`;
}

/** One line where there are columns, broken where there is a card. */
function Long({ text, title = text }: { text: string; title?: string }) {
  return html`<span class="inline-block max-w-60 truncate align-bottom" title=${title}>${text}</span>`;
}

function State({ row: { node, distance } }: { row: Row }) {
  if (node.self) return html`<${Badge} tone="accent">This node</${Badge}>`;
  if (node.connected) return html`<${Badge} tone="good">Connected</${Badge}>`;
  if (distance === undefined) return html`<${Badge} tone="bad">Gone</${Badge}>`;
  return html`<${Badge}>${distance} links away</${Badge}>`;
}

function LastSeen({ node }: { node: KnownNodeView }) {
  return node.self ? "now" : html`<${Age} timeMs=${node.lastSeen} />`;
}

function showAddress({ self, host, port }: KnownNodeView): string {
  if (self) return "here";
  if (host === null) return NOTHING;
  const shown = host.includes(":") ? `[${host}]` : host;
  return port === null ? shown : `${shown}:${port}`;
}

function count(value: number | null): string {
  return value === null ? NOTHING : formatCount(value);
}
