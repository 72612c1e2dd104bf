/**
 * The newest transactions that wait for a block, each marked for a moment as it arrives.
 *
 * Knows the list of the mempool, and nothing of why a transaction is in it.
 */

import type { Static } from "@sinclair/typebox";
import type { MempoolPage, MempoolTransactionView } from "../../src/api/transaction-schemas.ts";
import { Age } from "../components/age.ts";
import { Amount } from "../components/amount.ts";
import { Card } from "../components/card.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { formatFeerate } from "../format.ts";
import { html } from "../html.ts";
import { useQuery } from "../use-query.ts";

const TRANSACTIONS_SHOWN = 8;

const COLUMNS: readonly Column<MempoolTransactionView>[] = [
  {
    title: "Transaction",
    cell: ({ txid }) => html`<${Hash} value=${txid} href=${`/tx/${txid}`} />`,
  },
  { title: "Seen", cell: ({ timestamp }) => html`<${Age} timeMs=${timestamp} />` },
  { title: "Amount", isNumeric: true, cell: (row) => html`<${Amount} sats=${row.outputAmount} />` },
  { title: "Feerate", isNumeric: true, cell: ({ feerate }) => formatFeerate(feerate) },
];

/** A card of transactions in the mempool, newest first. */
export function LatestTransactions() {
  const query = useQuery<Static<typeof MempoolPage>>(
    `/api/transactions?limit=${TRANSACTIONS_SHOWN}`,
    ["mempool"],
  );
  const empty = html`<${EmptyState} title="No transaction waits">
    They appear here the moment this node takes them, until a block holds them.
  </${EmptyState}>`;
  return html`<${Card} title="Latest transactions" isFlush=${true}>
    <${Loaded} query=${query}>
      ${({ transactions }: Static<typeof MempoolPage>) => html`<${Table}
        caption="Transactions in the mempool"
        columns=${COLUMNS}
        rows=${transactions}
        keyOf=${({ txid }: MempoolTransactionView) => txid}
        empty=${empty}
      />`}
    </${Loaded}>
  </${Card}>`;
}
