/**
 * Connects to a node by its address, says what came of it, and lists the nodes that are kept so.
 *
 * Names are not looked up, so that no page can make the node ask for one.
 */

import type { ConnectResultView, ManualPeerView } from "../../src/api/peer-schemas.ts";
import { post, remove } from "../api-client.ts";
import { useAction } from "../components/action.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { TextField } from "../components/form-field.ts";
import { type Outcome, OutcomeNote, outcomeOf } from "../components/outcome.ts";
import { showToast } from "../components/toasts.ts";
import { markStale } from "../dashboard-store.ts";
import { html, useState } from "../html.ts";

/** Milliseconds to wait: the node itself gives up after 15 s. */
const CONNECT_TIMEOUT_MS = 20_000;

/** Longest address that the API takes, in characters. */
const MAX_ADDRESS_LENGTH = 64;

/** The form, and the nodes to which a connection is wanted. */
export function ConnectForm({ manual }: { manual: readonly ManualPeerView[] }) {
  const { isRunning, run } = useAction();
  const [address, setAddress] = useState("");
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const connect = (event: Event) => {
    event.preventDefault();
    run(async () => {
      setOutcome(undefined);
      setOutcome(await outcomeOf(() => connectTo(address.trim())));
      markStale(["peers"]);
    });
  };
  return html`<${Card} title="Connect to a node">
    <form onSubmit=${connect} class="flex items-end gap-2">
      <${TextField}
        label="IP address and port"
        placeholder="192.168.1.5:8333"
        isRequired=${true}
        maxLength=${MAX_ADDRESS_LENGTH}
        value=${address}
        onChange=${setAddress}
        class="grow"
      />
      <${Button} type="submit" isMain=${true} isDisabled=${isRunning}>${isRunning ? "Dialling…" : "Connect"}</${Button}>
    </form>
    <div class="mt-2"><${OutcomeNote} outcome=${outcome} /></div>
    ${manual.length === 0 ? null : html`<${ManualList} manual=${manual} />`}
  </${Card}>`;
}

async function connectTo(address: string): Promise<Outcome> {
  const signal = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  const { status, detail } = await post<ConnectResultView>("/api/peers", { address }, signal);
  return { isGood: status === "connected", text: detail };
}

function ManualList({ manual }: { manual: readonly ManualPeerView[] }) {
  const { isRunning, run } = useAction();
  const forget = (address: string) =>
    run(async () => {
      await remove(`/api/peers/${encodeURIComponent(address)}`);
      showToast(`${address} is not dialled any more.`);
      markStale(["peers"]);
    });
  return html`<ul aria-label="Nodes named by hand" class="mt-2 divide-y divide-line border-t border-line">
    ${manual.map(
      ({
        address,
        connected,
        problem,
      }) => html`<li key=${address} class="flex flex-wrap items-center justify-between gap-x-3 gap-y-1 py-2">
        <span class="min-w-0 break-words">${address}</span>
        ${
          connected
            ? html`<${Badge} tone="good">Connected</${Badge}>`
            : html`<span class="flex items-center gap-2">
                <${Badge} tone="bad">Not connected</${Badge}>
                <${Button} isDisabled=${isRunning} onClick=${() => forget(address)}>Forget</${Button}>
              </span>`
        }
        ${problem === null ? null : html`<p class="w-full text-[0.8125rem] text-muted break-words">${problem.detail}</p>`}
      </li>`,
    )}
  </ul>`;
}
