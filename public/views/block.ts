/**
 * One block: what its header says and means, why its hash counts, and what it holds.
 *
 * Says what each field is for, to who sees a block for the first time.
 */

import type { BlockDetailsView } from "../../src/api/chain-schemas.ts";
import { Age } from "../components/age.ts";
import { Amount } from "../components/amount.ts";
import { Badge, type Tone } from "../components/badge.ts";
import { Card } from "../components/card.ts";
import { type Field, Fields } from "../components/fields.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import { Pagination } from "../components/pagination.ts";
import {
  formatBytes,
  formatCount,
  formatDifficulty,
  formatNumbered,
  formatTime,
  NOTHING,
} from "../format.ts";
import { Fragment, html } from "../html.ts";
import { usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";
import { nameMiner } from "./block-table.ts";
import { TransactionTable } from "./transaction-table.ts";
import { WorkProof } from "./work-proof.ts";

const PAGE_TRANSACTIONS = 50;

const STATES: Readonly<Record<BlockDetailsView["status"], { tone: Tone; text: string }>> = {
  active: { tone: "good", text: "On the active chain" },
  "side-branch": { tone: "muted", text: "On a side branch" },
  stale: { tone: "accent", text: "Left by a reorganisation" },
  invalid: { tone: "bad", text: "Breaks a rule" },
};

/** The block that the address names, by height or hash. */
export function BlockView() {
  const { route, query: words } = usePlace();
  const id = route?.parameters.id ?? "";
  const cursor = words.get("cursor");
  const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const path = `/api/block/${encodeURIComponent(id)}?limit=${PAGE_TRANSACTIONS}${after}`;
  const query = useQuery<BlockDetailsView>(path, ["chain"]);
  const height = query.answer?.height;
  const title = height === undefined ? "Block" : `Block ${formatCount(height)}`;
  return html`<${Fragment}>
    <${PageTitle}
      title=${title}
      note=${query.answer === undefined ? undefined : html`<${Hash} value=${query.answer.hash} label="the block's hash" ends=${0} />`}
      actions=${query.answer === undefined ? undefined : html`<${Neighbours} block=${query.answer} />`}
    />
    <${Loaded} query=${query} lines=${12}>
      ${(block: BlockDetailsView) => html`<${Fragment}>
        <${WorkProof} hash=${block.hash} target=${block.target} difficulty=${block.difficulty} />
        <div class="grid gap-4 sm:gap-5 lg:grid-cols-2">
          <${Card} title="Header"><${Fields} fields=${headerFields(block)} /></${Card}>
          <${Card} title="Block"><${Fields} fields=${blockFields(block)} /></${Card}>
        </div>
        <${Card} title=${formatNumbered(block.transactionCount, "transaction")} isFlush=${true}>
          <${TransactionTable} transactions=${block.transactions} />
          <${Pagination}
            label="Pages of transactions"
            firstHref=${cursor === null ? undefined : `/block/${id}`}
            nextHref=${block.cursor === null ? undefined : `/block/${id}?cursor=${encodeURIComponent(block.cursor)}`}
            firstText="First"
            nextText="More"
          />
        </${Card}>
      </${Fragment}>`}
    </${Loaded}>
  </${Fragment}>`;
}

const LINK =
  "inline-flex min-h-9 items-center rounded-lg border border-strong px-3 text-sm font-medium hover:bg-raised";

function Neighbours({ block }: { block: BlockDetailsView }) {
  return html`<nav aria-label="Neighbouring blocks" class="flex gap-2">
    ${block.height === 0 ? null : html`<a href=${`/block/${block.previousHash}`} class=${LINK}>Previous</a>`}
    ${block.nextHash === null ? null : html`<a href=${`/block/${block.nextHash}`} class=${LINK}>Next</a>`}
  </nav>`;
}

function headerFields(block: BlockDetailsView): Field[] {
  const previous =
    block.height === 0
      ? html`<${Hash} value=${block.previousHash} ends=${12} />`
      : html`<${Hash} value=${block.previousHash} href=${`/block/${block.previousHash}`} ends=${12} />`;
  return [
    {
      term: "Version",
      value: `0x${(block.version >>> 0).toString(16).padStart(8, "0")}`,
      about: "Which rules the miner is ready for.",
    },
    {
      term: "Previous block",
      value: previous,
      about:
        block.height === 0
          ? "Zeros: nothing came before the genesis block."
          : "Its hash is part of this header, and so of this hash: that is the chain.",
    },
    {
      term: "Merkle root",
      value: html`<${Hash} value=${block.merkleRoot} label="the Merkle root" ends=${12} />`,
      about: "One hash over all transactions: change any, and it differs.",
    },
    {
      term: "Time",
      value: html`<${Fragment}>${formatTime(block.time * 1000)} · <${Age} timeMs=${block.time * 1000} /></${Fragment}>`,
      about: "By the miner's clock, later than the median of the eleven before.",
    },
    {
      term: "Bits",
      value: html`<span class="font-mono">${block.bits}</span>`,
      about: "The target in four bytes: the hash must not be greater.",
    },
    {
      term: "Nonce",
      value: formatCount(block.nonce),
      about: "Counted up until the hash was small enough.",
    },
  ];
}

function blockFields(block: BlockDetailsView): Field[] {
  const { address } = block.miner;
  const { tone, text } = STATES[block.status];
  return [
    {
      term: "Status",
      value: html`<${Badge} tone=${tone}>${text}</${Badge}>`,
      about: `${formatNumbered(block.confirmations, "confirmation")}, this block included.`,
    },
    { term: "Mined by", value: nameMiner(block), about: "As the block itself claims." },
    {
      term: "Paid to",
      value:
        address === null
          ? NOTHING
          : html`<${Hash} value=${address} href=${`/address/${address}`} ends=${12} />`,
    },
    {
      term: "Reward",
      value: html`<${Fragment}>
        <${Amount} sats=${block.subsidy} /> new, <${Amount} sats=${block.totalFees} /> in fees
      </${Fragment}>`,
    },
    {
      term: "Size",
      value: `${formatBytes(block.size)}, weight ${formatCount(block.weight)}`,
    },
    { term: "Difficulty", value: formatDifficulty(block.difficulty) },
    {
      term: "Chain work",
      value: html`<${Hash} value=${block.chainwork.replace(/^0+(?=.)/, "")} ends=${12} />`,
      about: "Hashes expected for the chain up to here; the chain with most of it counts.",
    },
    {
      term: "Arrived here",
      value: formatTime(block.receivedAt),
      about: describeWay(block.propagation),
    },
  ];
}

function describeWay(propagation: BlockDetailsView["propagation"]): string {
  if (propagation === null) return "How it came is not known.";
  const { hops, milliseconds } = propagation;
  if (hops === 0) return "Began here.";
  return `Over ${formatNumbered(hops, "link")}, ${formatCount(milliseconds)} ms after it was found.`;
}
