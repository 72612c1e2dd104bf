/**
 * BIP-0054's vectors of transaction sizes, under the rule of `cairn` networks.
 *
 * Ours is the wider one: BIP-0054 refuses 64 bytes exactly, `cairn` all that is below 65.
 */

import { expect, test } from "bun:test";
import { checkTransaction } from "../../../src/consensus/check-transaction.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import { decodeAll } from "../../../src/lib/codec.ts";
import { decodeTransaction } from "../../../src/primitives/transaction.ts";
import { reportCases } from "../../support/report-cases.ts";
import bip54 from "../../vectors/bip54-transaction-sizes.json";

const { params } = findNetwork("cairn");

test("C-19: what BIP-0054 refuses for its size is refused, and what is shorter too", () => {
  const counts = { cases: 0, "refused by both": 0, "refused here alone": 0 };
  for (const { comment, tx: hex, valid } of bip54.cases) {
    const tx = decodeAll(fromHex(hex), decodeTransaction);
    const refusal = codeOf(() => checkTransaction(tx, params));
    expect({ comment, refusal }).toEqual({
      comment,
      refusal: tx.baseSize < 65 ? "bad-txns-undersize" : undefined,
    });
    expect({ comment, valid }).toEqual({ comment, valid: tx.baseSize !== 64 });
    counts.cases++;
    if (refusal !== undefined) counts[valid ? "refused here alone" : "refused by both"]++;
  }
  reportCases("bip54-transaction-sizes.json", counts, {
    cases: 12,
    "refused by both": 9,
    "refused here alone": 2,
  });
});

function codeOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    throw error;
  }
}
