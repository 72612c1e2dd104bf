/**
 * Replacements and children, signed by another library and judged by a real mempool's rules.
 */

import { describe, expect, test } from "bun:test";
import { INCREMENTAL_RELAY_FEERATE } from "../../../src/mempool/policy.ts";
import type { Transaction } from "../../../src/primitives/transaction.ts";
import type { PaymentPlan } from "../../../src/wallet/fund-payment.ts";
import { PaymentError } from "../../../src/wallet/payment-error.ts";
import { type PaymentWish, planPayment } from "../../../src/wallet/payment-plan.ts";
import {
  type PendingPayment,
  planCancellation,
  planChild,
  planReplacement,
  type ReplacementWish,
} from "../../../src/wallet/replacement-plan.ts";
import type { SpendableCoin } from "../../../src/wallet/spendable-coin.ts";
import { MempoolHarness } from "../../support/mempool-harness.ts";
import {
  fundedCoin,
  KIND_SCRIPTS,
  pendingCoin,
  signPlan,
  someCoin,
} from "../../support/planned-payments.ts";
import { repeatSeeded, SeededRandom } from "../../support/random.ts";

const PAYEE = KIND_SCRIPTS.p2tr;
const CHANGE = KIND_SCRIPTS.p2wpkh;

const options = (seed = 1) => ({ minFeerate: 1, lockTime: 200, chance: new SeededRandom(seed) });

function pay(coins: readonly SpendableCoin[], more: Partial<PaymentWish> = {}): PaymentPlan {
  return planPayment({
    coins,
    recipients: [{ scriptPubKey: PAYEE, amount: 50_000 }],
    feerate: 2,
    changeScript: CHANGE,
    ...options(),
    ...more,
  });
}

/** What `plan` is once it waits in the mempool as `tx`. */
function pendingOf(world: MempoolHarness, plan: PaymentPlan, tx: Transaction): PendingPayment {
  const entry = world.mempool.find(tx.txid);
  if (entry === undefined) throw new Error("it is not in the mempool");
  return {
    ...plan,
    virtualSize: entry.virtualSize,
    descendantFees: entry.descendantFees - entry.fee,
    isPending: true,
  };
}

function waiting(world: MempoolHarness, plan: PaymentPlan) {
  const tx = world.accept(signPlan(plan));
  return { tx, plan, original: pendingOf(world, plan, tx) };
}

function bump(wish: Partial<ReplacementWish> & Pick<ReplacementWish, "original">): PaymentPlan {
  return planReplacement({ coins: [], changeScript: CHANGE, ...options(), ...wish });
}

function codeOf(act: () => unknown): PaymentError {
  try {
    act();
  } catch (error) {
    if (error instanceof PaymentError) return error;
    throw error;
  }
  throw new Error("there is a plan");
}

const paymentsOf = ({ outputs }: PaymentPlan) => outputs.filter(({ role }) => role === "payment");

/** Accepted, and one sat less would not have been. */
function expectLeast(world: MempoolHarness, plan: PaymentPlan, original: PendingPayment): void {
  const evicted = original.fee + original.descendantFees;
  const size = plan.virtualSize;
  const least = Math.max(
    evicted + INCREMENTAL_RELAY_FEERATE * size,
    Math.floor((original.fee * size) / original.virtualSize) + 1,
  );
  expect(plan.fee - plan.droppedChange).toBe(least);
  expect(world.codeOf(signPlan(plan))).toBe("accepted");
}

describe("planReplacement", () => {
  test("takes the least that replaces it from the change", () => {
    const world = new MempoolHarness();
    const { plan, tx, original } = waiting(world, pay([fundedCoin(world, 200_000)]));
    const better = bump({ original });
    expectLeast(world, better, original);
    expect(world.mempool.has(tx.txid)).toBe(false);
    expect(paymentsOf(better)).toEqual(paymentsOf(plan));
    expect(better.change?.value).toBe(Number(plan.change?.value) - better.fee + plan.fee);
  });

  test("pays a feerate that is asked for, and names the least one if that is too low", () => {
    const world = new MempoolHarness();
    const { original } = waiting(world, pay([fundedCoin(world, 200_000)]));
    const error = codeOf(() => bump({ original, feerate: 2.5 }));
    expect(error.code).toBe("feerate-too-low");
    const better = bump({ original, feerate: Number(error.facts.least) });
    expect(world.codeOf(signPlan(better))).toBe("accepted");
    const best = bump({ original: pendingOf(world, better, signPlan(better)), feerate: 30.5 });
    expect(best.fee).toBe(Math.ceil(best.virtualSize * 30.5));
    expect(world.codeOf(signPlan(best))).toBe("accepted");
  });

  test("pays for the descendants that go with it", () => {
    const world = new MempoolHarness();
    const { plan, tx } = waiting(world, pay([fundedCoin(world, 200_000)]));
    const at = plan.outputs.findIndex(({ role }) => role === "change");
    const child = waiting(world, pay([pendingCoin(world, tx, at)], { feerate: 9 }));
    const original = pendingOf(world, plan, tx);
    expect(original.descendantFees).toBe(child.plan.fee);
    expectLeast(world, bump({ original }), original);
    expect(world.mempool.has(child.tx.txid)).toBe(false);
  });

  test("gives up a change that is too small, then adds confirmed coins", () => {
    const world = new MempoolHarness();
    const { original } = waiting(world, pay([fundedCoin(world, 50_700)]));
    expect(original.outputs).toHaveLength(2);
    const without = bump({ original });
    expect(without).toMatchObject({ change: undefined, algorithm: "given" });
    expect(world.codeOf(signPlan(without))).toBe("accepted");

    const next = pendingOf(world, without, signPlan(without));
    expect(codeOf(() => bump({ original: next, feerate: 20 })).code).toBe("insufficient-funds");
    const extra = fundedCoin(world, 80_000);
    const unconfirmed = someCoin(7, 70_000, "p2wpkh", { height: undefined });
    const coins = [...next.inputs.filter((coin) => coin !== undefined), unconfirmed, extra];
    const better = bump({ original: next, coins, feerate: 20 });
    expect(new Set(better.inputs)).toEqual(new Set([...without.inputs, extra]));
    expect(better.change?.scriptPubKey).toBe(CHANGE);
    expect(world.codeOf(signPlan(better))).toBe("accepted");
  });

  test("takes what it costs more from recipients on request", () => {
    const world = new MempoolHarness();
    const { plan, original } = waiting(world, pay([fundedCoin(world, 200_000)]));
    const better = bump({ original, feerate: 10, subtractFeeFrom: [0] });
    expect(better.change?.value).toBe(plan.change?.value);
    expect(paymentsOf(better)[0]?.value).toBe(50_000 - better.fee + plan.fee);
    expect(world.codeOf(signPlan(better))).toBe("accepted");
    expect(codeOf(() => bump({ original, subtractFeeFrom: [1] })).code).toBe("conflicting-options");
  });

  test("replaces one that only moves money between our own coins", () => {
    const world = new MempoolHarness();
    const first = waiting(world, pay([fundedCoin(world, 200_000)]));
    const back = planCancellation({
      original: first.original,
      coins: [],
      changeScript: CHANGE,
      ...options(),
    });
    const { original } = waiting(world, back);
    const better = bump({ original });
    expect(better.outputs).toMatchObject([{ role: "change" }]);
    expectLeast(world, better, original);
  });

  test("is refused for what is confirmed, and for coins that are not ours", () => {
    const world = new MempoolHarness();
    const { original } = waiting(world, pay([fundedCoin(world, 200_000)]));
    const refused = (changes: Partial<PendingPayment>) =>
      codeOf(() => bump({ original: { ...original, ...changes } })).code;
    expect(refused({ isPending: false })).toBe("not-replaceable");
    expect(refused({ inputs: [...original.inputs, undefined] })).toBe("not-replaceable");
    expect(refused({ inputs: [] })).toBe("not-replaceable");
  });

  test("K-03: does not pay any fee that a feerate comes to", () => {
    const world = new MempoolHarness();
    const { original } = waiting(world, pay([fundedCoin(world, 200_000)]));
    expect(codeOf(() => bump({ original, feerate: 500 })).code).toBe("fee-too-high");
    expect(bump({ original, feerate: 500, isForced: true }).feerate).toBeGreaterThanOrEqual(500);
  });

  test("is accepted again and again, whatever was paid before", () => {
    repeatSeeded(0xbf, 15, (random, run) => {
      const world = new MempoolHarness();
      const coins = Array.from({ length: 12 }, () =>
        fundedCoin(world, 20_000 + random.below(60_000)),
      );
      const feerate = 1 + random.below(5_000) / 1000;
      let { original } = waiting(world, pay(coins, { feerate, chance: random }));
      for (let round = 0; round < 6; round++) {
        const better = bump({ original, coins, isForced: true, ...options(run * 10 + round) });
        expectLeast(world, better, original);
        original = pendingOf(world, better, signPlan(better));
      }
    });
  });
});

describe("planCancellation", () => {
  test("gives everything back and is accepted in place of the payment", () => {
    const world = new MempoolHarness();
    const { original, tx } = waiting(world, pay([fundedCoin(world, 200_000)]));
    const back = planCancellation({ original, coins: [], changeScript: undefined, ...options() });
    expect(back.outputs).toMatchObject([{ role: "change", value: 200_000 - back.fee }]);
    expectLeast(world, back, original);
    expect(world.mempool.has(tx.txid)).toBe(false);
  });

  test("needs an address", () => {
    const world = new MempoolHarness();
    const { original } = waiting(
      world,
      pay([fundedCoin(world, 50_400)], { changeScript: undefined }),
    );
    const wish = { original, coins: [], changeScript: undefined, ...options() };
    expect(codeOf(() => planCancellation(wish)).code).toBe("no-recipients");
  });
});

describe("planChild", () => {
  function parentOf(world: MempoolHarness, amount = 50_000) {
    const recipients = [{ scriptPubKey: CHANGE, amount }];
    const { plan, tx } = waiting(
      world,
      pay([fundedCoin(world, 100_000)], { recipients, feerate: 1 }),
    );
    const at = plan.outputs.findIndex(({ role }) => role === "payment");
    return pendingCoin(world, tx, at);
  }

  test("raises parent and child together to the feerate", () => {
    const world = new MempoolHarness();
    const parentCoins = [parentOf(world)];
    const child = planChild({
      parentCoins,
      coins: [],
      feerate: 15,
      changeScript: CHANGE,
      ...options(),
    });
    const tx = world.accept(signPlan(child));
    const entry = world.mempool.find(tx.txid);
    const { ancestorFees = 0, ancestorSize = 1 } = entry ?? {};
    expect(ancestorFees / ancestorSize).toBeGreaterThanOrEqual(15);
    expect(ancestorFees - 15 * ancestorSize).toBeLessThanOrEqual(15 * 2);
    expect(child.outputs).toMatchObject([{ role: "change", value: 50_000 - child.fee }]);
  });

  test("adds a confirmed coin when the parent's is too small", () => {
    const world = new MempoolHarness();
    const parentCoins = [parentOf(world, 1_000)];
    const wish = { parentCoins, feerate: 20, changeScript: CHANGE, isForced: true, ...options() };
    expect(codeOf(() => planChild({ ...wish, coins: [] })).code).toBe("insufficient-funds");
    const child = planChild({ ...wish, coins: [fundedCoin(world, 90_000)] });
    expect(child.inputs).toHaveLength(2);
    const { ancestorFees = 0, ancestorSize = 1 } =
      world.mempool.find(world.accept(signPlan(child)).txid) ?? {};
    expect(ancestorFees / ancestorSize).toBeGreaterThanOrEqual(20);
  });

  test("is not needed where the parent pays as much already", () => {
    const world = new MempoolHarness();
    const wish = { parentCoins: [parentOf(world)], coins: [], feerate: 1, changeScript: CHANGE };
    expect(codeOf(() => planChild({ ...wish, ...options() })).code).toBe("already-pays-feerate");
  });
});
