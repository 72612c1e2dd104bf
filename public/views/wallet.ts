/**
 * One wallet: its name, whether it is unlocked, and the parts of its page.
 *
 * Each part has an address and a file of its own; here they are only put in order.
 */

import type { WalletViewType } from "../../src/api/wallet-schemas.ts";
import { Badge } from "../components/badge.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { EmptyState } from "../components/states.ts";
import { Tabs } from "../components/tabs.ts";
import { Fragment, html, type View } from "../html.ts";
import { usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";
import { WalletAddresses } from "./wallet-addresses.ts";
import { WalletCoins } from "./wallet-coins.ts";
import { WalletContract } from "./wallet-contract.ts";
import { WalletContracts } from "./wallet-contracts.ts";
import { WalletHistory } from "./wallet-history.ts";
import { WalletLock } from "./wallet-lock.ts";
import { WalletOverview } from "./wallet-overview.ts";
import { WalletPayment } from "./wallet-payment.ts";
import { WalletReceive } from "./wallet-receive.ts";
import { WalletSend } from "./wallet-send.ts";
import { WalletSettings } from "./wallet-settings.ts";
import { WalletSigning } from "./wallet-signing.ts";
import { WALLET_KINDS } from "./wallets.ts";

/** What every part is given. */
export interface WalletPartProps {
  readonly wallet: WalletViewType;
  /** Has the wallet asked for again, after something changed. */
  readonly reload: () => void;
  /** What the address names within the part; empty if nothing. */
  readonly item: string;
}

interface Part {
  readonly path: string;
  readonly text: string;
  readonly draw: (props: WalletPartProps) => View;
  /** The same for one thing of it. */
  readonly drawItem?: (props: WalletPartProps) => View;
}

const PARTS: readonly Part[] = [
  { path: "", text: "Balance", draw: WalletOverview },
  { path: "receive", text: "Receive", draw: WalletReceive },
  { path: "send", text: "Send", draw: WalletSend, drawItem: WalletPayment },
  { path: "history", text: "History", draw: WalletHistory },
  { path: "coins", text: "Coins", draw: WalletCoins },
  { path: "addresses", text: "Addresses", draw: WalletAddresses },
  { path: "contracts", text: "Contracts", draw: WalletContracts, drawItem: WalletContract },
  { path: "signing", text: "Sign", draw: WalletSigning },
  { path: "settings", text: "Settings", draw: WalletSettings },
];

/** The wallet that the page's path names, and the part of it. */
export function WalletView() {
  const { route } = usePlace();
  const { name = "", section = "", item = "" } = route?.parameters ?? {};
  const query = useQuery<WalletViewType>(walletRoute(name), ["chain", "mempool"]);
  const hrefOf = (path: string) => (path === "" ? walletPage(name) : walletPage(name, path));
  const part = PARTS.find(({ path }) => path === section);
  const Shown = item === "" ? part?.draw : part?.drawItem;
  return html`<${Fragment}>
    <${PageTitle}
      title=${name}
      note=${html`<a href="/wallet" class="hover:text-text hover:underline">All wallets</a>`}
      actions=${query.answer === undefined ? null : html`<${Standing} wallet=${query.answer} />`}
    />
    <${Tabs}
      label="Parts of the wallet"
      tabs=${PARTS.map(({ path, text }) => ({ href: hrefOf(path), text }))}
      current=${hrefOf(section)}
    />
    ${
      Shown === undefined
        ? html`<${EmptyState} title="There is no such page" />`
        : html`<${Loaded} query=${query} lines=${6}>
            ${(wallet: WalletViewType) => html`<${Shown}
              key=${`${section}/${item}`}
              wallet=${wallet}
              reload=${query.reload}
              item=${item}
            />`}
          </${Loaded}>`
    }
  </${Fragment}>`;
}

function Standing({ wallet }: { wallet: WalletViewType }) {
  const { text, tone } = WALLET_KINDS[wallet.kind];
  return html`<div class="flex flex-wrap items-center gap-3">
    <${Badge} tone=${tone}>${text}</${Badge}>
    ${wallet.kind === "encrypted" ? html`<${WalletLock} name=${wallet.name} />` : null}
  </div>`;
}
