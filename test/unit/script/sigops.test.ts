/**
 * Signature operations: what is counted, and what it costs.
 */

import { describe, expect, test } from "bun:test";
import { hash160, sha256 } from "../../../src/crypto/hash.ts";
import { concatBytes, fromHex } from "../../../src/lib/bytes.ts";
import { scriptOf } from "../../../src/primitives/address.ts";
import { makeTransaction, NULL_OUTPOINT } from "../../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS, NO_FLAGS, ScriptFlag } from "../../../src/script/flags.ts";
import { pushData } from "../../../src/script/script.ts";
import {
  countLegacySigops,
  countP2shSigops,
  countSigops,
  countSpentLegacySigops,
  countWitnessSigops,
  transactionSigopCost,
} from "../../../src/script/sigops.ts";
import { assembleScript } from "../../support/script-assembly.ts";
import { spendingTransaction } from "./core-vectors.ts";

const MULTISIG = assembleScript("1 0 0 2 CHECKMULTISIGVERIFY");
const NO_BYTES = new Uint8Array(0);

describe("countSigops", () => {
  test.each([
    ["CHECKSIG CHECKSIGVERIFY", 2, 2],
    ["0 IF CHECKSIG ENDIF", 1, 1],
    ["2 CHECKMULTISIG", 20, 2],
    ["16 CHECKMULTISIGVERIFY", 20, 16],
    ["0 CHECKMULTISIG", 20, 20],
    ["17 CHECKMULTISIG", 20, 20],
    ["CHECKMULTISIG", 20, 20],
    ["0x01 0xac", 0, 0],
    ["CHECKSIG 0x4c", 1, 1],
    ["CHECKSIGADD", 0, 0],
  ])("%s counts %i, accurately %i", (text, inaccurate, accurate) => {
    const script = assembleScript(text);
    expect(countSigops(script, false)).toBe(inaccurate);
    expect(countSigops(script, true)).toBe(accurate);
  });
});

describe("transactionSigopCost", () => {
  const costOf = (
    scriptPubKey: Uint8Array,
    scriptSig: Uint8Array,
    witness: readonly Uint8Array[] = [],
    flags = MANDATORY_FLAGS,
  ) => {
    const spent = { value: 1, scriptPubKey };
    return transactionSigopCost(spendingTransaction(spent, scriptSig, witness), [spent], flags);
  };
  const p2sh = (script: Uint8Array) =>
    scriptOf({ type: "p2sh", witnessVersion: undefined, program: hash160(script) });
  const p2wsh = (script: Uint8Array) =>
    scriptOf({ type: "p2wsh", witnessVersion: 0, program: sha256(script) });
  const p2wpkh = scriptOf({ type: "p2wpkh", witnessVersion: 0, program: new Uint8Array(20) });

  test("does not count what the spent script itself does", () => {
    expect(costOf(assembleScript("CHECKSIG"), NO_BYTES)).toBe(0);
  });

  test("counts a scriptSig inaccurately, four times", () => {
    expect(costOf(NO_BYTES, assembleScript("2 CHECKMULTISIG"))).toBe(80);
  });

  test("counts a redeem script accurately, four times", () => {
    expect(costOf(p2sh(MULTISIG), pushData(MULTISIG))).toBe(8);
    expect(costOf(p2sh(MULTISIG), pushData(MULTISIG), [], NO_FLAGS)).toBe(0);
  });

  test("counts no redeem script in a scriptSig that is more than pushes", () => {
    const scriptSig = assembleScript("NOP 0x01 0xac");
    expect(costOf(p2sh(MULTISIG), scriptSig)).toBe(0);
  });

  test("counts no redeem script in a scriptSig that ends within a push", () => {
    expect(costOf(p2sh(MULTISIG), concatBytes(pushData(MULTISIG), Uint8Array.of(0x4c)))).toBe(0);
  });

  test("counts nothing in a version 0 program of another length, which cannot be spent", () => {
    expect(costOf(fromHex(`0021${"02".repeat(33)}`), NO_BYTES, [MULTISIG])).toBe(0);
  });

  test("counts a version 0 witness once", () => {
    expect(costOf(p2wpkh, NO_BYTES, [NO_BYTES, NO_BYTES])).toBe(1);
    expect(costOf(p2wsh(MULTISIG), NO_BYTES, [MULTISIG])).toBe(2);
    expect(costOf(p2wsh(MULTISIG), NO_BYTES, [MULTISIG], ScriptFlag.P2SH)).toBe(0);
    expect(costOf(p2wsh(MULTISIG), NO_BYTES, [])).toBe(0);
  });

  test("counts a nested witness once", () => {
    expect(costOf(p2sh(p2wpkh), pushData(p2wpkh), [NO_BYTES, NO_BYTES])).toBe(1);
    const program = p2wsh(MULTISIG);
    expect(costOf(p2sh(program), pushData(program), [MULTISIG])).toBe(2);
  });

  test("counts nothing in later witness versions", () => {
    const program = fromHex(`5120${"02".repeat(32)}`);
    expect(costOf(program, NO_BYTES, [MULTISIG])).toBe(0);
  });

  test("counts only a coinbase's own scripts", () => {
    const tx = makeTransaction({
      version: 1,
      inputs: [
        {
          prevout: NULL_OUTPOINT,
          scriptSig: assembleScript("CHECKSIG"),
          sequence: 0,
          witness: [new Uint8Array(32)],
        },
      ],
      outputs: [{ value: 0, scriptPubKey: assembleScript("CHECKSIG") }],
      lockTime: 0,
    });
    expect(transactionSigopCost(tx, [], MANDATORY_FLAGS)).toBe(8);
    expect(countP2shSigops(tx, [])).toBe(0);
    expect(countSpentLegacySigops(tx, [])).toBe(0);
  });

  test("throws where an output spent is missing", () => {
    const tx = spendingTransaction({ value: 1, scriptPubKey: NO_BYTES }, NO_BYTES, []);
    expect(() => transactionSigopCost(tx, [], MANDATORY_FLAGS)).toThrow(RangeError);
  });
});

describe("countLegacySigops", () => {
  test("counts scriptSigs and outputs inaccurately", () => {
    const spent = { value: 1, scriptPubKey: NO_BYTES };
    const tx = spendingTransaction(spent, assembleScript("CHECKSIG"), [], {
      outputs: [{ value: 1, scriptPubKey: MULTISIG }],
    });
    expect(countLegacySigops(tx)).toBe(21);
  });
});

describe("countSpentLegacySigops", () => {
  test("counts accurately what spending executes outside witnesses (BIP-0054)", () => {
    const spent = { value: 1, scriptPubKey: MULTISIG };
    const tx = spendingTransaction(spent, assembleScript("CHECKSIG"), [], {
      outputs: [{ value: 1, scriptPubKey: MULTISIG }],
    });
    expect(countSpentLegacySigops(tx, [spent])).toBe(3);
  });

  test("counts a redeem script instead of the script with its hash", () => {
    const scriptPubKey = scriptOf({
      type: "p2sh",
      witnessVersion: undefined,
      program: hash160(MULTISIG),
    });
    const spent = { value: 1, scriptPubKey };
    const tx = spendingTransaction(spent, pushData(MULTISIG), []);
    expect(countSpentLegacySigops(tx, [spent])).toBe(2);
  });
});

describe("countWitnessSigops", () => {
  test("needs a scriptSig of pushes alone to see a nested program", () => {
    const program = scriptOf({ type: "p2wpkh", witnessVersion: 0, program: new Uint8Array(20) });
    const outer = scriptOf({ type: "p2sh", witnessVersion: undefined, program: hash160(program) });
    expect(countWitnessSigops(pushData(program), outer, [])).toBe(1);
    expect(countWitnessSigops(assembleScript("NOP"), outer, [])).toBe(0);
  });
});
