/**
 * Limits on signature operations of a transaction, which need the scripts it spends.
 *
 * The limit of a whole block is added up by the caller.
 */

import type { Transaction, TxOutput } from "../primitives/transaction.ts";
import { MANDATORY_FLAGS } from "../script/flags.ts";
import {
  countBareSigops,
  countSpentLegacySigops,
  transactionSigopCost,
  WITNESS_SCALE_FACTOR,
} from "../script/sigops.ts";
import type { ConsensusParams } from "./params.ts";
import { RuleError } from "./rule-error.ts";

/**
 * Returns the signature-operation cost of `tx`, given the outputs it spends in input order. RuleError
 * if its legacy operations exceed BIP-0054's limit, where a network has it: they are what makes
 * hashing quadratic.
 *
 * The cost is BIP-0141's. Networks with that limit add the operations of the spent scripts
 * themselves, without which a block of small transactions could run four million of them.
 */
export function checkTransactionSigops(
  tx: Transaction,
  spentOutputs: readonly TxOutput[],
  { maxTransactionLegacySigops }: ConsensusParams,
): number {
  const cost = transactionSigopCost(tx, spentOutputs, MANDATORY_FLAGS);
  if (maxTransactionLegacySigops === undefined) return cost;

  const sigops = countSpentLegacySigops(tx, spentOutputs);
  if (sigops > maxTransactionLegacySigops) {
    throw new RuleError(
      "bad-txns-legacy-sigops",
      `${sigops} legacy signature operations, at most ${maxTransactionLegacySigops}`,
      { sigops, most: maxTransactionLegacySigops },
    );
  }
  return cost + WITNESS_SCALE_FACTOR * countBareSigops(tx, spentOutputs);
}
