/**
 * Scripts are run once for each form of a transaction, and a pass is remembered by its wtxid.
 *
 * A verifier of signatures that counts its calls shows what is run again.
 */

import { describe, expect, test } from "bun:test";
import { ScriptVerifier } from "../../../src/chain/script-verifier.ts";
import { hash160, sha256 } from "../../../src/crypto/hash.ts";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import type { TxOutput } from "../../../src/primitives/transaction.ts";
import {
  MANDATORY_FLAGS,
  NO_FLAGS,
  ScriptFlag,
  STANDARD_FLAGS,
} from "../../../src/script/flags.ts";
import { someCoinbase, someInput, someTransaction } from "../../support/builders.ts";

/** The generator point: a key that anybody knows. */
const KEY = concatBytes(
  Uint8Array.of(2),
  Uint8Array.fromHex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
);
const SPENT: TxOutput = {
  value: 1_000,
  scriptPubKey: concatBytes(Uint8Array.of(0x00, 0x14), hash160(KEY)),
};

/** A signature in DER whose r and s are small numbers; only a lenient verifier accepts it. */
const signature = (r: number) => Uint8Array.of(0x30, 6, 2, 1, r, 2, 1, 1, 1);
const spending = (r: number) =>
  someTransaction({ inputs: [someInput({ witness: [signature(r), KEY] })] });

/** A verifier for which signatures with r = 1 are right, and the number of those it was asked for. */
function countingVerifier() {
  const counter = { calls: 0, scripts: undefined as unknown as ScriptVerifier };
  counter.scripts = new ScriptVerifier({
    ...PORTABLE_SIGNATURES,
    verifyEcdsa(compact) {
      counter.calls += 1;
      return compact[31] === 1;
    },
  });
  return counter;
}

describe("ScriptVerifier", () => {
  test("runs what it has not seen, and not again what has passed", () => {
    const counter = countingVerifier();
    for (let time = 0; time < 3; time++) counter.scripts.check(spending(1), [SPENT]);
    expect(counter.calls).toBe(1);
  });

  test("M-07: the same txid with another witness is run by itself", () => {
    const counter = countingVerifier();
    counter.scripts.check(spending(1), [SPENT]);
    expect(spending(2).txid).toBe(spending(1).txid);
    const failing = () => counter.scripts.check(spending(2), [SPENT]);
    expect(failing).toThrow(expect.objectContaining({ code: "script-verify-failed" }));
    expect(counter.calls).toBe(2);
  });

  test("what failed is never remembered as passed", () => {
    const counter = countingVerifier();
    for (let time = 1; time <= 3; time++) {
      expect(() => counter.scripts.check(spending(2), [SPENT])).toThrow();
      expect(counter.calls).toBe(time);
    }
  });

  test("a pass under the rules of relay covers those of blocks, and not the other way round", () => {
    const counter = countingVerifier();
    counter.scripts.check(spending(1), [SPENT], MANDATORY_FLAGS);
    counter.scripts.check(spending(1), [SPENT], STANDARD_FLAGS);
    expect(counter.calls).toBe(2);
    // Fewer rules are no excuse for what never passed.
    expect(() =>
      counter.scripts.check(spending(2), [SPENT], ScriptFlag.P2SH | ScriptFlag.WITNESS),
    ).toThrow();
    expect(counter.calls).toBe(3);
    for (const flags of [MANDATORY_FLAGS, STANDARD_FLAGS, NO_FLAGS]) {
      counter.scripts.check(spending(1), [SPENT], flags);
    }
    expect(counter.calls).toBe(3);
  });

  test("two passes under different rules are not one under both", () => {
    // Without MINIMALIF any truth will do; without WITNESS there is nothing to run.
    const script = Uint8Array.of(0x63, 0x51, 0x67, 0x51, 0x68);
    const spent = {
      value: 1,
      scriptPubKey: concatBytes(Uint8Array.of(0, 32), sha256(script)),
    };
    const tx = someTransaction({ inputs: [someInput({ witness: [Uint8Array.of(2), script] })] });
    const scripts = new ScriptVerifier(PORTABLE_SIGNATURES);
    const witness = ScriptFlag.P2SH | ScriptFlag.WITNESS;
    scripts.check(tx, [spent], ScriptFlag.MINIMALIF);
    scripts.check(tx, [spent], witness);
    expect(() => scripts.check(tx, [spent], witness | ScriptFlag.MINIMALIF)).toThrow(
      expect.objectContaining({ code: "script-verify-failed" }),
    );
  });

  test("one failing input among several is named", () => {
    const counter = countingVerifier();
    const inputs = [1, 2].map((r) =>
      someInput({ prevout: { ...someInput().prevout, vout: r }, witness: [signature(r), KEY] }),
    );
    expect(() => counter.scripts.check(someTransaction({ inputs }), [SPENT, SPENT])).toThrow(
      expect.objectContaining({ facts: expect.objectContaining({ input: 1 }) }),
    );
  });

  test("a coinbase has nothing to run", () => {
    const scripts = new ScriptVerifier(PORTABLE_SIGNATURES);
    expect(() => scripts.check(someCoinbase(), [])).not.toThrow();
  });
});
