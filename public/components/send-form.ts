/**
 * Whom to pay, how much, and how soon: the form, for every kind of wallet.
 *
 * Asks nobody and signs nothing; what it gives is prepared, shown and confirmed by the view.
 */

import { formatCoins, formatFeerate, shorten } from "../format.ts";
import { html, useState } from "../html.ts";
import {
  NO_PAYMENT,
  NO_RECIPIENT,
  type RecipientDraft,
  readSendDraft,
  type SendDraft,
  type SendProblem,
  type SendRequest,
  type Speed,
} from "../send-request.ts";
import { Button } from "./button.ts";
import { CheckField } from "./check-field.ts";
import { Choice } from "./choice.ts";
import { TextField } from "./text-field.ts";

/** Recipients of one payment that a person can oversee. */
const MAX_RECIPIENTS = 20;

/** Characters of a name or an address. */
const MAX_RECIPIENT_LENGTH = 128;

/** A coin that can be chosen. */
export interface CoinChoice {
  readonly txid: string;
  readonly vout: number;
  readonly amount: number;
  readonly address: string;
  readonly label: string | null;
}

interface SendFormProps {
  /** Paid at first. */
  readonly to?: string;
  /** Names that can be paid, in the place of an address. */
  readonly names: readonly string[];
  /** Sats that can be spent. */
  readonly spendable: number;
  readonly estimates: readonly { readonly blocks: number; readonly feerate: number }[];
  readonly coins: readonly CoinChoice[];
  readonly isRunning: boolean;
  readonly onPrepare: (request: SendRequest) => void;
}

/** The form. */
export function SendForm({
  to = "",
  names,
  spendable,
  estimates,
  coins,
  isRunning,
  onPrepare,
}: SendFormProps) {
  const [draft, setDraft] = useState<SendDraft>({
    ...NO_PAYMENT,
    recipients: [{ ...NO_RECIPIENT, to }],
  });
  const [refused, setRefused] = useState<SendProblem | undefined>(undefined);
  const change = (changes: Partial<SendDraft>) => {
    setRefused(undefined);
    setDraft({ ...draft, ...changes });
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const read = readSendDraft(draft);
    if ("problem" in read) setRefused(read);
    else onPrepare(read);
  };
  const { recipients } = draft;
  const changeRecipient = (changed: number, changes: Partial<RecipientDraft>) => {
    change({
      recipients: recipients.map((line, index) => {
        return index === changed ? { ...line, ...changes } : line;
      }),
    });
  };
  return html`<form onSubmit=${submit} class="flex flex-col gap-5">
    <div class="flex flex-col gap-4">
      ${recipients.map((line, index) => {
        return html`<${Recipient}
          key=${index}
          line=${line}
          number=${index + 1}
          isAlone=${recipients.length === 1}
          names=${names}
          spendable=${spendable}
          problem=${refused?.recipient === index ? refused.problem : undefined}
          onChange=${(changes: Partial<RecipientDraft>) => changeRecipient(index, changes)}
          onRemove=${() => change({ recipients: recipients.filter((_, other) => other !== index) })}
        />`;
      })}
    </div>
    ${
      recipients.length >= MAX_RECIPIENTS
        ? null
        : html`<div>
            <${Button} onClick=${() => change({ recipients: [...recipients, NO_RECIPIENT] })}>
              Pay someone else, too
            </${Button}>
          </div>`
    }
    <${SpeedChoice}
      draft=${draft}
      estimates=${estimates}
      problem=${refused !== undefined && refused.recipient === undefined ? refused.problem : undefined}
      onChange=${change}
    />
    <${MoreChoices} draft=${draft} coins=${coins} onChange=${change} />
    <div>
      <${Button} type="submit" isMain=${true} isDisabled=${isRunning}>
        ${isRunning ? "Preparing…" : "Look at the payment"}
      </${Button}>
      <p class="mt-2 text-[0.8125rem] text-muted">Nothing is sent before you have seen what it costs and confirmed it.</p>
    </div>
  </form>`;
}

interface RecipientProps {
  readonly line: RecipientDraft;
  readonly number: number;
  readonly isAlone: boolean;
  readonly names: readonly string[];
  readonly spendable: number;
  readonly problem: string | undefined;
  readonly onChange: (changes: Partial<RecipientDraft>) => void;
  readonly onRemove: () => void;
}

function Recipient({
  line,
  number,
  isAlone,
  names,
  spendable,
  problem,
  onChange,
  onRemove,
}: RecipientProps) {
  const ordinal = isAlone ? "" : ` ${number}`;
  const isNameless = line.to.trim() === "";
  return html`<fieldset class="min-w-0 rounded-lg border border-line p-3">
    <legend class="sr-only">Recipient ${number}</legend>
    <div class="grid gap-3 md:grid-cols-[1fr_14rem]">
      <${TextField}
        label=${`To${ordinal}`}
        value=${line.to}
        isMono=${true}
        maxLength=${MAX_RECIPIENT_LENGTH}
        options=${names}
        hint="An address, or the name of a contact or wallet."
        problem=${isNameless ? problem : undefined}
        onInput=${(to: string) => onChange({ to })}
      />
      <${TextField}
        label=${`Amount${ordinal}`}
        inputMode="decimal"
        value=${line.isMax ? "all that is left" : line.amount}
        isDisabled=${line.isMax}
        hint=${`In coins; ${formatCoins(spendable)} can be spent.`}
        problem=${isNameless ? undefined : problem}
        onInput=${(amount: string) => onChange({ amount })}
      />
    </div>
    <div class="mt-2 flex flex-wrap items-center gap-x-5 gap-y-2">
      <${CheckField} isChecked=${line.isMax} onChange=${(isMax: boolean) => onChange({ isMax })}>
        All that is left
      </${CheckField}>
      ${
        line.isMax
          ? null
          : html`<${CheckField} isChecked=${line.paysFee} onChange=${(paysFee: boolean) => onChange({ paysFee })}>
              Take the fee from this amount
            </${CheckField}>`
      }
      ${isAlone ? null : html`<span class="ml-auto"><${Button} onClick=${onRemove}>Remove</${Button}></span>`}
    </div>
  </fieldset>`;
}

interface PartProps {
  readonly draft: SendDraft;
  readonly onChange: (changes: Partial<SendDraft>) => void;
}

type SpeedProps = PartProps & {
  readonly estimates: SendFormProps["estimates"];
  readonly problem: string | undefined;
};

function SpeedChoice({ draft, estimates, problem, onChange }: SpeedProps) {
  const chosen = estimates.find(({ blocks }) => String(blocks) === draft.speed);
  return html`<div class="flex flex-col gap-2">
    <span class="text-sm">How soon</span>
    <div>
      <${Choice}
        label="How soon"
        options=${[
          { value: "1", text: "Next block" },
          { value: "3", text: "3 blocks" },
          { value: "6", text: "6 blocks" },
          { value: "own", text: "Own rate" },
        ]}
        value=${draft.speed}
        onChoose=${(speed: Speed) => onChange({ speed })}
      />
    </div>
    ${
      draft.speed === "own"
        ? html`<div class="max-w-56">
            <${TextField}
              label="Rate in sat/vB"
              inputMode="decimal"
              value=${draft.feerate}
              problem=${problem}
              onInput=${(feerate: string) => onChange({ feerate })}
            />
          </div>`
        : html`<p class="min-h-5 text-[0.8125rem] text-muted">
            ${chosen === undefined ? "" : `About ${formatFeerate(chosen.feerate)}, as the node estimates.`}
          </p>`
    }
  </div>`;
}

type MoreProps = PartProps & { readonly coins: readonly CoinChoice[] };

function MoreChoices({ draft, coins, onChange }: MoreProps) {
  const toggle = (coin: string, isChosen: boolean) => {
    const others = draft.coins.filter((other) => other !== coin);
    onChange({ coins: isChosen ? [...others, coin] : others });
  };
  const chosen = coins.filter(({ txid, vout }) => draft.coins.includes(`${txid}:${vout}`));
  const sum = chosen.reduce((total, { amount }) => total + amount, 0);
  return html`<details class="rounded-lg border border-line">
    <summary class="cursor-pointer px-3 py-2 text-sm font-medium">More choices</summary>
    <div class="flex flex-col gap-3 border-t border-line p-3">
      <${CheckField}
        isChecked=${draft.allowsUnconfirmed}
        onChange=${(allowsUnconfirmed: boolean) => onChange({ allowsUnconfirmed })}
      >
        Also spend what others have sent and no block has yet
      </${CheckField}>
      <${CheckField}
        isChecked=${!draft.keepsChange}
        onChange=${(isGiven: boolean) => onChange({ keepsChange: !isGiven })}
      >
        Give what is left over to the miner, in the place of change
      </${CheckField}>
      <${CheckField}
        isChecked=${draft.isForced}
        onChange=${(isForced: boolean) => onChange({ isForced })}
      >
        Pay the fee whatever it is
      </${CheckField}>
      <fieldset class="min-w-0">
        <legend class="mb-1 text-sm">
          Coins to spend${chosen.length === 0 ? ": the wallet chooses" : `: ${formatCoins(sum)} chosen`}
        </legend>
        <ul class="max-h-64 divide-y divide-line overflow-y-auto rounded-lg border border-line">
          ${coins.length === 0 ? html`<li class="px-3 py-2 text-sm text-muted">There are none.</li>` : null}
          ${coins.map((coin) => {
            const id = `${coin.txid}:${coin.vout}`;
            return html`<li key=${id} class="px-3 py-2">
              <${CheckField}
                isChecked=${draft.coins.includes(id)}
                onChange=${(isChosen: boolean) => toggle(id, isChosen)}
              >
                ${formatCoins(coin.amount)}
                <span class="ml-2 text-muted">${coin.label ?? shorten(coin.address)}</span>
              </${CheckField}>
            </li>`;
          })}
        </ul>
      </fieldset>
    </div>
  </details>`;
}
