/**
 * Blocks as rows, for every page that lists some.
 *
 * Where the blocks come from, and which, is known to the page.
 */

import type { BlockSummaryView } from "../../src/api/chain-schemas.ts";
import { Age } from "../components/age.ts";
import { Amount } from "../components/amount.ts";
import { Hash } from "../components/hash.ts";
import { type Column, Table } from "../components/table.ts";
import { formatBytes, formatCount, NOTHING } from "../format.ts";
import { type Children, html } from "../html.ts";

const COLUMNS: readonly Column<BlockSummaryView>[] = [
  {
    title: "Height",
    cell: ({ height, hash }) =>
      html`<a href=${`/block/${hash}`} class="font-medium text-accent hover:underline">${formatCount(height)}</a>`,
  },
  {
    title: "Hash",
    isWide: true,
    cell: ({ hash }) => html`<${Hash} value=${hash} href=${`/block/${hash}`} />`,
  },
  { title: "Found", cell: ({ time }) => html`<${Age} timeMs=${time * 1000} />` },
  { title: "By", cell: nameMiner },
  { title: "Transactions", isNumeric: true, cell: (block) => formatCount(block.transactionCount) },
  { title: "Size", isNumeric: true, cell: ({ size }) => formatBytes(size) },
  { title: "Fees", isNumeric: true, cell: (block) => html`<${Amount} sats=${block.totalFees} />` },
];

interface BlockTableProps {
  readonly blocks: readonly BlockSummaryView[];
  readonly empty?: Children;
}

/** A table of blocks, in the order given. */
export function BlockTable({ blocks, empty }: BlockTableProps) {
  return html`<${Table}
    caption="Blocks"
    columns=${COLUMNS}
    rows=${blocks}
    keyOf=${({ hash }: BlockSummaryView) => hash}
    empty=${empty}
  />`;
}

/** Returns what a block says of its miner; anyone can claim anything there. */
export function nameMiner({ miner }: Pick<BlockSummaryView, "miner">): string {
  const parts = [miner.tag, miner.stream].filter((part) => part !== "");
  return parts.length === 0 ? NOTHING : parts.join(" ");
}
