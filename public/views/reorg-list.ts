/**
 * The last reorganisations: how deep, from which tip to which, and what became of the transactions.
 *
 * The node remembers them since it began; each new one is marked, and read out.
 */

import type { Static } from "@sinclair/typebox";
import type {
  RecentReorganisationView,
  ReorganisationList,
  ReorganisationView,
} from "../../src/api/live-schemas.ts";
import { Age } from "../components/age.ts";
import { Card } from "../components/card.ts";
import { Hash } from "../components/hash.ts";
import { Icon } from "../components/icon.ts";
import { Loaded } from "../components/loaded.ts";
import { EmptyState } from "../components/states.ts";
import { formatCount, formatNumbered } from "../format.ts";
import { html, useRef } from "../html.ts";
import { useQuery } from "../use-query.ts";
import { ShortList } from "./short-list.ts";

/** A card of reorganisations, newest first. */
export function ReorgList() {
  const query = useQuery<Static<typeof ReorganisationList>>("/api/reorgs", ["chain"]);
  return html`<${Card} title="Reorganisations" isFlush=${true}>
    <${Loaded} query=${query} lines=${2}>
      ${({ reorgs }: Static<typeof ReorganisationList>) => html`<${Reorgs} reorgs=${reorgs} />`}
    </${Loaded}>
  </${Card}>`;
}

function Reorgs({ reorgs }: { reorgs: readonly RecentReorganisationView[] }) {
  const [newest] = reorgs;
  const openedWith = useRef(newest?.time ?? 0);
  const isNew = newest !== undefined && newest.time > openedWith.current;
  return html`<div>
    <p role="status" class="sr-only">${isNew ? describeReorg(newest) : ""}</p>
    ${
      newest === undefined
        ? html`<${EmptyState} title="None since this node began">
            When another branch has more work, the chain leaves its last blocks for that one. It is
            told here as it happens.
          </${EmptyState}>`
        : html`<${ShortList} label="Reorganisations, newest first" items=${reorgs}>
            ${(reorg: RecentReorganisationView) => html`<li
              key=${`${reorg.time}-${reorg.newTip.hash}`}
              data-reorg=${reorg.depth}
              class=${`px-4 py-3 ${reorg.time > openedWith.current ? "motion-safe:animate-arrive" : ""}`}
            >
              <${Reorg} reorg=${reorg} />
            </li>`}
          </${ShortList}>`
    }
  </div>`;
}

function Reorg({ reorg }: { reorg: RecentReorganisationView }) {
  const { depth, oldTip, newTip, ancestor, time, displaced } = reorg;
  return html`<div class="flex flex-col gap-1">
    <p class="flex flex-wrap justify-between gap-x-3">
      <span class="font-medium">${formatNumbered(depth, "block")} replaced from height ${formatCount(ancestor.height + 1)}</span>
      <span class="text-[0.8125rem] text-muted"><${Age} timeMs=${time} /></span>
    </p>
    <p class="flex flex-wrap items-center gap-x-2 text-[0.8125rem]">
      <span class="sr-only">from</span>
      <${Hash} value=${oldTip.hash} href=${`/block/${oldTip.hash}`} ends=${6} />
      <span class="text-muted"><${Icon} name="arrow" /></span><span class="sr-only">to</span>
      <${Hash} value=${newTip.hash} href=${`/block/${newTip.hash}`} ends=${6} />
      <span class="text-muted">at height ${formatCount(newTip.height)}</span>
    </p>
    <p class="text-[0.8125rem] text-muted">${describeFate(displaced)}</p>
    <${Dropped} txids=${displaced.droppedTxids} />
  </div>`;
}

function Dropped({ txids }: { txids: readonly string[] }) {
  if (txids.length === 0) return null;
  return html`<details class="text-[0.8125rem]">
    <summary class="w-fit cursor-pointer text-muted hover:text-text">Which were dropped</summary>
    <ul class="mt-1 max-h-40 overflow-y-auto" tabindex="0" aria-label="Dropped transactions">
      ${txids.map((txid) => html`<li><${Hash} value=${txid} ends=${14} /></li>`)}
    </ul>
  </details>`;
}

function describeReorg({ depth, newTip, displaced }: RecentReorganisationView): string {
  return `Reorganisation: ${formatNumbered(depth, "block")} replaced, the new tip has height ${formatCount(newTip.height)}. ${describeFate(displaced)}`;
}

function describeFate(displaced: ReorganisationView["displaced"]): string {
  const { waiting, confirmed, dropped, unknown } = displaced;
  const parts = [
    [waiting, "back in the mempool"],
    [confirmed, "confirmed again"],
    [dropped, "dropped"],
    [unknown, "not followed"],
  ] as const;
  const told = parts.filter(([count]) => count > 0);
  if (told.length === 0) return "They held no payments.";
  return `Transactions: ${told.map(([count, fate]) => `${formatCount(count)} ${fate}`).join(", ")}.`;
}
