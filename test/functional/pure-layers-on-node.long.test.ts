/**
 * Every Taproot spend of script_assets_test.json in both engines, with the rest of the pure corpus.
 */

import { expect, test } from "bun:test";
import { findDivergence, traceInBothEngines } from "../support/foreign-engine.ts";

test("C-30: all published Taproot spends have the same verdict on JavaScriptCore and V8", async () => {
  const { bun, node } = await traceInBothEngines(1);
  expect(findDivergence(bun, node.sections)).toBeUndefined();
  const spends = node.sections.find(({ name }) => name === "script_assets_test.json");
  const successes = spends?.entries.filter((entry) => entry.startsWith("success: OK "));
  const failures = spends?.entries.filter((entry) => /^failure: (?!OK )/.test(entry));
  expect([successes?.length, failures?.length]).toEqual([2243, 1492]);
}, 300_000);
