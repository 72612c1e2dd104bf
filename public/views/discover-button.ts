/**
 * Looks for nodes nearby at once, and says what is known so far.
 *
 * Whoever is found appears in the tables by itself.
 */

import type { Static } from "@sinclair/typebox";
import type { DiscoverResult } from "../../src/api/peer-schemas.ts";
import { post } from "../api-client.ts";
import { useAction } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { showToast } from "../components/toasts.ts";
import { markStale } from "../dashboard-store.ts";
import { formatNumbered } from "../format.ts";
import { html } from "../html.ts";

/** The button. */
export function DiscoverButton() {
  const { isRunning, run } = useAction();
  const discover = () =>
    run(async () => {
      const found = await post<Static<typeof DiscoverResult>>("/api/peers/discover", {});
      const nearby = found.announced
        ? `${formatNumbered(found.heard, "node")} heard nearby`
        : "Nodes nearby are not looked for (--no-discover)";
      showToast(`${nearby}; known addresses are dialled: ${found.known}.`, "accent");
      markStale(["peers"]);
    });
  return html`<${Button} isDisabled=${isRunning} onClick=${discover}>Look for peers now</${Button}>`;
}
