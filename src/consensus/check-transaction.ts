/**
 * Rules a transaction must satisfy whatever it spends, and when its locks are open.
 *
 * Nothing here reads a coin or a clock. What needs the spent coins is in check-inputs.ts; what only
 * our mempool asks for is in mempool/policy.ts.
 */

import { isMoney, sumMoney } from "../primitives/amount.ts";
import {
  isCoinbase,
  isNullOutpoint,
  outpointKey,
  SEQUENCE_FINAL,
  type Transaction,
  type TxInput,
} from "../primitives/transaction.ts";
import type { ConsensusParams } from "./params.ts";
import { RuleError } from "./rule-error.ts";

/** Bounds of a coinbase's script, in bytes. */
const COINBASE_SCRIPT_LENGTH = { least: 2, most: 100 } as const;

/** Lock times below this are heights, others seconds since 1970. */
export const LOCKTIME_THRESHOLD = 500_000_000;

/** Throws RuleError unless `tx` is valid on its own. */
export function checkTransaction(tx: Transaction, params: ConsensusParams): void {
  checkShape(tx, params);
  checkOutputs(tx, params);
  checkInputsDistinct(tx);
  if (isCoinbase(tx)) checkCoinbaseScript(tx);
  else checkNoNullOutpoint(tx);
}

/**
 * True if the lock time of `tx` lets it into a block at `height` whose parent has this median time
 * past (BIP-0113).
 */
export function isFinal(tx: Transaction, height: number, medianTimePast: number): boolean {
  if (tx.lockTime === 0) return true;
  const reached = tx.lockTime < LOCKTIME_THRESHOLD ? height : medianTimePast;
  if (tx.lockTime < reached) return true;
  return tx.inputs.every(({ sequence }) => sequence === SEQUENCE_FINAL);
}

function checkShape(tx: Transaction, params: ConsensusParams): void {
  if (tx.inputs.length === 0) throw new RuleError("bad-txns-vin-empty", "it has no input");
  if (tx.outputs.length === 0) throw new RuleError("bad-txns-vout-empty", "it has no output");
  if (4 * tx.baseSize > params.maxBlockWeight) {
    throw new RuleError("bad-txns-oversize", "it would not fit into any block", {
      weight: 4 * tx.baseSize,
      most: params.maxBlockWeight,
    });
  }
  if (tx.baseSize < params.minTransactionSize) {
    throw new RuleError(
      "bad-txns-undersize",
      `${tx.baseSize} bytes without the witness, at least ${params.minTransactionSize} are needed`,
      { size: tx.baseSize, least: params.minTransactionSize },
    );
  }
}

/** One output after the other, its sum with those before it included: the first wrong one counts. */
function checkOutputs(tx: Transaction, { maxMoney }: ConsensusParams): void {
  let total = 0;
  for (const [vout, { value }] of tx.outputs.entries()) {
    // CVE-2010-5139: sums of huge values once wrapped around to small ones.
    if (value < 0) {
      throw new RuleError("bad-txns-vout-negative", `output ${vout} is negative`, { vout, value });
    }
    if (!isMoney(value, maxMoney)) {
      throw new RuleError("bad-txns-vout-toolarge", `output ${vout} exceeds all money there is`, {
        vout,
        value,
        most: maxMoney,
      });
    }
    const sum = sumMoney([total, value], maxMoney);
    if (sum === undefined) {
      throw new RuleError("bad-txns-txouttotal-toolarge", "its outputs exceed all money there is", {
        most: maxMoney,
      });
    }
    total = sum;
  }
}

/** CVE-2018-17144: one coin spent twice by one transaction would mint. */
function checkInputsDistinct(tx: Transaction): void {
  if (tx.inputs.length === 1) return;
  const seen = new Set<string>();
  for (const { prevout } of tx.inputs) {
    const key = outpointKey(prevout);
    if (seen.has(key)) {
      throw new RuleError("bad-txns-inputs-duplicate", `it spends ${key} twice`, { outpoint: key });
    }
    seen.add(key);
  }
}

function checkCoinbaseScript(tx: Transaction): void {
  // A coinbase has one input.
  const { length } = (tx.inputs[0] as TxInput).scriptSig;
  const { least, most } = COINBASE_SCRIPT_LENGTH;
  if (length < least || length > most) {
    throw new RuleError(
      "bad-cb-length",
      `the coinbase script has ${length} bytes, ${least} to ${most} are allowed`,
      { length, least, most },
    );
  }
}

function checkNoNullOutpoint(tx: Transaction): void {
  if (tx.inputs.some(({ prevout }) => isNullOutpoint(prevout))) {
    throw new RuleError("bad-txns-prevout-null", "an input names no output");
  }
}
