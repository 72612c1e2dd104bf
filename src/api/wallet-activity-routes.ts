/**
 * Routes of what a wallet has: its addresses, coins, history and labels.
 *
 * Handlers only put parts together; what is shown is made in view-wallet.ts.
 */

import { slicePage } from "../lib/paging.ts";
import { formatAddress, parseAddress } from "../primitives/address.ts";
import type { Label } from "../storage/label-store.ts";
import type { ApiContext } from "./api-context.ts";
import { WholePageQuery } from "./peer-schemas.ts";
import { readBody, readQuery, shapeError } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { PageQuery } from "./schemas.ts";
import {
  BRANCH_NAMES,
  viewAddresses,
  viewOwnCoin,
  viewOwnTransaction,
  viewReceiveAddress,
} from "./view-wallet.ts";
import { EXAMPLE_TXID } from "./wallet-examples.ts";
import { describeWallet, readyWallet } from "./wallet-request.ts";
import {
  AddressQuery,
  LabelBody,
  LabelPage,
  NewAddressBody,
  OwnAddressPage,
  OwnTransactionPage,
  OwnUtxoPage,
  ReceiveAddress,
} from "./wallet-schemas.ts";

export function walletActivityRoutes(context: ApiContext) {
  const { wallets } = context.node;
  return createRouter("wallet-activity")
    .get(
      "/api/wallets/:name/addresses",
      ({ params: { name }, request }) => listAddresses(context, request, name),
      ADDRESSES,
    )
    .post(
      "/api/wallets/:name/addresses",
      async ({ params: { name }, request }) => {
        const body = await readBody(request, NewAddressBody);
        const wallet = await readyWallet(context, name);
        const at = wallets.receiveAddress(name, body.new ?? false, body.label);
        return Response.json(viewReceiveAddress(wallet, at), { status: 201 });
      },
      RECEIVE,
    )
    .get(
      "/api/wallets/:name/transactions",
      async ({ params: { name }, request }) => {
        const query = readQuery(request, PageQuery);
        const wallet = await readyWallet(context, name);
        const { rows, nextCursor } = wallet.ledger.listHistory(query);
        const transactions = rows.map((row) => viewOwnTransaction(wallets, wallet, row));
        return { transactions, cursor: nextCursor ?? null };
      },
      TRANSACTIONS,
    )
    .get(
      "/api/wallets/:name/utxos",
      async ({ params: { name }, request }) => {
        const query = readQuery(request, PageQuery);
        const wallet = await readyWallet(context, name);
        const { rows, nextCursor } = wallet.ledger.listCoins(query);
        const utxos = rows.map((coin) => viewOwnCoin(context, wallet, coin));
        return { utxos, cursor: nextCursor ?? null };
      },
      UTXOS,
    )
    .get(
      "/api/wallets/:name/labels",
      async ({ params: { name }, request }) => {
        const query = readQuery(request, WholePageQuery);
        const labels = (await readyWallet(context, name)).labels();
        const { rows, nextCursor } = slicePage(labels, query);
        return { labels: rows, cursor: nextCursor ?? null };
      },
      LABELS,
    )
    .put(
      "/api/wallets/:name/labels",
      async ({ params: { name }, request }) => {
        const label = canonical(context, await readBody(request, LabelBody));
        (await readyWallet(context, name)).putLabel(label);
        return label;
      },
      PUT_LABEL,
    );
}

async function listAddresses(context: ApiContext, request: Request, name: string) {
  const query = readQuery(request, AddressQuery);
  const wallet = await readyWallet(context, name);
  const asked = wallet.addresses
    .all()
    .filter(({ branch }) => query.branch === undefined || BRANCH_NAMES[branch] === query.branch);
  const { rows, nextCursor } = slicePage(asked, query);
  return { addresses: viewAddresses(context, wallet, rows), cursor: nextCursor ?? null };
}

/** What a label is on, in the one form under which it is looked up. */
function canonical({ node }: ApiContext, { type, ref, label }: Label): Label {
  switch (type) {
    case "addr": {
      const { addressPrefixes } = node.network;
      const script = parseAddress(ref, addressPrefixes);
      return { type, ref: formatAddress(script, addressPrefixes) ?? ref, label };
    }
    case "tx":
    case "output": {
      const pattern = type === "tx" ? TXID_PATTERN : OUTPUT_PATTERN;
      if (pattern.test(ref)) return { type, ref: ref.toLowerCase(), label };
      throw shapeError("It is named by its txid; an output has a colon and its index.", "ref");
    }
  }
}

const TXID_PATTERN = /^[0-9a-fA-F]{64}$/;
const OUTPUT_PATTERN = /^[0-9a-fA-F]{64}:(?:0|[1-9][0-9]{0,9})$/;

const ADDRESSES = describeWallet({
  summary: "Addresses of a wallet",
  description:
    "Receiving ones first, in order of their indexes; up to twenty beyond the last that was used.",
  query: AddressQuery,
  answers: { 200: { description: "A page.", schema: OwnAddressPage } },
});

const RECEIVE = describeWallet({
  summary: "An address to be paid at",
  description:
    "The last one handed out as long as nobody paid it, else a new one. With `new` another, as long " +
    "as fewer than twenty wait: a wallet restored from its words would not look further.",
  body: NewAddressBody,
  bodyExample: { label: "rent" },
  answers: { 201: { description: "The address.", schema: ReceiveAddress } },
});

const TRANSACTIONS = describeWallet({
  summary: "History of a wallet",
  description:
    "Newest first. The first page begins with what is in no block: what waits, and what was there " +
    "once and is no more, at most `limit` of it.",
  query: PageQuery,
  answers: { 200: { description: "A page.", schema: OwnTransactionPage } },
});

const UTXOS = describeWallet({
  summary: "Coins of a wallet",
  description: "Newest first, those that wait on the first page. `hold` says why one is not spent.",
  query: PageQuery,
  answers: { 200: { description: "A page.", schema: OwnUtxoPage } },
});

const LABELS = describeWallet({
  summary: "Labels of a wallet",
  description: "As BIP-0329 exchanges them, in order of kind and reference.",
  query: WholePageQuery,
  answers: { 200: { description: "A page.", schema: LabelPage } },
});

const PUT_LABEL = describeWallet({
  summary: "Label an address, transaction or output",
  description: "Takes the place of the label that was there; an empty one takes it away.",
  body: LabelBody,
  bodyExample: {
    type: "tx",
    ref: EXAMPLE_TXID,
    label: "rent",
  },
  answers: { 200: { description: "The label.", schema: LabelBody } },
});
