/**
 * K-05, K-09: a thousand wallets of one node pay each other.
 */

import { expect, test } from "bun:test";
import { runWalletCrowd } from "../support/wallet-crowd.ts";

test("K-09: a thousand wallets lose nothing, spend no coin twice, and are restored", async () => {
  const { payments } = await runWalletCrowd(1_000, 2_000, 2);
  expect(payments).toBe(2_000);
}, 1_800_000);
