/**
 * One contract: what it means, what lies in it, who can spend it now, and the way from the first
 * signature to the last.
 *
 * PSBTs go from party to party by copy and paste; the node checks each.
 */

import type { Static } from "@sinclair/typebox";
import type {
  ContractSpendViewType,
  ContractViewType,
  FinishedSpend,
} from "../../src/api/contract-schemas.ts";
import { post, remove } from "../api-client.ts";
import { useAction, useAttempt } from "../components/action.ts";
import { Amount } from "../components/amount.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { Fields } from "../components/fields.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { PsbtOutput } from "../components/psbt-output.ts";
import { QrCode } from "../components/qr-code.ts";
import { SelectField } from "../components/select-field.ts";
import { SignField } from "../components/sign-field.ts";
import { ProblemNote } from "../components/states.ts";
import { TextField } from "../components/text-field.ts";
import { showToast } from "../components/toasts.ts";
import { formatCount, formatNumbered } from "../format.ts";
import { Fragment, html, useState } from "../html.ts";
import { navigate } from "../router.ts";
import { useQuery } from "../use-query.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";
import { signAs } from "../wallet-sessions.ts";
import type { WalletPartProps } from "./wallet.ts";
import { titleOf } from "./wallet-contracts.ts";

/** The contract that the page's path names. */
export function WalletContract({ wallet, item }: WalletPartProps) {
  const path = walletRoute(wallet.name, `/contracts/${encodeURIComponent(item)}`);
  const query = useQuery<ContractViewType>(path, ["chain", "mempool"]);
  return html`<${Loaded} query=${query} lines=${8}>
    ${(contract: ContractViewType) => html`<${Fragment}>
      <${About} contract=${contract} />
      <${Branches} contract=${contract} />
      ${wallet.kind === "watch" ? null : html`<${Spend} wallet=${wallet} contract=${contract} path=${path} />`}
      <${Forget} wallet=${wallet} path=${path} />
    </${Fragment}>`}
  </${Loaded}>`;
}

function About({ contract }: { contract: ContractViewType }) {
  const { address, label, template, words, balance, coins, descriptor, preimage } = contract;
  return html`<${Card} title=${label === null ? titleOf(template) : `${titleOf(template)}: ${label}`}>
    <div class="grid gap-6 md:grid-cols-[15rem_1fr]">
      <${QrCode} text=${address} label=${`The address ${address} as a code`} />
      <div class="flex min-w-0 flex-col gap-4">
        <ul class="flex list-disc flex-col gap-1 pl-5">${words.map((sentence) => html`<li class="break-words">${sentence}</li>`)}</ul>
        <${Fields}
          fields=${[
            {
              term: "Pay to",
              value: html`<${Hash} value=${address} label="the address" href=${`/address/${address}`} ends=${0} />`,
              about: "Whatever is paid here lies in the contract.",
            },
            {
              term: "Holds",
              value: html`<${Amount} sats=${balance} />`,
              about: `In ${formatNumbered(coins.filter(({ spent }) => !spent).length, "coin")}.`,
            },
            ...(preimage === null
              ? []
              : [
                  {
                    term: "Secret",
                    value: html`<${Hash} value=${preimage} label="the secret" ends=${0} />`,
                    about: "The chain has shown it.",
                  },
                ]),
            {
              term: "Descriptor",
              value: html`<${Hash} value=${descriptor} label="the descriptor" ends=${16} />`,
              about: "By it other wallets find and spend the same contract.",
            },
          ]}
        />
      </div>
    </div>
  </${Card}>`;
}

function Branches({ contract: { branches } }: { contract: ContractViewType }) {
  return html`<${Card} title=${branches.length === 1 ? "The way to spend" : "The ways to spend"}>
    <ul class="divide-y divide-line">
      ${branches.map(
        ({ name, keys, words, canSpendNow, hash }) => html`<li class="flex flex-col gap-1.5 py-3">
          <p class="flex flex-wrap items-center gap-2">
            <span class="font-medium">${name}</span>
            <${Badge} tone=${canSpendNow ? "good" : "muted"}>${canSpendNow ? "Open now" : "Not now"}</${Badge}>
          </p>
          ${words.map((sentence) => html`<p class="break-words">${sentence}</p>`)}
          <ul class="flex flex-col gap-0.5 text-[0.8125rem] text-muted">
            ${keys.map(
              ({
                role,
                name: party,
                publicKey,
                mine,
              }) => html`<li class="flex flex-wrap items-baseline gap-x-2">
                <span class="break-words">${party === role ? role : `${party}, ${role}`}${mine ? " (this wallet)" : ""}</span>
                <${Hash} value=${publicKey} />
              </li>`,
            )}
            ${hash === null ? null : html`<li>Hash of the secret <${Hash} value=${hash} /></li>`}
          </ul>
        </li>`,
      )}
    </ul>
  </${Card}>`;
}

interface SpendProps {
  readonly wallet: WalletPartProps["wallet"];
  readonly contract: ContractViewType;
  readonly path: string;
}

/** From the first signature to the last: begun here, or brought by another party. */
function Spend({ wallet, contract, path }: SpendProps) {
  const [branch, setBranch] = useState(contract.branches[0]?.name ?? "");
  const [to, setTo] = useState("");
  const [preimage, setPreimage] = useState(contract.preimage ?? "");
  const [password, setPassword] = useState("");
  const [brought, setBrought] = useState("");
  const [progress, setProgress] = useState<ContractSpendViewType | undefined>(undefined);
  const [sent, setSent] = useState("");
  const attempt = useAttempt();
  const chosen = contract.branches.find(({ name }) => name === branch);
  const secret = chosen?.hash && preimage.trim() !== "" ? { preimage: preimage.trim() } : {};
  const signer = { name: wallet.name, password };
  const advance = (act: () => Promise<ContractSpendViewType>) => {
    attempt.run(async () => {
      const next = await act();
      setPassword("");
      setBrought("");
      setProgress(next);
      if (next.added > 0) showToast(`${formatNumbered(next.added, "signature")} added.`, "good");
    });
  };
  const begin = (event: Event) => {
    event.preventDefault();
    const body = { branch, to: to.trim(), sign: true, ...secret };
    advance(() => signAs(signer, (authority) => post(`${path}/spend`, { ...body, ...authority })));
  };
  const psbts = brought.split(/\s+/).filter((part) => part !== "");
  const join = (event: Event) => {
    event.preventDefault();
    const all = progress === undefined ? psbts : [progress.psbt, ...psbts];
    advance(() => post(`${path}/combine`, { psbts: all }));
  };
  const sign = () => {
    if (progress === undefined) return;
    const body = { psbt: progress.psbt, branch };
    advance(() => signAs(signer, (authority) => post(`${path}/sign`, { ...body, ...authority })));
  };
  const finish = () => {
    if (progress === undefined) return;
    attempt.run(async () => {
      const body = { psbts: [progress.psbt], branch, ...secret };
      const { txid } = await post<Static<typeof FinishedSpend>>(`${path}/finish`, body);
      setSent(txid);
    });
  };
  const own = chosen?.keys.some(({ mine }) => mine) ?? false;
  return html`<${Card} title="Spend">
    <div class="flex flex-col gap-5">
      ${
        contract.branches.length > 1
          ? html`<div class="max-w-md"><${SelectField}
              label="By the way of"
              value=${branch}
              options=${contract.branches.map(({ name }) => ({ value: name, text: name }))}
              onChoose=${setBranch}
            /></div>`
          : null
      }
      ${
        chosen?.hash
          ? html`<${TextField}
              label="The secret"
              value=${preimage}
              isMono=${true}
              maxLength=${64}
              hint="64 hex digits; whoever reads the chain knows them once they are used."
              onInput=${setPreimage}
            />`
          : null
      }
      ${own ? html`<div class="max-w-sm"><${SignField} wallet=${wallet} password=${password} onInput=${setPassword} /></div>` : null}
      <div class="grid gap-4 lg:grid-cols-2">
        <form onSubmit=${begin} class="flex flex-col gap-3 rounded-lg border border-line p-3">
          <h3 class="font-medium">Begin here</h3>
          <${TextField}
            label="To"
            value=${to}
            isMono=${true}
            isRequired=${true}
            hint="An address, or the name of a contact or wallet: gets all that is open, less the fee."
            onInput=${setTo}
          />
          <div><${Button} type="submit" isDisabled=${attempt.isRunning || !own}>Begin and sign</${Button}></div>
        </form>
        <form onSubmit=${join} class="flex flex-col gap-3 rounded-lg border border-line p-3">
          <h3 class="font-medium">Or go on with what another party sent</h3>
          <${TextField}
            label="Their PSBT"
            rows=${3}
            value=${brought}
            isMono=${true}
            isRequired=${true}
            hint="Several are put together, and with what is below."
            onInput=${setBrought}
          />
          <div><${Button} type="submit" isDisabled=${attempt.isRunning || psbts.length === 0}>Take it in</${Button}></div>
        </form>
      </div>
      <${ProblemNote} problem=${attempt.problem} />
      ${
        progress === undefined
          ? null
          : html`<div class="flex flex-col gap-4 border-t border-line pt-4">
              <${Progress} progress=${progress} branch=${branch} />
              <${PsbtOutput} psbt=${progress.psbt} name="contract" />
              <div class="flex flex-wrap gap-2">
                ${own && !progress.complete ? html`<${Button} isDisabled=${attempt.isRunning} onClick=${sign}>Sign with ${wallet.name}</${Button}>` : null}
                ${progress.complete && sent === "" ? html`<${Button} isMain=${true} isDisabled=${attempt.isRunning} onClick=${finish}>Finish and send</${Button}>` : null}
              </div>
            </div>`
      }
      ${sent === "" ? null : html`<p role="status" data-sent=${sent}>Sent as <${Hash} value=${sent} href=${`/tx/${sent}`} label="the transaction's id" /></p>`}
    </div>
  </${Card}>`;
}

function Progress({ progress, branch }: { progress: ContractSpendViewType; branch: string }) {
  const { complete, fee } = progress;
  const shown = progress.branches.find(({ name }) => name === branch) ?? progress.branches[0];
  return html`<div role="status" class="flex flex-col gap-2">
    <p><${Badge} tone=${complete ? "good" : "accent"}>${complete ? "Complete" : "Not complete yet"}</${Badge}></p>
    ${
      shown === undefined
        ? null
        : html`<ul class="text-sm">
            <li>Signed by: ${shown.signed.length === 0 ? "nobody yet" : shown.signed.join(", ")} (${formatCount(shown.signed.length)} of ${formatCount(shown.threshold)})</li>
            ${shown.complete ? null : html`<li>Missing: ${shown.missing.join(", ")}</li>`}
            ${shown.wrong.length === 0 ? null : html`<li class="text-bad">Not a signature: ${shown.wrong.join(", ")}</li>`}
          </ul>`
    }
    <p class="text-sm">Fee: <${Amount} sats=${fee} /></p>
  </div>`;
}

function Forget({ wallet: { name }, path }: Pick<SpendProps, "wallet" | "path">) {
  const action = useAction();
  const forget = () => {
    action.run(async () => {
      await remove(path);
      showToast("The contract is no longer in the list.");
      navigate(walletPage(name, "contracts"));
    });
  };
  return html`<${Card} title="Take it off the list">
    <p class="mb-3 text-muted">Its coins stay where they are; the same parameters make it again.</p>
    <${Button} isDisabled=${action.isRunning} onClick=${forget}>Take it off</${Button}>
  </${Card}>`;
}
