/**
 * The wallet of this page, whose keys never leave it. Loads what it is made of when it is shown.
 *
 * Wallets that the node holds are another page's.
 */

import { PageTitle } from "../components/page-title.ts";
import { EmptyState, LoadingState } from "../components/states.ts";
import { Fragment, html, useEffect, useState, type View } from "../html.ts";

/** Made, opened or used; whatever it is now. */
export function PageWalletView() {
  const [body, setBody] = useState<{ draw: () => View } | undefined>(undefined);
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    import("./page-wallet/body.ts").then(
      ({ PageWalletBody }) => setBody({ draw: PageWalletBody }),
      () => setMissing(true),
    );
  }, []);
  const room = isMissing
    ? html`<${EmptyState} title="The wallet could not be loaded">Reload the page.</${EmptyState}>`
    : html`<${LoadingState} lines=${6} />`;
  return html`<${Fragment}>
    <${PageTitle}
      title="Wallet in this browser"
      note="Its keys are made in this browser and never leave it. The node sees addresses and signed transactions."
    />
    ${body === undefined ? room : html`<${body.draw} />`}
  </${Fragment}>`;
}
