/**
 * Sending from the wallet of this page: a form, then what it comes to, then the signature.
 *
 * The plan is made and signed here; the node is asked for coins and rates, and given the transaction.
 */

import type { Static } from "@sinclair/typebox";
import type { StatusView } from "../../../src/api/stats-schemas.ts";
import type { FeeEstimates, SubmissionResultView } from "../../../src/api/transaction-schemas.ts";
import { post } from "../../api-client.ts";
import { useAttempt } from "../../components/action.ts";
import { Button } from "../../components/button.ts";
import { Card } from "../../components/card.ts";
import { CheckField } from "../../components/check-field.ts";
import { PaymentPreview } from "../../components/payment-preview.ts";
import { SelectField } from "../../components/select-field.ts";
import { ProblemNote } from "../../components/states.ts";
import { TextField } from "../../components/text-field.ts";
import { showToast } from "../../components/toasts.ts";
import { markStale } from "../../dashboard-store.ts";
import { formatFeerate, formatNumbered } from "../../format.ts";
import { html, useState } from "../../html.ts";
import { ask, pageVault, randomBelow } from "../../page-wallet/page-vault.ts";
import { preparePayment, type ReadyPayment } from "../../page-wallet/payment.ts";
import type { WalletPicture } from "../../page-wallet/scan.ts";
import { parseCoins, parseFeerate } from "../../parse-amount.ts";
import { useQuery } from "../../use-query.ts";
import { findNetwork, type KeyAccount, toHex } from "../../wallet-engine.ts";

type Fees = Static<typeof FeeEstimates>;

interface SendCardProps {
  readonly account: KeyAccount;
  readonly picture: WalletPicture;
  readonly status: StatusView;
}

/** What is being written. */
interface Draft {
  readonly to: string;
  readonly amount: string;
  readonly isAll: boolean;
  /** Blocks until it is confirmed, as the node estimates it, or "own". */
  readonly speed: string;
  readonly feerate: string;
}

const NO_DRAFT: Draft = { to: "", amount: "", isAll: false, speed: "", feerate: "" };

/** A form that becomes a preview. */
export function SendCard({ account, picture, status }: SendCardProps) {
  const [draft, setDraft] = useState(NO_DRAFT);
  const [ready, setReady] = useState<ReadyPayment | undefined>(undefined);
  const { answer: fees } = useQuery<Fees>("/api/fees", ["mempool"]);
  const preparing = useAttempt();
  const prepare = (event: Event) => {
    event.preventDefault();
    preparing.run(async () => {
      const order = readDraft(draft, fees);
      const world = {
        account,
        picture,
        prefixes: findNetwork(status.network).addressPrefixes,
        tipHeight: status.height,
        minFeerate: fees?.minFeerate ?? 0,
        randomBelow,
        ask,
      };
      setReady(await preparePayment(order, world));
    });
  };
  const finish = () => {
    setReady(undefined);
    setDraft(NO_DRAFT);
  };
  if (ready !== undefined) {
    return html`<${Confirmation} ready=${ready} onSent=${finish} onBack=${() => setReady(undefined)} />`;
  }
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  return html`<${Card} title="Send">
    <form onSubmit=${prepare} class="flex flex-col gap-4">
      <${TextField}
        label="To"
        value=${draft.to}
        isMono=${true}
        isRequired=${true}
        maxLength=${120}
        hint="An address of this network."
        onInput=${(to: string) => change({ to })}
      />
      <${TextField}
        label="Amount"
        value=${draft.amount}
        inputMode="decimal"
        isRequired=${!draft.isAll}
        isDisabled=${draft.isAll}
        hint="In coins, with at most eight decimals."
        onInput=${(amount: string) => change({ amount })}
      />
      <${CheckField} isChecked=${draft.isAll} onChange=${(isAll: boolean) => change({ isAll })}>
        Everything, less the fee
      </${CheckField}>
      <${SelectField}
        label="Fee"
        value=${draft.speed === "" ? (speedsOf(fees)[0]?.value ?? "own") : draft.speed}
        options=${speedsOf(fees)}
        onChoose=${(speed: string) => change({ speed })}
      />
      ${
        draft.speed === "own"
          ? html`<${TextField}
              label="Rate in sat/vB"
              value=${draft.feerate}
              inputMode="decimal"
              isRequired=${true}
              onInput=${(feerate: string) => change({ feerate })}
            />`
          : null
      }
      <${ProblemNote} problem=${preparing.problem} />
      <div>
        <${Button} type="submit" isMain=${true} isDisabled=${preparing.isRunning || fees === undefined}>
          ${preparing.isRunning ? "Preparing…" : "Look at it first"}
        </${Button}>
      </div>
    </form>
  </${Card}>`;
}

interface ConfirmationProps {
  readonly ready: ReadyPayment;
  readonly onSent: () => void;
  readonly onBack: () => void;
}

function Confirmation({ ready, onSent, onBack }: ConfirmationProps) {
  const sending = useAttempt();
  const send = () =>
    sending.run(async () => {
      const bytes = await pageVault.sign(ready.psbt);
      const { txid } = await post<SubmissionResultView>("/api/transactions", { hex: toHex(bytes) });
      showToast(`Sent: ${txid}`, "good");
      markStale(["mempool"]);
      onSent();
    });
  return html`<${Card} title="Send this?">
    <div class="flex flex-col gap-4">
      <${PaymentPreview} payment=${ready.shown} />
      <p class="text-[0.8125rem] text-muted">
        The amounts were checked against the transactions that made these coins, and the signature
        holds for exactly these amounts and no others.
      </p>
      <${ProblemNote} problem=${sending.problem} />
      <div class="flex flex-wrap gap-2">
        <${Button} isMain=${true} isDisabled=${sending.isRunning} onClick=${send}>
          ${sending.isRunning ? "Signing…" : "Sign and send"}
        </${Button}>
        <${Button} isDisabled=${sending.isRunning} onClick=${onBack}>Back</${Button}>
      </div>
    </div>
  </${Card}>`;
}

function speedsOf(fees: Fees | undefined): { value: string; text: string }[] {
  const estimates = fees?.estimates ?? [];
  return [
    ...estimates.map(({ blocks, feerate }) => ({
      value: String(blocks),
      text: `Within ${formatNumbered(blocks, "block")}: ${formatFeerate(feerate)}`,
    })),
    { value: "own", text: "My own rate" },
  ];
}

/** Throws an Error that says what is missing. */
function readDraft({ to, amount, isAll, speed, feerate }: Draft, fees: Fees | undefined) {
  const sats = isAll ? "max" : parseCoins(amount);
  if (sats === undefined || sats === 0) {
    throw new Error("an amount is in coins, with at most eight decimals");
  }
  const estimates = fees?.estimates ?? [];
  const estimate = estimates.find(({ blocks }) => String(blocks) === speed) ?? estimates[0];
  const rate = speed === "own" ? parseFeerate(feerate) : estimate?.feerate;
  if (rate === undefined) throw new Error("a rate is in sat/vB, with at most three decimals");
  return { to, amount: sats, feerate: rate } as const;
}
