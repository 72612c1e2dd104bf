/**
 * One transaction: whose coins it spends, to whom, and whether it is in the chain.
 *
 * Addresses and amounts of inputs are as the node found them, null where it does not know.
 */

import type {
  InputViewType,
  OutputViewType,
  TransactionViewType,
} from "../../src/api/transaction-schemas.ts";
import { Age } from "../components/age.ts";
import { Amount } from "../components/amount.ts";
import { Badge, type Tone } from "../components/badge.ts";
import { Card } from "../components/card.ts";
import { CopyButton } from "../components/copy-button.ts";
import { type Field, Fields } from "../components/fields.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { PageTitle } from "../components/page-title.ts";
import {
  formatBytes,
  formatCount,
  formatFeerate,
  formatNumbered,
  formatTime,
  NOTHING,
} from "../format.ts";
import { Fragment, html } from "../html.ts";
import { usePlace } from "../router.ts";
import { useQuery } from "../use-query.ts";

const STATES: Readonly<Record<TransactionViewType["status"], { tone: Tone; text: string }>> = {
  mempool: { tone: "accent", text: "Waits for a block" },
  confirmed: { tone: "good", text: "Confirmed" },
  abandoned: { tone: "bad", text: "Abandoned" },
};

/** Inputs or outputs shown of a transaction; its hex holds all. */
const MAX_SHOWN = 200;

/** The transaction that the address names. */
export function TransactionView() {
  const txid = usePlace().route?.parameters.txid ?? "";
  const path = `/api/transactions/${encodeURIComponent(txid)}`;
  const query = useQuery<TransactionViewType>(path, ["chain", "mempool"]);
  return html`<${Fragment}>
    <${PageTitle}
      title="Transaction"
      note=${html`<${Hash} value=${txid} label="the transaction's id" ends=${0} />`}
    />
    <${Loaded} query=${query} lines=${10}>
      ${(transaction: TransactionViewType) => html`<${Fragment}>
        <${Card} title="Summary"><${Fields} fields=${summaryFields(transaction)} /></${Card}>
        <div class="grid gap-4 sm:gap-5 lg:grid-cols-2">
          <${Card} title=${`From: ${formatNumbered(transaction.inputs.length, "input")}`}>
            <ul class="divide-y divide-line">
              ${transaction.inputs.slice(0, MAX_SHOWN).map((input) => html`<${Input} input=${input} isCoinbase=${transaction.coinbase} />`)}
            </ul>
          </${Card}>
          <${Card} title=${`To: ${formatNumbered(transaction.outputs.length, "output")}`}>
            <ul class="divide-y divide-line">
              ${transaction.outputs.slice(0, MAX_SHOWN).map((output) => html`<${Output} output=${output} />`)}
            </ul>
          </${Card}>
        </div>
      </${Fragment}>`}
    </${Loaded}>
  </${Fragment}>`;
}

function Input({ input, isCoinbase }: { input: InputViewType; isCoinbase: boolean }) {
  if (isCoinbase) {
    return html`<li class="py-2.5">New coins and the block's fees</li>`;
  }
  return html`<li class="flex flex-wrap items-baseline justify-between gap-x-4 py-2.5">
    <${Owner} address=${input.address} fallback="Unknown script" />
    <${Amount} sats=${input.amount} />
    ${input.txid === null ? null : html`<p class="w-full text-[0.8125rem] text-muted">output ${input.vout} of <${Hash} value=${input.txid} href=${`/tx/${input.txid}`} /></p>`}
  </li>`;
}

function Output({ output }: { output: OutputViewType }) {
  const { spentBy } = output;
  return html`<li class="flex flex-wrap items-baseline justify-between gap-x-4 py-2.5">
    <${Owner} address=${output.address} fallback=${output.type} />
    <${Amount} sats=${output.amount} />
    <p class="w-full text-[0.8125rem] text-muted">
      ${spentBy === null ? (output.type === "nulldata" ? "Carries data and no coins" : "Unspent") : html`<${Fragment}>Spent by <${Hash} value=${spentBy.txid} href=${`/tx/${spentBy.txid}`} /></${Fragment}>`}
    </p>
  </li>`;
}

function Owner({ address, fallback }: { address: string | null; fallback: string }) {
  if (address === null) return html`<span class="text-muted">${fallback}</span>`;
  return html`<${Hash} value=${address} href=${`/address/${address}`} ends=${12} />`;
}

function summaryFields(transaction: TransactionViewType): Field[] {
  const { tone, text } = STATES[transaction.status];
  const { blockHash, blockHeight, timestamp } = transaction;
  return [
    {
      term: "Status",
      value: html`<${Badge} tone=${tone}>${text}</${Badge}>`,
      about: formatNumbered(transaction.confirmations, "confirmation"),
    },
    {
      term: "Block",
      value:
        blockHash === null || blockHeight === null
          ? NOTHING
          : html`<a href=${`/block/${blockHash}`} class="text-accent hover:underline">${formatCount(blockHeight)}</a>`,
    },
    {
      term: "First seen",
      value: html`<${Fragment}>${formatTime(timestamp)} · <${Age} timeMs=${timestamp} /></${Fragment}>`,
    },
    {
      term: "Fee",
      value: transaction.coinbase
        ? "None: it makes the block's new coins"
        : html`<${Fragment}>
            <${Amount} sats=${transaction.fee} />
            ${transaction.feerate === null ? "" : ` · ${formatFeerate(transaction.feerate)}`}
          </${Fragment}>`,
    },
    {
      term: "Size",
      value: `${formatBytes(transaction.size)}, ${formatCount(transaction.virtualSize)} virtual bytes, weight ${formatCount(transaction.weight)}`,
    },
    {
      term: "Raw",
      value: html`<span class="inline-flex items-center gap-1">
        ${formatCount(transaction.hex.length / 2)} bytes as hex
        <${CopyButton} text=${transaction.hex} label="the transaction as hex" />
      </span>`,
    },
  ];
}
