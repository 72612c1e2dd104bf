/**
 * Payments: what holds of every plan, every refusal at its limit, and plans signed by another
 * library that a real mempool accepts.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { feeAt, MAX_STANDARD_WEIGHT, PACKAGE_LIMITS } from "../../../src/mempool/policy.ts";
import type { Txid } from "../../../src/primitives/hash-id.ts";
import { outpointKey, virtualSize } from "../../../src/primitives/transaction.ts";
import {
  MAX_FEE,
  type PaymentPlan,
  unsignedTransaction,
} from "../../../src/wallet/fund-payment.ts";
import {
  dustThreshold,
  outputWeight,
  transactionWeight,
} from "../../../src/wallet/output-costs.ts";
import { PaymentError } from "../../../src/wallet/payment-error.ts";
import {
  MAX_FEERATE,
  MAX_RECIPIENTS,
  type PaymentWish,
  planPayment,
} from "../../../src/wallet/payment-plan.ts";
import type { SpendableCoin, UnconfirmedAncestor } from "../../../src/wallet/spendable-coin.ts";
import { MempoolHarness, serialTxid } from "../../support/mempool-harness.ts";
import {
  fundedCoin,
  INPUT_KINDS,
  KIND_SCRIPTS,
  pendingCoin,
  signPlan,
  someCoin,
} from "../../support/planned-payments.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";
import { SeededRandom } from "../../support/random.ts";

const PAYEE = KIND_SCRIPTS.p2tr;
const CHANGE = KIND_SCRIPTS.p2wpkh;

function plan(wish: Partial<PaymentWish> & Pick<PaymentWish, "coins">): PaymentPlan {
  return planPayment({
    recipients: [{ scriptPubKey: PAYEE, amount: 50_000 }],
    feerate: 1,
    minFeerate: 1,
    changeScript: CHANGE,
    lockTime: 200,
    chance: new SeededRandom(1),
    ...wish,
  });
}

function refusal(wish: Partial<PaymentWish> & Pick<PaymentWish, "coins">): PaymentError {
  try {
    plan(wish);
  } catch (error) {
    if (error instanceof PaymentError) return error;
    throw error;
  }
  throw new Error("there is a plan");
}

const total = (items: readonly { value: number }[]) =>
  items.reduce((sum, { value }) => sum + value, 0);

const pay = (amount: number | "max", scriptPubKey = PAYEE) => ({ scriptPubKey, amount });

function someAncestor(
  serial: number,
  fee: number,
  size = 200,
  parents: Txid[] = [],
): UnconfirmedAncestor {
  return { txid: serialTxid(serial), fee, virtualSize: size, parents };
}

function unconfirmed(
  serial: number,
  value: number,
  ancestors: readonly UnconfirmedAncestor[],
  isOwnChange = true,
): SpendableCoin {
  return someCoin(serial, value, "p2wpkh", { height: undefined, isOwnChange, ancestors });
}

const COINS = fc
  .array(fc.tuple(fc.integer({ min: 100, max: 300_000 }), fc.constantFrom(...INPUT_KINDS)), {
    minLength: 1,
    maxLength: 8,
  })
  .map((coins) => coins.map(([value, kind], serial) => someCoin(serial, value, kind)));

const WISH = fc
  .record({
    coins: COINS,
    recipients: fc.array(
      fc.record({
        scriptPubKey: fc.constantFrom(...Object.values(KIND_SCRIPTS)),
        amount: fc.integer({ min: 546, max: 200_000 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    feerate: fc.integer({ min: 1_000, max: 40_000 }).map((thousandths) => thousandths / 1000),
    changeScript: fc.constantFrom(undefined, CHANGE, PAYEE),
    maxAt: fc.constantFrom<(number | undefined)[]>(undefined, 0),
    feeFrom: fc.constantFrom<(number[] | undefined)[]>(undefined, [0]),
    seed: fc.nat(),
  })
  .map(({ maxAt, feeFrom, seed, recipients, ...wish }) => ({
    ...wish,
    recipients: recipients.map((recipient, at) =>
      at === maxAt ? pay("max", recipient.scriptPubKey) : recipient,
    ),
    subtractFeeFrom: maxAt === undefined ? feeFrom : undefined,
    isForced: true,
    minFeerate: 1,
    lockTime: 200,
    seed,
  }));

/** The best that any subset of `coins` leaves over after paying `recipients` without change. */
function mostLeft(wish: Pick<PaymentWish, "coins" | "recipients" | "feerate">): number {
  const weightOfOutputs = wish.recipients.reduce(
    (sum, { scriptPubKey }) => sum + outputWeight(scriptPubKey),
    0,
  );
  const paid = wish.recipients.reduce((sum, { amount }) => sum + Number(amount), 0);
  let most = Number.NEGATIVE_INFINITY;
  for (let mask = 1; mask < 1 << wish.coins.length; mask++) {
    const subset = wish.coins.filter((_, at) => ((mask >> at) & 1) === 1);
    const weight = transactionWeight({
      inputCount: subset.length,
      inputWeight: subset.reduce((sum, { inputWeight }) => sum + inputWeight, 0),
      outputCount: wish.recipients.length,
      outputWeight: weightOfOutputs,
    });
    most = Math.max(most, total(subset) - paid - feeAt(wish.feerate, virtualSize(weight)));
  }
  return most;
}

describe("every plan", () => {
  test(
    "balances, pays the feerate and no more than it, and leaves no dust",
    () => {
      let planned = 0;
      fc.assert(
        fc.property(WISH, ({ seed, ...wish }) => {
          const make = () => planPayment({ ...wish, chance: new SeededRandom(seed) });
          let made: PaymentPlan;
          try {
            made = make();
          } catch (error) {
            const codes = ["insufficient-funds", "amount-is-dust"];
            expect(codes).toContain((error as PaymentError).code);
            return;
          }
          planned++;
          const { inputs, outputs, fee, droppedChange, change } = made;
          expect(total(inputs)).toBe(total(outputs) + fee);
          expect(new Set(inputs.map(({ outpoint }) => outpointKey(outpoint))).size).toBe(
            inputs.length,
          );
          for (const { value, scriptPubKey } of outputs) {
            expect(value).toBeGreaterThanOrEqual(dustThreshold(scriptPubKey));
          }
          const needed = feeAt(wish.feerate, made.virtualSize);
          expect(fee).toBeGreaterThanOrEqual(needed);
          expect(fee).toBeLessThanOrEqual(needed + droppedChange);
          if (wish.subtractFeeFrom === undefined) expect(fee).toBe(needed + droppedChange);

          const least = dustThreshold(wish.changeScript ?? CHANGE) + feeAt(wish.feerate, 43);
          if (change !== undefined) expect(droppedChange).toBe(0);
          else if (wish.changeScript !== undefined) expect(droppedChange).toBeLessThan(least);

          const payments = outputs.filter(({ role }) => role === "payment");
          expect(payments.map(({ scriptPubKey }) => scriptPubKey)).toEqual(
            wish.recipients.map(({ scriptPubKey }) => scriptPubKey),
          );
          for (const [at, { amount }] of wish.recipients.entries()) {
            if (amount === "max" || wish.subtractFeeFrom?.includes(at)) continue;
            expect(payments[at]?.value).toBe(amount);
          }
          expect(made).toEqual(make());
        }),
        runs(500),
      );
      expect(planned).toBeGreaterThan(100);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "is found whenever any subset of the coins pays, and never else",
    () => {
      fc.assert(
        fc.property(WISH, ({ seed, ...wish }) => {
          fc.pre(wish.recipients.every(({ amount }) => amount !== "max"));
          const free = { ...wish, subtractFeeFrom: undefined, chance: new SeededRandom(seed) };
          const most = mostLeft(wish);
          // Whole vbytes: one that hardly pays for itself may spoil it by a vbyte's fee.
          fc.pre(most < 0 || most > wish.feerate + 1);
          if (most > 0) planPayment(free);
          else expect(refusal(free)).toMatchObject({ code: "insufficient-funds" });
        }),
        runs(500),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "is accepted by a mempool once it is signed",
    () => {
      fc.assert(
        fc.property(WISH, ({ seed, coins, ...wish }) => {
          const world = new MempoolHarness();
          const funded = coins.map(({ value }, at) =>
            fundedCoin(world, value, INPUT_KINDS[at % INPUT_KINDS.length]),
          );
          let made: PaymentPlan;
          try {
            made = planPayment({ ...wish, coins: funded, chance: new SeededRandom(seed) });
          } catch (error) {
            fc.pre(!(error instanceof PaymentError));
            throw error;
          }
          const tx = world.accept(signPlan(made));
          const entry = world.mempool.find(tx.txid);
          expect(entry?.fee).toBe(made.fee);
          expect(entry?.virtualSize).toBeLessThanOrEqual(made.virtualSize);
          expect(made.fee).toBeGreaterThanOrEqual(feeAt(wish.feerate, entry?.virtualSize ?? 0));
        }),
        runs(40),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

describe("planPayment", () => {
  const rich = [someCoin(1, 1_000_000)];

  test("makes inputs replaceable and keeps the lock time", () => {
    const parts = unsignedTransaction(plan({ coins: rich, lockTime: 321 }));
    expect(parts).toMatchObject({ version: 2, lockTime: 321, inputs: [{ sequence: 0xfffffffd }] });
  });

  test("puts the change at any place, and payments in their order", () => {
    const recipients = [pay(1_000), pay(2_000)];
    const places = Array.from({ length: 60 }, (_, seed) => {
      const { outputs } = plan({ coins: rich, recipients, chance: new SeededRandom(seed) });
      return outputs.findIndex(({ role }) => role === "change");
    });
    expect(new Set(places)).toEqual(new Set([0, 1, 2]));
  });

  test("makes change from the dust threshold on, and gives up less", () => {
    const fee = plan({ coins: rich }).fee;
    const leaving = (change: number) => plan({ coins: [someCoin(1, 50_000 + fee + change)] });
    expect(leaving(294)).toMatchObject({ change: { value: 294 }, droppedChange: 0, fee });
    expect(leaving(293)).toMatchObject({ change: undefined, droppedChange: 293 + 31 });
  });

  test("sends all with max, except what costs more than it brings", () => {
    const coins = [someCoin(1, 100_000), someCoin(2, 700), someCoin(3, 200_000, "p2tr")];
    const { inputs, outputs, fee } = plan({
      coins,
      recipients: [pay(5_000), pay("max")],
      feerate: 20,
    });
    expect(inputs).toHaveLength(2);
    expect(outputs.map(({ value }) => value)).toEqual([5_000, 295_000 - fee]);
  });

  test("refuses max when nothing above dust is left", () => {
    const size = plan({ coins: rich, recipients: [pay("max")] }).virtualSize;
    const max = (value: number) => ({ coins: [someCoin(1, value)], recipients: [pay("max")] });
    expect(plan(max(330 + size)).outputs).toMatchObject([{ value: 330 }]);
    expect(refusal(max(329 + size))).toMatchObject({
      code: "insufficient-funds",
      facts: { needed: 330 + size, available: 329 + size, missing: 1 },
    });
    expect(refusal({ coins: [], recipients: [pay("max")] }).code).toBe("insufficient-funds");
  });

  test("takes the fee from those who are to pay it, in equal parts", () => {
    const recipients = [pay(20_000), pay(10_000), pay(30_000)];
    const made = plan({ coins: rich, recipients, subtractFeeFrom: [0, 2], feerate: 3.001 });
    const [first, second, third] = made.outputs.filter(({ role }) => role === "payment");
    expect(made.change?.value).toBe(940_000);
    expect(second?.value).toBe(10_000);
    expect(20_000 - Number(first?.value) + 30_000 - Number(third?.value)).toBe(made.fee);
    expect(Math.abs(Number(third?.value) - Number(first?.value) - 10_000)).toBeLessThanOrEqual(1);
  });

  test("leaves the sender's change as it is when recipients pay the fee", () => {
    const leaving = (change: number) =>
      plan({ coins: [someCoin(1, 50_000 + change)], subtractFeeFrom: [0], feerate: 20 });
    expect(leaving(294).change?.value).toBe(294);
    const { outputs, fee, droppedChange } = leaving(293);
    expect(droppedChange).toBe(293);
    expect(outputs).toMatchObject([{ value: 50_293 - fee }]);
  });

  test("adds a coin for change rather than giving up more than that costs", () => {
    const { fee } = plan({ coins: [someCoin(1, 60_000)] });
    const coins = [someCoin(1, 50_000 + fee + 260), someCoin(2, 10_000)];
    for (let seed = 0; seed < 20; seed++) {
      const made = plan({ coins, chance: new SeededRandom(seed) });
      expect(made).toMatchObject({ inputs: { length: 2 }, droppedChange: 0 });
    }
  });

  test("refuses to take from a recipient more than leaves an output above dust", () => {
    const wish = { coins: rich, recipients: [pay(400)], subtractFeeFrom: [0] };
    expect(refusal(wish)).toMatchObject({ code: "amount-is-dust", facts: { least: 330 } });
  });

  test("spends exactly the chosen coins, named once or twice, confirmed or not", () => {
    const coins = [1, 2, 3].map((serial) => someCoin(serial, 60_000));
    const theirs = unconfirmed(9, 30_000, [someAncestor(50, 1_000)], false);
    const chosen = [coins[0] as SpendableCoin, theirs];
    const chosenOutpoints = [...chosen, ...chosen].map(({ outpoint }) => outpoint);
    const made = plan({ coins: [...coins, theirs], chosenOutpoints });
    expect(new Set(made.inputs)).toEqual(new Set(chosen));
    expect(made.algorithm).toBe("given");
    expect(refusal({ coins, chosenOutpoints }).code).toBe("unknown-coin");
    expect(refusal({ coins, chosenOutpoints: [] })).toMatchObject({
      code: "insufficient-funds",
      facts: { available: 0 },
    });
  });

  test("spends confirmed coins first, then its own change, others' only if asked", () => {
    const confirmed = someCoin(1, 60_000);
    const own = unconfirmed(2, 500_000, [someAncestor(51, 1_000)]);
    const theirs = unconfirmed(3, 900_000, [someAncestor(52, 1_000)], false);
    const coins = [theirs, own, confirmed];
    const spentFor = (amount: number, allowUnconfirmed = false) =>
      plan({ coins, recipients: [pay(amount)], allowUnconfirmed }).inputs;
    expect(spentFor(50_000, true)).toEqual([confirmed]);
    expect(spentFor(100_000, true)).toEqual([own]);
    expect(refusal({ coins, recipients: [pay(600_000)] }).code).toBe("insufficient-funds");
    expect(spentFor(600_000, true)).toEqual([theirs]);
  });

  test("pays what unconfirmed ancestors lack, each once, and nothing for those that pay", () => {
    const poor = someAncestor(51, 100);
    const rescued = someAncestor(52, 3_900, 200, [poor.txid]);
    const rich = someAncestor(53, 90_000);
    const spend = (...lists: (readonly UnconfirmedAncestor[])[]) => {
      const coins = lists.map((ancestors, serial) => unconfirmed(serial, 40_000, ancestors));
      const chosenOutpoints = coins.map(({ outpoint }) => outpoint);
      return plan({ coins, chosenOutpoints, feerate: 10, recipients: [pay(10_000)] });
    };
    expect(spend([poor])).toMatchObject({ ancestorFee: 1_900 });
    expect(spend([poor], [poor])).toMatchObject({ ancestorFee: 1_900 });
    expect(spend([poor, rescued])).toMatchObject({ ancestorFee: 0 });
    const helped = someAncestor(54, 3_000, 200, [poor.txid]);
    expect(spend([poor, helped])).toMatchObject({ ancestorFee: 900 });
    expect(spend([poor], [rich])).toMatchObject({ ancestorFee: 1_900 });
    const { fee, virtualSize: size } = spend([poor]);
    expect(fee).toBe(10 * size + 1_900);
  });

  test("never has more ancestors than are relayed", () => {
    const most = PACKAGE_LIMITS.ancestors - 1;
    const ofLength = (count: number) =>
      Array.from({ length: count }, (_, at) => someAncestor(100 + at, 1_000));
    const long = unconfirmed(1, 900_000, ofLength(most + 1));
    const short = unconfirmed(2, 800_000, ofLength(most));
    expect(plan({ coins: [long, short] }).inputs).toEqual([short]);
    const chosen = { coins: [long], chosenOutpoints: [long.outpoint] };
    expect(refusal(chosen)).toMatchObject({ code: "too-long-mempool-chain", facts: { count: 26 } });

    const size = plan({ coins: [short] }).virtualSize;
    const large = (room: number) => [
      unconfirmed(3, 900_000, [someAncestor(60, 200_000, PACKAGE_LIMITS.size - size - room)]),
    ];
    expect(plan({ coins: large(0) }).virtualSize).toBe(size);
    expect(refusal({ coins: large(-1) }).code).toBe("too-long-mempool-chain");
  });

  test("says how much can be sent at once when it takes too many coins, and that can be", () => {
    const coins = Array.from({ length: 2_000 }, (_, serial) => someCoin(serial, 10_000));
    for (const amount of [19_000_000, "max"] as const) {
      const error = refusal({ coins, recipients: [pay(amount)], isForced: true });
      expect(error.code).toBe("too-many-inputs");
      const most = Number(error.facts.most);
      const made = plan({ coins, recipients: [pay(most)], isForced: true });
      expect(made.weight).toBeLessThanOrEqual(MAX_STANDARD_WEIGHT);
      expect(made.weight).toBeGreaterThan(MAX_STANDARD_WEIGHT - 1_000);
      expect(most).toBeGreaterThan(14_000_000);
    }
  });

  test("K-03: refuses a fee above a tenth of what is paid and 10,000 sat, unless forced", () => {
    const size = plan({ coins: rich }).virtualSize;
    const at = (amount: number, fee: number, more: Partial<PaymentWish> = {}) => ({
      coins: [someCoin(1, amount + fee)],
      recipients: [pay(amount)],
      changeScript: undefined,
      ...more,
    });
    expect(size).toBeLessThan(10_000);
    expect(plan(at(50_000, 10_000)).fee).toBe(10_000);
    expect(refusal(at(50_000, 10_001))).toMatchObject({
      code: "fee-too-high",
      facts: { fee: 10_001, paid: 50_000 },
    });
    expect(plan(at(100_010, 10_001)).fee).toBe(10_001);
    expect(plan(at(50_000, 10_001, { isForced: true })).fee).toBe(10_001);
    expect(plan(at(10 ** 10, MAX_FEE)).fee).toBe(MAX_FEE);
    expect(refusal(at(10 ** 10, MAX_FEE + 1)).code).toBe("fee-too-high");
    expect(refusal(at(10 ** 10, 501, { maxFee: 500 })).code).toBe("fee-too-high");
  });

  test("refuses amounts that are dust, or none", () => {
    const paying = (amount: number) => ({ coins: rich, recipients: [pay(1_000), pay(amount)] });
    expect(plan(paying(330)).outputs).toHaveLength(3);
    expect(refusal(paying(329))).toMatchObject({
      code: "amount-is-dust",
      facts: { recipient: 1, value: 329, least: 330 },
    });
    for (const amount of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(refusal(paying(amount)).code).toBe("amount-out-of-range");
    }
    expect(refusal(paying(Number.MAX_SAFE_INTEGER)).code).toBe("amount-out-of-range");
  });

  test("refuses wishes that make no sense", () => {
    const code = (wish: Partial<PaymentWish>) => refusal({ coins: rich, ...wish }).code;
    const times = (count: number) => Array.from({ length: count }, () => pay(400));
    expect(code({ recipients: [] })).toBe("no-recipients");
    expect(plan({ coins: rich, recipients: times(MAX_RECIPIENTS) }).outputs).toHaveLength(101);
    expect(code({ recipients: times(MAX_RECIPIENTS + 1) })).toBe("too-many-recipients");
    expect(code({ recipients: [pay("max"), pay("max")] })).toBe("conflicting-options");
    expect(code({ recipients: [pay("max")], subtractFeeFrom: [0] })).toBe("conflicting-options");
    expect(code({ subtractFeeFrom: [1] })).toBe("conflicting-options");
    expect(code({ feerate: 0.999 })).toBe("feerate-too-low");
    for (const feerate of [-1, 1.0001, Number.NaN, MAX_FEERATE + 1, Number.POSITIVE_INFINITY]) {
      expect(code({ feerate })).toBe("feerate-out-of-range");
    }
  });

  test("works without any fee where nothing is asked for", () => {
    const free = { feerate: 0, minFeerate: 0 };
    expect(plan({ coins: rich, ...free })).toMatchObject({ fee: 0 });
    // Nothing is to be paid for either; but a transaction spends something.
    const recipients = [pay(0, Uint8Array.of(0x6a, 1, 7))];
    expect(plan({ coins: rich, recipients, ...free }).inputs).toHaveLength(1);
    expect(refusal({ coins: [], recipients, ...free }).code).toBe("insufficient-funds");
  });

  test("is spent on in the mempool up to the longest chain, each paying with the last's change", () => {
    const world = new MempoolHarness();
    let coin = fundedCoin(world, 10_000_000);
    for (let length = 1; length <= PACKAGE_LIMITS.ancestors; length++) {
      const made = plan({ coins: [coin] });
      const tx = world.accept(signPlan(made));
      coin = pendingCoin(
        world,
        tx,
        made.outputs.findIndex(({ role }) => role === "change"),
      );
    }
    expect(refusal({ coins: [coin] }).code).toBe("insufficient-funds");
  });
});
