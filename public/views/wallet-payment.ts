/**
 * One payment, from being prepared to being confirmed: what it would do, the password that sends it,
 * and then what became of it.
 *
 * Has an address from its first moment, so that neither a reload nor a new rate pays twice.
 */

import type { TransactionViewType } from "../../src/api/transaction-schemas.ts";
import type { PaymentView } from "../../src/api/wallet-payment-schemas.ts";
import { post, remove } from "../api-client.ts";
import { useAction, useAttempt } from "../components/action.ts";
import { Badge, type Tone } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { PaymentPreview } from "../components/payment-preview.ts";
import { PsbtOutput } from "../components/psbt-output.ts";
import { SignField } from "../components/sign-field.ts";
import { ProblemNote } from "../components/states.ts";
import { TextField } from "../components/text-field.ts";
import { formatDuration, formatNumbered } from "../format.ts";
import { Fragment, html, useState } from "../html.ts";
import { navigate } from "../router.ts";
import { useNow } from "../ticking-clock.ts";
import { useQuery } from "../use-query.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";
import { signAs } from "../wallet-sessions.ts";
import type { WalletPartProps } from "./wallet.ts";

const TITLES: Readonly<Record<PaymentView["kind"], string>> = {
  payment: "Payment",
  bump: "The same with a higher fee",
  cancellation: "Take a payment back",
  child: "Pull a payment along",
};

const STATES: Readonly<Record<PaymentView["state"], { text: string; tone: Tone }>> = {
  open: { text: "Not sent", tone: "accent" },
  sent: { text: "Sent", tone: "good" },
  failed: { text: "Failed", tone: "bad" },
  cancelled: { text: "Cancelled", tone: "muted" },
  expired: { text: "Expired", tone: "muted" },
};

/** The payment that the page's path names. */
export function WalletPayment({ wallet, reload, item }: WalletPartProps) {
  const path = walletRoute(wallet.name, `/payments/${encodeURIComponent(item)}`);
  const query = useQuery<PaymentView>(path, ["chain", "mempool"]);
  const changed = () => {
    query.reload();
    reload();
  };
  return html`<${Loaded} query=${query} lines=${8}>
    ${(payment: PaymentView) => html`<${Fragment}>
      ${payment.txid === null ? null : html`<${Sent} name=${wallet.name} txid=${payment.txid} />`}
      <${Card}
        title=${TITLES[payment.kind]}
        actions=${html`<${Badge} tone=${STATES[payment.state].tone}>${STATES[payment.state].text}</${Badge}>`}
      >
        <${PaymentPreview} payment=${payment} />
        ${payment.state === "open" ? html`<${Confirm} wallet=${wallet} payment=${payment} path=${path} onChanged=${changed} />` : null}
        ${
          payment.state === "expired" || payment.state === "cancelled"
            ? html`<p class="mt-4 text-muted">Its coins are free again. <a href=${walletPage(wallet.name, "send")} class="text-accent underline">Prepare another one</a></p>`
            : null
        }
      </${Card}>
    </${Fragment}>`}
  </${Loaded}>`;
}

interface ConfirmProps {
  readonly wallet: WalletPartProps["wallet"];
  readonly payment: PaymentView;
  readonly path: string;
  readonly onChanged: () => void;
}

function Confirm({ wallet, payment, path, onChanged }: ConfirmProps) {
  const [password, setPassword] = useState("");
  const [signed, setSigned] = useState("");
  const attempt = useAttempt();
  const cancelling = useAction();
  const isWatching = wallet.kind === "watch";
  const { digest, id, psbt, expiresAt } = payment;
  const left = (expiresAt - useNow()) / 1_000;
  const submit = (event: Event) => {
    event.preventDefault();
    attempt.run(async () => {
      if (isWatching) await post(`${path}/signed`, { digest, psbt: signed.trim() });
      else
        await signAs({ name: wallet.name, password }, (authority) =>
          post(`${path}/confirm`, { digest, ...authority }),
        );
      setPassword("");
      onChanged();
    });
  };
  const cancel = () => {
    cancelling.run(async () => {
      await remove(path);
      onChanged();
      navigate(walletPage(wallet.name, "send"));
    });
  };
  return html`<form onSubmit=${submit} class="mt-4 flex flex-col gap-4 border-t border-line pt-4">
    <p class="text-[0.8125rem] text-muted">
      ${left > 0 ? `Its coins are held for another ${formatDuration(left)}.` : "Its time is over; prepare it anew."}
    </p>
    ${
      isWatching
        ? html`<${PsbtOutput} psbt=${psbt} name=${`payment-${id.slice(0, 8)}`} />
            <${TextField}
              label="The same, signed elsewhere"
              rows=${4}
              isMono=${true}
              isRequired=${true}
              value=${signed}
              hint="This wallet has no keys: sign the above where they are, and bring it back."
              onInput=${setSigned}
            />`
        : html`<div class="max-w-sm"><${SignField} wallet=${wallet} password=${password} onInput=${setPassword} /></div>`
    }
    <${ProblemNote} problem=${attempt.problem} />
    <div class="flex flex-wrap gap-2">
      <${Button} type="submit" isMain=${true} isDisabled=${attempt.isRunning}>
        ${attempt.isRunning ? "Sending…" : "Sign and send"}
      </${Button}>
      <${Button} isDisabled=${cancelling.isRunning || attempt.isRunning} onClick=${cancel}>Cancel the payment</${Button}>
    </div>
  </form>`;
}

/** What became of it, as the chain says. */
function Sent({ name, txid }: { name: string; txid: string }) {
  const { answer, problem } = useQuery<TransactionViewType>(`/api/transactions/${txid}`, [
    "chain",
    "mempool",
  ]);
  const isGone = answer?.status === "abandoned" || problem?.status === 404;
  const isConfirmed = answer?.status === "confirmed";
  const text = isGone
    ? "No longer waits: another took its place, or it was dropped"
    : isConfirmed
      ? `Confirmed: ${formatNumbered(answer.confirmations, "confirmation")}`
      : "Waits for a block";
  const tone = isGone ? "bad" : isConfirmed ? "good" : "accent";
  return html`<${Card} title="On its way">
    <div role="status" data-payment-state=${isGone ? "gone" : isConfirmed ? "confirmed" : "waiting"}>
      <${Badge} tone=${tone}>${text}</${Badge}>
    </div>
    <p class="mt-3"><${Hash} value=${txid} href=${`/tx/${txid}`} label="the transaction's id" ends=${0} /></p>
    <p class="mt-3 flex flex-wrap gap-4 text-sm">
      <a href=${walletPage(name, "history")} class="text-accent hover:underline">History</a>
      <a href=${walletPage(name, "send")} class="text-accent hover:underline">Send again</a>
    </p>
  </${Card}>`;
}
