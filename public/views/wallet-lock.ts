/**
 * Unlocks a wallet for a while: for so many seconds and coins, with the time that is left in sight and
 * a button that ends it.
 *
 * What the node gives for the password is kept by wallet-sessions.ts, in memory alone.
 */

import { post } from "../api-client.ts";
import { useAction, useAttempt } from "../components/action.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Choice } from "../components/choice.ts";
import { Dialog } from "../components/dialog.ts";
import { ProblemNote } from "../components/states.ts";
import { TextField } from "../components/text-field.ts";
import { formatCoins } from "../format.ts";
import { Fragment, html, useState } from "../html.ts";
import { parseCoins } from "../parse-amount.ts";
import { useNow } from "../ticking-clock.ts";
import { walletRoute } from "../wallet-paths.ts";
import { forgetSession, keepSession, useSession, type WalletSession } from "../wallet-sessions.ts";

const SPANS = [
  { value: "30", text: "30 s" },
  { value: "60", text: "1 min" },
  { value: "300", text: "5 min" },
] as const;

type Span = (typeof SPANS)[number]["value"];

/** Coins that may be spent unless somebody says otherwise. */
const DEFAULT_LIMIT = "100";

/** A button that unlocks, or the time that is left and a button that locks. */
export function WalletLock({ name }: { name: string }) {
  const [isOpen, setOpen] = useState(false);
  const session = useSession(name);
  const locking = useAction();
  const lock = () => {
    locking.run(async () => {
      await post(walletRoute(name, "/lock"), {});
      forgetSession(name);
    });
  };
  return html`<${Fragment}>
    ${
      session === undefined
        ? html`<${Button} onClick=${() => setOpen(true)}>Unlock for a while</${Button}>`
        : html`<${Countdown} name=${name} session=${session} />
            <${Button} isDisabled=${locking.isRunning} onClick=${lock}>Lock</${Button}>`
    }
    <${Dialog} title=${`Unlock ${name}`} isOpen=${isOpen} onClose=${() => setOpen(false)}>
      <${UnlockForm} name=${name} onUnlocked=${() => setOpen(false)} />
    </${Dialog}>
  </${Fragment}>`;
}

function Countdown({ name, session }: { name: string; session: WalletSession }) {
  const left = Math.ceil((session.expiresAt - useNow()) / 1_000);
  if (left <= 0) queueMicrotask(() => forgetSession(name));
  return html`<span data-unlocked title=${`Payments of ${formatCoins(session.limit)} in all need no password.`}>
    <${Badge} tone="accent">Unlocked, ${Math.max(0, left)} s left</${Badge}>
  </span>`;
}

function UnlockForm({ name, onUnlocked }: { name: string; onUnlocked: () => void }) {
  const [password, setPassword] = useState("");
  const [seconds, setSeconds] = useState<Span>("60");
  const [limit, setLimit] = useState(DEFAULT_LIMIT);
  const attempt = useAttempt();
  const sats = parseCoins(limit);
  const submit = (event: Event) => {
    event.preventDefault();
    if (sats === undefined) return;
    attempt.run(async () => {
      const body = { password, seconds: Number(seconds), limit: sats };
      keepSession(name, await post<WalletSession>(walletRoute(name, "/unlock"), body));
      onUnlocked();
    });
  };
  return html`<form onSubmit=${submit} class="flex flex-col gap-4">
    <p class="text-sm text-muted">
      Until the time is over, this page alone may sign without the password. Reloading it locks it, too.
    </p>
    <input type="text" hidden readonly autocomplete="username" value=${name} />
    <${TextField}
      label="Password"
      type="password"
      autocomplete="current-password"
      isRequired=${true}
      value=${password}
      onInput=${setPassword}
    />
    <div class="flex flex-col gap-2">
      <span class="text-sm">For how long</span>
      <div><${Choice} label="For how long" options=${SPANS} value=${seconds} onChoose=${setSeconds} /></div>
    </div>
    <${TextField}
      label="Coins that may leave in that time"
      inputMode="decimal"
      value=${limit}
      problem=${sats === undefined ? "An amount in coins, with at most 8 decimals." : undefined}
      onInput=${setLimit}
    />
    <${ProblemNote} problem=${attempt.problem} />
    <${Button} type="submit" isMain=${true} isDisabled=${attempt.isRunning}>
      ${attempt.isRunning ? "Unlocking…" : "Unlock"}
    </${Button}>
  </form>`;
}
