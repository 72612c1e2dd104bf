/**
 * One address: what it holds, and everything that came and went.
 *
 * Any address of the network has a page, also one that was never used.
 */

import type { Static } from "@sinclair/typebox";
import type {
  AddressSummaryView,
  AddressTransactionPage,
  AddressTransactionView,
} from "../../src/api/address-schemas.ts";
import { Age } from "../components/age.ts";
import { Amount } from "../components/amount.ts";
import { Card } from "../components/card.ts";
import { Figure, Figures } from "../components/figure.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { Pagination } from "../components/pagination.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { formatCount } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";

const PAGE_TRANSACTIONS = 25;

const COLUMNS: readonly Column<AddressTransactionView>[] = [
  {
    title: "Transaction",
    cell: ({ txid }) => html`<${Hash} value=${txid} href=${`/tx/${txid}`} ends=${10} />`,
  },
  { title: "When", cell: ({ timestamp }) => html`<${Age} timeMs=${timestamp} />` },
  {
    title: "Block",
    isNumeric: true,
    cell: ({ blockHeight }) =>
      blockHeight === null
        ? "Waits"
        : html`<a href=${`/block/${blockHeight}`} class="text-accent hover:underline">${formatCount(blockHeight)}</a>`,
  },
  {
    title: "Change",
    isNumeric: true,
    cell: ({ amount }) => html`<${Amount} sats=${amount} isChange=${true} />`,
  },
  { title: "Balance", isNumeric: true, cell: ({ balance }) => html`<${Amount} sats=${balance} />` },
];

/** The address that the page's path names. */
export function AddressView() {
  const { route, query: words } = usePlace();
  const address = route?.parameters.address ?? "";
  const cursor = words.get("cursor");
  const base = `/api/addresses/${encodeURIComponent(address)}`;
  const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const summary = useQuery<AddressSummaryView>(base, ["chain", "mempool"]);
  const history = useQuery<Static<typeof AddressTransactionPage>>(
    summary.answer === undefined
      ? undefined
      : `${base}/transactions?limit=${PAGE_TRANSACTIONS}${after}`,
    ["chain", "mempool"],
  );
  const here = `/address/${encodeURIComponent(address)}`;
  return html`<${Fragment}>
    <${PageTitle} title="Address" note=${html`<${Hash} value=${address} label="the address" ends=${0} />`} />
    <${Loaded} query=${summary} lines=${3}>
      ${(answer: AddressSummaryView) => html`<${Summary} summary=${answer} />`}
    </${Loaded}>
    ${
      summary.answer === undefined
        ? null
        : html`<${Card} title="History" isFlush=${true}>
            <${Loaded} query=${history} lines=${8}>
              ${({
                transactions,
                cursor: next,
              }: Static<typeof AddressTransactionPage>) => html`<${Fragment}>
                <${Table}
                  caption="Transactions of this address"
                  columns=${COLUMNS}
                  rows=${transactions}
                  keyOf=${({ txid }: AddressTransactionView) => txid}
                  empty=${html`<${EmptyState} title="Nothing came or went yet" />`}
                />
                <${Pagination}
                  label="Pages of the history"
                  firstHref=${cursor === null ? undefined : here}
                  nextHref=${next === null ? undefined : `${here}?cursor=${encodeURIComponent(next)}`}
                />
              </${Fragment}>`}
            </${Loaded}>
          </${Card}>`
    }
  </${Fragment}>`;
}

function Summary({ summary }: { summary: AddressSummaryView }) {
  const { confirmed, unconfirmed, immature, spendable, received, sent } = summary;
  return html`<${Figures} label="Balance">
    <${Figure} label="Balance" value=${html`<${Amount} sats=${confirmed} />`} note="confirmed" />
    <${Figure} label="Spendable" value=${html`<${Amount} sats=${spendable} />`} note="now" />
    <${Figure} label="Immature" value=${html`<${Amount} sats=${immature} />`} note="mined lately" />
    <${Figure}
      label="Unconfirmed"
      value=${html`<${Amount} sats=${unconfirmed} isChange=${true} />`}
      note="in the mempool"
    />
    <${Figure} label="Received" value=${html`<${Amount} sats=${received} />`} note="in all" />
    <${Figure} label="Sent" value=${html`<${Amount} sats=${sent} />`} note="in all" />
  </${Figures}>`;
}
