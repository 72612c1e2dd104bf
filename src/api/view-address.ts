/**
 * Addresses as the API shows them: what the index knows, and what the mempool is about to change.
 *
 * Waiting for the index is the caller's business.
 */

import type { CoinRow, HistoryRow } from "../index/address-set-queries.ts";
import { equalBytes, toHex } from "../lib/bytes.ts";
import type { Node } from "../node/node.ts";
import { AddressError, destinationOf, parseAddress } from "../primitives/address.ts";
import { classifyOutput } from "../script/standard.ts";
import type {
  AddressSummaryView,
  AddressTransactionView,
  AddressValidationView,
  UtxoView,
} from "./address-schemas.ts";
import { sentence } from "./problem.ts";

/** What addresses are shown from. */
export type AddressSources = Pick<Node, "chain" | "explorer" | "mempool" | "network" | "waiting">;

/** An address of this network: its text in the one form, and its output script. */
export interface KnownAddress {
  readonly text: string;
  readonly script: Uint8Array;
}

/** Returns balance and counts; all zero for an address that was never paid. */
export function viewAddress(
  sources: AddressSources,
  { text, script }: KnownAddress,
): AddressSummaryView {
  const { explorer, network, waiting } = sources;
  const known = explorer.findAddress(text, network.params.coinbaseMaturity);
  const { balance = 0, immature = 0 } = known ?? {};
  let spentConfirmed = 0;
  let unconfirmed = 0;
  const touching = waiting.find(script);
  for (const { received, sent, sentConfirmed } of touching) {
    unconfirmed += received - sent;
    spentConfirmed += sentConfirmed;
  }
  return {
    address: text,
    confirmed: balance,
    unconfirmed,
    immature,
    spendable: balance - immature - spentConfirmed,
    received: known?.received ?? 0,
    sent: known?.sent ?? 0,
    transactionCount: (known?.transactionCount ?? 0) + touching.length,
    utxoCount: known?.coinCount ?? 0,
    firstHeight: known?.firstHeight ?? null,
    lastHeight: known?.lastHeight ?? null,
  };
}

/** Returns a coin as the list of an address shows it. */
export function viewCoin(
  { chain, mempool, network }: AddressSources,
  { script }: KnownAddress,
  { txid, vout, value, height, isCoinbase, scriptType }: CoinRow,
): UtxoView {
  const confirmations = chain.tip.height - height + 1;
  // The next block counts: a coin is spendable there if it is that deep then.
  const isMature = !isCoinbase || confirmations >= network.params.coinbaseMaturity;
  const spentInMempool = mempool.findSpender({ txid, vout }) !== undefined;
  return {
    txid,
    vout,
    amount: value,
    script: toHex(script),
    type: scriptType,
    height,
    confirmations,
    coinbase: isCoinbase,
    spendable: isMature && !spentInMempool,
    spentInMempool,
  };
}

/** Returns the coins that the mempool makes for an address, newest first. */
export function viewWaitingCoins(
  { mempool, waiting }: AddressSources,
  { script }: KnownAddress,
): UtxoView[] {
  return waiting.find(script).flatMap(({ entry: { tx } }) =>
    tx.outputs.flatMap(({ value, scriptPubKey }, vout) => {
      if (!equalBytes(scriptPubKey, script)) return [];
      const spentInMempool = mempool.findSpender({ txid: tx.txid, vout }) !== undefined;
      return [
        {
          txid: tx.txid,
          vout,
          amount: value,
          script: toHex(script),
          type: classifyOutput(script),
          height: null,
          confirmations: 0,
          coinbase: false,
          spendable: !spentInMempool,
          spentInMempool,
        },
      ];
    }),
  );
}

/** Returns the transactions of the mempool that move an address's money, newest first. */
export function viewWaitingTransactions(
  { waiting }: AddressSources,
  { script }: KnownAddress,
): AddressTransactionView[] {
  return waiting.find(script).map(({ entry, received, sent }) => ({
    txid: entry.tx.txid,
    status: "mempool",
    blockHeight: null,
    confirmations: 0,
    timestamp: entry.acceptedAt,
    amount: received - sent,
    balance: null,
  }));
}

/** Returns a confirmed transaction as the history of an address shows it. */
export function viewHistory({ chain }: AddressSources, row: HistoryRow): AddressTransactionView {
  return {
    txid: row.txid,
    status: "confirmed",
    blockHeight: row.height,
    confirmations: chain.tip.height - row.height + 1,
    timestamp: row.time * 1000,
    amount: row.delta,
    balance: row.balance,
  };
}

/** Returns whether `text` is an address of this network, and if not why. */
export function validateAddress(
  { network }: Pick<AddressSources, "network">,
  text: string,
): AddressValidationView {
  try {
    const script = parseAddress(text, network.addressPrefixes);
    const type = destinationOf(script)?.type ?? null;
    return { address: text, valid: true, type, script: toHex(script), reason: null, detail: null };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    const { reason, message } = error;
    const detail = sentence(message);
    return { address: text, valid: false, type: null, script: null, reason, detail };
  }
}
