/**
 * What can be done about a payment that waits: pay more for it, take it back, or, if others sent it,
 * pull it along.
 *
 * Each is a payment of its own, which is prepared here and shown before it is confirmed.
 */

import type { PaymentView } from "../../src/api/wallet-payment-schemas.ts";
import type { OwnTransactionView } from "../../src/api/wallet-schemas.ts";
import { post } from "../api-client.ts";
import { useAttempt } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Dialog } from "../components/dialog.ts";
import { ProblemNote } from "../components/states.ts";
import { TextField } from "../components/text-field.ts";
import { html, useState } from "../html.ts";
import { parseFeerate } from "../parse-amount.ts";
import { navigate } from "../router.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";

interface PendingDialogProps {
  /** Of the wallet. */
  readonly name: string;
  /** Undefined while it is closed. */
  readonly transaction: OwnTransactionView | undefined;
  readonly onClose: () => void;
}

/** A dialog about `transaction`. */
export function PendingDialog({ name, transaction, onClose }: PendingDialogProps) {
  return html`<${Dialog} title="What waits for a block" isOpen=${transaction !== undefined} onClose=${onClose}>
    ${transaction === undefined ? null : html`<${Ways} name=${name} transaction=${transaction} />`}
  </${Dialog}>`;
}

type Way = "bump" | "abandon" | "child";

function Ways({ name, transaction }: { name: string; transaction: OwnTransactionView }) {
  const [rate, setRate] = useState("");
  const attempt = useAttempt();
  const { txid, kind } = transaction;
  const feerate = parseFeerate(rate);
  const isWrong = rate.trim() !== "" && feerate === undefined;
  const start = (way: Way) => {
    if (isWrong) return;
    attempt.run(async () => {
      const terms = feerate === undefined ? {} : { feerate };
      const path = walletRoute(name, `/payments/${way}`);
      const { id } = await post<PaymentView>(path, { txid, ...terms });
      navigate(walletPage(name, "send", id));
    });
  };
  const isOurs = kind === "sent" || kind === "self";
  return html`<div class="flex flex-col gap-4">
    <p class="text-sm text-muted">
      ${
        isOurs
          ? "Paying a higher fee lets miners take it sooner. Taking it back pays the coins to this wallet instead, as long as no block has the payment."
          : "Spending what comes in with a higher fee makes it worth a miner's while to take both."
      }
    </p>
    <${TextField}
      label="Rate in sat/vB"
      inputMode="decimal"
      value=${rate}
      hint="Left empty, as much as is needed."
      problem=${isWrong ? "A rate in sat/vB, with at most 3 decimals." : undefined}
      onInput=${setRate}
    />
    <${ProblemNote} problem=${attempt.problem} />
    <div class="flex flex-wrap gap-2">
      ${
        isOurs
          ? html`<${Button} isMain=${true} isDisabled=${attempt.isRunning} onClick=${() => start("bump")}>Pay a higher fee</${Button}>
              <${Button} isDisabled=${attempt.isRunning} onClick=${() => start("abandon")}>Take it back</${Button}>`
          : null
      }
      <${Button} isMain=${!isOurs} isDisabled=${attempt.isRunning} onClick=${() => start("child")}>
        Pull it along
      </${Button}>
    </div>
  </div>`;
}
