/**
 * Wallets as the API shows them.
 *
 * Only shapes what is known; a wallet is up to date when it comes here (wallet-request.ts).
 */

import type { ListedWallet } from "../wallet/keystore.ts";
import { KeystoreError } from "../wallet/keystore-error.ts";
import type { Wallet } from "../wallet/wallet.ts";
import type { Branch, WalletAddress } from "../wallet/wallet-addresses.ts";
import type { WalletCoin, WalletTransaction } from "../wallet/wallet-ledger.ts";
import type { Wallets } from "../wallet/wallets.ts";
import type { ApiContext } from "./api-context.ts";
import { problemOf } from "./problem.ts";
import type {
  ListedWalletViewType,
  OwnAddressView,
  OwnTransactionView,
  OwnUtxoView,
  ReceiveAddressView,
  WalletViewType,
} from "./wallet-schemas.ts";

/** Names of the branches, by number. */
export const BRANCH_NAMES = ["receive", "change"] as const;

/** Returns a wallet with what it has. */
export function viewWallet(wallet: Wallet): WalletViewType {
  const { name, entry, account, contractAccount, ledger, addresses } = wallet;
  return {
    name,
    kind: entry.kind,
    account: account.kind,
    createdAt: entry.createdAt,
    descriptor: account.descriptor,
    contractKey: contractAccount?.descriptor ?? null,
    balance: ledger.balance(),
    addressCount: addresses.count,
    receiveAddress: wallet.nextReceiveAddress().address,
  };
}

/** Returns a line of the list, of a wallet that cannot be read too. */
export function viewListedWallet(wallets: Wallets, listed: ListedWallet): ListedWalletViewType {
  try {
    if (listed.status === "unreadable") throw new KeystoreError(listed.code);
    const { name, kind, createdAt } = listed;
    const { account, addresses, ledger } = wallets.get(name);
    addresses.refresh();
    return {
      name,
      kind,
      account: account.kind,
      createdAt,
      balance: ledger.balance(),
      problem: null,
    };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    const { code, detail } = problem;
    const nothing = { kind: null, account: null, createdAt: null, balance: null };
    return { name: listed.name, ...nothing, problem: { code, detail } };
  }
}

/** Returns addresses of a wallet with what the chain knows of them. */
export function viewAddresses(
  { node }: ApiContext,
  wallet: Wallet,
  page: readonly WalletAddress[],
): OwnAddressView[] {
  const texts = page.map(({ address }) => address);
  const { coinbaseMaturity } = node.network.params;
  const summaries = new Map(
    node.explorer.findAddresses(texts, coinbaseMaturity).map((row) => [row.address, row]),
  );
  return page.map((at) => {
    const { balance = 0, transactionCount = 0 } = summaries.get(at.address) ?? {};
    const { label, ...place } = viewReceiveAddress(wallet, at);
    return {
      ...place,
      used: wallet.addresses.isUsed(at),
      handedOut: wallet.isHandedOut(at),
      balance,
      transactionCount,
      label,
    };
  });
}

/** Returns an address to be shown to somebody. */
export function viewReceiveAddress(wallet: Wallet, at: WalletAddress): ReceiveAddressView {
  return {
    address: at.address,
    path: wallet.pathOf(at),
    branch: branchName(at.branch),
    index: at.index,
    label: wallet.label("addr", at.address) ?? null,
  };
}

/** Returns a line of a wallet's history. */
export function viewOwnTransaction(
  wallets: Wallets,
  wallet: Wallet,
  { height, time, counterparties, ...row }: WalletTransaction,
): OwnTransactionView {
  return {
    txid: row.txid,
    status: row.status,
    kind: row.kind,
    amount: row.amount,
    fee: row.fee ?? null,
    balance: row.balance ?? null,
    blockHeight: height ?? null,
    confirmations: row.confirmations,
    timestamp: time,
    counterparties: counterparties.map((address) => ({
      address,
      name: wallets.nameOf(address) ?? null,
    })),
    conflictsWith: row.conflictsWith ?? null,
    label: wallet.label("tx", row.txid) ?? null,
  };
}

/** Returns a coin of a wallet. */
export function viewOwnCoin(
  { node }: ApiContext,
  wallet: Wallet,
  { outpoint, value, at, height, isCoinbase, hold }: WalletCoin,
): OwnUtxoView {
  return {
    ...outpoint,
    amount: value,
    address: at.address,
    path: wallet.pathOf(at),
    blockHeight: height ?? null,
    confirmations: height === undefined ? 0 : node.chain.tip.height - height + 1,
    coinbase: isCoinbase,
    spendable: hold === undefined,
    hold: hold ?? null,
    label: wallet.label("output", `${outpoint.txid}:${outpoint.vout}`) ?? null,
  };
}

function branchName(branch: Branch): (typeof BRANCH_NAMES)[Branch] {
  return BRANCH_NAMES[branch];
}
