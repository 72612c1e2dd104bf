/**
 * What came to the wallet of this page and left it, newest first.
 *
 * Rows come merged: one for each transaction, whatever addresses it touched.
 */

import { Age } from "../../components/age.ts";
import { Amount } from "../../components/amount.ts";
import { Badge } from "../../components/badge.ts";
import { Button } from "../../components/button.ts";
import { Card } from "../../components/card.ts";
import { Hash } from "../../components/hash.ts";
import { EmptyState } from "../../components/states.ts";
import { type Column, Table } from "../../components/table.ts";
import { formatNumbered } from "../../format.ts";
import { html, useState } from "../../html.ts";
import type { WalletTransaction } from "../../page-wallet/scan.ts";

/** Rows shown at first, and more each time somebody asks. */
const ROWS = 25;

interface WalletHistoryProps {
  readonly history: readonly WalletTransaction[];
  readonly tipHeight: number;
}

/** A table of transactions. */
export function WalletHistory({ history, tipHeight }: WalletHistoryProps) {
  const [rows, setRows] = useState(ROWS);
  return html`<${Card} title="History" isFlush=${true}>
    <${Table}
      caption="Transactions of this wallet"
      columns=${columnsAt(tipHeight)}
      rows=${history.slice(0, rows)}
      keyOf=${({ txid }: WalletTransaction) => txid}
      empty=${html`<${EmptyState} title="Nothing came or went yet" />`}
    />
    ${
      history.length <= rows
        ? null
        : html`<div class="border-t border-line p-4">
            <${Button} onClick=${() => setRows(rows + ROWS)}>Show more</${Button}>
          </div>`
    }
  </${Card}>`;
}

function columnsAt(tipHeight: number): readonly Column<WalletTransaction>[] {
  return [
    {
      title: "Transaction",
      cell: ({ txid }) => html`<${Hash} value=${txid} href=${`/tx/${txid}`} ends=${10} />`,
    },
    {
      title: "State",
      cell: ({ blockHeight }) =>
        blockHeight === null
          ? html`<${Badge} tone="accent">Waits for a block</${Badge}>`
          : html`<${Badge} tone="good">
              ${formatNumbered(Math.max(1, tipHeight - blockHeight + 1), "confirmation")}
            </${Badge}>`,
      isWide: true,
    },
    { title: "When", cell: ({ timestamp }) => html`<${Age} timeMs=${timestamp} />` },
    {
      title: "Change",
      isNumeric: true,
      cell: ({ amount }) => html`<${Amount} sats=${amount} isChange=${true} />`,
    },
  ];
}
