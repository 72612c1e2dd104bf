/**
 * Routes of partially signed transactions: signing, reading, combining and finishing them.
 *
 * Signing takes a wallet; the rest knows no keys, and so is open to all who may use the node.
 */

import { toHex } from "../lib/bytes.ts";
import { decodeAll } from "../lib/codec.ts";
import { decodeTransaction } from "../primitives/transaction.ts";
import { combinePsbts, formatPsbt, parsePsbt } from "../wallet/psbt.ts";
import { finalizePsbt, isComplete } from "../wallet/psbt-signing.ts";
import { type ApiContext, indexCaughtUp } from "./api-context.ts";
import { describe } from "./operation.ts";
import { readBody } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { viewPsbt } from "./view-payment.ts";
import { EXAMPLE_PSBT } from "./wallet-examples.ts";
import {
  CombineBody,
  CombinedPsbt,
  DecodedPsbt,
  FinalizeBody,
  FinalizedPsbt,
  PsbtBody,
  SignedPsbt,
  SignPsbtBody,
} from "./wallet-payment-schemas.ts";
import { describeWallet, readyWallet, withAuthority } from "./wallet-request.ts";

export function walletPsbtRoutes(context: ApiContext) {
  const { node } = context;
  return createRouter("wallet-psbt")
    .post(
      "/api/wallets/:name/psbt",
      async ({ params: { name }, request }) => {
        const { psbt: text, ...authority } = await readBody(request, SignPsbtBody);
        const given = parsePsbt(text);
        await readyWallet(context, name);
        const { psbt, added } = await withAuthority(request, authority, (leave) =>
          node.wallets.signPsbt(name, given, leave),
        );
        return { psbt: formatPsbt(psbt), added, complete: isComplete(psbt, node.signatures) };
      },
      SIGN,
    )
    .post(
      "/api/psbt/decode",
      async ({ request }) => {
        const { psbt } = await readBody(request, PsbtBody);
        await indexCaughtUp(context);
        return viewPsbt(context, parsePsbt(psbt));
      },
      DECODE,
    )
    .post(
      "/api/psbt/combine",
      async ({ request }) => {
        const { psbts } = await readBody(request, CombineBody);
        const combined = combinePsbts(psbts.map((psbt) => parsePsbt(psbt)));
        return { psbt: formatPsbt(combined), complete: isComplete(combined, node.signatures) };
      },
      COMBINE,
    )
    .post(
      "/api/psbt/finalize",
      async ({ request }) => {
        const { psbt, submit = false } = await readBody(request, FinalizeBody);
        return finalize(context, psbt, submit);
      },
      FINALIZE,
    );
}

function finalize({ node }: ApiContext, text: string, isSubmitted: boolean) {
  const raw = finalizePsbt(parsePsbt(text), node.signatures);
  const tx = decodeAll(raw, decodeTransaction);
  if (isSubmitted) {
    const verdict = node.submitTransaction(tx);
    if (verdict.status === "rejected") throw verdict.error;
  }
  return { hex: toHex(raw), txid: tx.txid, submitted: isSubmitted };
}

const SIGN = describeWallet({
  summary: "Sign a PSBT",
  description:
    "Adds the signatures that this wallet can give, if the chain agrees with all that it says of its " +
    "inputs. What leaves the wallet counts against a session's limit.",
  body: SignPsbtBody,
  bodyExample: { psbt: EXAMPLE_PSBT },
  answers: { 200: { description: "With the signatures.", schema: SignedPsbt } },
  problems: [422],
});

const DECODE = describe({
  tag: "Wallets",
  summary: "Read a PSBT",
  description: "What it says, who signed, and whether the chain agrees.",
  body: PsbtBody,
  bodyExample: { psbt: EXAMPLE_PSBT },
  answers: { 200: { description: "What it says.", schema: DecodedPsbt } },
});

const COMBINE = describe({
  tag: "Wallets",
  summary: "Combine PSBTs",
  description: "Of one transaction: the result has all that any of them has.",
  body: CombineBody,
  bodyExample: { psbts: [EXAMPLE_PSBT, EXAMPLE_PSBT] },
  answers: { 200: { description: "All in one.", schema: CombinedPsbt } },
});

const FINALIZE = describe({
  tag: "Wallets",
  summary: "Make a transaction of a PSBT",
  description: "That has all its signatures; with `submit` it is sent.",
  body: FinalizeBody,
  bodyExample: { psbt: EXAMPLE_PSBT, submit: false },
  answers: { 200: { description: "The transaction.", schema: FinalizedPsbt } },
});
