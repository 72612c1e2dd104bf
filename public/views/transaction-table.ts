/**
 * Transactions of a block as rows.
 *
 * Which ones, and in which order, is known to the page.
 */

import type { TransactionViewType } from "../../src/api/transaction-schemas.ts";
import { Amount } from "../components/amount.ts";
import { Badge } from "../components/badge.ts";
import { Hash } from "../components/hash.ts";
import { type Column, Table } from "../components/table.ts";
import { formatBytes, formatFeerate, NOTHING } from "../format.ts";
import { html } from "../html.ts";

const COLUMNS: readonly Column<TransactionViewType>[] = [
  {
    title: "Transaction",
    cell: ({
      txid,
      coinbase,
    }) => html`<span class="inline-flex flex-wrap items-center justify-end gap-x-2">
      <${Hash} value=${txid} href=${`/tx/${txid}`} ends=${10} />
      ${coinbase ? html`<${Badge} tone="accent">Coinbase</${Badge}>` : null}
    </span>`,
  },
  {
    title: "Inputs, outputs",
    isNumeric: true,
    cell: ({ inputs, outputs, coinbase }) => `${coinbase ? 0 : inputs.length} → ${outputs.length}`,
  },
  {
    title: "Amount",
    isNumeric: true,
    cell: ({ outputs }) =>
      html`<${Amount} sats=${outputs.reduce((sum, { amount }) => sum + amount, 0)} />`,
  },
  {
    title: "Fee",
    isNumeric: true,
    cell: ({ fee, coinbase }) => (coinbase ? NOTHING : html`<${Amount} sats=${fee} />`),
  },
  {
    title: "Feerate",
    isNumeric: true,
    cell: ({ feerate, coinbase }) =>
      coinbase || feerate === null ? NOTHING : formatFeerate(feerate),
  },
  { title: "Size", isNumeric: true, cell: ({ size }) => formatBytes(size) },
];

/** A table of transactions, in the order given. */
export function TransactionTable({
  transactions,
}: {
  transactions: readonly TransactionViewType[];
}) {
  return html`<${Table}
    caption="Transactions"
    columns=${COLUMNS}
    rows=${transactions}
    keyOf=${({ txid }: TransactionViewType) => txid}
  />`;
}
