/**
 * Leave to use a wallet's keys: nothing where it is unlocked or has no password, else the password.
 *
 * The password is held by the form, which forgets it as soon as it was sent.
 */

import { formatDuration } from "../format.ts";
import { Fragment, html } from "../html.ts";
import { useNow } from "../ticking-clock.ts";
import { useSession } from "../wallet-sessions.ts";
import { TextField } from "./text-field.ts";

/** What is known of the wallet whose keys are used. */
export interface Signer {
  readonly name: string;
  readonly kind: "encrypted" | "plain" | "watch" | null;
}

interface SignFieldProps {
  readonly wallet: Signer;
  readonly password: string;
  readonly onInput: (password: string) => void;
}

/** The password of `wallet`, or why it is not asked for. */
export function SignField({ wallet, password, onInput }: SignFieldProps) {
  const session = useSession(wallet.name);
  const now = useNow();
  if (wallet.kind === "plain") {
    return html`<p class="text-[0.8125rem] text-muted">
      This wallet has no password: it is for development only.
    </p>`;
  }
  if (session !== undefined) {
    return html`<p class="text-[0.8125rem] text-muted">
      Unlocked for another ${formatDuration((session.expiresAt - now) / 1_000)}: no password is needed.
    </p>`;
  }
  return html`<${Fragment}>
    <input type="text" hidden readonly autocomplete="username" value=${wallet.name} />
    <${TextField}
      label=${`Password of ${wallet.name}`}
      type="password"
      autocomplete="current-password"
      isRequired=${true}
      value=${password}
      onInput=${onInput}
    />
  </${Fragment}>`;
}
