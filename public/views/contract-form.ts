/**
 * Makes a contract: one of five templates, its parties with their keys, its lock, its secret.
 *
 * Every party fills in the same and finds the same address. A secret is made here and shown once.
 */

import type { Static } from "@sinclair/typebox";
import type {
  ContractKeyView,
  ContractViewType,
  TemplateList,
} from "../../src/api/contract-schemas.ts";
import { post } from "../api-client.ts";
import { useAction, useAttempt } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { CopyButton } from "../components/copy-button.ts";
import { SelectField } from "../components/select-field.ts";
import { ProblemNote } from "../components/states.ts";
import { TextField } from "../components/text-field.ts";
import {
  type ContractDraft,
  type LockUnit,
  NO_PARTY,
  type PartyDraft,
  readContract,
  startContract,
  TEMPLATE_FORMS,
  TEMPLATES,
  type TemplateName,
} from "../contract-draft.ts";
import { Fragment, html, useState } from "../html.ts";
import { navigate } from "../router.ts";
import { makeSecret } from "../secret.ts";
import { useQuery } from "../use-query.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";

/** Keys that one branch of a script can ask for. */
const MAX_PARTIES = 20;
const MAX_PARTY_NAME_LENGTH = 40;
const MAX_LABEL_LENGTH = 255;

const UNITS: Readonly<Record<LockUnit, { text: string; label: string }>> = {
  height: { text: "A height of the chain", label: "Block height" },
  time: { text: "A moment", label: "Moment in UTC, as 2027-01-31 12:00" },
  blocks: { text: "A number of blocks", label: "Blocks since coins were confirmed" },
  seconds: { text: "A span of time", label: "Seconds since coins were confirmed" },
};

/** The form, for the wallet `name`. */
export function ContractForm({ name }: { name: string }) {
  const [template, setTemplate] = useState<TemplateName>("multisig");
  const [draft, setDraft] = useState<ContractDraft>(startContract("multisig"));
  const [label, setLabel] = useState("");
  const [problem, setProblem] = useState("");
  const texts = useQuery<Static<typeof TemplateList>>("/api/contracts/templates");
  const attempt = useAttempt();
  const form = TEMPLATE_FORMS[template];
  const change = (changes: Partial<ContractDraft>) => {
    setProblem("");
    setDraft((known) => ({ ...known, ...changes }));
  };
  const changeParties = (field: string, update: PartiesUpdate) => {
    setProblem("");
    setDraft((known) => {
      const parties = update(known.parties[field] ?? []);
      return { ...known, parties: { ...known.parties, [field]: parties } };
    });
  };
  const choose = (chosen: TemplateName) => {
    setTemplate(chosen);
    setProblem("");
    setDraft(startContract(chosen));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const read = readContract(template, draft);
    if ("problem" in read) {
      setProblem(read.problem);
      return;
    }
    attempt.run(async () => {
      const text = label.trim();
      const body = { template, ...read, ...(text === "" ? {} : { label: text }) };
      const { address } = await post<ContractViewType>(walletRoute(name, "/contracts"), body);
      navigate(walletPage(name, "contracts", address));
    });
  };
  const summary = texts.answer?.templates.find((known) => known.name === template)?.summary;
  return html`<${Card} title="New contract">
    <form onSubmit=${submit} class="flex flex-col gap-4">
      <div class="max-w-md">
        <${SelectField}
          label="Kind"
          value=${template}
          options=${TEMPLATES.map((value) => ({ value, text: TEMPLATE_FORMS[value].title }))}
          onChoose=${choose}
        />
        <p class="mt-1 min-h-5 text-[0.8125rem] text-muted">${summary ?? ""}</p>
      </div>
      ${form.parties.map(
        ({ field, title, isList }) => html`<${Parties}
          key=${`${template}/${field}`}
          name=${name}
          title=${title}
          isList=${isList}
          parties=${draft.parties[field] ?? []}
          onChange=${(update: PartiesUpdate) => changeParties(field, update)}
        />`,
      )}
      ${
        form.hasThreshold
          ? html`<div class="max-w-56">
              <${TextField}
                label="How many must sign"
                inputMode="numeric"
                value=${draft.threshold}
                onInput=${(threshold: string) => change({ threshold })}
              />
            </div>`
          : null
      }
      ${form.hasHash ? html`<${HashField} hash=${draft.hash} onChange=${(hash: string) => change({ hash })} />` : null}
      ${
        form.lock === undefined
          ? null
          : html`<div class="grid gap-3 sm:grid-cols-2">
              <${SelectField}
                label=${form.lock.title}
                value=${draft.unit}
                options=${form.lock.units.map((value) => ({ value, text: UNITS[value].text }))}
                onChoose=${(unit: LockUnit) => change({ unit, lock: "" })}
              />
              <${TextField}
                label=${UNITS[draft.unit].label}
                value=${draft.lock}
                isRequired=${true}
                onInput=${(lock: string) => change({ lock })}
              />
            </div>`
      }
      <${TextField}
        label="Label"
        value=${label}
        maxLength=${MAX_LABEL_LENGTH}
        hint="Only you see it."
        onInput=${setLabel}
      />
      <p role="alert" class="text-sm text-bad empty:hidden">${problem}</p>
      <${ProblemNote} problem=${attempt.problem} />
      <div>
        <${Button} type="submit" isMain=${true} isDisabled=${attempt.isRunning}>
          ${attempt.isRunning ? "Making the contract…" : "Make the contract"}
        </${Button}>
      </div>
    </form>
  </${Card}>`;
}

/** What becomes of parties as they are by then: a key arrives while somebody types. */
type PartiesUpdate = (parties: readonly PartyDraft[]) => readonly PartyDraft[];

interface PartiesProps {
  readonly name: string;
  readonly title: string;
  readonly isList: boolean;
  readonly parties: readonly PartyDraft[];
  readonly onChange: (update: PartiesUpdate) => void;
}

function Parties({ name, title, isList, parties, onChange }: PartiesProps) {
  const action = useAction();
  const change = (changed: number, changes: Partial<PartyDraft>) => {
    onChange((known) => {
      return known.map((party, index) => (index === changed ? { ...party, ...changes } : party));
    });
  };
  const takeKey = (index: number) => {
    action.run(async () => {
      const path = walletRoute(name, "/contract-keys");
      const { publicKey } = await post<Static<typeof ContractKeyView>>(path, {});
      change(index, { publicKey, name: parties[index]?.name || name });
    });
  };
  return html`<${Fragment}>
    ${parties.map((party, index) => {
      const called = isList ? `${title} ${index + 1}` : title;
      return html`<fieldset key=${index} class="min-w-0 rounded-lg border border-line p-3">
        <legend class="px-1 text-sm font-medium">${called}</legend>
        <div class="grid gap-3 md:grid-cols-[12rem_1fr]">
          <${TextField}
            label=${`Name of ${called.toLowerCase()}`}
            value=${party.name}
            maxLength=${MAX_PARTY_NAME_LENGTH}
            onInput=${(text: string) => change(index, { name: text })}
          />
          <${TextField}
            label=${`Public key of ${called.toLowerCase()}`}
            value=${party.publicKey}
            isMono=${true}
            isRequired=${true}
            maxLength=${66}
            onInput=${(publicKey: string) => change(index, { publicKey })}
          />
        </div>
        <div class="mt-2 flex flex-wrap items-center gap-2">
          <${Button} isDisabled=${action.isRunning} onClick=${() => takeKey(index)}>Use a key of ${name}</${Button}>
          ${party.publicKey === "" ? null : html`<${CopyButton} text=${party.publicKey} label=${`the key of ${called.toLowerCase()}`} />`}
          ${
            parties.length > 1
              ? html`<${Button} onClick=${() => onChange((known) => known.filter((_, other) => other !== index))}>Remove</${Button}>`
              : null
          }
        </div>
      </fieldset>`;
    })}
    ${
      isList && parties.length < MAX_PARTIES
        ? html`<div><${Button} onClick=${() => onChange((known) => [...known, NO_PARTY])}>Another ${title.toLowerCase()}</${Button}></div>`
        : null
    }
  </${Fragment}>`;
}

function HashField({ hash, onChange }: { hash: string; onChange: (hash: string) => void }) {
  const [secret, setSecret] = useState("");
  const action = useAction();
  const make = () => {
    action.run(async () => {
      const made = await makeSecret();
      setSecret(made.secret);
      onChange(made.hash);
    });
  };
  return html`<div class="flex flex-col gap-2">
    <${TextField}
      label="SHA-256 of the secret"
      value=${hash}
      isMono=${true}
      isRequired=${true}
      maxLength=${64}
      hint="Of 32 bytes that only one party knows at first."
      onInput=${(text: string) => {
        setSecret("");
        onChange(text);
      }}
    />
    ${
      secret === ""
        ? html`<div><${Button} isDisabled=${action.isRunning} onClick=${make}>Make a secret</${Button}></div>`
        : html`<div class="rounded-lg border border-l-4 border-strong border-l-accent px-3 py-2 text-sm">
            <p class="font-medium">The secret, shown only now:</p>
            <p translate=${false} class="mt-1 font-mono text-[0.8125rem] break-all">
              ${secret} <${CopyButton} text=${secret} label="the secret" />
            </p>
            <p class="mt-1 text-[0.8125rem] text-muted">Keep it where you find it again: the receiver needs it to spend, and nothing else brings it back.</p>
          </div>`
    }
  </div>`;
}
