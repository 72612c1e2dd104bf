/**
 * The route that gives coins away, on a development network.
 *
 * Handlers only put parts together: it is a payment of the wallet that mines there.
 */

import { type Static, Type } from "@sinclair/typebox";
import { FAUCET_NAME } from "../node/development-accounts.ts";
import { COIN } from "../primitives/amount.ts";
import type { ApiContext } from "./api-context.ts";
import { describe } from "./operation.ts";
import { ApiError } from "./problem.ts";
import { readBody } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { Amount, exact, Hash } from "./schemas.ts";
import { readyWallet } from "./wallet-request.ts";

/** Sats that are given at most at once. */
export const MAX_FAUCET_AMOUNT = 100 * COIN;

const FaucetBody = exact({
  to: Type.String({
    maxLength: 128,
    description: "An address, or the name of a contact or wallet.",
  }),
  amount: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_FAUCET_AMOUNT,
      description: "Sats; one coin unless given.",
    }),
  ),
});

const FaucetResult = exact({ txid: Hash, amount: Amount, address: Type.String() });

export function faucetRoutes(context: ApiContext) {
  return createRouter("faucet").post(
    "/api/faucet",
    async ({ request }) => {
      const body = await readBody(request, FaucetBody);
      return Response.json(await give(context, body), { status: 201 });
    },
    GIVE,
  );
}

async function give(
  context: ApiContext,
  { to, amount = COIN }: Static<typeof FaucetBody>,
): Promise<Static<typeof FaucetResult>> {
  const { network, wallets, mempool } = context.node;
  if (!network.isDevelopment) throw new ApiError(FAUCET_OFF);
  const { payments } = await readyWallet(context, FAUCET_NAME);
  const { address, scriptPubKey } = wallets.resolve(to);
  const { id, digest } = payments.prepare({
    recipients: [{ scriptPubKey, amount }],
    feerate: mempool.minFeerate(),
  });
  const { txid } = await wallets.confirm(FAUCET_NAME, id, digest, undefined);
  if (txid === undefined) throw new Error("the faucet's payment has no transaction");
  return { txid, amount, address };
}

const FAUCET_OFF = {
  status: 404,
  code: "faucet-off",
  detail: "This is no development network: coins are mined here.",
};

const GIVE = describe({
  tag: "Wallets",
  summary: "Ask the faucet for coins",
  description: "On a development network. They are in the next block.",
  isPrivate: true,
  body: FaucetBody,
  bodyExample: { to: "alice", amount: COIN },
  answers: { 201: { description: "They are on their way.", schema: FaucetResult } },
});
