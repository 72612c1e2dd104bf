/**
 * Limits on signature operations of a transaction, which need the scripts it spends.
 *
 * The limit of a whole block is added up by the caller.
 */

import type { Transaction, TxOutput } from "../primitives/transaction.ts";
import { MANDATORY_FLAGS } from "../script/flags.ts";
import { countSpentLegacySigops, transactionSigopCost } from "../script/sigops.ts";
import type { ConsensusParams } from "./params.ts";
import { RuleError } from "./rule-error.ts";

/**
 * Returns the signature-operation cost of `tx` (BIP-0141), given the outputs it spends in input
 * order. RuleError if its legacy operations exceed BIP-0054's limit, where a network has it: they
 * are what makes hashing quadratic.
 */
export function checkTransactionSigops(
  tx: Transaction,
  spentOutputs: readonly TxOutput[],
  { maxTransactionLegacySigops }: ConsensusParams,
): number {
  if (maxTransactionLegacySigops !== undefined) {
    const sigops = countSpentLegacySigops(tx, spentOutputs);
    if (sigops > maxTransactionLegacySigops) {
      throw new RuleError(
        "bad-txns-legacy-sigops",
        `${sigops} legacy signature operations, at most ${maxTransactionLegacySigops}`,
        { sigops, most: maxTransactionLegacySigops },
      );
    }
  }
  return transactionSigopCost(tx, spentOutputs, MANDATORY_FLAGS);
}
