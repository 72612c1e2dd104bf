/**
 * The addresses of a wallet: for others to pay to, and for its own change.
 *
 * A new one is handed out where one is paid; see wallet-receive.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { OwnAddressPage, OwnAddressView } from "../../src/api/wallet-schemas.ts";
import { put } from "../api-client.ts";
import { Amount } from "../components/amount.ts";
import { Badge } from "../components/badge.ts";
import { Card } from "../components/card.ts";
import { Choice } from "../components/choice.ts";
import { Hash } from "../components/hash.ts";
import { LabelEditor } from "../components/label-editor.ts";
import { Loaded } from "../components/loaded.ts";
import { Pagination } from "../components/pagination.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { formatCount, NOTHING, shorten } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { navigate, usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";
import type { WalletPartProps } from "./wallet.ts";

const PAGE_ROWS = 50;

type Branch = OwnAddressView["branch"];

/** A table of addresses. */
export function WalletAddresses({ wallet: { name } }: WalletPartProps) {
  const { query: words } = usePlace();
  const branch: Branch = words.get("branch") === "change" ? "change" : "receive";
  const cursor = words.get("cursor");
  const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const query = useQuery<Static<typeof OwnAddressPage>>(
    walletRoute(name, `/addresses?branch=${branch}&limit=${PAGE_ROWS}${after}`),
    ["chain", "mempool"],
  );
  const saveLabel = async (ref: string, label: string) => {
    await put(walletRoute(name, "/labels"), { type: "addr", ref, label });
    query.reload();
  };
  const here = walletPage(name, "addresses");
  const hrefOf = (shown: Branch) => (shown === "receive" ? here : `${here}?branch=change`);
  const choice = html`<${Choice}
    label="Addresses"
    options=${[{ value: "receive", text: "To be paid" }, { value: "change", text: "Change" }]}
    value=${branch}
    onChoose=${(chosen: Branch) => navigate(hrefOf(chosen))}
  />`;
  return html`<${Card} title="Addresses" actions=${choice} isFlush=${true}>
    <${Loaded} query=${query} lines=${8}>
      ${({ addresses, cursor: next }: Static<typeof OwnAddressPage>) => html`<${Fragment}>
        <${Table}
          caption="Addresses of the wallet"
          columns=${columnsOf(saveLabel)}
          rows=${addresses}
          keyOf=${({ address }: OwnAddressView) => address}
          empty=${html`<${EmptyState} title="None was needed yet" />`}
        />
        <${Pagination}
          label="Pages of addresses"
          firstText="First"
          nextText="More"
          firstHref=${cursor === null ? undefined : hrefOf(branch)}
          nextHref=${next === null ? undefined : `${here}?branch=${branch}&cursor=${encodeURIComponent(next)}`}
        />
      </${Fragment}>`}
    </${Loaded}>
  </${Card}>`;
}

function columnsOf(
  saveLabel: (ref: string, label: string) => Promise<void>,
): readonly Column<OwnAddressView>[] {
  return [
    {
      title: "Address",
      cell: ({ address }) => html`<${Hash}
        value=${address}
        href=${`/address/${address}`}
        label="the address"
        ends=${10}
      />`,
    },
    {
      title: "State",
      cell: ({ used, handedOut }) => {
        if (used) return html`<${Badge} tone="good">Used</${Badge}>`;
        return html`<${Badge}>${handedOut ? "Given out" : "New"}</${Badge}>`;
      },
    },
    {
      title: "Label",
      isWide: true,
      cell: ({ address, label }) => html`<${LabelEditor}
        about=${`address ${shorten(address, 6)}`}
        value=${label}
        onSave=${(text: string) => saveLabel(address, text)}
      />`,
    },
    {
      title: "Path",
      isWide: true,
      cell: ({ path }) => html`<span class="font-mono text-[0.8125rem]">${path ?? NOTHING}</span>`,
    },
    {
      title: "Transactions",
      isNumeric: true,
      cell: ({ transactionCount }) => formatCount(transactionCount),
    },
    {
      title: "Balance",
      isNumeric: true,
      cell: ({ balance }) => html`<${Amount} sats=${balance} />`,
    },
  ];
}
