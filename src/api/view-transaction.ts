/**
 * Transactions as the API shows them, wherever they are: in the mempool, in a block, on a branch
 * that was left.
 *
 * A transaction is first located, then shown. Coins spent come from whoever still knows them: the
 * mempool, the chain's undo data, or the explorer index.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import type { ExplorerQueries, InputRow, OutputRow } from "../index/explorer-queries.ts";
import type { LocatedTransaction } from "../index/locate-transaction.ts";
import { toHex } from "../lib/bytes.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import type { Node } from "../node/node.ts";
import { type AddressPrefixes, formatAddress } from "../primitives/address.ts";
import type { Block } from "../primitives/block.ts";
import {
  encodeTransaction,
  isCoinbase,
  type Outpoint,
  type Transaction,
  type TxInput,
  type TxOutput,
  virtualSize,
} from "../primitives/transaction.ts";
import { classifyOutput } from "../script/standard.ts";
import type {
  InputViewType,
  MempoolTransactionView,
  OutputViewType,
  TransactionViewType,
} from "./transaction-schemas.ts";
import { confirmationsOf, wasConnected } from "./view-block.ts";
import { viewPropagation } from "./view-peer.ts";

/** What transactions are shown from. */
export type TransactionSources = Pick<Node, "chain" | "explorer" | "mempool" | "peers">;

/** What an input spends, as far as it is known. */
interface SpentOutput {
  readonly amount: number;
  readonly address: string | null;
}

/** Rows of one question to the index. */
const ROWS_PER_QUESTION = 1_000;

/** Returns the view of a transaction that was located. */
export function viewLocated(
  sources: TransactionSources,
  located: LocatedTransaction,
): TransactionViewType {
  if (located.where === "mempool") return viewWaiting(sources, located.entry);

  const { tx, row } = located;
  const block = sources.chain.index.find(row.blockHash);
  if (block === undefined) throw new Error(`the index has a block that the chain has not`);
  const spent = isCoinbase(tx) ? [] : readInputs(sources.explorer, tx).map(viewInputRow);
  return viewConfirmed(sources, { tx, block, spent, fee: row.fee });
}

/**
 * Returns the views of `count` transactions of `block` from `first` on. Fees and spent coins are
 * unknown if the block was never connected.
 */
export function viewBlockTransactions(
  sources: TransactionSources,
  {
    block,
    entry,
    first,
    count,
  }: {
    block: Block;
    entry: BlockIndexEntry;
    first: number;
    count: number;
  },
): TransactionViewType[] {
  const { chain } = sources;
  const coins = wasConnected(entry) ? chain.getSpentCoins(entry) : undefined;
  const views: TransactionViewType[] = [];
  let nextCoin = 0;
  for (const [position, tx] of block.transactions.entries()) {
    if (position >= first + count) break;
    const inputCount = isCoinbase(tx) ? 0 : tx.inputs.length;
    const spentCoins = coins?.slice(nextCoin, nextCoin + inputCount);
    nextCoin += inputCount;
    if (position < first) continue;
    const spent = spentCoins?.map((coin) => viewSpent(coin, chain.network.addressPrefixes));
    views.push(viewConfirmed(sources, { tx, block: entry, spent, fee: feeOf(tx, spent) }));
  }
  return views;
}

/** Returns a transaction of the mempool as lists show it. */
export function viewListed({ tx, ...entry }: MempoolEntry): MempoolTransactionView {
  return {
    txid: tx.txid,
    wtxid: tx.wtxid,
    fee: entry.fee,
    feerate: feerateOf(entry.fee, entry.virtualSize),
    virtualSize: entry.virtualSize,
    weight: tx.weight,
    inputCount: tx.inputs.length,
    outputCount: tx.outputs.length,
    outputAmount: sumOf(tx.outputs),
    timestamp: entry.acceptedAt,
    ancestorCount: entry.ancestorCount,
    descendantCount: entry.descendantCount,
  };
}

/** Returns sats per virtual byte, with at most three decimals. */
export function feerateOf(fee: number, size: number): number {
  return Math.round((fee * 1000) / size) / 1000;
}

function viewWaiting(sources: TransactionSources, entry: MempoolEntry): TransactionViewType {
  const { tx, fee, acceptedAt } = entry;
  const prefixes = sources.chain.network.addressPrefixes;
  const spent = tx.inputs.map(({ prevout }) => {
    const output = sources.mempool.findOutput(prevout);
    return output === undefined ? undefined : viewSpent(output, prefixes);
  });
  return {
    ...viewParts(sources, tx, spent, []),
    ...viewFee(tx, fee),
    status: "mempool",
    confirmations: 0,
    blockHash: null,
    blockHeight: null,
    timestamp: acceptedAt,
  };
}

function viewConfirmed(
  sources: TransactionSources,
  {
    tx,
    block,
    spent,
    fee,
  }: {
    tx: Transaction;
    block: BlockIndexEntry;
    spent: readonly SpentOutput[] | undefined;
    fee: number | null;
  },
): TransactionViewType {
  const { chain, explorer } = sources;
  const isActive = chain.index.isActive(block);
  const rows = isActive ? readOutputs(explorer, tx) : [];
  return {
    ...viewParts(sources, tx, spent ?? [], rows),
    ...viewFee(tx, fee),
    status: isActive ? "confirmed" : "abandoned",
    confirmations: confirmationsOf(chain, block),
    blockHash: block.hash,
    blockHeight: block.height,
    timestamp: block.receivedAt,
  };
}

function viewParts(
  sources: TransactionSources,
  tx: Transaction,
  spent: readonly (SpentOutput | undefined)[],
  rows: readonly OutputRow[],
) {
  const coinbase = isCoinbase(tx);
  return {
    txid: tx.txid,
    wtxid: tx.wtxid,
    version: tx.version,
    lockTime: tx.lockTime,
    size: tx.totalSize,
    virtualSize: virtualSize(tx.weight),
    weight: tx.weight,
    coinbase,
    propagation: viewPropagation(sources, tx.txid),
    inputs: tx.inputs.map((input, index) => viewInput(input, spent[index], coinbase)),
    outputs: tx.outputs.map((output, vout) =>
      viewOutput(sources, tx, { output, vout }, rows[vout]),
    ),
    hex: toHex(encodeTransaction(tx)),
  };
}

function viewFee(tx: Transaction, fee: number | null) {
  return { fee, feerate: fee === null ? null : feerateOf(fee, virtualSize(tx.weight)) };
}

function viewInput(
  { prevout, scriptSig, sequence, witness }: TxInput,
  spent: SpentOutput | undefined,
  coinbase: boolean,
): InputViewType {
  return {
    txid: coinbase ? null : prevout.txid,
    vout: coinbase ? null : prevout.vout,
    address: spent?.address ?? null,
    amount: spent?.amount ?? null,
    sequence,
    scriptSig: toHex(scriptSig),
    witness: witness.map(toHex),
  };
}

function viewOutput(
  { chain, mempool }: TransactionSources,
  { txid }: Transaction,
  { output, vout }: { output: TxOutput; vout: number },
  row: OutputRow | undefined,
): OutputViewType {
  const { value, scriptPubKey } = output;
  const waiting = mempool.findSpender({ txid, vout });
  return {
    index: vout,
    address: formatAddress(scriptPubKey, chain.network.addressPrefixes) ?? null,
    amount: value,
    script: toHex(scriptPubKey),
    type: classifyOutput(scriptPubKey),
    spentBy: viewSpender(row) ?? viewWaitingSpender(waiting, { txid, vout }),
  };
}

function viewSpender(row: OutputRow | undefined): OutputViewType["spentBy"] {
  if (row === undefined || row.spentByTxid === null || row.spentByVin === null) return null;
  return { txid: row.spentByTxid, input: row.spentByVin, status: "confirmed" };
}

function viewWaitingSpender(
  entry: MempoolEntry | undefined,
  { txid, vout }: Outpoint,
): OutputViewType["spentBy"] {
  if (entry === undefined) return null;
  const input = entry.tx.inputs.findIndex(
    ({ prevout }) => prevout.txid === txid && prevout.vout === vout,
  );
  return { txid: entry.tx.txid, input, status: "mempool" };
}

function viewSpent({ value, scriptPubKey }: TxOutput, prefixes: AddressPrefixes): SpentOutput {
  return { amount: value, address: formatAddress(scriptPubKey, prefixes) ?? null };
}

function viewInputRow({ value, address }: InputRow): SpentOutput {
  return { amount: value, address };
}

function readInputs(explorer: ExplorerQueries, { txid, inputs }: Transaction): InputRow[] {
  const rows: InputRow[] = [];
  for (let cursor: string | undefined; rows.length < inputs.length; ) {
    const page = explorer.listInputs(txid, { limit: ROWS_PER_QUESTION, cursor });
    rows.push(...page.rows);
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  return rows;
}

function readOutputs(explorer: ExplorerQueries, { txid, outputs }: Transaction): OutputRow[] {
  const rows: OutputRow[] = [];
  for (let cursor: string | undefined; rows.length < outputs.length; ) {
    const page = explorer.listOutputs(txid, { limit: ROWS_PER_QUESTION, cursor });
    rows.push(...page.rows);
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  return rows;
}

function feeOf(tx: Transaction, spent: readonly SpentOutput[] | undefined): number | null {
  if (isCoinbase(tx)) return 0;
  if (spent === undefined) return null;
  return spent.reduce((sum, { amount }) => sum + amount, 0) - sumOf(tx.outputs);
}

/** Amounts of a valid transaction add up to less than all money. */
function sumOf(outputs: readonly TxOutput[]): number {
  return outputs.reduce((sum, { value }) => sum + value, 0);
}
