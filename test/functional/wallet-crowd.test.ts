/**
 * K-05, K-09: fifty wallets pay each other; a thousand in wallet-crowd.long.test.ts.
 */

import { expect, test } from "bun:test";
import { runWalletCrowd } from "../support/wallet-crowd.ts";

test("K-09: fifty wallets lose nothing, spend no coin twice, and are restored from their words", async () => {
  const { payments } = await runWalletCrowd(50, 150, 1);
  expect(payments).toBe(150);
}, 120_000);
