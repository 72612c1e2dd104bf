/**
 * Weights against transactions that a library which knows nothing of them has signed.
 */

import { describe, expect, test } from "bun:test";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import { checkStandardTransaction } from "../../../src/mempool/policy.ts";
import {
  dustThreshold,
  inputWeightOf,
  outputWeight,
  spendingSize,
  transactionWeight,
} from "../../../src/wallet/output-costs.ts";
import { planPayment } from "../../../src/wallet/payment-plan.ts";
import { someInput, someOutput, someTransaction } from "../../support/builders.ts";
import { INPUT_KINDS, KIND_SCRIPTS, signPlan, someCoin } from "../../support/planned-payments.ts";
import { SeededRandom } from "../../support/random.ts";

const NULL_DATA = Uint8Array.of(0x6a, 1, 7);

function signedWith(kinds: readonly (typeof INPUT_KINDS)[number][], lockTime = 0) {
  const coins = kinds.map((kind, serial) => someCoin(serial, 100_000, kind));
  const plan = planPayment({
    coins,
    chosenOutpoints: coins.map(({ outpoint }) => outpoint),
    recipients: INPUT_KINDS.map((kind) => ({ scriptPubKey: KIND_SCRIPTS[kind], amount: 1_000 })),
    feerate: 1,
    minFeerate: 1,
    isForced: true,
    changeScript: KIND_SCRIPTS.p2tr,
    lockTime,
    chance: new SeededRandom(kinds.length),
  });
  return { plan, tx: signPlan(plan) };
}

describe("inputWeightOf", () => {
  test("is the weight of each kind with the longest signature: 72, 72 and 64 bytes", () => {
    expect(INPUT_KINDS.map(inputWeightOf)).toEqual([593, 272, 230]);
  });

  test.each(INPUT_KINDS)("is what signing %s comes to at most, and sometimes does", (kind) => {
    const slacks = Array.from({ length: 40 }, (_, lockTime) => {
      const { plan, tx } = signedWith([kind], lockTime);
      return plan.weight - tx.weight;
    });
    // A transaction without a witness is two units lighter, and one for each input.
    const certain = kind === "p2pkh" ? 3 : 0;
    expect(Math.min(...slacks)).toBe(certain);
    expect(Math.max(...slacks)).toBeLessThanOrEqual(certain + 3 * (kind === "p2pkh" ? 4 : 1));
  });
});

describe("transactionWeight", () => {
  test.each([1, 2, 25])(
    "is above what %d mixed inputs weigh signed by two vbytes each at most",
    (count) => {
      const kinds = Array.from({ length: count }, (_, at) => INPUT_KINDS[at % 3] ?? "p2tr");
      const { plan, tx } = signedWith(kinds);
      expect(tx.weight).toBeLessThanOrEqual(plan.weight);
      expect(plan.weight - tx.weight).toBeLessThanOrEqual(3 + 8 * count);
    },
  );

  test("is exact with Taproot inputs, whose signatures have one length", () => {
    for (const count of [1, 7]) {
      const { plan, tx } = signedWith(Array.from({ length: count }, () => "p2tr" as const));
      expect(plan.weight).toBe(tx.weight);
    }
  });

  test.each([1, 252, 253, 1_000])(
    "is what our own encoding of %d inputs and outputs comes to",
    (count) => {
      const signature = new Uint8Array(64);
      const inputs = Array.from({ length: count }, () => someInput({ witness: [signature] }));
      const outputs = Array.from({ length: count }, () => someOutput());
      const weight = transactionWeight({
        inputCount: count,
        inputWeight: count * inputWeightOf("p2tr"),
        outputCount: count,
        outputWeight: count * outputWeight(someOutput().scriptPubKey),
      });
      expect(weight).toBe(someTransaction({ inputs, outputs }).weight);
    },
  );
});

describe("dustThreshold", () => {
  test.each([
    ["p2pkh", 546],
    ["p2wpkh", 294],
    ["p2tr", 330],
  ] as const)("is the least that is relayed to %s", (kind, least) => {
    const scriptPubKey = KIND_SCRIPTS[kind];
    expect(dustThreshold(scriptPubKey)).toBe(least);
    const relay = (value: number) =>
      checkStandardTransaction(someTransaction({ outputs: [{ value, scriptPubKey }] }));
    expect(() => relay(least)).not.toThrow();
    expect(() => relay(least - 1)).toThrow(RuleError);
  });

  test("is 0 for what cannot be spent, which needs nothing to be spent", () => {
    expect(dustThreshold(NULL_DATA)).toBe(0);
    expect(spendingSize(NULL_DATA)).toBe(0);
  });
});

describe("outputWeight and spendingSize", () => {
  test("are four times the bytes, and what the relay policy reckons with", () => {
    expect(INPUT_KINDS.map((kind) => outputWeight(KIND_SCRIPTS[kind]))).toEqual([136, 124, 172]);
    expect(INPUT_KINDS.map((kind) => spendingSize(KIND_SCRIPTS[kind]))).toEqual([148, 67, 67]);
  });
});
