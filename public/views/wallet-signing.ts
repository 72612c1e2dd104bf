/**
 * What a wallet signs besides payments: messages, and PSBTs that come from elsewhere.
 *
 * The node has the keys and does all of it; here texts are carried in and out.
 */

import type { Static } from "@sinclair/typebox";
import type {
  CombinedPsbt,
  DecodedPsbtView,
  FinalizedPsbt,
  SignedPsbt,
} from "../../src/api/wallet-payment-schemas.ts";
import { post } from "../api-client.ts";
import { useAttempt } from "../components/action.ts";
import { Amount } from "../components/amount.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { CopyButton } from "../components/copy-button.ts";
import { Fields } from "../components/fields.ts";
import { Hash } from "../components/hash.ts";
import { PsbtOutput } from "../components/psbt-output.ts";
import { SignField } from "../components/sign-field.ts";
import { ProblemNote } from "../components/states.ts";
import { TextField } from "../components/text-field.ts";
import { showToast } from "../components/toasts.ts";
import { formatNumbered } from "../format.ts";
import { Fragment, html, useState } from "../html.ts";
import { walletRoute } from "../wallet-paths.ts";
import { signAs } from "../wallet-sessions.ts";
import type { WalletPartProps } from "./wallet.ts";

type Wallet = WalletPartProps["wallet"];

/** Messages, then PSBTs. */
export function WalletSigning({ wallet }: WalletPartProps) {
  return html`<${Fragment}>
    <div class="grid gap-4 sm:gap-5 lg:grid-cols-2">
      ${wallet.kind === "watch" ? null : html`<${SignMessage} wallet=${wallet} />`}
      <${VerifyMessage} />
    </div>
    <${Psbts} wallet=${wallet} />
  </${Fragment}>`;
}

function SignMessage({ wallet }: { wallet: Wallet }) {
  const [address, setAddress] = useState(wallet.receiveAddress);
  const [message, setMessage] = useState("");
  const [password, setPassword] = useState("");
  const [signature, setSignature] = useState("");
  const attempt = useAttempt();
  const submit = (event: Event) => {
    event.preventDefault();
    attempt.run(async () => {
      const body = { address: address.trim(), message };
      const answer = await signAs({ name: wallet.name, password }, (authority) => {
        return post<{ signature: string }>(walletRoute(wallet.name, "/messages"), {
          ...body,
          ...authority,
        });
      });
      setPassword("");
      setSignature(answer.signature);
    });
  };
  return html`<${Card} title="Sign a message">
    <form onSubmit=${submit} class="flex flex-col gap-3">
      <${TextField}
        label="By the key of"
        value=${address}
        isMono=${true}
        isRequired=${true}
        hint="An address of this wallet; whoever reads the message learns that it is yours."
        onInput=${setAddress}
      />
      <${TextField} label="Message" rows=${3} isRequired=${true} value=${message} onInput=${setMessage} />
      <${SignField} wallet=${wallet} password=${password} onInput=${setPassword} />
      <${ProblemNote} problem=${attempt.problem} />
      <div><${Button} type="submit" isDisabled=${attempt.isRunning}>Sign the message</${Button}></div>
      ${
        signature === ""
          ? null
          : html`<p role="status" data-signature class="text-sm break-all">
              <span class="text-muted">Signature </span><span class="font-mono text-[0.8125rem]">${signature}</span>
              <${CopyButton} text=${signature} label="the signature" />
            </p>`
      }
    </form>
  </${Card}>`;
}

function VerifyMessage() {
  const [address, setAddress] = useState("");
  const [message, setMessage] = useState("");
  const [signature, setSignature] = useState("");
  const [verdict, setVerdict] = useState<{ valid: boolean; reason: string | null } | undefined>(
    undefined,
  );
  const attempt = useAttempt();
  const change = (set: (text: string) => void) => (text: string) => {
    setVerdict(undefined);
    set(text);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    attempt.run(async () => {
      const body = { address: address.trim(), message, signature: signature.trim() };
      setVerdict(await post("/api/messages/verify", body));
    });
  };
  return html`<${Card} title="Verify a message">
    <form onSubmit=${submit} class="flex flex-col gap-3">
      <${TextField} label="Address" value=${address} isMono=${true} isRequired=${true} onInput=${change(setAddress)} />
      <${TextField} label="Message to verify" rows=${3} isRequired=${true} value=${message} onInput=${change(setMessage)} />
      <${TextField} label="Signature" rows=${2} isMono=${true} isRequired=${true} value=${signature} onInput=${change(setSignature)} />
      <${ProblemNote} problem=${attempt.problem} />
      <div class="flex flex-wrap items-center gap-3">
        <${Button} type="submit" isDisabled=${attempt.isRunning}>Verify</${Button}>
        <span role="status">
          ${
            verdict === undefined
              ? null
              : html`<${Badge} tone=${verdict.valid ? "good" : "bad"}>${verdict.valid ? "Signed by this address" : "Not signed by this address"}</${Badge}>`
          }
        </span>
      </div>
    </form>
  </${Card}>`;
}

function Psbts({ wallet }: { wallet: Wallet }) {
  const [text, setText] = useState("");
  const [password, setPassword] = useState("");
  const [decoded, setDecoded] = useState<DecodedPsbtView | undefined>(undefined);
  const [result, setResult] = useState<string | undefined>(undefined);
  const [sent, setSent] = useState<string | undefined>(undefined);
  const attempt = useAttempt();
  const psbts = text.split(/\s+/).filter((part) => part !== "");
  const [psbt = ""] = psbts;
  const change = (next: string) => {
    setText(next);
    setDecoded(undefined);
    setResult(undefined);
    setSent(undefined);
  };
  const look = (event: Event) => {
    event.preventDefault();
    attempt.run(async () => {
      const whole =
        psbts.length > 1
          ? (await post<Static<typeof CombinedPsbt>>("/api/psbt/combine", { psbts })).psbt
          : psbt;
      setDecoded(await post<DecodedPsbtView>("/api/psbt/decode", { psbt: whole }));
      setText(whole);
      setResult(undefined);
    });
  };
  const sign = () => {
    attempt.run(async () => {
      const path = walletRoute(wallet.name, "/psbt");
      const answer = await signAs({ name: wallet.name, password }, (authority) => {
        return post<Static<typeof SignedPsbt>>(path, { psbt, ...authority });
      });
      setPassword("");
      setResult(answer.psbt);
      setDecoded(await post<DecodedPsbtView>("/api/psbt/decode", { psbt: answer.psbt }));
      showToast(`${formatNumbered(answer.added, "signature")} added.`, "good");
    });
  };
  const finish = () => {
    attempt.run(async () => {
      const body = { psbt: result ?? psbt, submit: true };
      setSent((await post<Static<typeof FinalizedPsbt>>("/api/psbt/finalize", body)).txid);
    });
  };
  return html`<${Card} title="PSBTs from elsewhere">
    <form onSubmit=${look} class="flex flex-col gap-4">
      <${TextField}
        label="PSBT, or several of the same transaction"
        rows=${4}
        isMono=${true}
        isRequired=${true}
        value=${text}
        hint="In base64. Several, with spaces or lines between, are put together."
        onInput=${change}
      />
      <div><${Button} type="submit" isDisabled=${attempt.isRunning || psbts.length === 0}>
        ${psbts.length > 1 ? "Put together and look" : "Look at it"}
      </${Button}></div>
      <${ProblemNote} problem=${attempt.problem} />
      ${
        decoded === undefined
          ? null
          : html`<${Fragment}>
              <${Decoded} psbt=${decoded} />
              ${
                decoded.complete || wallet.kind === "watch"
                  ? null
                  : html`<div class="flex max-w-sm flex-col gap-3">
                      <${SignField} wallet=${wallet} password=${password} onInput=${setPassword} />
                      <div><${Button} isMain=${true} isDisabled=${attempt.isRunning} onClick=${sign}>Sign with ${wallet.name}</${Button}></div>
                    </div>`
              }
              <${PsbtOutput} psbt=${result ?? psbt} name="transaction" />
              ${
                decoded.complete && sent === undefined
                  ? html`<div><${Button} isMain=${true} isDisabled=${attempt.isRunning} onClick=${finish}>Finish and send</${Button}></div>`
                  : null
              }
            </${Fragment}>`
      }
      ${sent === undefined ? null : html`<p role="status">Sent as <${Hash} value=${sent} href=${`/tx/${sent}`} label="the transaction's id" /></p>`}
    </form>
  </${Card}>`;
}

function Decoded({ psbt }: { psbt: DecodedPsbtView }) {
  return html`<${Fields}
    fields=${[
      {
        term: "Pays",
        value: html`<ul class="flex flex-col gap-1">
          ${psbt.outputs.map(
            ({
              address,
              amount,
            }) => html`<li class="flex flex-wrap items-baseline justify-between gap-x-4">
              ${address === null ? "a script without an address" : html`<${Hash} value=${address} ends=${0} />`}
              <${Amount} sats=${amount} />
            </li>`,
          )}
        </ul>`,
      },
      {
        term: "Fee",
        value: html`<${Amount} sats=${psbt.fee} />`,
        about: psbt.feeVerified
          ? "The chain agrees with the amounts of what is spent."
          : "By what it says itself: the chain does not agree with it, or does not know what is spent.",
      },
      {
        term: "Signed",
        value: html`<${Badge} tone=${psbt.complete ? "good" : "accent"}>${psbt.complete ? "Complete" : "Not complete yet"}</${Badge}>`,
        about: psbt.inputs
          .map(
            ({ signedBy }, index) =>
              `Input ${index + 1}: ${formatNumbered(signedBy.length, "signature")}.`,
          )
          .join(" "),
      },
    ]}
  />`;
}
