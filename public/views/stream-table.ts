/**
 * The streams of this node's miner: how fast each is, and what it has found since the start.
 *
 * Follows by itself, each second while there is work.
 */

import type { MiningStateView } from "../../src/api/mining-schemas.ts";
import { Amount } from "../components/amount.ts";
import { Badge } from "../components/badge.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { formatCount, formatHashrate } from "../format.ts";
import { html } from "../html.ts";

type Stream = MiningStateView["streams"][number];

const COLUMNS: readonly Column<Stream>[] = [
  { title: "Stream", cell: ({ name }) => html`<span class="font-medium">${name}</span>` },
  {
    title: "State",
    cell: ({ working }) =>
      html`<${Badge} tone=${working ? "good" : "muted"}>${working ? "Searching" : "Idle"}</${Badge}>`,
  },
  { title: "Hash rate", isNumeric: true, cell: ({ hashrate }) => formatHashrate(hashrate) },
  { title: "Hashes", isNumeric: true, cell: ({ totalHashes }) => formatCount(totalHashes) },
  { title: "Blocks", isNumeric: true, cell: ({ blocksFound }) => formatCount(blocksFound) },
  { title: "Earned", isNumeric: true, cell: ({ earned }) => html`<${Amount} sats=${earned} />` },
];

/** A table of streams, one a thread. */
export function StreamTable({ streams }: { streams: readonly Stream[] }) {
  const empty = html`<${EmptyState} title="Nothing was mined here yet">
    Each thread is a stream of its own, with its own blocks; they appear when mining starts.
  </${EmptyState}>`;
  return html`<${Table} caption="Streams" columns=${COLUMNS} rows=${streams} keyOf=${({ name }: Stream) => name} empty=${empty} />`;
}
