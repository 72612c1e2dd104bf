/**
 * Plans a payment: which coins it spends, what it pays and what it costs, from the wishes of whoever
 * pays. Checks the wishes; fund-payment.ts makes the plan.
 *
 * Order on the outside: inputs are shuffled and the change stands anywhere. BIP-0069 would sort
 * them, but few wallets do, so that sorting tells which wallet it was; chance tells nothing.
 */

import { feeAt } from "../mempool/policy.ts";
import { sumMoney } from "../primitives/amount.ts";
import { type Outpoint, outpointKey, virtualSize } from "../primitives/transaction.ts";
import type { Chance } from "./coin-selection.ts";
import {
  checkNotDust,
  type FeeLimits,
  type FundingTask,
  fundPayment,
  type PaymentPlan,
  type RestOutput,
} from "./fund-payment.ts";
import { PaymentError } from "./payment-error.ts";
import {
  ancestorsOfCoins,
  lackingFee,
  type SpendableCoin,
  withinAncestorCount,
} from "./spendable-coin.ts";

/** Somebody to pay. */
export interface Recipient {
  readonly scriptPubKey: Uint8Array;
  /** Sats, or all that the coins bring after everything else is paid. */
  readonly amount: number | "max";
}

/** Wishes that all plans have in common. */
export interface PlanOptions extends FeeLimits {
  /** The least feerate that is relayed at present, in sat per vbyte. */
  readonly minFeerate: number;
  /** Of the transaction; the height of the tip makes it useless to mine it into an older block. */
  readonly lockTime: number;
  readonly chance: Chance;
}

export interface PaymentWish extends PlanOptions {
  /** All coins that may be spent, no two of the same outpoint. */
  readonly coins: readonly SpendableCoin[];
  /** 1 to MAX_RECIPIENTS, at most one of them to get "max". */
  readonly recipients: readonly Recipient[];
  /** Sats per vbyte, with at most three decimals. */
  readonly feerate: number;
  /** Where change goes; without, what is left over is fee. */
  readonly changeScript: Uint8Array | undefined;
  /** Exactly these are spent, confirmed or not. */
  readonly chosenOutpoints?: readonly Outpoint[] | undefined;
  /** Recipients, by index, that pay the fee in equal parts. */
  readonly subtractFeeFrom?: readonly number[] | undefined;
  /** True to spend unconfirmed coins of others too, not only our own change. */
  readonly allowUnconfirmed?: boolean | undefined;
}

/** Recipients of one payment. */
export const MAX_RECIPIENTS = 100;

/** Sats per vbyte: a hundredth of a coin for each, far above any market; keeps fees exact. */
export const MAX_FEERATE = 1_000_000;

/** Returns the plan of a payment as wished for; throws PaymentError if there is none. */
export function planPayment(wish: PaymentWish): PaymentPlan {
  const { recipients, feerate, changeScript } = wish;
  checkFeerate(feerate, wish.minFeerate);
  checkRecipients(recipients);
  const maxAt = recipients.findIndex(({ amount }) => amount === "max");
  const payments = recipients.flatMap(({ scriptPubKey, amount }) =>
    amount === "max" ? [] : [{ scriptPubKey, value: amount }],
  );
  const feeFrom = feePayers(wish, maxAt >= 0);
  const change: RestOutput | undefined =
    changeScript === undefined
      ? undefined
      : { scriptPubKey: changeScript, role: "change", isNeeded: false };
  const max = recipients[maxAt];
  return fundPayment({
    ...coinsFor(wish, max !== undefined),
    payments,
    rest:
      max === undefined
        ? change
        : { scriptPubKey: max.scriptPubKey, role: "payment", isNeeded: true, position: maxAt },
    feeFor: (size) => feeAt(feerate, size),
    feerate,
    ancestorFeerate: feerate,
    feeFrom,
    feeLimits: wish,
    lockTime: wish.lockTime,
    chance: wish.chance,
  });
}

/** Throws PaymentError unless `feerate` is one of three decimals, not below `minFeerate`. */
export function checkFeerate(feerate: number, minFeerate: number): void {
  const thousandths = feerate * 1000;
  // A little more or less is what floating point makes of three decimals.
  const isExact = Math.abs(thousandths - Math.round(thousandths)) < 1e-6;
  if (!isExact || feerate < 0 || feerate > MAX_FEERATE) {
    throw new PaymentError(
      "feerate-out-of-range",
      `a feerate is 0 to ${MAX_FEERATE} sat per vbyte with at most three decimals`,
      { feerate, most: MAX_FEERATE },
    );
  }
  if (feerate < minFeerate) {
    throw new PaymentError(
      "feerate-too-low",
      `the feerate is ${feerate} sat per vbyte, at least ${minFeerate} are relayed at present`,
      { feerate, least: minFeerate },
    );
  }
}

function checkRecipients(recipients: readonly Recipient[]): void {
  const count = recipients.length;
  if (count === 0) throw new PaymentError("no-recipients", "nobody is to be paid");
  if (count > MAX_RECIPIENTS) {
    throw new PaymentError(
      "too-many-recipients",
      `${count} recipients, at most ${MAX_RECIPIENTS} are paid at once`,
      { count, most: MAX_RECIPIENTS },
    );
  }
  const amounts = recipients.flatMap(({ amount }) => (amount === "max" ? [] : [amount]));
  if (amounts.length < count - 1) {
    throw new PaymentError("conflicting-options", "only one recipient can get all that is left");
  }
  if (sumMoney(amounts, Number.MAX_SAFE_INTEGER) === undefined) {
    throw new PaymentError("amount-out-of-range", "an amount is a whole number of sat, 0 or more");
  }
  for (const [index, { amount, scriptPubKey }] of recipients.entries()) {
    if (amount !== "max") checkNotDust(index, amount, scriptPubKey);
  }
}

function feePayers(
  { subtractFeeFrom = [], recipients }: PaymentWish,
  hasMax: boolean,
): FundingTask["feeFrom"] {
  if (subtractFeeFrom.length === 0) return undefined;
  if (hasMax) {
    throw new PaymentError("conflicting-options", "who gets all that is left pays the fee already");
  }
  const indexes = [...new Set(subtractFeeFrom)];
  const unknown = indexes.find((index) => recipients[index] === undefined);
  if (unknown !== undefined) {
    throw new PaymentError(
      "conflicting-options",
      `there is no recipient ${unknown} to take the fee from`,
      { recipient: unknown },
    );
  }
  return { indexes, senderFee: 0 };
}

/** Without a choice, confirmed coins go first, then our own change, then others' if allowed. */
function coinsFor(
  { coins, chosenOutpoints, allowUnconfirmed = false, feerate }: PaymentWish,
  isMax: boolean,
): Pick<FundingTask, "mandatory" | "tiers"> {
  if (chosenOutpoints !== undefined)
    return { mandatory: choose(coins, chosenOutpoints), tiers: [] };

  const confirmed = coins.filter(({ height }) => height !== undefined);
  const trusted = coins.filter(({ height, isOwnChange }) => height !== undefined || isOwnChange);
  const all = allowUnconfirmed ? coins : trusted;
  if (!isMax) return { mandatory: [], tiers: distinct([confirmed, trusted, all]) };

  const isWorthIt = (coin: SpendableCoin) => {
    const lacking = lackingFee(ancestorsOfCoins([coin]), feerate);
    return coin.value > feeAt(feerate, virtualSize(coin.inputWeight)) + lacking;
  };
  return { mandatory: withinAncestorCount(all.filter(isWorthIt), []), tiers: [] };
}

/** Each of `tiers` holds the one before, so that one as long is the same. */
function distinct(tiers: readonly (readonly SpendableCoin[])[]) {
  return tiers.filter((tier, at) => tier.length !== tiers[at - 1]?.length);
}

function choose(
  coins: readonly SpendableCoin[],
  outpoints: readonly Outpoint[],
): readonly SpendableCoin[] {
  const known = new Map(coins.map((coin) => [outpointKey(coin.outpoint), coin]));
  const chosen = new Set<SpendableCoin>();
  for (const outpoint of outpoints) {
    const key = outpointKey(outpoint);
    const coin = known.get(key);
    if (coin === undefined) {
      throw new PaymentError("unknown-coin", `${key} is no coin that can be spent`, {
        outpoint: key,
      });
    }
    chosen.add(coin);
  }
  return [...chosen];
}
