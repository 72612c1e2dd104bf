/**
 * Answers of a fake node about wallets.
 *
 * Not a test itself.
 */

import type {
  BalanceAnswer,
  PaymentAnswer,
  WalletAnswer,
  WalletKindAnswer,
} from "../../../src/cli/wallet-answers.ts";
import { NOW } from "./fake-world.ts";

/** An address of network cairn, and one of another key. */
export const ADDRESS = "crn1qw508d6qejxtdg4y5r3zarvary0c5xw7kyg3ku6";
export const TXID = "ab".repeat(32);

export const BALANCE: BalanceAnswer = {
  total: 150_000_000,
  confirmed: 150_000_000,
  pending: 0,
  immature: 0,
  reserved: 0,
  spendable: 150_000_000,
};

export function walletOf(changes: Partial<WalletAnswer> = {}): WalletAnswer {
  return {
    name: "alice",
    kind: "encrypted",
    account: "wpkh",
    createdAt: NOW - 60_000,
    descriptor: "wpkh(tpub...)#abcdefgh",
    contractKey: null,
    balance: BALANCE,
    addressCount: 20,
    receiveAddress: ADDRESS,
    ...changes,
  };
}

export function listOf(...names: string[]) {
  const kind: WalletKindAnswer = "encrypted";
  const rest = { kind, account: "wpkh", createdAt: NOW, balance: BALANCE, problem: null };
  return { wallets: names.map((name) => ({ name, ...rest })), cursor: null };
}

export function paymentOf(changes: Partial<PaymentAnswer> = {}): PaymentAnswer {
  return {
    id: "p1",
    state: "open",
    kind: "payment",
    digest: "cd".repeat(32),
    outputs: [
      { address: ADDRESS, amount: 150_000_000, role: "payment", name: "bob" },
      { address: "crn1qchange", amount: 49_999_859, role: "change", name: null },
    ],
    fee: 141,
    feerate: 1,
    virtualSize: 141,
    droppedChange: 0,
    ancestorFee: 0,
    replaces: null,
    leaving: 150_000_141,
    psbt: "cHNidP8BAA==",
    createdAt: NOW - 1_000,
    expiresAt: NOW + 600_000,
    txid: null,
    ...changes,
  };
}

/** Bodies of the requests to a path, as values. */
export function bodiesOf(
  asked: readonly { readonly method: string; readonly path: string; readonly body: string }[],
  method: string,
  path: string,
): unknown[] {
  return asked
    .filter((request) => request.method === method && request.path === path)
    .map(({ body }) => JSON.parse(body));
}
