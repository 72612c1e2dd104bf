/**
 * Waiting transactions one by one, highest feerate first, each with what it needs and what needs it.
 *
 * The list follows the mempool; who wants to read it holds it still.
 */

import type { Static } from "@sinclair/typebox";
import type {
  RankedPage,
  RankedTransactionView,
  WaitingFamilyView,
} from "../../src/api/transaction-schemas.ts";
import { Age } from "../components/age.ts";
import { Amount } from "../components/amount.ts";
import { Card } from "../components/card.ts";
import { Choice } from "../components/choice.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { Pagination } from "../components/pagination.ts";
import { EmptyState } from "../components/states.ts";
import { formatCount, formatFeerate, NOTHING } from "../format.ts";
import { type Children, Fragment, html, useRef, useState } from "../html.ts";
import { usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";

type PageView = Static<typeof RankedPage>;

const PAGE_TRANSACTIONS = 25;

const PACES = [
  { value: "live", text: "Live", title: "The list follows the mempool" },
  { value: "still", text: "Still", title: "The list stays as it is" },
] as const;

const ORDINALS = ["Next", "2nd", "3rd", "4th", "5th", "6th"] as const;

interface Column {
  readonly title: string;
  readonly isNumeric?: boolean;
  readonly cell: (row: RankedTransactionView) => Children;
}

const COLUMNS: readonly Column[] = [
  {
    title: "Transaction",
    cell: ({ txid }) => html`<${Hash} value=${txid} href=${`/tx/${txid}`} />`,
  },
  { title: "Feerate", isNumeric: true, cell: ({ feerate }) => formatFeerate(feerate) },
  { title: "Fee", isNumeric: true, cell: ({ fee }) => html`<${Amount} sats=${fee} />` },
  {
    title: "Size",
    isNumeric: true,
    cell: ({ virtualSize }) => `${formatCount(virtualSize)} vB`,
  },
  { title: "Block", cell: ({ block }) => nameBlock(block) },
  { title: "Seen", cell: ({ timestamp }) => html`<${Age} timeMs=${timestamp} />` },
];

/** A card of transactions, page by page. */
export function MempoolList({ isAtGenesis }: { isAtGenesis: boolean }) {
  const cursor = usePlace().query.get("cursor");
  const [pace, setPace] = useState<"live" | "still">("live");
  const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const path = `/api/mempool/transactions?limit=${PAGE_TRANSACTIONS}${after}`;
  const newest = useQuery<PageView>(path, ["mempool"]);
  const held = useRef<{ path: string; answer: PageView } | undefined>(undefined);
  if (pace === "live") held.current = undefined;
  else if (held.current?.path !== path && newest.answer !== undefined) {
    held.current = { path, answer: newest.answer };
  }
  const query = {
    ...newest,
    answer: held.current?.path === path ? held.current.answer : newest.answer,
  };
  return html`<${Card}
    title=${cursor === null ? "Highest feerate first" : "Lower feerates"}
    isFlush=${true}
    actions=${html`<${Choice} label="Pace of the list" options=${PACES} value=${pace} onChoose=${setPace} />`}
  >
    <${Loaded} query=${query} lines=${8}>
      ${({ transactions, cursor: next }: PageView) => html`<${Fragment}>
        ${
          transactions.length === 0
            ? html`<${Empty} isAtGenesis=${isAtGenesis} isFirst=${cursor === null} />`
            : html`<${Rows} transactions=${transactions} />`
        }
        <${Pagination}
          label="Pages of the mempool"
          firstHref=${cursor === null ? undefined : "/mempool"}
          nextHref=${next === null ? undefined : `/mempool?cursor=${encodeURIComponent(next)}`}
          firstText="Highest"
          nextText="Lower"
        />
      </${Fragment}>`}
    </${Loaded}>
  </${Card}>`;
}

function Empty({ isAtGenesis, isFirst }: { isAtGenesis: boolean; isFirst: boolean }) {
  if (!isFirst) return html`<${EmptyState} title="Nothing waits at lower feerates" />`;
  if (isAtGenesis) {
    return html`<${EmptyState} title="Nothing waits, and there are no coins yet">
      Mine a first block on the overview: its coins can be spent once enough blocks stand on it.
    </${EmptyState}>`;
  }
  return html`<${EmptyState} title="Nothing waits">
    Every transaction is in a block. New ones appear here the moment this node takes them, from a
    wallet, from POST /api/transactions, or from a peer.
  </${EmptyState}>`;
}

/** Not the common table: a row opens below itself, and 200 new ones a second must not flash. */
function Rows({ transactions }: { transactions: readonly RankedTransactionView[] }) {
  const [opened, setOpened] = useState<string | undefined>(undefined);
  const toggle = (txid: string) => setOpened(opened === txid ? undefined : txid);
  return html`<table role="table" class="rows">
    <caption class="sr-only">Waiting transactions, highest feerate first</caption>
    <thead role="rowgroup">
      <tr role="row">
        ${COLUMNS.map(({ title, isNumeric }) => html`<th role="columnheader" scope="col" class=${isNumeric ? "figures" : ""}>${title}</th>`)}
        <th role="columnheader" scope="col">Relatives</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${transactions.map((row) => {
        const isOpen = opened === row.txid;
        return html`<${Fragment} key=${row.txid}>
          <tr role="row" data-txid=${row.txid}>
            ${COLUMNS.map(
              ({
                title,
                isNumeric,
                cell,
              }) => html`<td role="cell" data-label=${title} class=${isNumeric ? "figures" : ""}>
                <span class="min-w-0">${cell(row)}</span>
              </td>`,
            )}
            <td role="cell" data-label="Relatives">
              <${Relatives} row=${row} isOpen=${isOpen} onToggle=${() => toggle(row.txid)} />
            </td>
          </tr>
          ${
            isOpen
              ? html`<tr role="row"><td role="cell" colspan=${COLUMNS.length + 1} data-wide="" class="bg-raised/50">
                  <${Family} txid=${row.txid} />
                </td></tr>`
              : null
          }
        </${Fragment}>`;
      })}
    </tbody>
  </table>`;
}

interface RelativesProps {
  readonly row: RankedTransactionView;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function Relatives({ row, isOpen, onToggle }: RelativesProps) {
  // Both counts have the transaction itself in them.
  const [needs, neededBy] = [row.ancestorCount - 1, row.descendantCount - 1];
  if (needs === 0 && neededBy === 0) return html`<span class="text-muted">${NOTHING}</span>`;
  const parts = [needs > 0 ? `${needs} before` : "", neededBy > 0 ? `${neededBy} after` : ""];
  return html`<button
    type="button"
    aria-expanded=${isOpen ? "true" : "false"}
    onClick=${onToggle}
    class="-my-1 rounded-md border border-strong px-2 py-0.5 text-[0.8125rem] hover:bg-raised"
  >
    ${parts.filter((part) => part !== "").join(", ")}
  </button>`;
}

function Family({ txid }: { txid: string }) {
  const query = useQuery<WaitingFamilyView>(`/api/mempool/transactions/${txid}`, ["mempool"]);
  return html`<${Loaded} query=${query} lines=${2}>
    ${({
      ancestors,
      descendants,
    }: WaitingFamilyView) => html`<div class="flex w-full flex-col gap-3 py-1 text-left">
      <${FamilyPart} title="Must be confirmed before it" relatives=${ancestors} />
      <${FamilyPart} title="Spend it" relatives=${descendants} />
    </div>`}
  </${Loaded}>`;
}

function FamilyPart({
  title,
  relatives,
}: {
  title: string;
  relatives: readonly RankedTransactionView[];
}) {
  if (relatives.length === 0) return null;
  return html`<div>
    <p class="text-[0.8125rem] text-muted">${title}</p>
    <ul>
      ${relatives.map(
        ({ txid, feerate, block }) => html`<li key=${txid} class="flex flex-wrap gap-x-4">
          <${Hash} value=${txid} href=${`/tx/${txid}`} />
          <span>${formatFeerate(feerate)}</span>
          <span class="text-muted">${nameBlock(block)}<span class="sr-only"> block</span></span>
        </li>`,
      )}
    </ul>
  </div>`;
}

function nameBlock(block: number | null): string {
  return (block === null ? undefined : ORDINALS[block - 1]) ?? "Later";
}
