/**
 * What a wallet is made of, its password, and its end.
 *
 * What is shown here lets the wallet be watched; nothing lets it be spent from.
 */

import { post, remove } from "../api-client.ts";
import { useAttempt } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { ConfirmByName } from "../components/confirm-by-name.ts";
import { type Field, Fields } from "../components/fields.ts";
import { Hash } from "../components/hash.ts";
import {
  isNewPassword,
  NewPassword,
  NO_PASSWORD,
  type PasswordPair,
} from "../components/new-password.ts";
import { ProblemNote } from "../components/states.ts";
import { TextField } from "../components/text-field.ts";
import { showToast } from "../components/toasts.ts";
import { formatCount, formatTime } from "../format.ts";
import { Fragment, html, useState } from "../html.ts";
import { navigate } from "../router.ts";
import { walletRoute } from "../wallet-paths.ts";
import { forgetSession } from "../wallet-sessions.ts";
import type { WalletPartProps } from "./wallet.ts";

const ACCOUNTS: Readonly<Record<WalletPartProps["wallet"]["account"], string>> = {
  wpkh: "Segwit (BIP-0084)",
  tr: "Taproot (BIP-0086)",
  pkh: "Legacy (BIP-0044)",
  addr: "A single address",
};

/** Facts, password, removal. */
export function WalletSettings({ wallet }: WalletPartProps) {
  return html`<${Fragment}>
    <${Card} title="About"><${Fields} fields=${fieldsOf(wallet)} /></${Card}>
    ${wallet.kind === "encrypted" ? html`<${PasswordCard} name=${wallet.name} />` : null}
    <${RemoveCard} wallet=${wallet} />
  </${Fragment}>`;
}

function fieldsOf(wallet: WalletPartProps["wallet"]): Field[] {
  const { account, addressCount, createdAt, descriptor, contractKey } = wallet;
  return [
    { term: "Kind of addresses", value: ACCOUNTS[account] },
    { term: "Addresses", value: formatCount(addressCount) },
    { term: "Here since", value: formatTime(createdAt) },
    {
      term: "Descriptor",
      value: html`<${Hash} value=${descriptor} label="the descriptor" ends=${0} />`,
      about:
        "Enough to watch this wallet elsewhere: whoever has it sees all payments, and can spend nothing.",
    },
    ...(contractKey === null
      ? []
      : [
          {
            term: "Key for contracts",
            value: html`<${Hash} value=${contractKey} label="the key for contracts" ends=${0} />`,
            about: "What it brings to contracts with others.",
          },
        ]),
  ];
}

function PasswordCard({ name }: { name: string }) {
  const [password, setPassword] = useState("");
  const [pair, setPair] = useState<PasswordPair>(NO_PASSWORD);
  const attempt = useAttempt();
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isNewPassword(pair)) return;
    attempt.run(async () => {
      await post(walletRoute(name, "/password"), { password, newPassword: pair.password });
      setPassword("");
      setPair(NO_PASSWORD);
      forgetSession(name);
      showToast("The password is changed.", "good");
    });
  };
  return html`<${Card} title="Change the password">
    <form onSubmit=${submit} class="flex max-w-2xl flex-col gap-4">
      <input type="text" hidden readonly autocomplete="username" value=${name} />
      <${TextField}
        label="Password as it is"
        type="password"
        autocomplete="current-password"
        isRequired=${true}
        value=${password}
        onInput=${setPassword}
      />
      <${NewPassword} pair=${pair} onChange=${setPair} />
      <${ProblemNote} problem=${attempt.problem} />
      <div>
        <${Button} type="submit" isDisabled=${attempt.isRunning || !isNewPassword(pair)}>
          ${attempt.isRunning ? "Changing…" : "Change the password"}
        </${Button}>
      </div>
    </form>
  </${Card}>`;
}

function RemoveCard({ wallet: { name, kind } }: Pick<WalletPartProps, "wallet">) {
  const attempt = useAttempt();
  const end = () => {
    attempt.run(async () => {
      await remove(walletRoute(name));
      forgetSession(name);
      showToast(`${name} is removed.`);
      navigate("/wallet");
    });
  };
  return html`<${Card} title="Remove this wallet">
    <p class="mb-4 max-w-prose text-muted">
      ${
        kind === "watch"
          ? "Its coins are where they were; this node only stops looking."
          : "Its file goes to the trash folder beside the others. Coins stay where they are: whoever has the words can restore it."
      }
    </p>
    <${ConfirmByName} name=${name} text="Remove the wallet" isRunning=${attempt.isRunning} onConfirmed=${end} />
    <div class="mt-3"><${ProblemNote} problem=${attempt.problem} /></div>
  </${Card}>`;
}
