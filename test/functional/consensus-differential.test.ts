/**
 * Random chains through the engine and through the reference model, which shares nothing with it:
 * every verdict, tip and coin agrees. And the comparison notices models that are wrong.
 */

import { describe, expect, test } from "bun:test";
import { findNetwork } from "../../src/consensus/networks.ts";
import {
  addTally,
  emptyTally,
  formatCounts,
  formatTally,
  runDifferential,
} from "../support/differential.ts";
import { CAIRN, REGTEST } from "../support/reference-model/parameters.ts";
import { runScriptDifferential } from "../support/script-differential.ts";
import { findDivergence, MISSING_RULES, WRONG_PARAMETERS } from "../support/wrong-models.ts";

const BLOCKS_A_RUN = 600;
const TIMEOUT_MS = 180_000;

describe("the engine and the reference model", () => {
  test(
    "agree on a thousand random blocks and more",
    () => {
      const sum = emptyTally();
      const cairn = { network: findNetwork("cairn", 1), parameters: CAIRN };
      const regtest = { network: findNetwork("regtest"), parameters: REGTEST, largeBlocks: 2 };
      addTally(sum, runDifferential({ ...cairn, seed: 6, blocks: BLOCKS_A_RUN }));
      addTally(sum, runDifferential({ ...regtest, seed: 1, blocks: BLOCKS_A_RUN }));
      console.log(formatTally(sum));

      // What was drawn must not become trivial.
      expect(sum.blocks).toBeGreaterThanOrEqual(1_000);
      expect(sum.rules.size).toBeGreaterThanOrEqual(28);
      expect(sum.statuses.get("connected")).toBeGreaterThan(300);
      expect(sum.statuses.get("side-branch")).toBeGreaterThan(100);
      expect(sum.statuses.get("orphan")).toBeGreaterThan(15);
      expect(sum.statuses.get("duplicate")).toBeGreaterThan(5);
      expect([...sum.reorgDepths.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(15);
      expect(sum.reorgDepths.size).toBeGreaterThanOrEqual(4);
      expect(sum.kinds.size).toBeGreaterThanOrEqual(35);
      expect(sum.coinComparisons).toBeGreaterThan(150);
      expect(sum.height).toBeGreaterThan(200);
    },
    TIMEOUT_MS,
  );
});

test(
  "the two interpreters agree on 4,000 spends, and on the names of failures",
  () => {
    const outcomes = runScriptDifferential(1, 4_000);
    console.log(formatCounts(outcomes));
    expect(outcomes.get("drawn script true")).toBeGreaterThan(1_000);
    expect(outcomes.get("drawn script false")).toBeGreaterThan(500);
    expect(outcomes.get("known lock true")).toBeGreaterThan(700);
    expect(outcomes.get("known lock false")).toBeGreaterThan(200);
    expect(outcomes.size).toBeGreaterThanOrEqual(28);
  },
  TIMEOUT_MS,
);

describe("the comparison notices", () => {
  const wanted = new Set([
    "coinbases mature at 101",
    "halving a block late",
    "a second further ahead",
    "a second less ahead",
    "a sat less than all money",
    "11 seconds a block",
    "without bad-txnmrklroot",
    "without bad-txns-in-belowout",
    "without bad-cb-amount",
    "without bad-txns-premature-spend-of-coinbase",
    "without mandatory-script-verify-flag-failed",
  ]);
  const models = [...WRONG_PARAMETERS, ...MISSING_RULES].filter(({ name }) => wanted.has(name));

  test.each(models.map((model) => [model.name, model] as const))(
    "a model that is wrong: %s",
    (_, model) => {
      expect(findDivergence(model, 3)?.message).toContain("engine");
    },
    TIMEOUT_MS,
  );

  test("each of those that are wanted here", () => {
    expect(models).toHaveLength(wanted.size);
  });
});
