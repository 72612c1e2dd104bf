/**
 * Sends: the form of a payment, and payments that were prepared and still hold coins.
 *
 * Preparing leads to the payment's own page, which a reload does not lose; see wallet-payment.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { FeeEstimates } from "../../src/api/transaction-schemas.ts";
import type { PaymentPage, PaymentView } from "../../src/api/wallet-payment-schemas.ts";
import type {
  ListedWalletViewType,
  OwnUtxoPage,
  OwnUtxoView,
} from "../../src/api/wallet-schemas.ts";
import { post, remove } from "../api-client.ts";
import { useAction, useAttempt } from "../components/action.ts";
import { Age } from "../components/age.ts";
import { Amount } from "../components/amount.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { SendForm } from "../components/send-form.ts";
import { ProblemNote } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { showToast } from "../components/toasts.ts";
import { shorten } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { navigate, usePlace } from "../router.ts";
import type { SendRequest } from "../send-request.ts";
import { useQuery } from "../use-query.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";
import type { Contact } from "./contacts.ts";
import type { WalletPartProps } from "./wallet.ts";

/** Coins to choose from, and prepared payments, shown at once. */
const MAX_COINS = 100;
const MAX_PAYMENTS = 50;

/** The form, and what was prepared. */
export function WalletSend({ wallet, reload }: WalletPartProps) {
  const { name, balance } = wallet;
  const to = usePlace().query.get("to") ?? "";
  const contacts = useQuery<{ contacts: Contact[] }>("/api/contacts");
  const wallets = useQuery<{ wallets: ListedWalletViewType[] }>("/api/wallets");
  const fees = useQuery<Static<typeof FeeEstimates>>("/api/fees", ["chain", "mempool"]);
  const utxos = useQuery<Static<typeof OwnUtxoPage>>(
    walletRoute(name, `/utxos?limit=${MAX_COINS}`),
    ["chain", "mempool"],
  );
  const attempt = useAttempt();
  const prepare = (request: SendRequest) => {
    attempt.run(async () => {
      const { id } = await post<PaymentView>(walletRoute(name, "/payments"), request);
      reload();
      navigate(walletPage(name, "send", id));
    });
  };
  const others = wallets.answer?.wallets.filter((other) => other.name !== name) ?? [];
  const names = [...(contacts.answer?.contacts ?? []), ...others].map((known) => known.name);
  return html`<${Fragment}>
    <${Card} title="Send">
      <${SendForm}
        to=${to}
        names=${names}
        spendable=${balance.spendable}
        estimates=${fees.answer?.estimates ?? []}
        coins=${utxos.answer?.utxos.filter(({ spendable }: OwnUtxoView) => spendable) ?? []}
        isRunning=${attempt.isRunning}
        onPrepare=${prepare}
      />
      <div class="mt-3"><${ProblemNote} problem=${attempt.problem} /></div>
    </${Card}>
    <${Prepared} name=${name} reload=${reload} />
  </${Fragment}>`;
}

function Prepared({ name, reload }: { name: string; reload: () => void }) {
  const query = useQuery<Static<typeof PaymentPage>>(
    walletRoute(name, `/payments?limit=${MAX_PAYMENTS}`),
    ["chain", "mempool"],
  );
  const action = useAction();
  const open = query.answer?.payments.filter(({ state }) => state === "open") ?? [];
  if (open.length === 0) return null;
  const cancel = (id: string) => {
    action.run(async () => {
      await remove(walletRoute(name, `/payments/${encodeURIComponent(id)}`));
      showToast("The payment is cancelled; its coins are free again.");
      query.reload();
      reload();
    });
  };
  const columns: readonly Column<PaymentView>[] = [
    {
      title: "To",
      cell: (payment) =>
        html`<a href=${walletPage(name, "send", payment.id)} class="text-accent hover:underline">${recipientOf(payment)}</a>`,
    },
    { title: "Prepared", cell: ({ createdAt }) => html`<${Age} timeMs=${createdAt} />` },
    {
      title: "Leaves",
      isNumeric: true,
      cell: ({ leaving }) => html`<${Amount} sats=${leaving} />`,
    },
    {
      title: "Holds",
      isNumeric: true,
      cell: ({ inputs }) =>
        html`<${Amount} sats=${inputs.reduce((sum, { amount }) => sum + amount, 0)} />`,
    },
    {
      title: "",
      cell: ({ id }) =>
        html`<${Button} isDisabled=${action.isRunning} onClick=${() => cancel(id)}>Cancel</${Button}>`,
    },
  ];
  return html`<${Card} title="Prepared and not confirmed" isFlush=${true}>
    <${Table}
      caption="Prepared payments"
      columns=${columns}
      rows=${open}
      keyOf=${({ id }: PaymentView) => id}
    />
  </${Card}>`;
}

function recipientOf({ outputs }: PaymentView): string {
  const [first, ...others] = outputs.filter(({ role }) => role === "payment");
  if (first === undefined) return "back to this wallet";
  const called = first.name ?? (first.address === null ? "a script" : shorten(first.address));
  return others.length === 0 ? called : `${called} and ${others.length} more`;
}
