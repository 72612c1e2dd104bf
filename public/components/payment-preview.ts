/**
 * What a payment would do: to whom, at what cost, from which coins. Shown before it is signed, for
 * every kind of wallet.
 *
 * Shows what it is given, and decides nothing.
 */

import { formatCount, formatFeerate, formatNumbered } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { Amount } from "./amount.ts";
import { type Field, Fields } from "./fields.ts";
import { Hash } from "./hash.ts";

/** A payment that is ready to be signed, or was. */
export interface ShownPayment {
  readonly inputs: readonly {
    readonly txid: string;
    readonly vout: number;
    readonly amount: number;
    readonly address: string;
  }[];
  readonly outputs: readonly {
    readonly address: string | null;
    readonly amount: number;
    readonly role: "payment" | "change";
    readonly name: string | null;
  }[];
  readonly fee: number;
  readonly feerate: number;
  readonly virtualSize: number;
  readonly droppedChange: number;
  readonly ancestorFee: number;
  readonly replaces: string | null;
  readonly leaving: number;
}

/** Recipients, fee, change, what leaves, and the coins. */
export function PaymentPreview({ payment }: { payment: ShownPayment }) {
  const { inputs } = payment;
  return html`<${Fragment}>
    <${Fields} fields=${fieldsOf(payment)} />
    <details class="mt-1 rounded-lg border border-line">
      <summary class="cursor-pointer px-3 py-2 text-sm font-medium">
        ${formatNumbered(inputs.length, "coin")} spent
      </summary>
      <ul class="divide-y divide-line border-t border-line px-3">
        ${inputs.map(
          ({
            txid,
            vout,
            amount,
            address,
          }) => html`<li class="flex flex-wrap items-baseline justify-between gap-x-4 py-2">
            <${Hash} value=${address} href=${`/address/${address}`} ends=${10} />
            <${Amount} sats=${amount} />
            <p class="w-full text-[0.8125rem] text-muted">
              output ${vout} of <${Hash} value=${txid} href=${`/tx/${txid}`} />
            </p>
          </li>`,
        )}
      </ul>
    </details>
  </${Fragment}>`;
}

function fieldsOf(payment: ShownPayment): Field[] {
  const { outputs, fee, feerate, virtualSize, droppedChange, ancestorFee, replaces } = payment;
  const paid = outputs.filter(({ role }) => role === "payment");
  const change = outputs.filter(({ role }) => role === "change");
  const back = change.reduce((sum, { amount }) => sum + amount, 0);
  return [
    {
      term: "To",
      value:
        paid.length === 0
          ? "Nobody: the coins go back to this wallet"
          : html`<ul class="flex flex-col gap-2">
              ${paid.map(
                ({
                  address,
                  amount,
                  name,
                }) => html`<li class="flex flex-wrap items-baseline justify-between gap-x-4">
                  <span class="min-w-0">
                    ${name === null ? null : html`<span class="mr-2 font-medium break-words">${name}</span>`}
                    ${address === null ? "a script without an address" : html`<${Hash} value=${address} ends=${0} />`}
                  </span>
                  <${Amount} sats=${amount} />
                </li>`,
              )}
            </ul>`,
    },
    {
      term: "Fee",
      value: html`<${Fragment}><${Amount} sats=${fee} /> · ${formatFeerate(feerate)}</${Fragment}>`,
      about: `For ${formatCount(virtualSize)} virtual bytes.`,
    },
    ...(ancestorFee === 0
      ? []
      : [
          {
            term: "Of it for others",
            value: html`<${Amount} sats=${ancestorFee} />`,
            about: "Pulls along the transactions that this one waits for.",
          },
        ]),
    {
      term: "Change",
      value: html`<${Amount} sats=${back} />`,
      about:
        droppedChange === 0
          ? "Comes back to a new address of this wallet."
          : `${formatNumbered(droppedChange, "sat")} were too few to be worth a coin and go to the miner.`,
    },
    ...(replaces === null
      ? []
      : [
          {
            term: "Takes the place of",
            value: html`<${Hash} value=${replaces} href=${`/tx/${replaces}`} />`,
            about: "Only one of the two can be confirmed.",
          },
        ]),
    {
      term: "Leaves this wallet",
      value: html`<strong class="font-semibold"><${Amount} sats=${payment.leaving} /></strong>`,
      about: "Amounts and fee together.",
    },
  ];
}
