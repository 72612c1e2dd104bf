/**
 * The contracts of a wallet, the keys it brings to new ones, and the form that makes one.
 *
 * What a contract means is said by the node, in sentences; see wallet-contract.ts.
 */

import type { Static } from "@sinclair/typebox";
import type { ContractPage, ContractViewType } from "../../src/api/contract-schemas.ts";
import { Amount } from "../components/amount.ts";
import { Badge } from "../components/badge.ts";
import { Card } from "../components/card.ts";
import { Hash } from "../components/hash.ts";
import { Loaded } from "../components/loaded.ts";
import { EmptyState } from "../components/states.ts";
import { type Column, Table } from "../components/table.ts";
import { TEMPLATE_FORMS, TEMPLATES } from "../contract-draft.ts";
import { Fragment, html } from "../html.ts";
import { useQuery } from "../use-query.ts";
import { walletPage, walletRoute } from "../wallet-paths.ts";
import { ContractForm } from "./contract-form.ts";
import type { WalletPartProps } from "./wallet.ts";

const MAX_SHOWN = 100;

/** The list, then the form. */
export function WalletContracts({ wallet }: WalletPartProps) {
  const { name, kind } = wallet;
  const path = walletRoute(name, `/contracts?limit=${MAX_SHOWN}`);
  const query = useQuery<Static<typeof ContractPage>>(path, ["chain", "mempool"]);
  return html`<${Fragment}>
    <${Card} title="Contracts" isFlush=${true}>
      <${Loaded} query=${query}>
        ${({ contracts }: Static<typeof ContractPage>) => html`<${Table}
          caption="Contracts of the wallet"
          columns=${columnsOf(name)}
          rows=${contracts}
          keyOf=${({ address }: ContractViewType) => address}
          empty=${html`<${EmptyState} title="No contracts yet">
            A contract is an address whose coins several people, or one at the right time, can spend.
          </${EmptyState}>`}
        />`}
      </${Loaded}>
    </${Card}>
    ${kind === "watch" ? null : html`<${ContractForm} name=${name} />`}
  </${Fragment}>`;
}

function columnsOf(name: string): readonly Column<ContractViewType>[] {
  return [
    {
      title: "Contract",
      cell: ({ address }) =>
        html`<${Hash} value=${address} href=${walletPage(name, "contracts", address)} ends=${8} />`,
    },
    { title: "Kind", cell: ({ template }) => titleOf(template) },
    {
      title: "Label",
      isWide: true,
      cell: ({ label }) => html`<span class="break-words whitespace-normal">${label ?? ""}</span>`,
    },
    {
      title: "Now",
      isWide: true,
      cell: ({ branches }) =>
        branches.some(({ canSpendNow }) => canSpendNow)
          ? html`<${Badge} tone="good">Can be spent</${Badge}>`
          : html`<${Badge}>Nothing to spend</${Badge}>`,
    },
    { title: "Holds", isNumeric: true, cell: ({ balance }) => html`<${Amount} sats=${balance} />` },
  ];
}

/** Returns what a template is called; its own word if it is a newer one. */
export function titleOf(template: string): string {
  const known = TEMPLATES.find((name) => name === template);
  return known === undefined ? template : TEMPLATE_FORMS[known].title;
}
