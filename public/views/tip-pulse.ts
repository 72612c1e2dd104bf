/**
 * The height of the chain, and how long ago its last block was found against how long it should
 * take.
 */

import type { StatusView } from "../../src/api/stats-schemas.ts";
import { Hash } from "../components/hash.ts";
import { Ring } from "../components/ring.ts";
import { formatCount, formatDifficulty, formatDuration, formatTime } from "../format.ts";
import { html } from "../html.ts";
import { useNow } from "../ticking-clock.ts";

/** The tip and its age. */
export function TipPulse({ status }: { status: StatusView }) {
  const { height, tip, tipTime, blockIntervalSeconds: target, sync } = status;
  const seconds = Math.max(0, Math.floor(useNow() / 1000 - tipTime));
  const age = height === 0 ? "–" : formatDuration(seconds);
  const share = height === 0 || target === null ? 0 : seconds / target;
  const about = height === 0 ? "No block since the genesis block" : `Last block ${age} ago`;
  return html`<section
    aria-labelledby="tip-title"
    class="flex items-center gap-x-5 rounded-xl border border-line bg-surface p-4 sm:gap-x-8 sm:p-5"
  >
    <${Ring} share=${share} label=${target === null ? about : `${about}, target ${target} s`}>
      <span class="text-xl font-semibold tracking-tight sm:text-2xl">${age}</span>
      <span class="text-[0.8125rem] text-muted">${target === null ? "last block" : `of ${target} s`}</span>
    </${Ring}>
    <div class="min-w-0">
      <h2 id="tip-title" class="text-[0.8125rem] text-muted">Height</h2>
      <p class="text-5xl font-semibold tracking-tight" data-height=${height}>${formatCount(height)}</p>
      <p class="mt-2 flex flex-wrap gap-x-2 text-muted">
        <${Hash} value=${tip} href=${`/block/${tip}`} label="the hash of the last block" ends=${10} />
      </p>
      <p class="text-[0.8125rem] text-muted" title=${height === 0 ? undefined : formatTime(tipTime * 1000)}>
        ${height === 0 ? "The genesis block; no other was found yet" : `${about} · difficulty ${formatDifficulty(status.difficulty)}`}
        ${sync.isSyncing ? " · catching up" : ""}
      </p>
    </div>
  </section>`;
}
