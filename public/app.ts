/**
 * The dashboard's beginning: which view each path has, the ways to them, and everything started.
 *
 * The one place that knows all views. A new one is a path in paths.ts, a line in VIEWS, and a link if
 * it belongs into the navigation.
 */

import { adoptToken } from "./api-client.ts";
import { TokenDialog } from "./components/action.ts";
import { later } from "./components/later.ts";
import { Layout, type NavigationLink } from "./components/layout.ts";
import { EmptyState } from "./components/states.ts";
import { Toasts } from "./components/toasts.ts";
import { startDashboardStore, useDashboard } from "./dashboard-store.ts";
import { Fragment, html, render, type View } from "./html.ts";
import type { PagePath, Route } from "./paths.ts";
import { startRouter, usePlace } from "./router.ts";
import { AddressView } from "./views/address.ts";
import { BlockView } from "./views/block.ts";
import { BlocksView } from "./views/blocks.ts";
import { MempoolView } from "./views/mempool.ts";
import { MiningView } from "./views/mining.ts";
import { NetworkView } from "./views/network.ts";
import { OverviewView } from "./views/overview.ts";
import { PageWalletView } from "./views/page-wallet.ts";
import { TransactionView } from "./views/transaction.ts";
import { TreeView } from "./views/tree.ts";

// What is large and not for all comes when it is asked for.
const ContactsView = later(async () => (await import("./views/contacts.ts")).ContactsView);
const WalletView = later(async () => (await import("./views/wallet.ts")).WalletView);
const WalletsView = later(async () => (await import("./views/wallets.ts")).WalletsView);

const VIEWS: Readonly<Record<PagePath, () => View>> = {
  "/": OverviewView,
  "/blocks": BlocksView,
  "/tree": TreeView,
  "/mempool": MempoolView,
  "/block/:id": BlockView,
  "/tx/:txid": TransactionView,
  "/address/:address": AddressView,
  "/network": NetworkView,
  "/mining": MiningView,
  "/wallet": WalletsView,
  "/page-wallet": PageWalletView,
  "/wallet/:name": WalletView,
  "/wallet/:name/:section": WalletView,
  "/wallet/:name/:section/:item": WalletView,
  "/contacts": ContactsView,
};

const LINKS: readonly NavigationLink[] = [
  { href: "/", text: "Overview" },
  { href: "/blocks", text: "Blocks", covers: ["/block/", "/tx/", "/address/"] },
  { href: "/tree", text: "Tree" },
  { href: "/mempool", text: "Mempool" },
  { href: "/network", text: "Network" },
  { href: "/mining", text: "Mining" },
  { href: "/wallet", text: "Wallet", covers: ["/wallet/", "/page-wallet", "/contacts"] },
];

/** What a page is about: it is drawn anew for another one, and not for another part of the same. */
function subjectOf({ page, parameters }: Route): string {
  return Object.values(parameters)[0] ?? page;
}

function App() {
  const { path, route } = usePlace();
  const { connection, status } = useDashboard();
  const nothing = html`<${EmptyState} title="There is no such page" />`;
  return html`<${Fragment}>
    <${Layout} links=${LINKS} path=${path} connection=${connection} status=${status}>
      ${route === undefined ? nothing : html`<${VIEWS[route.page]} key=${subjectOf(route)} />`}
    </${Layout}>
    <${Toasts} />
    <${TokenDialog} />
  </${Fragment}>`;
}

const root = document.getElementById("app");
if (root === null) throw new Error("the page has no #app");
adoptToken();
startRouter();
startDashboardStore();
render(html`<${App} />`, root);
