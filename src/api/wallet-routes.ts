/**
 * Routes of wallets: which there are, making and removing them, locking and unlocking.
 *
 * No answer ever has a key, a mnemonic or a password. What a wallet has is in
 * wallet-activity-routes.ts, what it pays in wallet-payment-routes.ts.
 */

import type { Static } from "@sinclair/typebox";
import { slicePage } from "../lib/paging.ts";
import { encodePassphrase, parseMnemonic } from "../wallet/mnemonic.ts";
import type { Wallet } from "../wallet/wallet.ts";
import { MAX_PASSPHRASE_BYTES } from "../wallet/wallet-secret.ts";
import type { ApiContext } from "./api-context.ts";
import { describe } from "./operation.ts";
import { WholePageQuery } from "./peer-schemas.ts";
import { inputOf, readBody, readQuery, shapeError } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { NoBody, NoQuery } from "./schemas.ts";
import { viewListedWallet, viewWallet } from "./view-wallet.ts";
import { describeWallet, readyWallet, readyWallets, WALLET_PATH } from "./wallet-request.ts";
import {
  Balance,
  Changed,
  DEFAULT_UNLOCK_LIMIT,
  Locked,
  NewWalletBody,
  PasswordBody,
  Removed,
  UnlockBody,
  Unlocked,
  WalletPage,
  WalletView,
} from "./wallet-schemas.ts";

export function walletRoutes(context: ApiContext) {
  const { wallets } = context.node;
  return createRouter("wallets")
    .get("/api/wallets", ({ request }) => list(context, request), LIST)
    .post("/api/wallets", ({ request }) => create(context, request), CREATE)
    .get(
      "/api/wallets/:name",
      async ({ params: { name }, request }) => {
        readQuery(request, NoQuery);
        return viewWallet(await readyWallet(context, name));
      },
      ONE,
    )
    .delete(
      "/api/wallets/:name",
      async ({ params: { name }, request }) => {
        await readBody(request, NoBody);
        await wallets.remove(name);
        return { removed: true };
      },
      REMOVE,
    )
    .get(
      "/api/wallets/:name/balance",
      async ({ params: { name }, request }) => {
        readQuery(request, NoQuery);
        return (await readyWallet(context, name)).ledger.balance();
      },
      BALANCE,
    )
    .post(
      "/api/wallets/:name/password",
      async ({ params: { name }, request }) => {
        const { password, newPassword } = await readBody(request, PasswordBody);
        const { tryPassword } = inputOf(request);
        await tryPassword(() => wallets.changePassword(name, password, newPassword));
        return { changed: true };
      },
      PASSWORD,
    )
    .post(
      "/api/wallets/:name/unlock",
      ({ params: { name }, request }) => unlock(context, request, name),
      UNLOCK,
    )
    .post(
      "/api/wallets/:name/lock",
      async ({ params: { name }, request }) => {
        await readBody(request, NoBody);
        wallets.lock(name);
        return { locked: true };
      },
      LOCK,
    );
}

async function list(context: ApiContext, request: Request) {
  const query = readQuery(request, WholePageQuery);
  const wallets = await readyWallets(context);
  const { rows, nextCursor } = slicePage(wallets.list(), query);
  return {
    wallets: rows.map((listed) => viewListedWallet(wallets, listed)),
    cursor: nextCursor ?? null,
  };
}

async function create(context: ApiContext, request: Request): Promise<Response> {
  const body = await readBody(request, NewWalletBody);
  const wallets = await readyWallets(context);
  const { name, watch, account } = body;
  if (watch === undefined) {
    const wallet = await createWithKeys(context, body);
    return Response.json(viewWallet(wallet), { status: 201 });
  }
  for (const field of ["password", "mnemonic", "passphrase", "accountIndex"] as const) {
    if (body[field] === undefined) continue;
    throw shapeError(`A wallet that only watches has no ${field}.`, field);
  }
  const wallet = await wallets.watch(name, watch, account);
  return Response.json(viewWallet(wallet), { status: 201 });
}

async function createWithKeys(
  { node }: ApiContext,
  body: Static<typeof NewWalletBody>,
): Promise<Wallet> {
  const { name, password, mnemonic, passphrase = "", account, accountIndex } = body;
  if (password === undefined) {
    throw shapeError("A wallet needs a password, or something to watch.", "password");
  }
  const salt = encodePassphrase(passphrase);
  if (salt.length > MAX_PASSPHRASE_BYTES || !passphrase.isWellFormed()) {
    throw shapeError(`A passphrase is at most ${MAX_PASSPHRASE_BYTES} bytes.`, "passphrase");
  }
  const entropy = mnemonic === undefined ? undefined : parseMnemonic(mnemonic);
  try {
    return await node.wallets.create({
      name,
      password,
      entropy,
      passphrase: salt,
      kind: account,
      accountIndex,
    });
  } finally {
    entropy?.fill(0);
    salt.fill(0);
  }
}

async function unlock({ node }: ApiContext, request: Request, name: string) {
  const { password, seconds, limit = DEFAULT_UNLOCK_LIMIT } = await readBody(request, UnlockBody);
  const { boundTo, tryPassword } = inputOf(request);
  const terms = { limit, boundTo, ...(seconds === undefined ? {} : { seconds }) };
  const { token, expiresAt } = await tryPassword(() => node.wallets.unlock(name, password, terms));
  return { session: token, expiresAt, limit };
}

const LIST = describe({
  tag: "Wallets",
  summary: "Wallets of this node",
  description: "In order of their names, those that cannot be read with the reason.",
  isPrivate: true,
  query: WholePageQuery,
  answers: { 200: { description: "A page.", schema: WalletPage } },
});

const CREATE = describe({
  tag: "Wallets",
  summary: "Make a wallet",
  description:
    "New, or of words that somebody has (BIP-0039); or with `watch`, one that has no keys. No answer " +
    "ever shows the words: of a new one, `cairn wallet words` reads them from its file.",
  isPrivate: true,
  body: NewWalletBody,
  bodyExample: { name: "savings", password: "correct horse battery staple" },
  answers: { 201: { description: "The wallet.", schema: WalletView } },
});

const ONE = describeWallet({
  summary: "A wallet",
  description:
    "What it is and what it has. The descriptor lets it be watched, and never spent from.",
  answers: { 200: { description: "The wallet.", schema: WalletView } },
});

const REMOVE = describeWallet({
  summary: "Remove a wallet",
  description:
    "Moves its file to the folder `trash` beside the others, from where it can be taken back.",
  path: WALLET_PATH,
  pathExamples: { name: "savings" },
  body: NoBody,
  answers: { 200: { description: "It is gone.", schema: Removed } },
});

const BALANCE = describeWallet({
  summary: "Balance of a wallet",
  description: "In sats; `spendable` is what a payment may spend now.",
  answers: { 200: { description: "The balance.", schema: Balance } },
});

const PASSWORD = describeWallet({
  summary: "Change a password",
  description: "Ends all sessions of the wallet. Earlier versions of its file keep the old one.",
  pathExamples: { name: "savings" },
  body: PasswordBody,
  bodyExample: { password: "correct horse battery staple", newPassword: "battery horse" },
  answers: { 200: { description: "It is changed.", schema: Changed } },
});

const UNLOCK = describeWallet({
  summary: "Unlock a wallet for a while",
  description:
    "Gives a session, to be sent in place of the password by the same client, for at most five " +
    "minutes and the amount given. There is no other way in which a wallet is unlocked.",
  pathExamples: { name: "savings" },
  body: UnlockBody,
  bodyExample: { password: "correct horse battery staple", seconds: 60, limit: 100_000_000 },
  answers: { 200: { description: "The session.", schema: Unlocked } },
});

const LOCK = describeWallet({
  summary: "Lock a wallet",
  description: "Ends all sessions of it, whoever has them.",
  body: NoBody,
  answers: { 200: { description: "It is locked.", schema: Locked } },
});
