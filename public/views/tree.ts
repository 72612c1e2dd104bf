/**
 * The last heights with every branch that this node knows, and the reorganisations between them.
 *
 * Puts the parts together; what is shown, and how, is chosen in the page's address.
 */

import type { TreeView as TreeAnswer } from "../../src/api/chain-schemas.ts";
import { Card } from "../components/card.ts";
import { Choice } from "../components/choice.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { EmptyState } from "../components/states.ts";
import { formatCount, formatNumbered } from "../format.ts";
import { Fragment, html, useRef } from "../html.ts";
import { navigate, usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";
import { BranchList, sideBranches } from "./branch-list.ts";
import { ReorgList } from "./reorg-list.ts";
import { TreeGraph } from "./tree-graph.ts";
import { TreeTable } from "./tree-table.ts";

const DEPTHS = ["20", "50", "100", "500", "1000"] as const;
const DEFAULT_DEPTH = "50";

const FORMS = [
  { value: "graph", text: "Tree" },
  { value: "table", text: "Table" },
] as const;

/** The tree of blocks. */
export function TreeView() {
  const { query: words } = usePlace();
  const depth = DEPTHS.find((known) => known === words.get("depth")) ?? DEFAULT_DEPTH;
  const isTable = words.get("as") === "table";
  const query = useQuery<TreeAnswer>(`/api/tree?depth=${depth}`, ["chain"]);
  const list = useRef<HTMLOListElement>(null);
  const show = (row: number) => {
    const element = list.current;
    if (element === null) return;
    const rows = query.answer?.blocks.length ?? 1;
    const { top, height } = element.getBoundingClientRect();
    scrollTo({ top: scrollY + top + (row / rows) * height - innerHeight / 3 });
  };
  const go = (changes: Record<string, string>) => {
    const next = new URLSearchParams({ depth, ...(isTable ? { as: "table" } : {}), ...changes });
    if (next.get("as") === "graph") next.delete("as");
    navigate(`/tree?${next}`);
  };
  return html`<${Fragment}>
    <${PageTitle}
      title="Block tree"
      note=${query.answer === undefined ? "Every branch this node knows" : describeTree(query.answer)}
      actions=${html`<${Choice}
        label="How many heights"
        options=${DEPTHS.map((value) => ({ value, text: formatCount(Number(value)), label: `The last ${formatCount(Number(value))} heights` }))}
        value=${depth}
        onChoose=${(chosen: string) => go({ depth: chosen })}
      />`}
    />
    <div class="grid items-start gap-4 sm:gap-5 xl:grid-cols-[5fr_2fr]">
      <div class="flex min-w-0 flex-col gap-4 sm:gap-5 xl:order-last">
        <${ReorgList} />
        <${BranchList} blocks=${query.answer?.blocks ?? []} onShow=${isTable ? undefined : show} />
      </div>
      <${Card}
        title="Blocks"
        isFlush=${true}
        actions=${html`<${Choice}
          label="How to show them"
          options=${FORMS}
          value=${isTable ? "table" : "graph"}
          onChoose=${(as: string) => go({ as })}
        />`}
      >
        <${Loaded} query=${query} lines=${12}>
          ${({ blocks, height }: TreeAnswer) => html`<div>
            ${isTable ? html`<${TreeTable} blocks=${blocks} />` : html`<${TreeGraph} blocks=${blocks} list=${list} />`}
            ${height === 0 ? html`<${OnlyGenesis} />` : null}
          </div>`}
        </${Loaded}>
      </${Card}>
    </div>
  </${Fragment}>`;
}

function OnlyGenesis() {
  return html`<${EmptyState} title="Only the genesis block so far">
    It is the root of every branch. Mine a block, on the overview or with${" "}
    <span class="font-mono whitespace-nowrap">cairn start --mine</span>, and the tree grows here.
  </${EmptyState}>`;
}

function describeTree({ height, from, blocks, omitted }: TreeAnswer): string {
  const branches = sideBranches(blocks).length;
  const parts = [
    height === from ? `Height ${height}` : `Heights ${formatCount(from)} to ${formatCount(height)}`,
    branches === 0
      ? "no branches"
      : branches === 1
        ? "1 branch off the active chain"
        : `${formatCount(branches)} branches off the active chain`,
  ];
  if (omitted > 0) parts.push(`${formatNumbered(omitted, "more block")} not shown`);
  return parts.join(" · ");
}
