/**
 * A node among 120 peers, with transactions flowing and others doing all they can to be a burden: its
 * API answers, its memory is bounded, and only the right ones are dropped.
 *
 * Those whom it takes half a minute or more to find out are in p2p-crowd.long.test.ts.
 */

import { expect, test } from "bun:test";
import { expectGoodCrowd, QUICK_HOSTILES, runCrowd } from "../support/crowd.ts";

test("P-22: 120 peers are served while hostile ones come, and go within their deadlines", async () => {
  const report = await runCrowd(QUICK_HOSTILES, 12_000);
  expectGoodCrowd(report);
  expect([...report.lasted.keys()].toSorted()).toEqual(
    QUICK_HOSTILES.map(({ name }) => name).toSorted(),
  );
}, 90_000);
