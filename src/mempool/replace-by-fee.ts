/**
 * When a transaction may take the place of others that spend the same coins (BIP-0125).
 *
 * Every transaction may be replaced, signalling or not. The rules are Bitcoin Core's up to version
 * 30; the numbers are in policy.ts. Taking out what is replaced is the caller's business.
 */

import { RuleError } from "../consensus/rule-error.ts";
import type { Txid } from "../primitives/hash-id.ts";
import type { Transaction } from "../primitives/transaction.ts";
import type { MempoolEntry } from "./mempool-entry.ts";
import { feeAt, INCREMENTAL_RELAY_FEERATE, MAX_REPLACED } from "./policy.ts";

/** What a replacement is judged by, beside those that it replaces. */
export interface Replacement {
  readonly tx: Transaction;
  readonly fee: number;
  readonly virtualSize: number;
  /** Entries that make coins which it spends. */
  readonly parents: readonly MempoolEntry[];
}

/**
 * Returns `conflicts`, which a replacement spends the coins of, with all their descendants.
 * RuleError "too-many-replacements" as soon as they are more than may be replaced.
 */
export function findReplaced(conflicts: Iterable<MempoolEntry>): ReadonlySet<MempoolEntry> {
  const replaced = new Set(conflicts);
  for (const entry of replaced) {
    for (const child of entry.children) replaced.add(child);
    if (replaced.size > MAX_REPLACED) {
      throw new RuleError(
        "too-many-replacements",
        `it would push out ${replaced.size} transactions or more, at most ${MAX_REPLACED} may go`,
        { count: replaced.size, most: MAX_REPLACED },
      );
    }
  }
  return replaced;
}

/** Throws RuleError unless `replacement` is worth more than all that it would push out. */
export function checkReplacement(
  replacement: Replacement,
  conflicts: ReadonlySet<MempoolEntry>,
  replaced: ReadonlySet<MempoolEntry>,
): void {
  checkFeerate(replacement, conflicts);
  checkNoNewParents(replacement, conflicts);
  checkFee(replacement, replaced);
}

/** Otherwise a large replacement could pay more and yet be mined later than what it replaced. */
function checkFeerate(
  { fee, virtualSize }: Replacement,
  conflicts: ReadonlySet<MempoolEntry>,
): void {
  for (const conflict of conflicts) {
    const least = conflict.fee / conflict.virtualSize;
    if (fee / virtualSize <= least) {
      throw new RuleError(
        "insufficient-fee",
        `its feerate is not above that of ${conflict.tx.txid}, which it would replace`,
        { feerate: fee / virtualSize, replacedFeerate: least, replaced: conflict.tx.txid },
      );
    }
  }
}

/** BIP-0125 rule 2: an unconfirmed parent that pays little would hold the replacement back. */
function checkNoNewParents({ parents }: Replacement, conflicts: ReadonlySet<MempoolEntry>): void {
  const known = new Set<Txid>();
  for (const { tx } of conflicts) {
    for (const { prevout } of tx.inputs) known.add(prevout.txid);
  }
  const added = parents.find(({ tx }) => !known.has(tx.txid));
  if (added !== undefined) {
    throw new RuleError(
      "replacement-adds-unconfirmed",
      `it spends the unconfirmed ${added.tx.txid}, which what it replaces did not`,
      { parent: added.tx.txid },
    );
  }
}

/** BIP-0125 rules 3 and 4: nobody may be made to relay for free. */
function checkFee({ fee, virtualSize }: Replacement, replaced: ReadonlySet<MempoolEntry>): void {
  let replacedFees = 0;
  for (const entry of replaced) replacedFees += entry.fee;
  const least = replacedFees + feeAt(INCREMENTAL_RELAY_FEERATE, virtualSize);
  if (fee < least) {
    throw new RuleError(
      "insufficient-fee",
      `it pays ${fee} sat, at least ${least} are needed to replace ${replaced.size} ` +
        `transactions that pay ${replacedFees} sat`,
      { fee, least, replacedFees, replacedCount: replaced.size },
    );
  }
}
