/**
 * P-14, K-05, K-12: a wallet against a model of it, in long walks.
 */

import { test } from "bun:test";
import { walkWallet } from "../support/wallet-walk.ts";

test.each([2, 3, 4, 5])(
  "K-12: a wallet agrees with its model after each of 300 steps of a random walk (seed %i)",
  async (seed) => {
    await walkWallet(seed, 300);
  },
  600_000,
);
