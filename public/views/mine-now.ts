/**
 * A number of blocks, mined now by real work, paid to whom one likes.
 *
 * The node ends when the question is taken back; blocks that are found by then stay.
 */

import type { Static } from "@sinclair/typebox";
import type { MineResult } from "../../src/api/mining-schemas.ts";
import { post } from "../api-client.ts";
import { useAction } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { TextField } from "../components/form-field.ts";
import { type Outcome, OutcomeNote, outcomeOf } from "../components/outcome.ts";
import { markStale, refreshStatus } from "../dashboard-store.ts";
import { formatCount, formatNumbered } from "../format.ts";
import { html, useRef, useState } from "../html.ts";

/** Most blocks of one demand, and longest address, that the API takes. */
const MAX_BLOCKS = 1_000;
const MAX_ADDRESS_LENGTH = 120;

/** Milliseconds that a demand may take: at a low hash rate, many. */
const MINE_TIMEOUT_MS = 60 * 60_000;

/** The form. `address` is paid unless another is typed. */
export function MineNow({ address }: { address: string | null }) {
  const { isRunning, run } = useAction();
  const [blocks, setBlocks] = useState("1");
  const [payee, setPayee] = useState("");
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const end = useRef<AbortController | undefined>(undefined);
  const mine = (event: Event) => {
    event.preventDefault();
    run(async () => {
      const abort = new AbortController();
      end.current = abort;
      setOutcome(undefined);
      const to = payee.trim();
      const body = { blocks: Number(blocks), ...(to === "" ? {} : { address: to }) };
      setOutcome(await outcomeOf(() => ask(body, abort.signal)));
      markStale(["mining", "chain"]);
      await refreshStatus();
    });
  };
  return html`<${Card} title="Mine blocks now">
    <form onSubmit=${mine} class="flex flex-wrap items-end gap-2">
      <${TextField} label="Blocks" type="number" isRequired=${true} min=${1} max=${MAX_BLOCKS} value=${blocks} onChange=${setBlocks} class="w-24" />
      <${TextField} label="Pay to" placeholder=${address ?? "this node"} maxLength=${MAX_ADDRESS_LENGTH} value=${payee} onChange=${setPayee} class="min-w-40 grow" />
      <${Button} type="submit" isMain=${true} isDisabled=${isRunning}>${isRunning ? "Mining…" : "Mine now"}</${Button}>
      <${Button} isDisabled=${!isRunning} onClick=${() => end.current?.abort()}>Give up</${Button}>
    </form>
    <div class="mt-2"><${OutcomeNote} outcome=${outcome} /></div>
    <p class="mt-1 text-[0.8125rem] text-muted">
      One after the other, also while continuous mining is off. The coins can be spent 100 blocks later.
    </p>
  </${Card}>`;
}

async function ask(
  body: { readonly blocks: number; readonly address?: string },
  taken: AbortSignal,
): Promise<Outcome> {
  const signal = AbortSignal.any([taken, AbortSignal.timeout(MINE_TIMEOUT_MS)]);
  try {
    const mined = await post<Static<typeof MineResult>>("/api/mine", body, signal);
    const last = mined.blocks.at(-1)?.height ?? 0;
    const count = formatNumbered(mined.blocks.length, "block");
    return { isGood: true, text: `Mined ${count}, up to height ${formatCount(last)}.` };
  } catch (error) {
    if (!taken.aborted) throw error;
    return { isGood: true, text: "Given up; blocks found by then stay." };
  }
}
