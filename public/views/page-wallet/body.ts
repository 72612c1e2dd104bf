/**
 * What the page of the wallet shows: how to get one, how to open it, or what it has.
 *
 * Which of them it is follows from the vault alone.
 */

import { LoadingState } from "../../components/states.ts";
import { useDashboard } from "../../dashboard-store.ts";
import { html } from "../../html.ts";
import { useVaultState } from "../../page-wallet/page-vault.ts";
import { OpenWallet } from "./open-wallet.ts";
import { UnlockForm } from "./unlock-form.ts";
import { Welcome } from "./welcome.ts";

/** The page below its title. */
export function PageWalletBody() {
  const state = useVaultState();
  const { status } = useDashboard();
  if (status === null) return html`<${LoadingState} lines=${6} />`;
  const of = { network: status.network, genesis: status.genesis };
  switch (state.status) {
    case "empty":
      return html`<${Welcome} of=${of} />`;
    case "locked":
      return html`<${UnlockForm} of=${of} recordOf=${state.of} />`;
    case "open":
      return html`<${OpenWallet} account=${state.account} isKept=${state.isKept} status=${status} />`;
  }
}
