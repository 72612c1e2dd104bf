/**
 * What a wallet has, in the parts that matter before one spends it, and what came and went lately.
 *
 * On a development network, coins are given away here.
 */

import { post } from "../api-client.ts";
import { useAction } from "../components/action.ts";
import { Amount } from "../components/amount.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { Figure, Figures } from "../components/figure.ts";
import { showToast } from "../components/toasts.ts";
import { useDashboard } from "../dashboard-store.ts";
import { formatCoins } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { walletPage } from "../wallet-paths.ts";
import type { WalletPartProps } from "./wallet.ts";
import { WalletTransactions } from "./wallet-transactions.ts";

/** The network on which a faucet gives coins away. */
const DEVELOPMENT_NETWORK = "dev";

/** The balance, and the newest of the history. */
export function WalletOverview({ wallet, reload }: WalletPartProps) {
  const { balance, name } = wallet;
  const isDevelopment = useDashboard().status?.network === DEVELOPMENT_NETWORK;
  const more = html`<a href=${walletPage(name, "history")} class="text-sm text-accent hover:underline">All of it</a>`;
  return html`<${Fragment}>
    <${Figures} label="Balance" areLong=${true}>
      <${Figure}
        label="Can be spent"
        value=${html`<${Amount} sats=${balance.spendable} />`}
        note="by a payment now"
      />
      <${Figure}
        label="Confirmed"
        value=${html`<${Amount} sats=${balance.confirmed} />`}
        note="in the chain"
      />
      <${Figure}
        label="Pending"
        value=${html`<${Amount} sats=${balance.pending} isChange=${true} />`}
        note="waits for a block"
      />
      <${Figure}
        label="Immature"
        value=${html`<${Amount} sats=${balance.immature} />`}
        note="mined lately"
        title="Mined coins wait for more blocks before they can be spent."
      />
      <${Figure}
        label="Reserved"
        value=${html`<${Amount} sats=${balance.reserved} />`}
        note="by prepared payments"
        title="Held for payments that are prepared and not confirmed; cancelling those frees them."
      />
      <${Figure}
        label="In all"
        value=${html`<${Amount} sats=${balance.total} />`}
        note="once all is confirmed"
      />
    </${Figures}>
    ${isDevelopment ? html`<${Faucet} name=${name} reload=${reload} />` : null}
    <${Card} title="Lately" actions=${more} isFlush=${true}>
      <${WalletTransactions} wallet=${wallet} isShort=${true} />
    </${Card}>
  </${Fragment}>`;
}

function Faucet({ name, reload }: { name: string; reload: () => void }) {
  const action = useAction();
  const ask = () => {
    action.run(async () => {
      const { amount } = await post<{ amount: number }>("/api/faucet", { to: name });
      showToast(`${formatCoins(amount)} are on their way.`, "good");
      reload();
    });
  };
  return html`<${Card} title="Faucet">
    <div class="flex flex-wrap items-center justify-between gap-3">
      <p class="text-muted">On this development network, coins are given away.</p>
      <${Button} isDisabled=${action.isRunning} onClick=${ask}>
        ${action.isRunning ? "Asking…" : "Ask for a coin"}
      </${Button}>
    </div>
  </${Card}>`;
}
