/**
 * The coins of a wallet, one by one, and why one cannot be spent now.
 *
 * Which of them a payment takes can be chosen where one is sent.
 */

import type { Static } from "@sinclair/typebox";
import type { OwnUtxoPage, OwnUtxoView } from "../../src/api/wallet-schemas.ts";
import { put } from "../api-client.ts";
import { Amount } from "../components/amount.ts";
import { Badge } from "../components/badge.ts";
import { Card } from "../components/card.ts";
import { Hash } from "../components/hash.ts";
import { LabelEditor } from "../components/label-editor.ts";
import { Loaded } from "../components/loaded.ts";
import { Pagination } from "../components/pagination.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { formatCount, shorten } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";
import type { WalletPartProps } from "./wallet.ts";

const PAGE_ROWS = 50;

const HOLDS: Readonly<Record<NonNullable<OwnUtxoView["hold"]>, string>> = {
  immature: "Mined lately",
  spent: "Spent, waits for a block",
  reserved: "Held for a payment",
  unconfirmed: "Not confirmed",
};

/** A table of coins. */
export function WalletCoins({ wallet: { name } }: WalletPartProps) {
  const cursor = usePlace().query.get("cursor");
  const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const query = useQuery<Static<typeof OwnUtxoPage>>(
    walletRoute(name, `/utxos?limit=${PAGE_ROWS}${after}`),
    ["chain", "mempool"],
  );
  const saveLabel = async (ref: string, label: string) => {
    await put(walletRoute(name, "/labels"), { type: "output", ref, label });
    query.reload();
  };
  const here = walletPage(name, "coins");
  return html`<${Card} title="Coins" isFlush=${true}>
    <${Loaded} query=${query} lines=${8}>
      ${({ utxos, cursor: next }: Static<typeof OwnUtxoPage>) => html`<${Fragment}>
        <${Table}
          caption="Coins of the wallet"
          columns=${columnsOf(saveLabel)}
          rows=${utxos}
          keyOf=${idOf}
          empty=${html`<${EmptyState} title="No coins here yet" />`}
        />
        <${Pagination}
          label="Pages of coins"
          firstText="First"
          nextText="More"
          firstHref=${cursor === null ? undefined : here}
          nextHref=${next === null ? undefined : `${here}?cursor=${encodeURIComponent(next)}`}
        />
      </${Fragment}>`}
    </${Loaded}>
  </${Card}>`;
}

function idOf({ txid, vout }: OwnUtxoView): string {
  return `${txid}:${vout}`;
}

function columnsOf(
  saveLabel: (ref: string, label: string) => Promise<void>,
): readonly Column<OwnUtxoView>[] {
  return [
    {
      title: "Coin",
      cell: ({ txid, vout }) =>
        html`<span class="whitespace-nowrap"><${Hash} value=${txid} href=${`/tx/${txid}`} ends=${6} /> : ${vout}</span>`,
    },
    {
      title: "Address",
      isWide: true,
      cell: ({ address }) =>
        html`<${Hash} value=${address} href=${`/address/${address}`} ends=${8} />`,
    },
    {
      title: "State",
      isWide: true,
      cell: ({ hold }) =>
        hold === null
          ? html`<${Badge} tone="good">Can be spent</${Badge}>`
          : html`<${Badge} tone="accent">${HOLDS[hold]}</${Badge}>`,
    },
    {
      title: "Label",
      isWide: true,
      cell: (coin) => html`<${LabelEditor}
        about=${`coin ${shorten(coin.txid, 4)} : ${coin.vout}`}
        value=${coin.label}
        onSave=${(label: string) => saveLabel(idOf(coin), label)}
      />`,
    },
    {
      title: "Confirmations",
      isNumeric: true,
      cell: ({ confirmations }) => formatCount(confirmations),
    },
    { title: "Amount", isNumeric: true, cell: ({ amount }) => html`<${Amount} sats=${amount} />` },
  ];
}
