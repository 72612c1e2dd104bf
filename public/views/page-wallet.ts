/**
 * The wallet of this page, whose keys never leave it. Loads what it is made of when it is shown.
 *
 * Wallets that the node holds are another page's.
 */

import { later } from "../components/later.ts";
import { PageTitle } from "../components/page-title.ts";
import { Fragment, html } from "../html.ts";

const Body = later(async () => (await import("./page-wallet/body.ts")).PageWalletBody);

/** Made, opened or used; whatever it is now. */
export function PageWalletView() {
  return html`<${Fragment}>
    <${PageTitle}
      title="Wallet in this browser"
      note="Its keys are made in this browser and never leave it. The node sees addresses and signed transactions."
    />
    <${Body} />
  </${Fragment}>`;
}
