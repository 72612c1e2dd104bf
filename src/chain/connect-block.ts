/**
 * A block's effect on the coins, there and back.
 *
 * Connecting checks every rule that needs coins and leaves the changes in the overlay, with the
 * undo data; disconnecting reverses it. Writing either down is the caller's business.
 */

import {
  areSequenceLocksOpen,
  type Coin,
  checkInputAmounts,
  findSpentCoins,
  sequenceLocks,
} from "../consensus/check-inputs.ts";
import { checkTransactionSigops } from "../consensus/check-sigops.ts";
import type { ConsensusParams } from "../consensus/params.ts";
import { RuleError } from "../consensus/rule-error.ts";
import { subsidyAt } from "../consensus/subsidy.ts";
import type { Block } from "../primitives/block.ts";
import { isCoinbase, type Transaction } from "../primitives/transaction.ts";
import { isUnspendable } from "../script/script.ts";
import type { CoinOverlay } from "./coin-overlay.ts";
import type { ScriptVerifier } from "./script-verifier.ts";

/** Where a block is to be connected. */
export interface ConnectContext {
  readonly height: number;
  readonly params: ConsensusParams;
  /** Median time past of the parent. */
  readonly medianTimePast: number;
  /** Median time past of the block at a height on this branch. */
  readonly medianTimePastAt: (height: number) => number;
  readonly scripts: ScriptVerifier;
}

/** What connecting a block found. */
export interface ConnectResult {
  /** The coins it spent, in order of its inputs. */
  readonly spentCoins: readonly Coin[];
  /** Sats. */
  readonly totalFees: number;
}

/**
 * Applies `block` to `coins`; RuleError if it breaks a rule, and then `coins` is to be thrown away.
 */
export function connectBlock(
  block: Block,
  coins: CoinOverlay,
  context: ConnectContext,
): ConnectResult {
  const { params, height } = context;
  const spentCoins: Coin[] = [];
  let totalFees = 0;
  let sigopCost = 0;

  for (const tx of block.transactions) {
    const spent = isCoinbase(tx) ? [] : findSpentCoins(tx, coins);
    if (spent.length > 0) {
      totalFees += checkInputAmounts(tx, spent, height, params);
      checkRelativeLocks(tx, spent, context);
    }
    sigopCost += checkTransactionSigops(tx, spent, params);
    checkSigopCost(sigopCost, params);
    context.scripts.check(tx, spent);

    for (const { prevout } of spent.length > 0 ? tx.inputs : []) coins.spendCoin(prevout);
    addOutputs(tx, height, coins);
    for (const coin of spent) spentCoins.push(coin);
  }

  checkCoinbaseAmount(block, height, totalFees, params);
  return { spentCoins, totalFees };
}

/** Takes the effect of `block` on `coins` back, given the coins it spent in order. */
export function disconnectBlock(
  block: Block,
  spentCoins: readonly Coin[],
  coins: CoinOverlay,
): void {
  let next = spentCoins.length;
  for (const tx of block.transactions.toReversed()) {
    for (const [vout, { scriptPubKey }] of tx.outputs.entries()) {
      if (!isUnspendable(scriptPubKey)) coins.spendCoin({ txid: tx.txid, vout });
    }
    if (isCoinbase(tx)) continue;
    for (const { prevout } of tx.inputs.toReversed()) {
      next -= 1;
      coins.addCoin(prevout, spentCoins[next] as Coin);
    }
  }
  if (next !== 0) throw new Error(`undo data of block ${block.hash} does not fit it`);
}

function checkRelativeLocks(
  tx: Transaction,
  spent: readonly Coin[],
  { height, medianTimePast, medianTimePastAt }: ConnectContext,
): void {
  const locks = sequenceLocks(tx, spent, medianTimePastAt);
  if (!areSequenceLocksOpen(locks, height, medianTimePast)) {
    throw new RuleError("bad-txns-nonfinal", `a relative lock of ${tx.txid} is not open yet`, {
      txid: tx.txid,
      height,
      medianTimePast,
    });
  }
}

function checkSigopCost(cost: number, { maxBlockSigopCost }: ConsensusParams): void {
  if (cost > maxBlockSigopCost) {
    throw new RuleError("bad-blk-sigops", `signature operations cost over ${maxBlockSigopCost}`, {
      cost,
      most: maxBlockSigopCost,
    });
  }
}

function addOutputs(tx: Transaction, height: number, coins: CoinOverlay): void {
  const fromCoinbase = isCoinbase(tx);
  for (const [vout, { value, scriptPubKey }] of tx.outputs.entries()) {
    if (isUnspendable(scriptPubKey)) continue;
    const outpoint = { txid: tx.txid, vout };
    // BIP-0034 makes equal coinbases impossible; were it wrong, coins would vanish (BIP-0030).
    if (fromCoinbase && coins.findCoin(outpoint) !== undefined) {
      throw new RuleError("bad-txns-bip30", `it makes ${tx.txid} again while that has coins`, {
        txid: tx.txid,
      });
    }
    coins.addCoin(outpoint, { value, scriptPubKey, height, isCoinbase: fromCoinbase });
  }
}

function checkCoinbaseAmount(
  { transactions }: Block,
  height: number,
  totalFees: number,
  params: ConsensusParams,
): void {
  let paid = 0;
  for (const { value } of transactions[0]?.outputs ?? []) paid += value;
  const allowed = subsidyAt(height, params) + totalFees;
  if (paid > allowed) {
    throw new RuleError(
      "bad-cb-amount",
      `the coinbase pays ${paid} sat, subsidy and fees allow ${allowed} sat`,
      { paid, allowed },
    );
  }
}
