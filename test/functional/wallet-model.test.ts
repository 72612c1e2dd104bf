/**
 * P-14, K-05, K-12: a wallet against a model of it, in a short walk; longer ones in
 * wallet-model.long.test.ts.
 */

import { test } from "bun:test";
import { walkWallet } from "../support/wallet-walk.ts";

test("K-12: a wallet agrees with its model after every step of a random walk", async () => {
  await walkWallet(1, 100);
}, 120_000);
