/**
 * Whether a transaction may enter the mempool: every rule in order, the cheap ones first.
 *
 * Finds out and judges; changes nothing. Scripts are not run here, since that comes after all else
 * and costs most. Consensus rules are called from consensus/, the rest is in the files beside this.
 */

import {
  areSequenceLocksOpen,
  type Coin,
  checkInputAmounts,
  sequenceLocks,
} from "../consensus/check-inputs.ts";
import { checkTransaction, isFinal } from "../consensus/check-transaction.ts";
import { medianTimePast } from "../consensus/difficulty.ts";
import { RuleError } from "../consensus/rule-error.ts";
import {
  type Outpoint,
  outpointKey,
  SEQUENCE_FINAL,
  type Transaction,
} from "../primitives/transaction.ts";
import type { MempoolChain, NextBlock } from "./mempool-chain.ts";
import type { MempoolEntry } from "./mempool-entry.ts";
import type { MempoolGraph } from "./mempool-graph.ts";
import { checkPackageLimits } from "./package-relations.ts";
import { checkStandardTransaction, feeAt, policySize } from "./policy.ts";
import { checkReplacement, findReplaced } from "./replace-by-fee.ts";
import { checkStandardInputs } from "./standard-inputs.ts";

/** What a transaction is checked against. */
export interface AcceptContext {
  readonly chain: MempoolChain;
  readonly graph: MempoolGraph;
  readonly nextBlock: NextBlock;
  /** Sats per vbyte; 0 for one that was accepted before and only comes back. */
  readonly minRelayFeerate: number;
  /** Sats per vbyte that a full mempool asks for. */
  readonly floorFeerate: number;
}

/** A transaction that breaks no rule, if its scripts pass. */
export interface Candidate {
  readonly tx: Transaction;
  /** In input order. */
  readonly spentCoins: readonly Coin[];
  readonly fee: number;
  readonly virtualSize: number;
  readonly sigopCost: number;
  readonly dependsOnBranch: boolean;
  /** Entries that it pushes out, each with all its descendants. */
  readonly replaced: ReadonlySet<MempoolEntry>;
}

/** What there is to say of a transaction that breaks no rule before its scripts are run. */
export type Examination =
  | { readonly status: "candidate"; readonly candidate: Candidate }
  | { readonly status: "duplicate" }
  | { readonly status: "missing"; readonly missing: readonly Outpoint[] };

/** Outputs looked up to see whether a transaction was confirmed before: enough to find one left. */
const MAX_OUTPUTS_LOOKED_UP = 16;

/** BIP-0068: a sequence number with this bit is no relative lock. */
const SEQUENCE_LOCK_DISABLE_FLAG = 0x80000000;

/** Examines `tx`; throws RuleError on the first rule that it breaks. */
export function examineTransaction(tx: Transaction, context: AcceptContext): Examination {
  const { chain, graph, nextBlock } = context;
  if (graph.findByWtxid(tx.wtxid) !== undefined) return { status: "duplicate" };

  checkTransaction(tx, chain.network.params);
  checkStandardTransaction(tx);
  checkFinal(tx, nextBlock);
  checkNotKnownByTxid(tx, graph);

  const { coins, missing } = findCoins(tx, context);
  if (missing.length > 0) {
    checkNotConfirmed(tx, chain);
    return { status: "missing", missing };
  }
  return { status: "candidate", candidate: examineInputs(tx, coins, context) };
}

/**
 * Throws RuleError unless `tx`, which was fit for another branch of the chain, is fit for this one:
 * its coins are there and mature, its locks open.
 */
export function checkOnBranch(tx: Transaction, context: AcceptContext): void {
  const { chain, nextBlock } = context;
  checkFinal(tx, nextBlock);
  const { coins, missing } = findCoins(tx, context);
  if (missing.length > 0) throw missingInputs(missing);
  checkRelativeLocks(tx, coins, context);
  checkInputAmounts(tx, coins, nextBlock.height, chain.network.params);
}

/** The error for a transaction that spends what is not there, for those who keep no orphans. */
export function missingInputs(missing: readonly Outpoint[]): RuleError {
  const [first] = missing;
  const outpoint = first === undefined ? "" : outpointKey(first);
  return new RuleError(
    "missing-inputs",
    `it spends ${outpoint}, which does not exist or is spent`,
    { outpoint, count: missing.length },
  );
}

/** Returns the coin that `outpoint` names, also if an entry spends it; undefined: there is none. */
export function findCoinOrSpent(
  outpoint: Outpoint,
  { chain, graph }: { chain: MempoolChain; graph: MempoolGraph },
): Coin | undefined {
  const output = graph.find(outpoint.txid)?.tx.outputs[outpoint.vout];
  if (output === undefined) return chain.coins.findCoin(outpoint);
  return { ...output, height: chain.tip.height + 1, isCoinbase: false };
}

function examineInputs(
  tx: Transaction,
  spentCoins: readonly Coin[],
  context: AcceptContext,
): Candidate {
  const { chain, nextBlock, graph } = context;
  const { params } = chain.network;
  checkRelativeLocks(tx, spentCoins, context);
  const fee = checkInputAmounts(tx, spentCoins, nextBlock.height, params);
  const sigopCost = checkStandardInputs(tx, spentCoins, params);
  const virtualSize = policySize(tx, sigopCost);
  checkFee(fee, virtualSize, context);

  const parents = graph.findParents(tx);
  const conflicts = findConflicts(tx, graph);
  const replaced = findReplaced(conflicts);
  const ancestors = checkPackageLimits({ parents, virtualSize }, replaced);
  checkNotItsOwnConflict(ancestors, replaced);
  if (conflicts.size > 0) {
    checkReplacement({ tx, fee, virtualSize, parents }, conflicts, replaced);
  }
  const dependsOnBranch = isBranchDependent(tx, spentCoins);
  return { tx, spentCoins, fee, virtualSize, sigopCost, dependsOnBranch, replaced };
}

function checkFinal(tx: Transaction, { height, medianTimePast }: NextBlock): void {
  if (!isFinal(tx, height, medianTimePast)) {
    throw new RuleError(
      "non-final",
      `it is locked until ${tx.lockTime}; the next block has height ${height} and follows median ` +
        `time ${medianTimePast}`,
      { lockTime: tx.lockTime, height, medianTimePast },
    );
  }
}

function checkNotKnownByTxid({ txid }: Transaction, graph: MempoolGraph): void {
  if (graph.find(txid) !== undefined) {
    throw new RuleError(
      "txn-same-nonwitness-data-in-mempool",
      `${txid} is in the mempool with another witness`,
      { txid },
    );
  }
}

function findCoins(
  tx: Transaction,
  { chain, graph }: AcceptContext,
): { coins: readonly Coin[]; missing: readonly Outpoint[] } {
  const coins: Coin[] = [];
  const missing: Outpoint[] = [];
  for (const { prevout } of tx.inputs) {
    const coin = findCoinOrSpent(prevout, { chain, graph });
    if (coin !== undefined) coins.push(coin);
    else if (graph.find(prevout.txid) === undefined) missing.push(prevout);
    else throw noSuchOutput(prevout);
  }
  return { coins, missing };
}

/** No parent can come that would make it valid: its parent is here and has fewer outputs. */
function noSuchOutput(prevout: Outpoint): RuleError {
  const outpoint = outpointKey(prevout);
  return new RuleError(
    "bad-txns-inputs-missingorspent",
    `it spends ${outpoint}, an output that transaction does not have`,
    { outpoint },
  );
}

/** A confirmed transaction would look like an orphan, since its inputs are spent. */
function checkNotConfirmed({ txid, outputs }: Transaction, { coins }: MempoolChain): void {
  const count = Math.min(outputs.length, MAX_OUTPUTS_LOOKED_UP);
  for (let vout = 0; vout < count; vout++) {
    if (coins.findCoin({ txid, vout }) === undefined) continue;
    throw new RuleError("txn-already-known", `${txid} is in a block`, { txid });
  }
}

function checkRelativeLocks(
  tx: Transaction,
  coins: readonly Coin[],
  { chain, nextBlock }: AcceptContext,
): void {
  const locks = sequenceLocks(tx, coins, (height) => medianTimePastAt(chain, height));
  if (!areSequenceLocksOpen(locks, nextBlock.height, nextBlock.medianTimePast)) {
    throw new RuleError(
      "non-bip68-final",
      `a relative lock holds until height ${locks.height} and median time ${locks.time}; the ` +
        `next block has height ${nextBlock.height} and follows ${nextBlock.medianTimePast}`,
      {
        lockHeight: locks.height,
        lockTime: locks.time,
        height: nextBlock.height,
        medianTimePast: nextBlock.medianTimePast,
      },
    );
  }
}

function medianTimePastAt({ index, tip }: MempoolChain, height: number): number {
  return medianTimePast(index.findActive(height) ?? tip);
}

function checkFee(
  fee: number,
  virtualSize: number,
  { floorFeerate, minRelayFeerate }: AcceptContext,
): void {
  const floor = feeAt(floorFeerate, virtualSize);
  if (fee < floor) {
    throw new RuleError(
      "mempool-min-fee-not-met",
      `it pays ${fee} sat, a full mempool asks for ${floor} of ${virtualSize} vbytes`,
      { fee, least: floor, virtualSize },
    );
  }
  const least = feeAt(minRelayFeerate, virtualSize);
  if (fee < least) {
    throw new RuleError(
      "min-relay-fee-not-met",
      `it pays ${fee} sat, at least ${least} are asked for ${virtualSize} vbytes`,
      { fee, least, virtualSize },
    );
  }
}

function findConflicts({ inputs }: Transaction, graph: MempoolGraph): ReadonlySet<MempoolEntry> {
  const conflicts = new Set<MempoolEntry>();
  for (const { prevout } of inputs) {
    const spender = graph.findSpender(prevout);
    if (spender !== undefined) conflicts.add(spender);
  }
  return conflicts;
}

function checkNotItsOwnConflict(
  ancestors: ReadonlySet<MempoolEntry>,
  replaced: ReadonlySet<MempoolEntry>,
): void {
  for (const entry of ancestors) {
    if (!replaced.has(entry)) continue;
    throw new RuleError(
      "bad-txns-spends-conflicting-tx",
      `it spends a coin of ${entry.tx.txid}, which it would push out`,
      { conflict: entry.tx.txid },
    );
  }
}

function isBranchDependent(tx: Transaction, coins: readonly Coin[]): boolean {
  return (
    coins.some(({ isCoinbase }) => isCoinbase) ||
    (tx.lockTime !== 0 && tx.inputs.some(({ sequence }) => sequence !== SEQUENCE_FINAL)) ||
    tx.inputs.some(({ sequence }) => (sequence & SEQUENCE_LOCK_DISABLE_FLAG) === 0)
  );
}
