/**
 * An address to be paid at: as text, as a code for a camera, with a label for what it is for.
 *
 * The one that is shown was not given to anybody yet; another one is handed out when asked for.
 */

import type { ReceiveAddressView } from "../../src/api/wallet-schemas.ts";
import { post } from "../api-client.ts";
import { useAction } from "../components/action.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/card.ts";
import { Hash } from "../components/hash.ts";
import { QrCode } from "../components/qr-code.ts";
import { TextField } from "../components/text-field.ts";
import { html, useState } from "../html.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";
import type { WalletPartProps } from "./wallet.ts";

const MAX_LABEL_LENGTH = 255;

/** The next address, and a way to another one. */
export function WalletReceive({ wallet, reload }: WalletPartProps) {
  const [label, setLabel] = useState("");
  const [handedOut, setHandedOut] = useState<ReceiveAddressView | undefined>(undefined);
  const action = useAction();
  const address = handedOut?.address ?? wallet.receiveAddress;
  const submit = (event: Event) => {
    event.preventDefault();
    action.run(async () => {
      const text = label.trim();
      const path = walletRoute(wallet.name, "/addresses");
      // Whoever saw the one that is shown may have it.
      await post(path, {});
      const body = { new: true, ...(text === "" ? {} : { label: text }) };
      setHandedOut(await post<ReceiveAddressView>(path, body));
      setLabel("");
      reload();
    });
  };
  return html`<${Card} title="Receive">
    <div class="grid gap-6 md:grid-cols-[15rem_1fr]">
      <${QrCode} text=${address} label=${`The address ${address} as a code`} />
      <div class="flex min-w-0 flex-col gap-4">
        <div>
          <p class="text-[0.8125rem] text-muted">
            ${handedOut?.label ? html`For <span class="break-words">${handedOut.label}</span>` : "Pay to this address"}
          </p>
          <p class="mt-1" data-address=${address}>
            <${Hash} value=${address} label="the address" href=${`/address/${address}`} ends=${0} />
          </p>
        </div>
        ${
          wallet.account === "addr"
            ? html`<p class="text-muted">This wallet watches one address, and has no other.</p>`
            : html`<form onSubmit=${submit} class="flex max-w-md flex-col gap-3">
                <${TextField}
                  label="What the next one is for"
                  value=${label}
                  maxLength=${MAX_LABEL_LENGTH}
                  hint="A label only you see; one address for each payer keeps them apart."
                  onInput=${setLabel}
                />
                <div>
                  <${Button} type="submit" isDisabled=${action.isRunning}>New address</${Button}>
                </div>
              </form>`
        }
        <p class="text-[0.8125rem] text-muted">
          All of them are under <a href=${walletPage(wallet.name, "addresses")} class="text-accent underline">Addresses</a>.
        </p>
      </div>
    </div>
  </${Card}>`;
}
