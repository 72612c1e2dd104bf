/**
 * How a browser comes to a wallet: new words, words that are there already, or a file.
 *
 * Words are held for as long as these steps are shown, and handed to the vault.
 */

import { useAttempt } from "../../components/action.ts";
import { Button } from "../../components/button.ts";
import { Card } from "../../components/card.ts";
import {
  isNewPassword,
  NewPassword,
  NO_PASSWORD,
  type PasswordPair,
} from "../../components/new-password.ts";
import { NewWords } from "../../components/new-words.ts";
import { ProblemNote } from "../../components/states.ts";
import { WordsEntry } from "../../components/words-entry.ts";
import { html, useState } from "../../html.ts";
import { CAN_ENCRYPT, pageVault } from "../../page-wallet/page-vault.ts";
import type { WalletNetwork } from "../../page-wallet/vault.ts";
import { ImportForm } from "./import-form.ts";

type Step =
  | { readonly name: "choice" | "new" | "restore" | "file" }
  | { readonly name: "password"; readonly words: readonly string[] };

const TITLES: Readonly<Record<Step["name"], string>> = {
  choice: "No wallet in this browser yet",
  new: "New words",
  restore: "Words of a wallet",
  file: "File of a wallet",
  password: "Keep it in this browser",
};

/** The steps to a wallet. */
export function Welcome({ of }: { of: WalletNetwork }) {
  const [step, setStep] = useState<Step>({ name: "choice" });
  const begin = () => setStep({ name: "choice" });
  const keep = (words: readonly string[]) => setStep({ name: "password", words });
  return html`<${Card} title=${TITLES[step.name]} class="max-w-3xl">${drawStep()}</${Card}>`;

  function drawStep() {
    switch (step.name) {
      case "choice":
        return html`<${WaysToBegin} onChoose=${(name: "new" | "restore" | "file") => setStep({ name })} />`;
      case "new":
        return html`<${NewWords} onConfirmed=${keep} onCancel=${begin} />`;
      case "restore":
        return html`<${WordsEntry} onEntered=${keep} onCancel=${begin} />`;
      case "file":
        return html`<${ImportForm} of=${of} onCancel=${begin} />`;
      case "password":
        return html`<${KeepForm} words=${step.words} of=${of} onCancel=${begin} />`;
    }
  }
}

function WaysToBegin({ onChoose }: { onChoose: (name: "new" | "restore" | "file") => void }) {
  return html`<div class="flex flex-col gap-4">
    <p class="max-w-prose">
      A wallet is made of 24 words. The same words open it here, in a wallet that the node holds, and
      in every program that knows BIP-0039 and BIP-0084.
    </p>
    ${CAN_ENCRYPT ? null : html`<${VisitOnly} />`}
    <div class="flex flex-wrap gap-2">
      <${Button} isMain=${true} onClick=${() => onChoose("new")}>Make a new wallet</${Button}>
      <${Button} onClick=${() => onChoose("restore")}>Restore from words</${Button}>
      ${CAN_ENCRYPT ? html`<${Button} onClick=${() => onChoose("file")}>Open a file</${Button}>` : null}
    </div>
  </div>`;
}

/** Said wherever something would else be expected to stay. */
function VisitOnly() {
  return html`<p class="max-w-prose rounded-lg border border-l-4 border-strong border-l-accent px-3 py-2 text-sm">
    This page came over plain HTTP from another machine, where browsers encrypt nothing. The keys are
    for this visit only: they are gone when the page is closed or reloaded, and the words bring them
    back. Anybody on the way could also have changed this page. Use HTTPS, or the machine itself.
  </p>`;
}

interface KeepFormProps {
  readonly words: readonly string[];
  readonly of: WalletNetwork;
  readonly onCancel: () => void;
}

function KeepForm({ words, of, onCancel }: KeepFormProps) {
  const [pair, setPair] = useState<PasswordPair>(NO_PASSWORD);
  const keeping = useAttempt();
  const submit = (event: Event) => {
    event.preventDefault();
    keeping.run(async () => {
      await pageVault.adopt(words.join(" "), CAN_ENCRYPT ? pair.password : undefined, of);
    });
  };
  const isReady = !CAN_ENCRYPT || isNewPassword(pair);
  return html`<form onSubmit=${submit} class="flex flex-col gap-4">
    ${
      CAN_ENCRYPT
        ? html`<p class="max-w-prose">
              The keys are kept in this browser, encrypted with a password. Whoever has the file and
              guesses the password has the coins, so make it a good one.
            </p>
            <${NewPassword} pair=${pair} onChange=${setPair} />`
        : html`<${VisitOnly} />`
    }
    <${ProblemNote} problem=${keeping.problem} />
    <div class="flex flex-wrap gap-2">
      <${Button} type="submit" isMain=${true} isDisabled=${keeping.isRunning || !isReady}>
        ${keeping.isRunning ? "Encrypting…" : CAN_ENCRYPT ? "Encrypt and open" : "Open for this visit"}
      </${Button}>
      <${Button} onClick=${onCancel}>Cancel</${Button}>
    </div>
  </form>`;
}
