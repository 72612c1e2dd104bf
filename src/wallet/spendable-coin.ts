/**
 * A coin that a payment may spend, and what its unconfirmed past costs whoever spends it.
 *
 * Who owns it, whether it is mature and not promised to another payment, is known to those who offer
 * it; which coins are taken is decided in coin-selection.ts.
 */

import { feeAt, PACKAGE_LIMITS } from "../mempool/policy.ts";
import type { Txid } from "../primitives/hash-id.ts";
import type { Outpoint } from "../primitives/transaction.ts";

/** A coin of ours. */
export interface SpendableCoin {
  readonly outpoint: Outpoint;
  /** Sats. */
  readonly value: number;
  readonly scriptPubKey: Uint8Array;
  /** Most weight units of the whole input, signed, the count of its witness included. */
  readonly inputWeight: number;
  /** Undefined as long as it is unconfirmed. */
  readonly height: number | undefined;
  /** True for the change of a payment of ours, which is trusted before it is confirmed. */
  readonly isOwnChange?: boolean;
  /** For an unconfirmed coin: the transaction that makes it, and all its unconfirmed ancestors. */
  readonly ancestors?: readonly UnconfirmedAncestor[];
}

/** A transaction in the mempool that a coin comes from. */
export interface UnconfirmedAncestor {
  readonly txid: Txid;
  /** Sats. */
  readonly fee: number;
  /** Vbytes. */
  readonly virtualSize: number;
  /** Those that it spends from; any that are not among a coin's ancestors are confirmed. */
  readonly parents: readonly Txid[];
}

/** Returns the ancestors of all `coins`, each once. */
export function ancestorsOfCoins(
  coins: Iterable<SpendableCoin>,
): ReadonlyMap<Txid, UnconfirmedAncestor> {
  const found = new Map<Txid, UnconfirmedAncestor>();
  for (const { ancestors = [] } of coins) {
    for (const ancestor of ancestors) found.set(ancestor.txid, ancestor);
  }
  return found;
}

/**
 * Returns those of `coins` that may be spent together with `others`, as far as the number of
 * unconfirmed ancestors goes: all confirmed ones, and of the others the largest first.
 */
export function withinAncestorCount(
  coins: readonly SpendableCoin[],
  others: readonly SpendableCoin[],
): readonly SpendableCoin[] {
  const confirmed = coins.filter(({ height }) => height !== undefined);
  if (confirmed.length === coins.length) return coins;

  const known = new Set(ancestorsOfCoins(others).keys());
  const unconfirmed = coins
    .filter(({ height }) => height === undefined)
    .sort((a, b) => b.value - a.value)
    .filter(({ ancestors = [] }) => {
      const added = ancestors.filter(({ txid }) => !known.has(txid));
      // The payment itself counts as one.
      if (known.size + added.length + 1 > PACKAGE_LIMITS.ancestors) return false;
      for (const { txid } of added) known.add(txid);
      return true;
    });
  return [...confirmed, ...unconfirmed];
}

/**
 * Returns the sats that `ancestors` lack for a miner who asks for `feerate` to take them all. Those
 * that he takes anyway, with their own ancestors, neither cost anything nor pay for others.
 */
export function lackingFee(
  ancestors: ReadonlyMap<Txid, UnconfirmedAncestor>,
  feerate: number,
): number {
  const left = new Map(ancestors);
  // As a miner does: packages that pay are taken until there is none, each making room for others.
  for (let taken = takePackage(left, feerate); taken; ) taken = takePackage(left, feerate);
  return Math.max(0, shortOf(left.values(), feerate));
}

function takePackage(left: Map<Txid, UnconfirmedAncestor>, feerate: number): boolean {
  for (const ancestor of left.values()) {
    const members = new Set([ancestor]);
    for (const member of members) {
      for (const txid of member.parents) {
        const parent = left.get(txid);
        if (parent !== undefined) members.add(parent);
      }
    }
    if (shortOf(members, feerate) > 0) continue;
    for (const { txid } of members) left.delete(txid);
    return true;
  }
  return false;
}

function shortOf(ancestors: Iterable<UnconfirmedAncestor>, feerate: number): number {
  let size = 0;
  let fees = 0;
  for (const { virtualSize, fee } of ancestors) {
    size += virtualSize;
    fees += fee;
  }
  return feeAt(feerate, size) - fees;
}
