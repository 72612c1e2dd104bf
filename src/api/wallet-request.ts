/**
 * What routes of wallets have in common: the wallet that a path names, and leave to use its keys.
 *
 * A wallet comes from here alone, so that none is shown that is behind the chain. Passwords and
 * words arrive as text, which the engine keeps until it collects it: nothing here can wipe them, so
 * nothing here repeats, logs or keeps them either.
 */

import { type Static, Type } from "@sinclair/typebox";
import type { EstimateTarget } from "../mempool/fee-estimate.ts";
import { MAX_PASSWORD_BYTES } from "../wallet/password.ts";
import type { Wallet } from "../wallet/wallet.ts";
import type { Authority, Wallets } from "../wallet/wallets.ts";
import { type ApiContext, indexCaughtUp } from "./api-context.ts";
import { describe, type Operation } from "./operation.ts";
import { inputOf, shapeError } from "./request-input.ts";
import type { MempoolViewer } from "./view-mempool.ts";

/** A password, old or new. How long it may be in bytes, the keystore says. */
export const Password = Type.String({
  maxLength: MAX_PASSWORD_BYTES,
  description: "Never shown again, by any answer or log.",
});

const Session = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "Of POST /api/wallets/{name}/unlock, by the same client.",
});

/** Fields of every body that has something signed. */
export const AUTHORITY_FIELDS = {
  password: Type.Optional(Password),
  session: Type.Optional(Session),
};

/** What stands in the path of a wallet's routes. */
export const WALLET_PATH = { name: "Name of the wallet." };

/** On a development network. */
export const WALLET_EXAMPLE = { name: "alice" };

/** Returns the option that describes a route about one wallet. */
export function describeWallet(operation: Omit<Operation, "tag" | "isPrivate">) {
  const { path = WALLET_PATH, pathExamples = WALLET_EXAMPLE } = operation;
  return describe({ ...operation, tag: "Wallets", isPrivate: true, path, pathExamples });
}

/** Returns all wallets once the index shows the tip: from then on they know all that the chain does. */
export async function readyWallets(context: ApiContext): Promise<Wallets> {
  await indexCaughtUp(context);
  return context.node.wallets;
}

/** Returns the wallet of this name, up to date; ApiError, WalletError or KeystoreError if it cannot. */
export async function readyWallet(context: ApiContext, name: string): Promise<Wallet> {
  const wallet = (await readyWallets(context)).get(name);
  wallet.addresses.refresh();
  return wallet;
}

/** Runs `work` with the leave that a body gives; ApiError if it names two. */
export function withAuthority<T>(
  request: Request,
  { password, session }: Pick<Static<typeof AuthorityBody>, "password" | "session">,
  work: (authority: Authority | undefined) => Promise<T>,
): Promise<T> {
  const { boundTo, tryPassword } = inputOf(request);
  if (password !== undefined && session !== undefined) {
    throw shapeError("Give either password or session.", "session");
  }
  if (password !== undefined) return tryPassword(() => work({ password }));
  return work(session === undefined ? undefined : { session, boundTo });
}

/** Returns the feerate wished for, in sat per vbyte; ApiError if a wish for speed stands beside it. */
export function feerateOf(
  viewer: MempoolViewer,
  { feerate, target }: { feerate?: number; target?: EstimateTarget },
): number {
  if (feerate !== undefined && target !== undefined) {
    throw shapeError("Give either feerate or target.", "target");
  }
  return feerate ?? viewer.feerateFor(target ?? 1);
}

const AuthorityBody = Type.Object(AUTHORITY_FIELDS);
