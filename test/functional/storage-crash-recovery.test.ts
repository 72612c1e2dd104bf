/**
 * D-01: `kill -9` at random moments loses nothing that was acknowledged. The long run is
 * storage-crash-recovery.long.test.ts.
 */

import { expect, test } from "bun:test";
import { runCrashRounds } from "../support/crash-rounds.ts";

const ROUNDS = 15;

test("D-01: a node killed while mining and taking transactions loses nothing", async () => {
  const report = await runCrashRounds(ROUNDS, Date.now());
  console.log(`crash recovery: ${JSON.stringify(report)}`);
  expect(report.kills).toBe(ROUNDS);
  expect(report.blocksAcknowledged).toBeGreaterThan(0);
  expect(report.transactionsAcknowledged).toBeGreaterThan(0);
}, 240_000);
