/**
 * The list of rules: each is raised by some test, and those that a false body can break are known.
 *
 * A new ConsensusCode does not compile here until somebody says which test raises it.
 */

import { describe, expect, test } from "bun:test";
import { type ConsensusCode, isMutation, RuleError } from "../../../src/consensus/rule-error.ts";

/** Where a test raises the code, relative to this folder. */
const RAISED_IN: Record<ConsensusCode, string> = {
  "bad-blk-length": "check-block.test.ts",
  "bad-blk-sigops": "check-block.test.ts",
  "bad-blk-weight": "check-block.test.ts",
  "bad-cb-amount": "../chain/chain.test.ts",
  "bad-cb-height": "check-block.test.ts",
  "bad-cb-length": "check-transaction.test.ts",
  "bad-cb-missing": "check-block.test.ts",
  "bad-cb-multiple": "check-block.test.ts",
  "bad-diffbits": "check-header.test.ts",
  "bad-prevblk": "../chain/chain.test.ts",
  "bad-txnmrklroot": "check-block.test.ts",
  "bad-txns-bip30": "../chain/connect-block.test.ts",
  "bad-txns-duplicate": "check-block.test.ts",
  "bad-txns-fee-outofrange": "check-inputs.test.ts",
  "bad-txns-in-belowout": "check-inputs.test.ts",
  "bad-txns-inputs-duplicate": "check-transaction.test.ts",
  "bad-txns-inputs-missingorspent": "check-inputs.test.ts",
  "bad-txns-inputvalues-outofrange": "check-inputs.test.ts",
  "bad-txns-legacy-sigops": "check-sigops.test.ts",
  "bad-txns-nonfinal": "check-block.test.ts",
  "bad-txns-oversize": "check-transaction.test.ts",
  "bad-txns-premature-spend-of-coinbase": "check-inputs.test.ts",
  "bad-txns-prevout-null": "check-transaction.test.ts",
  "bad-txns-txouttotal-toolarge": "check-transaction.test.ts",
  "bad-txns-undersize": "check-transaction.test.ts",
  "bad-txns-vin-empty": "check-transaction.test.ts",
  "bad-txns-vout-empty": "check-transaction.test.ts",
  "bad-txns-vout-negative": "check-transaction.test.ts",
  "bad-txns-vout-toolarge": "check-transaction.test.ts",
  "bad-version": "check-header.test.ts",
  "bad-witness-merkle-match": "check-block.test.ts",
  "bad-witness-nonce-size": "check-block.test.ts",
  "duplicate-invalid": "../chain/chain.test.ts",
  "high-hash": "target.test.ts",
  "script-verify-failed": "../chain/chain.test.ts",
  "time-timewarp-attack": "check-header.test.ts",
  "time-too-new": "check-header.test.ts",
  "time-too-old": "check-header.test.ts",
  "unexpected-witness": "check-block.test.ts",
};

test.each(Object.entries(RAISED_IN))("%s is raised in %s", async (code, path) => {
  const text = await Bun.file(new URL(path, import.meta.url)).text();
  expect(text).toContain(`"${code}"`);
});

describe("isMutation", () => {
  test("C-02: holds for what a false body can break under an honest header, and for nothing else", () => {
    const codes = Object.keys(RAISED_IN) as ConsensusCode[];
    expect(codes.filter((code) => isMutation(new RuleError(code, "")))).toEqual([
      "bad-cb-missing",
      "bad-txnmrklroot",
      "bad-txns-duplicate",
      "bad-witness-merkle-match",
      "bad-witness-nonce-size",
      "unexpected-witness",
    ]);
  });
});
