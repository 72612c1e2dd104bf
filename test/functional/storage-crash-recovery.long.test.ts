/**
 * D-01 at length: 200 kills in a row on one data directory.
 */

import { expect, test } from "bun:test";
import { runCrashRounds } from "../support/crash-rounds.ts";

const ROUNDS = 200;

test("D-01: 200 kills lose nothing that was acknowledged", async () => {
  const report = await runCrashRounds(ROUNDS, Date.now());
  console.log(`crash recovery: ${JSON.stringify(report)}`);
  expect(report.kills).toBe(ROUNDS);
  expect(report.transactionsAcknowledged).toBeGreaterThan(ROUNDS);
}, 3_600_000);
