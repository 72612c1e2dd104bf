/**
 * The wallet of this browser while it is locked: its password opens it.
 *
 * What was kept for another network stays as it is, and is opened where that network is.
 */

import { useAttempt } from "../../components/action.ts";
import { Button } from "../../components/button.ts";
import { Card } from "../../components/card.ts";
import { CheckField } from "../../components/check-field.ts";
import { ProblemNote } from "../../components/states.ts";
import { TextField } from "../../components/text-field.ts";
import { html, useState } from "../../html.ts";
import { pageVault } from "../../page-wallet/page-vault.ts";
import type { WalletNetwork } from "../../page-wallet/vault.ts";
import { RecordActions } from "./record-actions.ts";

interface UnlockFormProps {
  /** The node's network, and the record's; without a name, if it cannot be read. */
  readonly of: WalletNetwork;
  readonly recordOf: WalletNetwork;
}

/** A password, and for how long. */
export function UnlockForm({ of, recordOf }: UnlockFormProps) {
  const [password, setPassword] = useState("");
  const [staysOpen, setStaysOpen] = useState(false);
  const opening = useAttempt();
  const submit = (event: Event) => {
    event.preventDefault();
    opening.run(() => pageVault.unlock(password, staysOpen));
  };
  const form = html`<form onSubmit=${submit} class="flex flex-col gap-4">
    <${TextField}
      label="Password"
      type="password"
      autocomplete="current-password"
      isRequired=${true}
      value=${password}
      onInput=${setPassword}
    />
    <${CheckField} isChecked=${staysOpen} onChange=${setStaysOpen}>
      Stay unlocked until this page is closed, not only for five minutes without use
    </${CheckField}>
    <${ProblemNote} problem=${opening.problem} />
    <div>
      <${Button} type="submit" isMain=${true} isDisabled=${opening.isRunning}>
        ${opening.isRunning ? "Unlocking…" : "Unlock"}
      </${Button}>
    </div>
  </form>`;
  return html`<${Card} title="Locked" class="max-w-xl">
    ${recordOf.genesis === of.genesis ? form : html`<p>${describeOther(recordOf)}</p>`}
    <div class="mt-4 border-t border-line pt-4"><${RecordActions} /></div>
  </${Card}>`;
}

function describeOther({ network, genesis }: WalletNetwork): string {
  if (genesis === "") return "What this browser keeps of a wallet cannot be read; it is damaged.";
  return `The wallet in this browser is of another network, called ${network}.`;
}
