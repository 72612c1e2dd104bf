/**
 * Makes a plan of what is to be paid: takes coins, sets the fee, gives the rest back. The one engine
 * behind payments, replacements and children, which differ in what must be spent and what it costs.
 *
 * Pure: no I/O, no clock, chance is handed in. Which coins are best is decided by coin-selection.ts.
 */

import { feeAt, MAX_STANDARD_WEIGHT, PACKAGE_LIMITS } from "../mempool/policy.ts";
import { type TransactionParts, type TxOutput, virtualSize } from "../primitives/transaction.ts";
import {
  CALM_FEERATE,
  type Candidate,
  type Chance,
  heaviestLoad,
  type SelectionAlgorithm,
  type SelectionGoal,
  selectCoins,
  shuffled,
} from "./coin-selection.ts";
import {
  dustThreshold,
  outputWeight,
  spendingSize,
  type TransactionShape,
  transactionWeight,
} from "./output-costs.ts";
import { PaymentError } from "./payment-error.ts";
import {
  ancestorsOfCoins,
  lackingFee,
  type SpendableCoin,
  withinAncestorCount,
} from "./spendable-coin.ts";

/** An output, and whether it pays somebody or gives back what is left. */
export interface PlannedOutput extends TxOutput {
  readonly role: "payment" | "change";
}

/** Everything a payment will be before it is signed. Amounts are in sat. */
export interface PaymentPlan {
  /** In the order of the transaction's inputs, which is drawn by chance. */
  readonly inputs: readonly SpendableCoin[];
  /** Payments in the order asked for, the change at a place drawn by chance. */
  readonly outputs: readonly PlannedOutput[];
  /** All inputs less all outputs. */
  readonly fee: number;
  /** Most vbytes and weight units it has once it is signed. */
  readonly virtualSize: number;
  readonly weight: number;
  /** Sats per vbyte: the fee by the most vbytes. */
  readonly feerate: number;
  readonly change: PlannedOutput | undefined;
  /** The part of the fee that was left over, too little to be change. */
  readonly droppedChange: number;
  /** The part of the fee that unconfirmed ancestors lack. */
  readonly ancestorFee: number;
  /** How the coins were found; "given" if none was added to those that had to be spent. */
  readonly algorithm: SelectionAlgorithm | "given";
  readonly lockTime: number;
}

/** The limits of a fee. */
export interface FeeLimits {
  /** The most in sat; MAX_FEE by default. */
  readonly maxFee?: number | undefined;
  /** True if the fee may be whatever it comes to. */
  readonly isForced?: boolean | undefined;
}

/** What a plan is made from. */
export interface FundingTask {
  /** Coins that are spent in any case. */
  readonly mandatory: readonly SpendableCoin[];
  /** Coins to add, each list with all of those before it; the first that is enough is used. */
  readonly tiers: readonly (readonly SpendableCoin[])[];
  /** Outputs of a given value. */
  readonly payments: readonly TxOutput[];
  readonly rest: RestOutput | undefined;
  /** The fee of so many vbytes, without what ancestors lack; grows with them. */
  feeFor(virtualSize: number): number;
  /** The most, in sat per vbyte, by which that grows. */
  readonly feerate: number;
  /** Sats per vbyte that unconfirmed ancestors are to pay. */
  readonly ancestorFeerate: number;
  /** Payments that the fee is taken from, as far as it is more than `senderFee`. */
  readonly feeFrom?:
    | { readonly indexes: readonly number[]; readonly senderFee: number }
    | undefined;
  readonly feeLimits: FeeLimits;
  readonly lockTime: number;
  readonly chance: Chance;
}

/** Where goes what is left over. */
export interface RestOutput {
  readonly scriptPubKey: Uint8Array;
  readonly role: PlannedOutput["role"];
  /** True if there must be such an output, were it only as small as relayed; else it may be none. */
  readonly isNeeded: boolean;
  /** Its place among the outputs; drawn by chance if undefined. */
  readonly position?: number;
}

/** Sats that no fee may be above unless it is forced: a tenth of a coin. */
export const MAX_FEE = 10_000_000;

/** A fee above this part of what is paid, and above so many sats, needs to be forced. */
export const SUSPICIOUS_FEE = { share: 1 / 10, sats: 10_000 } as const;

/** Sequence number of every input: replaceable (BIP-0125), no relative lock, lock time in force. */
export const REPLACEABLE_SEQUENCE = 0xfffffffd;

const PLAN_VERSION = 2;
/** What the count of inputs may weigh more when they are many: two bytes. */
const LONG_COUNT_WEIGHT = 8;

const NO_BYTES = new Uint8Array(0);

/** Returns the transaction of `plan`, not yet signed. */
export function unsignedTransaction(plan: PaymentPlan): TransactionParts {
  return {
    version: PLAN_VERSION,
    inputs: plan.inputs.map(({ outpoint }) => ({
      prevout: outpoint,
      scriptSig: NO_BYTES,
      sequence: REPLACEABLE_SEQUENCE,
      witness: [],
    })),
    outputs: plan.outputs.map(({ value, scriptPubKey }) => ({ value, scriptPubKey })),
    lockTime: plan.lockTime,
  };
}

/** Returns the plan for `task`. Throws PaymentError if there is none that would be relayed. */
export function fundPayment(task: FundingTask): PaymentPlan {
  return new Funding(task).plan();
}

/** A coin as it is selected by. */
interface OfferedCoin extends Candidate {
  readonly coin: SpendableCoin;
}

/** The outputs of a transaction as it is weighed. */
type OutputShape = Pick<TransactionShape, "outputCount" | "outputWeight">;

class Funding {
  readonly #task: FundingTask;
  /** Sats of the outputs that there are in any case. */
  readonly #paid: number;
  /** The shape of those, and with change if there may be any. */
  readonly #bare: OutputShape;
  readonly #withChange: OutputShape;
  readonly #mandatoryWeight: number;
  readonly #mandatoryValue: number;
  readonly #goal: SelectionGoal;

  constructor(task: FundingTask) {
    this.#task = task;
    // First of all, since the work that follows grows with them.
    checkAncestors(task.mandatory, 0);
    const { mandatory, payments, rest } = task;
    const needed = rest?.isNeeded ? [{ ...rest, value: dustThreshold(rest.scriptPubKey) }] : [];
    const outputs = [...payments, ...needed];
    this.#paid = sum(outputs, ({ value }) => value);
    this.#bare = shapeOf(outputs);
    this.#withChange = rest?.isNeeded === false ? shapeOf([...outputs, rest]) : this.#bare;
    this.#mandatoryWeight = sum(mandatory, ({ inputWeight }) => inputWeight);
    this.#mandatoryValue = sum(mandatory, ({ value }) => value);
    this.#goal = this.#makeGoal();
  }

  plan(): PaymentPlan {
    const { mandatory, tiers } = this.#task;
    const isLight = this.#goal.maxWeight >= 0;
    if (isLight && mandatory.length > 0 && this.#goal.surplus(0, 0, 0) >= 0) {
      return this.#finish([], "given");
    }
    let offered: readonly OfferedCoin[] = [];
    for (const tier of tiers) {
      offered = withinAncestorCount(tier, mandatory).map((coin) => this.#offer(coin));
      const selection = selectCoins(offered, this.#goal, this.#task.chance);
      if (selection !== undefined) return this.#finish(selection.coins, selection.algorithm);
    }
    throw this.#explain(offered);
  }

  #makeGoal(): SelectionGoal {
    const { mandatory, feerate, feeFor, feeFrom, rest } = this.#task;
    // The weight that payments pay for costs the sender nothing.
    const weightFeerate = feeFrom === undefined ? feerate : 0;
    const lacking = this.#lackingForSender(mandatory);
    const withChange = this.#weigh(this.#withChange, 0, 0);
    const changeSize = (withChange - this.#weigh(this.#bare, 0, 0)) / 4;
    return {
      surplus: (netValue, inputWeight, inputCount) => {
        const fee = feeFor(virtualSize(this.#weigh(this.#bare, inputWeight, inputCount)));
        return this.#mandatoryValue - lacking + netValue - this.#paid - this.#senderPart(fee);
      },
      weightFeerate,
      feerate,
      changeLimit: changeLimit(rest, feeAt(weightFeerate, changeSize)),
      changeCost:
        rest === undefined || rest.isNeeded
          ? 0
          : feerate * changeSize + CALM_FEERATE * spendingSize(rest.scriptPubKey),
      maxWeight: MAX_STANDARD_WEIGHT - withChange - LONG_COUNT_WEIGHT,
    };
  }

  #finish(added: readonly OfferedCoin[], algorithm: PaymentPlan["algorithm"]): PaymentPlan {
    const { mandatory, payments, rest, feeFrom, chance, lockTime } = this.#task;
    const coins = [...mandatory, ...added.map(({ coin }) => coin)];
    // Ancestors that several coins share lack their fee once only.
    const ancestorFee = Math.min(
      this.#lacking(coins),
      this.#lacking(mandatory) + sum(added, ({ coin }) => this.#lacking([coin])),
    );
    const value = sum(coins, (coin) => coin.value);
    const addedWeight = sum(added, ({ weight }) => weight);
    const costOf = (outputs: OutputShape) => {
      const weight = this.#weigh(outputs, addedWeight, added.length);
      const fee = this.#task.feeFor(virtualSize(weight)) + ancestorFee;
      return { weight, fee, left: value - this.#paid - this.#senderPart(fee) };
    };

    const bare = costOf(this.#bare);
    const hasRest = bare.left >= this.#goal.changeLimit;
    const { weight, fee: needed, left } = hasRest ? costOf(this.#withChange) : bare;
    const droppedChange = hasRest ? 0 : left;

    const outputs: PlannedOutput[] = payments.map(({ value, scriptPubKey }) => ({
      value,
      scriptPubKey,
      role: "payment",
    }));
    if (feeFrom !== undefined) {
      deduct(outputs, feeFrom.indexes, needed - this.#senderPart(needed) - droppedChange);
    }
    if (rest !== undefined && hasRest) {
      const { scriptPubKey, role, isNeeded, position } = rest;
      const output = { value: left + (isNeeded ? dustThreshold(scriptPubKey) : 0), scriptPubKey };
      outputs.splice(position ?? chance.below(outputs.length + 1), 0, { ...output, role });
    }

    const fee = value - sum(outputs, (output) => output.value);
    const size = virtualSize(weight);
    checkAncestors(coins, size);
    checkFee(fee, outputs, this.#task.feeLimits);
    return {
      inputs: shuffled(coins, chance),
      outputs,
      fee,
      virtualSize: size,
      weight,
      feerate: fee / size,
      change: outputs.find(({ role }) => role === "change"),
      droppedChange,
      ancestorFee,
      algorithm,
      lockTime,
    };
  }

  /** Why all that was offered is not enough. */
  #explain(offered: readonly OfferedCoin[]): PaymentError {
    const all = [...this.#task.mandatory.map((coin) => this.#offer(coin)), ...offered];
    const added = loadOf(offered, { ...this.#goal, maxWeight: Number.POSITIVE_INFINITY });
    const surplus = this.#goal.surplus(added.netValue, added.weight, added.count);
    if (surplus >= 0 && all.length > 0) {
      const { feeFor } = this.#task;
      const maxWeight = this.#goal.maxWeight + this.#mandatoryWeight;
      const load = loadOf(all, { ...this.#goal, maxWeight });
      const fee = this.#senderPart(
        feeFor(virtualSize(MAX_STANDARD_WEIGHT - maxWeight + load.weight)),
      );
      const most = Math.max(0, load.netValue - fee);
      return new PaymentError(
        "too-many-inputs",
        `it takes more coins than fit into one transaction, ${most} sat can be sent at once`,
        { most, mostInputs: load.count, mostWeight: MAX_STANDARD_WEIGHT },
      );
    }
    const available = this.#mandatoryValue + added.value;
    const needed = available - surplus;
    return new PaymentError(
      "insufficient-funds",
      `${needed} sat are needed with the fee, ${available} are available`,
      { needed, available, missing: -surplus },
    );
  }

  #offer(coin: SpendableCoin): OfferedCoin {
    const netValue = coin.value - this.#lackingForSender([coin]);
    return { coin, netValue, weight: coin.inputWeight };
  }

  #lacking(coins: readonly SpendableCoin[]): number {
    return lackingFee(ancestorsOfCoins(coins), this.#task.ancestorFeerate);
  }

  #lackingForSender(coins: readonly SpendableCoin[]): number {
    return this.#task.feeFrom === undefined ? this.#lacking(coins) : 0;
  }

  /** What of a fee is not taken from payments. */
  #senderPart(fee: number): number {
    return Math.min(fee, this.#task.feeFrom?.senderFee ?? fee);
  }

  #weigh(outputs: OutputShape, addedWeight: number, addedCount: number): number {
    return transactionWeight({
      inputCount: this.#task.mandatory.length + addedCount,
      inputWeight: this.#mandatoryWeight + addedWeight,
      ...outputs,
    });
  }
}

function shapeOf(outputs: readonly Pick<TxOutput, "scriptPubKey">[]): OutputShape {
  return {
    outputCount: outputs.length,
    outputWeight: sum(outputs, ({ scriptPubKey }) => outputWeight(scriptPubKey)),
  };
}

/** The least surplus of which an output can be made that costs `outputFee`. */
function changeLimit(rest: RestOutput | undefined, outputFee: number): number {
  if (rest === undefined) return Number.POSITIVE_INFINITY;
  return rest.isNeeded ? 0 : dustThreshold(rest.scriptPubKey) + outputFee;
}

function loadOf(offered: readonly OfferedCoin[], goal: SelectionGoal) {
  const load = heaviestLoad(offered, goal);
  return {
    count: load.length,
    value: sum(load, ({ coin }) => coin.value),
    netValue: sum(load, ({ netValue }) => netValue),
    weight: sum(load, ({ weight }) => weight),
  };
}

/** Takes `amount` from the payments of `indexes` in equal parts, what is uneven from the first. */
function deduct(outputs: PlannedOutput[], indexes: readonly number[], amount: number): void {
  let left = Math.max(0, amount);
  for (const [turn, index] of [...indexes].reverse().entries()) {
    const output = outputs[index] as PlannedOutput;
    const part = turn === indexes.length - 1 ? left : Math.floor(amount / indexes.length);
    left -= part;
    outputs[index] = { ...output, value: output.value - part };
    checkNotDust(index, output.value - part, output.scriptPubKey);
  }
}

/** Throws PaymentError "amount-is-dust" if `value` is too little for an output to be relayed. */
export function checkNotDust(recipient: number, value: number, script: Uint8Array): void {
  const least = dustThreshold(script);
  if (value >= least) return;
  throw new PaymentError(
    "amount-is-dust",
    `recipient ${recipient} would get ${value} sat, at least ${least} are relayed`,
    { recipient, value, least },
  );
}

function checkAncestors(coins: readonly SpendableCoin[], size: number): void {
  const ancestors = [...ancestorsOfCoins(coins).values()];
  const count = ancestors.length + 1;
  const totalSize = size + sum(ancestors, ({ virtualSize }) => virtualSize);
  const { ancestors: most, size: mostSize } = PACKAGE_LIMITS;
  if (count <= most && (count === 1 || totalSize <= mostSize)) return;
  throw new PaymentError(
    "too-long-mempool-chain",
    `it would be one of ${count} unconfirmed transactions of ${totalSize} vbytes that depend on ` +
      `each other, at most ${most} of ${mostSize} vbytes are relayed`,
    { count, most, size: totalSize, mostSize },
  );
}

function checkFee(
  fee: number,
  outputs: readonly PlannedOutput[],
  { maxFee = MAX_FEE, isForced = false }: FeeLimits,
): void {
  if (isForced) return;
  const payments = outputs.filter(({ role }) => role === "payment");
  const paid = sum(payments.length > 0 ? payments : outputs, ({ value }) => value);
  const isSuspicious = fee > SUSPICIOUS_FEE.sats && fee > paid * SUSPICIOUS_FEE.share;
  if (!isSuspicious && fee <= maxFee) return;
  throw new PaymentError(
    "fee-too-high",
    `the fee would be ${fee} sat to pay ${paid}, at most ${maxFee} and a tenth of it are paid ` +
      "unless it is forced",
    { fee, paid, maxFee },
  );
}

function sum<T>(items: readonly T[], numberOf: (item: T) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0);
}
