/**
 * Routes of a wallet's payments: prepared, which shows what they cost, and confirmed, which sends
 * them.
 *
 * Handlers only put parts together; what is paid from which coins is decided in wallet/.
 */

import type { Static } from "@sinclair/typebox";
import { parsePsbt } from "../wallet/psbt.ts";
import type { DraftTerms, PaymentRequest, PreparedPayment } from "../wallet/wallet-payments.ts";
import { type ApiContext, parseTxid } from "./api-context.ts";
import { readBody, readQuery } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { NoBody, NoQuery, PageQuery } from "./schemas.ts";
import { MempoolViewer } from "./view-mempool.ts";
import { viewPayment } from "./view-payment.ts";
import { EXAMPLE_TXID } from "./wallet-examples.ts";
import {
  ChildBody,
  ConfirmBody,
  Payment,
  PaymentBody,
  type PaymentBodyType,
  PaymentPage,
  ReplaceBody,
  SignedBody,
} from "./wallet-payment-schemas.ts";
import { describeWallet, feerateOf, readyWallet, withAuthority } from "./wallet-request.ts";

export function walletPaymentRoutes(context: ApiContext) {
  const { node } = context;
  const { wallets, mempool } = node;
  const viewer = new MempoolViewer({ mempool, params: node.network.params });
  const show = (payment: PreparedPayment) => viewPayment(wallets, payment);
  const created = (payment: PreparedPayment) => Response.json(show(payment), { status: 201 });
  return createRouter("wallet-payments")
    .post(
      "/api/wallets/:name/payments",
      async ({ params: { name }, request }) => {
        const body = await readBody(request, PaymentBody);
        const { payments } = await readyWallet(context, name);
        const terms = termsOf(body);
        const known = payments.recall("payment", terms);
        return created(known ?? payments.prepare(requestOf(context, viewer, body), terms));
      },
      PREPARE,
    )
    .post(
      "/api/wallets/:name/payments/bump",
      async ({ params: { name }, request }) => {
        const body = await readBody(request, ReplaceBody);
        const { payments } = await readyWallet(context, name);
        return created(payments.bump(parseTxid(body.txid), optionsOf(body), termsOf(body)));
      },
      BUMP,
    )
    .post(
      "/api/wallets/:name/payments/abandon",
      async ({ params: { name }, request }) => {
        const body = await readBody(request, ReplaceBody);
        const { payments } = await readyWallet(context, name);
        return created(
          payments.cancelPending(parseTxid(body.txid), optionsOf(body), termsOf(body)),
        );
      },
      ABANDON,
    )
    .post(
      "/api/wallets/:name/payments/child",
      async ({ params: { name }, request }) => {
        const body = await readBody(request, ChildBody);
        const { payments } = await readyWallet(context, name);
        const options = { ...optionsOf(body), feerate: feerateOf(viewer, body) };
        return created(payments.speedUp(parseTxid(body.txid), options, termsOf(body)));
      },
      CHILD,
    )
    .get(
      "/api/wallets/:name/payments",
      async ({ params: { name }, request }) => {
        const query = readQuery(request, PageQuery);
        const { payments } = await readyWallet(context, name);
        const { rows, nextCursor } = payments.list(query);
        return { payments: rows.map(show), cursor: nextCursor ?? null };
      },
      LIST,
    )
    .get(
      "/api/wallets/:name/payments/:id",
      async ({ params: { name, id }, request }) => {
        readQuery(request, NoQuery);
        return show((await readyWallet(context, name)).payments.find(id));
      },
      ONE,
    )
    .delete(
      "/api/wallets/:name/payments/:id",
      async ({ params: { name, id }, request }) => {
        await readBody(request, NoBody);
        return show((await readyWallet(context, name)).payments.cancel(id));
      },
      CANCEL,
    )
    .post(
      "/api/wallets/:name/payments/:id/confirm",
      async ({ params: { name, id }, request }) => {
        const { digest, ...authority } = await readBody(request, ConfirmBody);
        await readyWallet(context, name);
        return show(
          await withAuthority(request, authority, (leave) =>
            wallets.confirm(name, id, digest, leave),
          ),
        );
      },
      CONFIRM,
    )
    .post(
      "/api/wallets/:name/payments/:id/signed",
      async ({ params: { name, id }, request }) => {
        const { digest, psbt } = await readBody(request, SignedBody);
        const { payments } = await readyWallet(context, name);
        return show(payments.confirmSigned(id, digest, parsePsbt(psbt)));
      },
      SIGNED,
    );
}

/** Names become addresses, and a wish for speed a feerate. */
function requestOf(
  { node }: ApiContext,
  viewer: MempoolViewer,
  body: PaymentBodyType,
): PaymentRequest {
  return {
    feerate: feerateOf(viewer, body),
    recipients: body.recipients.map(({ to, amount }) => ({
      scriptPubKey: node.wallets.resolve(to).scriptPubKey,
      amount,
    })),
    keepsChange: body.keepChange,
    subtractFeeFrom: body.subtractFeeFrom,
    chosenOutpoints: body.coins?.map(({ txid, vout }) => ({ txid: parseTxid(txid), vout })),
    allowUnconfirmed: body.allowUnconfirmed,
    isForced: body.force,
  };
}

/** What the body says is what was asked, and not what comes of it. */
function termsOf(body: { clientId?: string; lifeSeconds?: number }): DraftTerms {
  const { clientId, lifeSeconds } = body;
  const lifeMs = lifeSeconds === undefined ? undefined : lifeSeconds * 1_000;
  return { clientId, lifeMs, asked: body };
}

function optionsOf({ feerate, force }: Static<typeof ReplaceBody>) {
  return { feerate, isForced: force };
}

const PAYMENT_PATH = { name: "Name of the wallet.", id: "Of the payment." };

const PREPARE = describeWallet({
  summary: "Prepare a payment",
  description:
    "Chooses coins, holds them for ten minutes, and says what it will cost; nothing is signed or sent " +
    "before it is confirmed. With a `clientId`, asking again gives the same payment, whatever became " +
    "of it, and another body under it is refused.",
  body: PaymentBody,
  bodyExample: { recipients: [{ to: "bob", amount: 100_000_000 }] },
  answers: { 201: { description: "The payment.", schema: Payment } },
});

const BUMP = describeWallet({
  summary: "Pay miners more",
  description:
    "Prepares a payment that takes the place of one that waits (BIP-0125). Without a feerate, with " +
    "the least that is accepted.",
  body: ReplaceBody,
  bodyExample: { txid: EXAMPLE_TXID, feerate: 10 },
  answers: { 201: { description: "The payment.", schema: Payment } },
});

const ABANDON = describeWallet({
  summary: "Take a payment back",
  description:
    "Prepares one that takes the place of a payment that waits, and gives everything back to the " +
    "wallet. Whichever of the two gets into a block first counts.",
  body: ReplaceBody,
  bodyExample: { txid: EXAMPLE_TXID },
  answers: { 201: { description: "The payment.", schema: Payment } },
});

const CHILD = describeWallet({
  summary: "Speed up what waits by a child",
  description:
    "Prepares a payment to the wallet itself, of coins that a waiting transaction brings it, which " +
    "pays miners what that one lacks.",
  body: ChildBody,
  bodyExample: { txid: EXAMPLE_TXID, feerate: 10 },
  answers: { 201: { description: "The payment.", schema: Payment } },
});

const LIST = describeWallet({
  summary: "Payments of a wallet",
  description: "Those prepared here, newest first, and what became of them.",
  query: PageQuery,
  answers: { 200: { description: "A page.", schema: PaymentPage } },
});

const ONE = describeWallet({
  summary: "A payment",
  description: "What it spends, pays and costs, and what became of it.",
  path: PAYMENT_PATH,
  answers: { 200: { description: "The payment.", schema: Payment } },
});

const CANCEL = describeWallet({
  summary: "Cancel a payment that was not sent",
  description: "Lets its coins go.",
  path: PAYMENT_PATH,
  body: NoBody,
  answers: { 200: { description: "The payment.", schema: Payment } },
});

const CONFIRM = describeWallet({
  summary: "Confirm a payment",
  description:
    "Signs and sends it. The digest says that it is the one that was shown. One that was sent already " +
    "is left as it is: asking twice pays once.",
  path: PAYMENT_PATH,
  body: ConfirmBody,
  bodyExample: { digest: "…the payment's digest…", password: "correct horse battery staple" },
  answers: { 200: { description: "The payment.", schema: Payment } },
});

const SIGNED = describeWallet({
  summary: "Send a payment signed elsewhere",
  description: "The payment's own PSBT, with all signatures. It needs no password.",
  path: PAYMENT_PATH,
  body: SignedBody,
  bodyExample: { digest: "…the payment's digest…", psbt: "cHNidP8…" },
  answers: { 200: { description: "The payment.", schema: Payment } },
});
