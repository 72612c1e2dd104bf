/**
 * The one door to the script engine: programs without rules, and what a caller can do wrong.
 *
 * Published transactions go through it in core-transactions.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { hash160 } from "../../../src/crypto/hash.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { scriptOf } from "../../../src/primitives/address.ts";
import {
  MANDATORY_FLAGS,
  NO_FLAGS,
  ScriptFlag,
  STANDARD_FLAGS,
} from "../../../src/script/flags.ts";
import { pushData } from "../../../src/script/script.ts";
import { spendingTransaction, verify } from "./core-vectors.ts";

describe("verifyInput", () => {
  test("lets anybody spend a Taproot output before Taproot, and nobody without a signature since", () => {
    const spent = { value: 1, scriptPubKey: concatBytes(Uint8Array.of(0x51, 32), KEY) };
    const tx = spendingTransaction(spent, NO_BYTES, [new Uint8Array(64)]);
    expect(verify(tx, 0, [spent], MANDATORY_FLAGS & ~ScriptFlag.TAPROOT)).toBeUndefined();
    expect(verify(tx, 0, [spent], MANDATORY_FLAGS)).toBe("SCHNORR_SIG");
  });

  test("takes a Taproot program within P2SH for one without rules", () => {
    const redeemScript = concatBytes(Uint8Array.of(0x51, 32), KEY);
    const scriptPubKey = scriptOf({
      type: "p2sh",
      witnessVersion: undefined,
      program: hash160(redeemScript),
    });
    const spent = { value: 1, scriptPubKey };
    const tx = spendingTransaction(spent, pushData(redeemScript), [new Uint8Array(64)]);
    expect(verify(tx, 0, [spent], MANDATORY_FLAGS)).toBeUndefined();
    expect(verify(tx, 0, [spent], STANDARD_FLAGS)).toBe("DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM");
  });

  test("lets anybody spend an anchor, by the rules of relay too", () => {
    const spent = { value: 0, scriptPubKey: Uint8Array.of(0x51, 2, 0x4e, 0x73) };
    const tx = spendingTransaction(spent, NO_BYTES, []);
    expect(verify(tx, 0, [spent], STANDARD_FLAGS)).toBeUndefined();
  });

  test("throws where the input or the output it spends is missing", () => {
    const spent = { value: 1, scriptPubKey: Uint8Array.of(0x51) };
    const tx = spendingTransaction(spent, NO_BYTES, []);
    expect(() => verify(tx, 1, [spent, spent], NO_FLAGS)).toThrow(RangeError);
    expect(() => verify(tx, 0, [], NO_FLAGS)).toThrow(RangeError);
  });

  test("throws on flags without those they need", () => {
    const spent = { value: 1, scriptPubKey: Uint8Array.of(0x51) };
    const tx = spendingTransaction(spent, NO_BYTES, []);
    expect(() => verify(tx, 0, [spent], ScriptFlag.WITNESS)).toThrow(RangeError);
    const flags = ScriptFlag.P2SH | ScriptFlag.CLEANSTACK;
    expect(() => verify(tx, 0, [spent], flags)).toThrow(RangeError);
  });
});

const NO_BYTES = new Uint8Array(0);
const KEY = new Uint8Array(32).fill(2);
