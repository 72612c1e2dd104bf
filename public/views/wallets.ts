/**
 * The wallets that this node holds, those of this browser, and the ways to another one.
 *
 * Which of the ways is gone stands in the page's address, so that a reload leads back to it; what was
 * filled in does not.
 */

import type { ListedWalletViewType } from "../../src/api/wallet-schemas.ts";
import { Amount } from "../components/amount.ts";
import { Badge, type Tone } from "../components/badge.ts";
import { Card } from "../components/card.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { Fragment, html } from "../html.ts";
import { usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";
import { walletPage } from "../wallet-paths.ts";
import { AddWallet } from "./add-wallet.ts";

/** What kinds of wallets are called. */
export const WALLET_KINDS: Readonly<
  Record<NonNullable<ListedWalletViewType["kind"]>, { text: string; tone: Tone }>
> = {
  encrypted: { text: "Password", tone: "good" },
  plain: { text: "Development", tone: "accent" },
  watch: { text: "Watches only", tone: "muted" },
};

const COLUMNS: readonly Column<ListedWalletViewType>[] = [
  {
    title: "Name",
    cell: ({ name }) =>
      html`<a href=${walletPage(name)} class="font-medium text-accent hover:underline">${name}</a>`,
  },
  {
    title: "Kind",
    cell: ({ kind, problem }) => {
      if (problem !== null) return html`<${Badge} tone="bad">${problem.detail}</${Badge}>`;
      if (kind === null) return null;
      const { text, tone } = WALLET_KINDS[kind];
      return html`<${Badge} tone=${tone}>${text}</${Badge}>`;
    },
  },
  {
    title: "Balance",
    isNumeric: true,
    isWide: true,
    cell: ({ balance }) => html`<${Amount} sats=${balance?.confirmed ?? null} />`,
  },
  {
    title: "Waits",
    isNumeric: true,
    isWide: true,
    cell: ({ balance }) => html`<${Amount} sats=${balance?.pending ?? null} isChange=${true} />`,
  },
  {
    title: "Can be spent",
    isNumeric: true,
    isWide: true,
    cell: ({ balance }) => html`<${Amount} sats=${balance?.spendable ?? null} />`,
  },
];

const LINK =
  "inline-flex min-h-9 items-center rounded-lg border border-strong bg-surface px-3 text-sm font-medium hover:bg-raised";

/** The list, or one of the ways to add to it. */
export function WalletsView() {
  const way = usePlace().query.get("add");
  const query = useQuery<{ wallets: ListedWalletViewType[] }>("/api/wallets", ["chain", "mempool"]);
  if (way === "new" || way === "words" || way === "watch") {
    return html`<${AddWallet} key=${way} way=${way} onAdded=${query.reload} />`;
  }
  const links = html`<div class="flex flex-wrap gap-2">
    <a href="/wallet?add=new" class=${`${LINK} border-accent! bg-accent! text-on-accent`}>New wallet</a>
    <a href="/wallet?add=words" class=${LINK}>Restore from words</a>
    <a href="/wallet?add=watch" class=${LINK}>Watch a key or address</a>
    <a href="/contacts" class=${LINK}>Address book</a>
  </div>`;
  return html`<${Fragment}>
    <${PageTitle} title="Wallet" actions=${links} />
    <${Card} title="Wallets of this node" isFlush=${true}>
      <${Loaded} query=${query}>
        ${({ wallets }: { wallets: ListedWalletViewType[] }) => html`<${Table}
          caption="Wallets"
          columns=${COLUMNS}
          rows=${wallets}
          keyOf=${({ name }: ListedWalletViewType) => name}
          empty=${html`<${EmptyState} title="This node holds no wallet yet">
            A new one takes a minute, a pencil and a sheet of paper.
          </${EmptyState}>`}
        />`}
      </${Loaded}>
    </${Card}>
    <${Card} title="Wallet in this browser">
      <p class="max-w-prose text-muted">
        A wallet whose keys stay in this page, and of which the node knows addresses only.
      </p>
      <a href="/page-wallet" class=${`${LINK} mt-3`}>Open the wallet in this browser</a>
    </${Card}>
  </${Fragment}>`;
}
