/**
 * As p2p-crowd.test.ts, for two minutes, with those whom a node has to be patient with: half a minute
 * for a message, a minute and a half for a sign of life.
 */

import { expect, test } from "bun:test";
import { expectGoodCrowd, PATIENT_HOSTILES, QUICK_HOSTILES, runCrowd } from "../support/crowd.ts";

test("P-22: who never reads, or never ends a message, is dropped; 120 honest peers are not", async () => {
  const hostiles = [...QUICK_HOSTILES, ...PATIENT_HOSTILES];
  const report = await runCrowd(hostiles, 110_000);
  expectGoodCrowd(report);
  expect([...report.lasted.keys()].toSorted()).toEqual(hostiles.map(({ name }) => name).toSorted());
}, 240_000);
