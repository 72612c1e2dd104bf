/**
 * Plans how to speed up, or take back, a payment that waits in the mempool: by another that takes
 * its place (BIP-0125), or by a child that pays for it.
 *
 * The rules that a replacement is accepted by are in mempool/replace-by-fee.ts; every transaction
 * may be replaced, signalling or not.
 */

import { feeAt, INCREMENTAL_RELAY_FEERATE } from "../mempool/policy.ts";
import { outpointKey } from "../primitives/transaction.ts";
import {
  type FundingTask,
  fundPayment,
  type PaymentPlan,
  type PlannedOutput,
  type RestOutput,
} from "./fund-payment.ts";
import { PaymentError } from "./payment-error.ts";
import { checkFeerate, type PlanOptions } from "./payment-plan.ts";
import { ancestorsOfCoins, lackingFee, type SpendableCoin } from "./spendable-coin.ts";

/** A payment that waits in the mempool. */
export interface PendingPayment {
  /** The coins it spends; undefined for one that is not ours to sign for. */
  readonly inputs: readonly (SpendableCoin | undefined)[];
  readonly outputs: readonly PlannedOutput[];
  /** Sats. */
  readonly fee: number;
  /** Vbytes, as the mempool reckons it. */
  readonly virtualSize: number;
  /** Sats that its descendants in the mempool pay, which go when it goes. */
  readonly descendantFees: number;
  /** False once it is confirmed or gone. */
  readonly isPending: boolean;
}

export interface ReplacementWish extends PlanOptions {
  readonly original: PendingPayment;
  /** Coins that may be added; only confirmed ones are, since nothing else may replace (rule 2). */
  readonly coins: readonly SpendableCoin[];
  /** Sats per vbyte with at most three decimals; without, the least that is accepted. */
  readonly feerate?: number | undefined;
  /** Where change goes if the original has none. */
  readonly changeScript: Uint8Array | undefined;
  /** Payments of the original, by index among its payments, that pay what the fee rises by. */
  readonly subtractFeeFrom?: readonly number[] | undefined;
}

export interface ChildWish extends PlanOptions {
  /** Outputs of the parents that are ours, each with its unconfirmed ancestors, parent included. */
  readonly parentCoins: readonly SpendableCoin[];
  /** Coins that may be added if those bring too little; only confirmed ones are. */
  readonly coins: readonly SpendableCoin[];
  /** Sats per vbyte with at most three decimals that parents and child are to pay together. */
  readonly feerate: number;
  readonly changeScript: Uint8Array;
}

/**
 * Returns the plan of a payment to the same recipients that pays more. What it pays more is taken
 * from the change, then from added coins, or from recipients on request. Throws PaymentError, for
 * one "feerate-too-low" with the least feerate that would be accepted.
 */
export function planReplacement(wish: ReplacementWish): PaymentPlan {
  const { original, changeScript, subtractFeeFrom = [] } = wish;
  const payments = original.outputs.filter(({ role }) => role === "payment");
  const unknown = subtractFeeFrom.find((index) => payments[index] === undefined);
  if (unknown !== undefined) {
    throw new PaymentError(
      "conflicting-options",
      `there is no recipient ${unknown} to take the fee from`,
      { recipient: unknown },
    );
  }
  const scriptPubKey = changeScriptOf(original) ?? changeScript;
  // One that only moves money between our own coins has no payment to keep.
  const isNeeded = payments.length === 0;
  return replace(wish, {
    payments,
    rest: scriptPubKey === undefined ? undefined : { scriptPubKey, role: "change", isNeeded },
    feeFrom:
      subtractFeeFrom.length === 0
        ? undefined
        : { indexes: [...new Set(subtractFeeFrom)], senderFee: original.fee },
  });
}

/**
 * Returns the plan of a transaction that takes the place of a payment and gives everything back to
 * `changeScript`, or to the original's change. Throws PaymentError as planReplacement does.
 */
export function planCancellation(wish: Omit<ReplacementWish, "subtractFeeFrom">): PaymentPlan {
  const scriptPubKey = wish.changeScript ?? changeScriptOf(wish.original);
  if (scriptPubKey === undefined) {
    throw new PaymentError("no-recipients", "there is no address to give everything back to");
  }
  return replace(wish, { payments: [], rest: { scriptPubKey, role: "change", isNeeded: true } });
}

/**
 * Returns the plan of a child that spends outputs of unconfirmed parents to `changeScript` and pays
 * what they lack. PaymentError "already-pays-feerate" if they lack nothing.
 */
export function planChild(wish: ChildWish): PaymentPlan {
  const { parentCoins, coins, feerate, changeScript, minFeerate } = wish;
  checkFeerate(feerate, minFeerate);
  if (lackingFee(ancestorsOfCoins(parentCoins), feerate) === 0) {
    throw new PaymentError(
      "already-pays-feerate",
      `it pays ${feerate} sat per vbyte or more as it is`,
      { feerate },
    );
  }
  return fundPayment({
    mandatory: parentCoins,
    tiers: [confirmedOf(coins)],
    payments: [],
    rest: { scriptPubKey: changeScript, role: "change", isNeeded: true },
    feeFor: (size) => feeAt(feerate, size),
    feerate,
    ancestorFeerate: feerate,
    feeLimits: wish,
    lockTime: wish.lockTime,
    chance: wish.chance,
  });
}

function replace(
  wish: ReplacementWish,
  outputs: Pick<FundingTask, "payments" | "feeFrom"> & { rest: RestOutput | undefined },
): PaymentPlan {
  const { original, coins, feerate, minFeerate } = wish;
  if (feerate !== undefined) checkFeerate(feerate, minFeerate);
  const inputs = ownInputs(original);
  const spent = new Set(inputs.map(({ outpoint }) => outpointKey(outpoint)));
  const leastFee = (size: number) => leastReplacementFee(original, size, minFeerate);
  const plan = fundPayment({
    ...outputs,
    mandatory: inputs,
    tiers: [confirmedOf(coins.filter(({ outpoint }) => !spent.has(outpointKey(outpoint))))],
    feeFor: (size) => Math.max(leastFee(size), feeAt(feerate ?? 0, size)),
    feerate: Math.max(
      feerate ?? minFeerate,
      INCREMENTAL_RELAY_FEERATE,
      roundUp(original.fee / original.virtualSize),
    ),
    ancestorFeerate: feerate ?? 0,
    feeLimits: wish,
    lockTime: wish.lockTime,
    chance: wish.chance,
  });
  const least = leastFee(plan.virtualSize);
  if (feerate !== undefined && feeAt(feerate, plan.virtualSize) < least) {
    const leastFeerate = roundUp(least / plan.virtualSize);
    throw new PaymentError(
      "feerate-too-low",
      `the feerate is ${feerate} sat per vbyte, at least ${leastFeerate} replace the payment`,
      { feerate, least: leastFeerate, leastFee: least },
    );
  }
  return plan;
}

/** BIP-0125 rules 3 and 4, a feerate above the original's, and what is relayed at all. */
function leastReplacementFee(original: PendingPayment, size: number, minFeerate: number): number {
  const evictedFees = original.fee + original.descendantFees;
  const above = Math.floor((original.fee * size) / original.virtualSize) + 1;
  return Math.max(
    evictedFees + feeAt(INCREMENTAL_RELAY_FEERATE, size),
    above,
    feeAt(minFeerate, size),
  );
}

function ownInputs({ inputs, isPending }: PendingPayment): readonly SpendableCoin[] {
  const own = inputs.filter((coin) => coin !== undefined);
  if (!isPending) {
    throw new PaymentError("not-replaceable", "the payment is no longer in the mempool");
  }
  if (own.length === 0 || own.length < inputs.length) {
    throw new PaymentError("not-replaceable", "the payment spends coins that are not ours");
  }
  return own;
}

function changeScriptOf({ outputs }: PendingPayment): Uint8Array | undefined {
  return outputs.find(({ role }) => role === "change")?.scriptPubKey;
}

function confirmedOf(coins: readonly SpendableCoin[]): readonly SpendableCoin[] {
  return coins.filter(({ height }) => height !== undefined);
}

/** To the three decimals that feerates have. */
function roundUp(feerate: number): number {
  return Math.ceil(feerate * 1000) / 1000;
}
