/**
 * Everything that came and went in a wallet, page by page.
 *
 * The rows are those of wallet-transactions.ts.
 */

import { Card } from "../components/card.ts";
import { html } from "../html.ts";
import type { WalletPartProps } from "./wallet.ts";
import { WalletTransactions } from "./wallet-transactions.ts";

/** The whole history. */
export function WalletHistory({ wallet }: WalletPartProps) {
  return html`<${Card} title="History" isFlush=${true}>
    <${WalletTransactions} wallet=${wallet} />
  </${Card}>`;
}
