/**
 * Whole transactions through the one door: Bitcoin Core's tx_valid.json and tx_invalid.json, and
 * what a caller can do wrong.
 */

import { describe, expect, test } from "bun:test";
import { checkTransaction } from "../../../src/consensus/check-transaction.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import { hash160 } from "../../../src/crypto/hash.ts";
import { concatBytes, toHex } from "../../../src/lib/bytes.ts";
import { DecodeError } from "../../../src/lib/codec.ts";
import { scriptOf } from "../../../src/primitives/address.ts";
import {
  encodeTransaction,
  outpointKey,
  type Transaction,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import {
  MANDATORY_FLAGS,
  NO_FLAGS,
  ScriptFlag,
  STANDARD_FLAGS,
} from "../../../src/script/flags.ts";
import { pushData } from "../../../src/script/script.ts";
import { assembleScript, parseScriptFlags } from "../../support/script-assembly.ts";
import { loadVectors, spendingTransaction, transactionOfHex, verify } from "./core-vectors.ts";

const { params } = findNetwork("regtest");

describe("verifyInput", () => {
  test("accepts every transaction of tx_valid.json", async () => {
    const vectors = await loadVectors("bitcoind/tx_valid.json");
    const failures: unknown[] = [];
    for (const vector of vectors) {
      const outcome = outcomeOf(vector);
      if (outcome !== "OK") failures.push({ vector, outcome });
    }
    expect(failures).toEqual([]);
    expect(vectors.length).toBe(50);
    console.log(`tx_valid.json: ${vectors.length} cases`);
  });

  test("refuses every transaction of tx_invalid.json", async () => {
    const vectors = await loadVectors("bitcoind/tx_invalid.json");
    const outcomes = vectors.map(outcomeOf);
    expect(vectors.filter((_, index) => outcomes[index] === "OK")).toEqual([]);
    expect(vectors.length).toBe(39);

    // These break rules of transactions, which come before any script.
    const broken = outcomes.filter((outcome) => /^bad-|DecodeError/.test(outcome));
    expect(broken.sort()).toEqual(TRANSACTION_RULES_BROKEN);
    console.log(
      `tx_invalid.json: ${vectors.length} cases, ${broken.length} of them not by scripts`,
    );
  });

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

const TRANSACTION_RULES_BROKEN = [
  "bad-cb-length",
  "bad-cb-length",
  "bad-cb-length",
  "bad-txns-inputs-duplicate",
  "bad-txns-txouttotal-toolarge",
  "bad-txns-vout-empty",
  "bad-txns-vout-negative",
  "bad-txns-vout-toolarge",
];

/** A case is [[[txid, vout, scriptPubKey, amount?]...], transaction, flags]. */
function outcomeOf([prevouts, hex, flagList]: any[]): string {
  let tx: Transaction;
  try {
    tx = transactionOfHex(hex);
    checkTransaction(tx, params);
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    if (error instanceof DecodeError) return "DecodeError";
    throw error;
  }
  expect(toHex(encodeTransaction(tx))).toBe(hex);

  const outputs = new Map<string, TxOutput>();
  for (const [txid, vout, script, amount] of prevouts) {
    const output = { value: Number(amount ?? 0), scriptPubKey: assembleScript(script) };
    outputs.set(outpointKey({ txid, vout: vout >>> 0 }), output);
  }
  const spentOutputs = tx.inputs.map(({ prevout }) => outputs.get(outpointKey(prevout)));
  if (spentOutputs.includes(undefined)) throw new Error("the vector lacks an output");

  const flags = parseScriptFlags(flagList);
  for (const index of tx.inputs.keys()) {
    const error = verify(tx, index, spentOutputs as TxOutput[], flags);
    if (error !== undefined) return error;
  }
  return "OK";
}
