/**
 * The wallet of this page while it is open: what it has, to receive, to send, what happened.
 *
 * The node tells what the addresses have; the keys are in the vault and are asked for when something
 * is sent.
 */

import type { StatusView } from "../../../src/api/stats-schemas.ts";
import { Amount } from "../../components/amount.ts";
import { Button } from "../../components/button.ts";
import { Card } from "../../components/card.ts";
import { Figure } from "../../components/figure.ts";
import { Hash } from "../../components/hash.ts";
import { QrCode } from "../../components/qr-code.ts";
import { ErrorState, LoadingState, ProblemNote } from "../../components/states.ts";
import { Fragment, html } from "../../html.ts";
import { pageVault, useWalletPicture } from "../../page-wallet/page-vault.ts";
import { MAX_BRANCH_ADDRESSES, type WalletPicture } from "../../page-wallet/scan.ts";
import type { KeyAccount } from "../../wallet-engine.ts";
import { RecordActions } from "./record-actions.ts";
import { SendCard } from "./send-card.ts";
import { WalletHistory } from "./wallet-history.ts";

interface OpenWalletProps {
  readonly account: KeyAccount;
  /** True if it is kept in this browser. */
  readonly isKept: boolean;
  readonly status: StatusView;
}

/** Balance, addresses, payments. */
export function OpenWallet({ account, isKept, status }: OpenWalletProps) {
  const { picture, problem, reload } = useWalletPicture(account, status.network);
  return html`<${Fragment}>
    <div class="flex flex-wrap items-center justify-between gap-3">
      <p class="text-sm text-muted">${describeLock(isKept)}</p>
      <${Button} onClick=${() => pageVault.lock()}>${isKept ? "Lock" : "Forget the keys"}</${Button}>
    </div>
    ${drawPicture()}
    ${isKept ? html`<${Card} title="Kept in this browser"><${RecordActions} /></${Card}>` : null}
  </${Fragment}>`;

  function drawPicture() {
    if (picture === undefined) {
      return problem === undefined
        ? html`<${LoadingState} lines=${6} />`
        : html`<${ErrorState} problem=${problem} onRetry=${reload} />`;
    }
    return html`<${Fragment}>
      <${ProblemNote} problem=${problem} />
      <${Balance} picture=${picture} />
      <div class="grid items-start gap-4 sm:gap-5 lg:grid-cols-2">
        <${SendCard} account=${account} picture=${picture} status=${status} />
        <${ReceiveCard} address=${picture.next[0].address} />
      </div>
      <${WalletHistory} history=${picture.history} tipHeight=${status.height} />
    </${Fragment}>`;
  }
}

function describeLock(isKept: boolean): string {
  if (!isKept) return "Open for this visit only: closing or reloading the page forgets the keys.";
  return pageVault.staysOpen
    ? "Unlocked until this page is closed."
    : "Unlocked; locks by itself after five minutes without use.";
}

function Balance({ picture }: { picture: WalletPicture }) {
  const { confirmed, unconfirmed, immature, coins, isComplete } = picture;
  const spendable = coins
    .filter((coin) => coin.spendable && coin.height !== null)
    .reduce((sum, { amount }) => sum + amount, 0);
  return html`<${Fragment}>
    <dl aria-label="Balance" class="grid grid-cols-2 gap-3 lg:grid-cols-4">
      <${Figure}
        label="Balance"
        value=${html`<span data-balance=${confirmed + unconfirmed}><${Amount} sats=${confirmed + unconfirmed} /></span>`}
        note="with what waits"
      />
      <${Figure} label="Spendable" value=${html`<${Amount} sats=${spendable} />`} note="once confirmed" />
      <${Figure}
        label="Waiting"
        value=${html`<${Amount} sats=${unconfirmed} isChange=${true} />`}
        note="in the mempool"
      />
      <${Figure} label="Immature" value=${html`<${Amount} sats=${immature} />`} note="mined lately" />
    </dl>
    ${
      isComplete
        ? null
        : html`<p role="status" class="text-sm text-bad">
            This wallet is larger than this page looks at: ${MAX_BRANCH_ADDRESSES} addresses, a
            thousand entries each. Use a wallet of the node.
          </p>`
    }
  </${Fragment}>`;
}

function ReceiveCard({ address }: { address: string }) {
  return html`<${Card} title="Receive">
    <div class="flex flex-col items-center gap-4 sm:flex-row sm:items-start">
      <div class="w-44 shrink-0"><${QrCode} text=${address} label="The address as a QR code" /></div>
      <div class="min-w-0">
        <p><${Hash} value=${address} label="the address" ends=${0} /></p>
        <p class="mt-2 text-[0.8125rem] text-muted">
          A new address stands here as soon as this one was paid. Older ones stay yours.
        </p>
      </div>
    </div>
  </${Card}>`;
}
