/**
 * Mining at a glance: whether it runs, how fast, and the buttons that start and stop it.
 *
 * The node does the mining; this asks it to, and shows what it says of it.
 */

import type { StatusView } from "../../src/api/stats-schemas.ts";
import { post } from "../api-client.ts";
import { useAction } from "../components/action.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { Hash } from "../components/hash.ts";
import { showToast } from "../components/toasts.ts";
import { refreshStatus } from "../dashboard-store.ts";
import { formatCount, formatHashrate, formatNumbered } from "../format.ts";
import { html } from "../html.ts";

/** Milliseconds that one block may take here: at a low hash rate, many. */
const MINE_TIMEOUT_MS = 10 * 60_000;

/** State and buttons. */
export function MiningControl({ status: { mining, hashrate } }: { status: StatusView }) {
  const toggling = useAction();
  const asking = useAction();
  const toggle = () =>
    toggling.run(async () => {
      await post(mining.running ? "/api/mining/stop" : "/api/mining/start", {});
      await refreshStatus();
    });
  const mineOne = () =>
    asking.run(async () => {
      const signal = AbortSignal.timeout(MINE_TIMEOUT_MS);
      const { blocks } = await post<{ blocks: { height: number }[] }>(
        "/api/mine",
        { blocks: 1 },
        signal,
      );
      showToast(`Block ${formatCount(blocks[0]?.height ?? 0)} was mined here.`, "good");
      await refreshStatus();
    });
  const state = html`<${Badge} tone=${mining.running ? "good" : "muted"}>
    ${mining.running ? "On" : "Off"}
  </${Badge}>`;
  const found = formatNumbered(mining.blocksFound, "block");
  const threads = formatNumbered(mining.threads, "thread");
  return html`<${Card} title="Mining here" actions=${state} class="flex flex-col">
    <p class="text-2xl font-semibold tracking-tight">${formatHashrate(hashrate.own)}</p>
    <p class="text-[0.8125rem] text-muted">
      ${found} found with ${threads}
    </p>
    ${mining.address === null ? null : html`<p class="mt-1 text-[0.8125rem] text-muted">Pays to <${Hash} value=${mining.address} href=${`/address/${mining.address}`} ends=${10} /></p>`}
    <div class="mt-4 flex flex-wrap gap-2">
      <${Button} isMain=${!mining.running} isDisabled=${toggling.isRunning} onClick=${toggle}>
        ${mining.running ? "Stop mining" : "Start mining"}
      </${Button}>
      <${Button} isDisabled=${asking.isRunning} onClick=${mineOne}>
        ${asking.isRunning ? "Mining…" : "Mine one block"}
      </${Button}>
    </div>
  </${Card}>`;
}
