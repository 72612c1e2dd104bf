/**
 * The tree of blocks as a table, for who cannot or would not read the picture: every block of it,
 * with its parent and its state in words.
 */

import type { TreeBlockView } from "../../src/api/chain-schemas.ts";
import { Badge } from "../components/badge.ts";
import { Hash } from "../components/hash.ts";
import { type Column, Table } from "../components/table.ts";
import { formatCount, formatTime } from "../format.ts";
import { html } from "../html.ts";
import { BLOCK_STATUSES, describeReason, nameTreeMiner } from "./block-status.ts";

const COLUMNS: readonly Column<TreeBlockView>[] = [
  {
    title: "Height",
    cell: ({ height, hash }) =>
      html`<a href=${`/block/${hash}`} class="font-medium text-accent hover:underline">${formatCount(height)}</a>`,
  },
  { title: "Hash", isWide: true, cell: ({ hash }) => html`<${Hash} value=${hash} />` },
  {
    title: "Grows on",
    isWide: true,
    cell: ({ previousHash }) => html`<${Hash} value=${previousHash} />`,
  },
  {
    title: "State",
    cell: (block) => {
      const { tone, text } = BLOCK_STATUSES[block.status];
      return html`<span title=${describeReason(block)}><${Badge} tone=${tone}>${text}</${Badge}></span>`;
    },
  },
  { title: "By", cell: nameTreeMiner },
  { title: "Arrived", isWide: true, cell: ({ receivedAt }) => formatTime(receivedAt) },
  {
    title: "Why not",
    isWide: true,
    cell: (block) => html`<span class="whitespace-normal">${describeReason(block) ?? ""}</span>`,
  },
];

/** A table of the tree's blocks, highest first. */
export function TreeTable({ blocks }: { blocks: readonly TreeBlockView[] }) {
  const hasReasons = blocks.some((block) => describeReason(block) !== undefined);
  return html`<${Table}
    caption="Blocks of all branches"
    columns=${hasReasons ? COLUMNS : COLUMNS.slice(0, -1)}
    rows=${blocks}
    keyOf=${({ hash }: TreeBlockView) => hash}
  />`;
}
