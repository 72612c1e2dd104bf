/**
 * What is made of a choice of transactions that the chain would refuse.
 */

import { describe, expect, test } from "bun:test";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { type RuleCode, RuleError } from "../../../src/consensus/rule-error.ts";
import { Logger } from "../../../src/lib/logger.ts";
import { TemplateBuilder } from "../../../src/mining/template-builder.ts";
import { paymentKey, signPayment } from "../../support/payments.ts";

const network = findNetwork("regtest");
const key = paymentKey();

describe("TemplateBuilder", () => {
  test("makes an empty template, and says so, if its transactions break a rule", () => {
    const { template, levels } = buildWith("bad-txns-inputs-missingorspent");
    expect(template.transactions).toEqual([]);
    expect(levels).toEqual(["error"]);
  });

  test("blames no transaction when it is only too early for the next block", () => {
    const { template, levels } = buildWith("time-too-new");
    expect(template.transactions).toEqual([]);
    expect(levels).toEqual([]);
  });
});

function buildWith(code: RuleCode) {
  const levels: string[] = [];
  const { header, hash } = network.genesis;
  const tip = { hash, height: 0, time: header.time, bits: header.bits, parent: undefined };
  const outpoint = { txid: "11".repeat(32) as never, vout: 0 };
  const output = { value: 1_000, scriptPubKey: key.scriptPubKey };
  const payment = signPayment(key, [{ outpoint, value: 2_000 }], [output]);
  const builder = new TemplateBuilder({
    chain: {
      network,
      tip: tip as never,
      checkNextBlock: () => {
        throw new RuleError(code, "refused");
      },
    },
    select: () => ({ transactions: [payment], totalFees: 1_000 }),
    now: () => header.time * 1000,
    log: new Logger({ sink: ({ level }) => levels.push(level), level: "debug", category: "test" }),
  });
  return { template: builder.build(), levels };
}
