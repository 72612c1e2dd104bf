/**
 * The ways to a wallet: new words, words that somebody has, or a key or address to watch.
 *
 * Words are held here from the moment they are known until the node has them, and nowhere else;
 * whoever leaves the page begins anew.
 */

import type { WalletViewType } from "../../src/api/wallet-schemas.ts";
import { post } from "../api-client.ts";
import { useAttempt } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import {
  isNewPassword,
  NewPassword,
  NO_PASSWORD,
  type PasswordPair,
} from "../components/new-password.ts";
import { NewWords } from "../components/new-words.ts";
import { PageTitle } from "../components/page-title.ts";
import { SelectField } from "../components/select-field.ts";
import { ProblemNote } from "../components/states.ts";
import { TextField } from "../components/text-field.ts";
import { showToast } from "../components/toasts.ts";
import { WordsEntry } from "../components/words-entry.ts";
import { Fragment, html, useState } from "../html.ts";
import { navigate } from "../router.ts";
import { walletPage } from "../wallet-paths.ts";

/** How a wallet comes to be here. */
export type Way = "new" | "words" | "watch";

interface AddWalletProps {
  readonly way: Way;
  readonly onAdded: () => void;
}

const TITLES: Readonly<Record<Way, { title: string; note: string }>> = {
  new: { title: "New wallet", note: "24 words, made in this page, and a password for this node." },
  words: { title: "Restore a wallet", note: "From the words that were once written down." },
  watch: { title: "Watch a wallet", note: "Sees what comes and goes, and can spend nothing." },
};

const ACCOUNTS = [
  { value: "wpkh", text: "Segwit (BIP-0084), as most wallets" },
  { value: "tr", text: "Taproot (BIP-0086)" },
  { value: "pkh", text: "Legacy (BIP-0044)" },
] as const;

type AccountKind = (typeof ACCOUNTS)[number]["value"];

const NAME_HINT = "1 to 32 of a-z, 0-9, _ and -; it begins with a letter or digit.";
const MAX_NAME_LENGTH = 32;
const MAX_WATCHED_LENGTH = 500;
const MAX_PASSPHRASE_LENGTH = 256;

/** The page of one way. */
export function AddWallet({ way, onAdded }: AddWalletProps) {
  const { title, note } = TITLES[way];
  const leave = () => navigate("/wallet");
  const done = (name: string) => {
    showToast(`${name} is here.`, "good");
    onAdded();
    navigate(walletPage(name));
  };
  return html`<${Fragment}>
    <${PageTitle} title=${title} note=${note} />
    ${
      way === "watch"
        ? html`<${WatchForm} onDone=${done} onCancel=${leave} />`
        : html`<${KeysForm} isNew=${way === "new"} onDone=${done} onCancel=${leave} />`
    }
  </${Fragment}>`;
}

interface FormProps {
  readonly onDone: (name: string) => void;
  readonly onCancel: () => void;
}

function KeysForm({ isNew, onDone, onCancel }: FormProps & { isNew: boolean }) {
  const [words, setWords] = useState<readonly string[] | undefined>(undefined);
  if (words !== undefined) {
    return html`<${PasswordForm} words=${words} isNew=${isNew} onDone=${onDone} onCancel=${onCancel} />`;
  }
  if (isNew) {
    return html`<${Card} title="1. Write down the words">
      <${NewWords} onConfirmed=${setWords} onCancel=${onCancel} />
    </${Card}>`;
  }
  return html`<${Card} title="1. The words">
    <${WordsEntry} onEntered=${setWords} onCancel=${onCancel} />
  </${Card}>`;
}

type PasswordFormProps = FormProps & { readonly words: readonly string[]; readonly isNew: boolean };

function PasswordForm({ words, isNew, onDone, onCancel }: PasswordFormProps) {
  const [name, setName] = useState("");
  const [pair, setPair] = useState<PasswordPair>(NO_PASSWORD);
  const [account, setAccount] = useState<AccountKind>("wpkh");
  const [passphrase, setPassphrase] = useState("");
  const attempt = useAttempt();
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isNewPassword(pair)) return;
    attempt.run(async () => {
      const wallet = await post<WalletViewType>("/api/wallets", {
        name,
        password: pair.password,
        mnemonic: words.join(" "),
        account,
        ...(passphrase === "" ? {} : { passphrase }),
      });
      onDone(wallet.name);
    });
  };
  return html`<${Card} title="2. Name and password">
    <form onSubmit=${submit} class="flex flex-col gap-4">
      <${TextField}
        label="Name"
        value=${name}
        autocomplete="username"
        isRequired=${true}
        maxLength=${MAX_NAME_LENGTH}
        hint=${NAME_HINT}
        onInput=${setName}
      />
      <${NewPassword} pair=${pair} onChange=${setPair} />
      <details class="rounded-lg border border-line">
        <summary class="cursor-pointer px-3 py-2 text-sm font-medium">More choices</summary>
        <div class="grid gap-3 border-t border-line p-3 sm:grid-cols-2">
          <${SelectField}
            label="Kind of addresses"
            value=${account}
            options=${ACCOUNTS}
            onChoose=${setAccount}
          />
          <${TextField}
            label="Passphrase of the words"
            type="password"
            value=${passphrase}
            maxLength=${MAX_PASSPHRASE_LENGTH}
            hint=${isNew ? "With one, the words alone open another, empty wallet." : "Only if the wallet had one."}
            onInput=${setPassphrase}
          />
        </div>
      </details>
      <${ProblemNote} problem=${attempt.problem} />
      <div class="flex flex-wrap gap-2">
        <${Button} type="submit" isMain=${true} isDisabled=${attempt.isRunning || !isNewPassword(pair)}>
          ${attempt.isRunning ? "Making the wallet…" : "Make the wallet"}
        </${Button}>
        <${Button} onClick=${onCancel}>Cancel</${Button}>
      </div>
    </form>
  </${Card}>`;
}

function WatchForm({ onDone, onCancel }: FormProps) {
  const [name, setName] = useState("");
  const [watch, setWatch] = useState("");
  const attempt = useAttempt();
  const submit = (event: Event) => {
    event.preventDefault();
    attempt.run(async () => {
      const body = { name, watch: watch.trim() };
      onDone((await post<WalletViewType>("/api/wallets", body)).name);
    });
  };
  return html`<${Card} title="What to watch">
    <form onSubmit=${submit} class="flex flex-col gap-4">
      <${TextField}
        label="Name"
        value=${name}
        isRequired=${true}
        maxLength=${MAX_NAME_LENGTH}
        hint=${NAME_HINT}
        onInput=${setName}
      />
      <${TextField}
        label="Descriptor, account key or address"
        value=${watch}
        isMono=${true}
        isRequired=${true}
        rows=${3}
        maxLength=${MAX_WATCHED_LENGTH}
        hint="What another wallet shows under its settings, as an extended public key, or any address."
        onInput=${setWatch}
      />
      <${ProblemNote} problem=${attempt.problem} />
      <div class="flex flex-wrap gap-2">
        <${Button} type="submit" isMain=${true} isDisabled=${attempt.isRunning}>Watch</${Button}>
        <${Button} onClick=${onCancel}>Cancel</${Button}>
      </div>
    </form>
  </${Card}>`;
}
