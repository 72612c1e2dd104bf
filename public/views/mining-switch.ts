/**
 * Continuous mining: on and off, and with how many threads.
 *
 * The node mines; this asks it to.
 */

import type { MiningStateView } from "../../src/api/mining-schemas.ts";
import { post } from "../api-client.ts";
import { useAction } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { TextField } from "../components/form-field.ts";
import { Hash } from "../components/hash.ts";
import { type Outcome, OutcomeNote, outcomeOf } from "../components/outcome.ts";
import { markStale, refreshStatus } from "../dashboard-store.ts";
import { formatNumbered } from "../format.ts";
import { Fragment, html, useState } from "../html.ts";

/** Most threads that the node takes. */
const MAX_THREADS = 256;

/** The switch. */
export function MiningSwitch({ mining }: { mining: MiningStateView }) {
  const { isRunning, run } = useAction();
  // What is typed, until it is what the node does.
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const threads = typed ?? String(mining.threads);
  const ask = (path: string, body: object) =>
    run(async () => {
      const told = await outcomeOf(async () => {
        const state = await post<MiningStateView>(path, body);
        const text = state.running
          ? `Mining with ${formatNumbered(state.threads, "thread")}.`
          : "Mining is off.";
        return { isGood: true, text };
      });
      setOutcome(told);
      if (told.isGood) setTyped(undefined);
      markStale(["mining"]);
      await refreshStatus();
    });
  const start = (event: Event) => {
    event.preventDefault();
    ask("/api/mining/start", { threads: Number(threads) });
  };
  const isChanged = threads !== String(mining.threads);
  return html`<${Card} title="Continuous mining">
    <form onSubmit=${start} class="flex flex-wrap items-end gap-2">
      <${TextField} label="Threads" type="number" isRequired=${true} min=${1} max=${MAX_THREADS} value=${threads} onChange=${setTyped} class="w-24" />
      ${
        mining.running
          ? html`<${Fragment}>
              <${Button} type="submit" isDisabled=${isRunning || !isChanged}>Change threads</${Button}>
              <${Button} isMain=${true} isDisabled=${isRunning} onClick=${() => ask("/api/mining/stop", {})}>Stop mining</${Button}>
            </${Fragment}>`
          : html`<${Button} type="submit" isMain=${true} isDisabled=${isRunning}>Start mining</${Button}>`
      }
    </form>
    <div class="mt-2"><${OutcomeNote} outcome=${outcome} /></div>
    <p class="mt-1 text-[0.8125rem] text-muted">Blocks found here pay to</p>
    ${
      mining.address === null
        ? html`<p>a script without an address</p>`
        : html`<p><${Hash} value=${mining.address} href=${`/address/${mining.address}`} label="the address that is paid" ends=${14} /></p>`
    }
  </${Card}>`;
}
