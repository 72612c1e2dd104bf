/**
 * What came and went in a wallet: with whom, what was left, and what can still be done about what
 * waits.
 *
 * The node tells the status of each; doing something about it is in pending-dialog.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { OwnTransactionPage, OwnTransactionView } from "../../src/api/wallet-schemas.ts";
import { put } from "../api-client.ts";
import { Age } from "../components/age.ts";
import { Amount } from "../components/amount.ts";
import { Badge, type Tone } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Hash } from "../components/hash.ts";
import { LabelEditor } from "../components/label-editor.ts";
import { Loaded } from "../components/loaded.ts";
import { Pagination } from "../components/pagination.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { formatNumbered, shorten } from "../format.ts";
import { Fragment, html, useState } from "../html.ts";
import { usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";
import { PendingDialog } from "./pending-dialog.ts";
import type { WalletPartProps } from "./wallet.ts";

const SHORT_ROWS = 8;
const PAGE_ROWS = 25;

const STATUS: Readonly<Record<OwnTransactionView["status"], { text: string; tone: Tone }>> = {
  pending: { text: "Waits for a block", tone: "accent" },
  confirmed: { text: "Confirmed", tone: "good" },
  conflicted: { text: "Another took its place", tone: "bad" },
  orphaned: { text: "Its block was left behind", tone: "bad" },
  dropped: { text: "Dropped", tone: "bad" },
};

const KINDS: Readonly<Record<OwnTransactionView["kind"], string>> = {
  received: "From",
  sent: "To",
  self: "Within this wallet",
  mined: "Mined",
};

interface WalletTransactionsProps {
  readonly wallet: WalletPartProps["wallet"];
  /** True for the newest few, without ways to more. */
  readonly isShort?: boolean;
}

/** A table of the wallet's history, newest first. */
export function WalletTransactions({ wallet, isShort = false }: WalletTransactionsProps) {
  const { name } = wallet;
  const cursor = isShort ? null : usePlace().query.get("cursor");
  const [pending, setPending] = useState<OwnTransactionView | undefined>(undefined);
  const limit = isShort ? SHORT_ROWS : PAGE_ROWS;
  const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const path = walletRoute(name, `/transactions?limit=${limit}${after}`);
  const query = useQuery<Static<typeof OwnTransactionPage>>(path, ["chain", "mempool"]);
  const saveLabel = async (txid: string, label: string) => {
    await put(walletRoute(name, "/labels"), { type: "tx", ref: txid, label });
    query.reload();
  };
  const columns = columnsOf(saveLabel, wallet.kind === "watch" ? undefined : setPending);
  const here = walletPage(name, "history");
  return html`<${Fragment}>
    <${Loaded} query=${query} lines=${6}>
      ${({ transactions, cursor: next }: Static<typeof OwnTransactionPage>) => html`<${Fragment}>
        <${Table}
          caption="History of the wallet"
          columns=${columns}
          rows=${transactions}
          keyOf=${({ txid }: OwnTransactionView) => txid}
          empty=${html`<${EmptyState} title="Nothing came or went yet">
            <a href=${walletPage(name, "receive")} class="text-accent underline">Show an address</a> to whoever pays.
          </${EmptyState}>`}
        />
        ${
          isShort
            ? null
            : html`<${Pagination}
                label="Pages of the history"
                firstHref=${cursor === null ? undefined : here}
                nextHref=${next === null ? undefined : `${here}?cursor=${encodeURIComponent(next)}`}
              />`
        }
      </${Fragment}>`}
    </${Loaded}>
    <${PendingDialog} name=${name} transaction=${pending} onClose=${() => setPending(undefined)} />
  </${Fragment}>`;
}

function columnsOf(
  saveLabel: (txid: string, label: string) => Promise<void>,
  onHurry: ((transaction: OwnTransactionView) => void) | undefined,
): readonly Column<OwnTransactionView>[] {
  return [
    {
      title: "Transaction",
      cell: ({ txid }) => html`<${Hash} value=${txid} href=${`/tx/${txid}`} ends=${6} />`,
    },
    { title: "When", cell: ({ timestamp }) => html`<${Age} timeMs=${timestamp} />` },
    {
      title: "Status",
      isWide: true,
      cell: (transaction) => html`<${Status} transaction=${transaction} onHurry=${onHurry} />`,
    },
    {
      title: "With",
      isWide: true,
      cell: (transaction) => html`<${Counterparties} transaction=${transaction} />`,
    },
    {
      title: "Label",
      isWide: true,
      cell: ({ txid, label }) => html`<${LabelEditor}
        about=${`transaction ${shorten(txid, 4)}`}
        value=${label}
        onSave=${(text: string) => saveLabel(txid, text)}
      />`,
    },
    {
      title: "Change",
      isNumeric: true,
      isWide: true,
      cell: ({ amount }) => html`<${Amount} sats=${amount} isChange=${true} />`,
    },
    {
      title: "Balance",
      isNumeric: true,
      isWide: true,
      cell: ({ balance }) => html`<${Amount} sats=${balance} />`,
    },
  ];
}

interface StatusProps {
  readonly transaction: OwnTransactionView;
  readonly onHurry: ((transaction: OwnTransactionView) => void) | undefined;
}

function Status({ transaction, onHurry }: StatusProps) {
  const { status, confirmations, conflictsWith } = transaction;
  const { text, tone } = STATUS[status];
  const title =
    status === "confirmed"
      ? formatNumbered(confirmations, "confirmation")
      : conflictsWith === null
        ? text
        : `${conflictsWith} spends the same coins.`;
  return html`<span class="inline-flex flex-wrap items-center justify-end gap-2">
    <span title=${title}><${Badge} tone=${tone}>${text}</${Badge}></span>
    ${
      status === "pending" && onHurry !== undefined
        ? html`<${Button} onClick=${() => onHurry(transaction)}>Hurry</${Button}>`
        : null
    }
  </span>`;
}

/** Whom it came from is known of what others sent only as far as they show it. */
function Counterparties({
  transaction: { kind, counterparties },
}: {
  transaction: OwnTransactionView;
}) {
  const [first, ...others] = counterparties;
  if (first === undefined) return html`<span class="text-muted">${KINDS[kind]}</span>`;
  const { address, name } = first;
  return html`<span class="inline-flex max-w-72 min-w-0 items-baseline gap-1.5">
    <span class="text-muted">${KINDS[kind]}</span>
    ${
      name === null
        ? html`<${Hash} value=${address} href=${`/address/${address}`} ends=${6} />`
        : html`<a href=${`/address/${address}`} title=${address} class="truncate text-accent hover:underline">${name}</a>`
    }
    ${others.length === 0 ? null : html`<span class="text-muted">+${others.length}</span>`}
  </span>`;
}
