/**
 * Routes of addresses: balance, coins, history, and whether a text is one.
 *
 * Handlers only put parts together; what is shown is made in view-address.ts.
 */

import { formatAddress, parseAddress } from "../primitives/address.ts";
import {
  AddressSummary,
  AddressTransactionPage,
  AddressValidation,
  UtxoPage,
} from "./address-schemas.ts";
import { type ApiContext, indexCaughtUp } from "./api-context.ts";
import { describe } from "./operation.ts";
import { readQuery } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { NoQuery, PageQuery } from "./schemas.ts";
import {
  type KnownAddress,
  validateAddress,
  viewAddress,
  viewCoin,
  viewHistory,
  viewWaitingCoins,
  viewWaitingTransactions,
} from "./view-address.ts";
import { EXAMPLE_ADDRESS } from "./wallet-examples.ts";

const OF_ADDRESS = {
  path: { address: "An address of this network." },
  pathExamples: { address: EXAMPLE_ADDRESS },
};

export function addressRoutes(context: ApiContext) {
  const { node } = context;
  const { explorer } = node;
  return createRouter("addresses")
    .get(
      "/api/addresses/:address",
      async ({ params: { address }, request }) => {
        readQuery(request, NoQuery);
        const known = knownAddress(context, address);
        await indexCaughtUp(context);
        return viewAddress(node, known);
      },
      SUMMARY,
    )
    .get(
      "/api/addresses/:address/utxos",
      async ({ params: { address }, request }) => {
        const query = readQuery(request, PageQuery);
        const known = knownAddress(context, address);
        await indexCaughtUp(context);
        const { rows, nextCursor } = explorer.listCoins([known.text], query);
        // What waits stands before the first page, beside its limit.
        const unconfirmed = query.cursor === undefined ? viewWaitingCoins(node, known) : [];
        const utxos = [
          ...unconfirmed.slice(0, query.limit),
          ...rows.map((row) => viewCoin(node, known, row)),
        ];
        return { address: known.text, utxos, cursor: nextCursor ?? null };
      },
      UTXOS,
    )
    .get(
      "/api/addresses/:address/transactions",
      async ({ params: { address }, request }) => {
        const query = readQuery(request, PageQuery);
        const known = knownAddress(context, address);
        await indexCaughtUp(context);
        const { rows, nextCursor } = explorer.listHistory([known.text], query);
        const unconfirmed = query.cursor === undefined ? viewWaitingTransactions(node, known) : [];
        const transactions = [
          ...unconfirmed.slice(0, query.limit),
          ...rows.map((row) => viewHistory(node, row)),
        ];
        return { address: known.text, transactions, cursor: nextCursor ?? null };
      },
      TRANSACTIONS,
    )
    .get(
      "/api/addresses/:address/validate",
      ({ params: { address }, request }) => {
        readQuery(request, NoQuery);
        return validateAddress(node, address);
      },
      VALIDATE,
    );
}

/** Bech32 may come in capitals; the index knows each address in one form. */
function knownAddress({ node }: ApiContext, text: string): KnownAddress {
  const { addressPrefixes } = node.network;
  const script = parseAddress(text, addressPrefixes);
  return { script, text: formatAddress(script, addressPrefixes) ?? text };
}

const SUMMARY = describe({
  ...OF_ADDRESS,
  tag: "Addresses",
  summary: "Balance of an address",
  description:
    "Confirmed, unconfirmed, immature and spendable sats, and counts. Zero if never paid.",
  answers: { 200: { description: "The balance.", schema: AddressSummary } },
  problems: [400],
});

const UTXOS = describe({
  ...OF_ADDRESS,
  tag: "Addresses",
  summary: "Coins of an address",
  description:
    "Unspent outputs, newest first. The first page begins with those the mempool makes; one that " +
    "the mempool spends is marked.",
  query: PageQuery,
  answers: { 200: { description: "A page.", schema: UtxoPage } },
  problems: [400],
});

const TRANSACTIONS = describe({
  ...OF_ADDRESS,
  tag: "Addresses",
  summary: "History of an address",
  description:
    "Transactions that moved its money, newest first, with the balance after each. The first page " +
    "begins with those in the mempool.",
  query: PageQuery,
  answers: { 200: { description: "A page.", schema: AddressTransactionPage } },
  problems: [400],
});

const VALIDATE = describe({
  tag: "Addresses",
  summary: "Is this an address?",
  description: "Says of any text whether it is an address of this network, and if not why.",
  path: { address: "Any text." },
  pathExamples: { address: EXAMPLE_ADDRESS },
  answers: { 200: { description: "The answer.", schema: AddressValidation } },
});
