/**
 * Every branch off the active chain in words: how long, where it left, who made it, and why it does
 * not count.
 */

import type { TreeBlockView } from "../../src/api/chain-schemas.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { Hash } from "../components/hash.ts";
import { EmptyState } from "../components/states.ts";
import { formatCount, formatNumbered } from "../format.ts";
import { html, useMemo } from "../html.ts";
import { type Branch, layoutTree } from "../tree-layout.ts";
import { BLOCK_STATUSES, describeReason, nameTreeMiner } from "./block-status.ts";
import { ShortList } from "./short-list.ts";

interface BranchListProps {
  readonly blocks: readonly TreeBlockView[];
  /** Brings a block's row into sight; none is offered without. */
  readonly onShow?: ((row: number) => void) | undefined;
}

/** A card of branches, highest first. */
export function BranchList({ blocks, onShow }: BranchListProps) {
  const branches = useMemo(() => sideBranches(blocks), [blocks]);
  return html`<${Card} title="Branches" isFlush=${true}>
    ${
      branches.length === 0
        ? html`<${EmptyState} title="One chain, no branches">
            Two miners who find a block at the same height make a branch; the next block decides
            which one stays.
          </${EmptyState}>`
        : html`<${ShortList} label="Branches off the active chain" items=${branches}>
            ${(
              branch: Branch,
            ) => html`<li key=${blocks[branch.rows[0] ?? 0]?.hash} class="px-4 py-3">
              <${BranchItem} branch=${branch} blocks=${blocks} onShow=${onShow} />
            </li>`}
          </${ShortList}>`
    }
  </${Card}>`;
}

/** Returns the branches in which no block is active. */
export function sideBranches(blocks: readonly TreeBlockView[]): readonly Branch[] {
  const { branches } = layoutTree(blocks);
  return branches.filter(({ rows: [top = 0] }) => blocks[top]?.status !== "active");
}

interface BranchItemProps extends BranchListProps {
  readonly branch: Branch;
}

function BranchItem({ branch: { rows, forkRow }, blocks, onShow }: BranchItemProps) {
  const [topRow = 0] = rows;
  const tip = blocks[topRow];
  const lowest = blocks[rows.at(-1) ?? 0];
  if (tip === undefined || lowest === undefined) return null;
  const { tone, text } = BLOCK_STATUSES[tip.status];
  const own = blocks.filter((_, row) => rows.includes(row));
  const miners = [...new Set(own.map(nameTreeMiner))];
  const fork = formatCount(lowest.height - 1);
  const reason = own.find((block) => block.reason !== null)?.reason?.detail;
  return html`<div class="flex flex-col gap-1">
    <p class="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
      <span class="font-medium">${formatNumbered(rows.length, "block")} ${forkRow === undefined ? "from below" : `on height ${fork}`}</span>
      <${Badge} tone=${tone}>${text}</${Badge}>
    </p>
    <p class="flex flex-wrap items-center justify-between gap-x-3 text-[0.8125rem]">
      <span>
        <span class="text-muted">up to ${formatCount(tip.height)}, </span>
        <${Hash} value=${tip.hash} href=${`/block/${tip.hash}`} ends=${6} />
      </span>
      ${onShow === undefined ? null : html`<${Button} onClick=${() => onShow(topRow)}>Show<span class="sr-only"> in the tree</span></${Button}>`}
    </p>
    <p class="truncate text-[0.8125rem] text-muted">by ${miners.join(", ")}</p>
    ${tip.status === "invalid" ? html`<p class="text-[0.8125rem] break-words">${reason ?? describeReason(tip)}</p>` : null}
  </div>`;
}
