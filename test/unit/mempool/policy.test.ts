/**
 * Rules that need nothing but the transaction: each code, and each limit at, below and above.
 */

import { describe, expect, test } from "bun:test";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import {
  checkStandardTransaction,
  dustThreshold,
  feeAt,
  policySize,
} from "../../../src/mempool/policy.ts";
import {
  makeTransaction,
  NULL_OUTPOINT,
  type Transaction,
  type TransactionParts,
  type TxInput,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import { pushData } from "../../../src/script/script.ts";
import { multisigScript, nullDataScript } from "../../../src/script/standard.ts";
import { serialTxid, TRUE_OUTPUT } from "../../support/mempool-harness.ts";

const P2PKH = concatBytes(
  Uint8Array.of(0x76, 0xa9, 20),
  new Uint8Array(20),
  Uint8Array.of(0x88, 0xac),
);
const P2SH = concatBytes(Uint8Array.of(0xa9, 20), new Uint8Array(20), Uint8Array.of(0x87));
const P2WPKH = concatBytes(Uint8Array.of(0x00, 20), new Uint8Array(20));
const P2TR = concatBytes(Uint8Array.of(0x51, 32), new Uint8Array(32));
const ANCHOR = Uint8Array.of(0x51, 2, 0x4e, 0x73);
const WITNESS_2 = concatBytes(Uint8Array.of(0x52, 32), new Uint8Array(32));
const KEY = concatBytes(Uint8Array.of(2), new Uint8Array(32).fill(7));

function input(parts: Partial<TxInput> = {}): TxInput {
  const prevout = { txid: serialTxid(1), vout: 0 };
  return { prevout, scriptSig: new Uint8Array(), sequence: 0xffffffff, witness: [], ...parts };
}

function output(scriptPubKey: Uint8Array, value = 100_000): TxOutput {
  return { value, scriptPubKey };
}

function transaction(parts: Partial<TransactionParts> = {}): Transaction {
  return makeTransaction({
    version: 2,
    inputs: [input()],
    outputs: [output(TRUE_OUTPUT)],
    lockTime: 0,
    ...parts,
  });
}

function codeOf(parts: Partial<TransactionParts>): string | undefined {
  try {
    checkStandardTransaction(transaction(parts));
    return undefined;
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    throw error;
  }
}

function keys(count: number): Uint8Array[] {
  return Array.from({ length: count }, () => KEY);
}

describe("checkStandardTransaction", () => {
  test("refuses a coinbase", () => {
    const scriptSig = Uint8Array.of(1, 2, 3);
    expect(codeOf({ inputs: [input({ prevout: NULL_OUTPOINT, scriptSig })] })).toBe("coinbase");
  });

  test.each([
    [-1, "version"],
    [0, "version"],
    [1, undefined],
    [3, undefined],
    [4, "version"],
  ])("judges version %d", (version, code) => {
    expect(codeOf({ version })).toBe(code);
  });

  // Base 94 bytes with an empty witness; the item's length takes 5 bytes, the rest is padding.
  test.each([
    [399_999, undefined],
    [400_000, undefined],
    [400_001, "tx-size"],
  ])("judges a weight of %d", (weight, code) => {
    const padding = weight - 4 * 94 - 2 - 1 - 5;
    const inputs = [input({ witness: [new Uint8Array(padding)] })];
    expect(transaction({ inputs }).weight).toBe(weight);
    expect(codeOf({ inputs })).toBe(code);
  });

  test.each([
    [64, "tx-size-small"],
    [65, undefined],
    [66, undefined],
  ])("judges a size of %d bytes", (size, code) => {
    // 60 bytes with an empty OP_RETURN of 0 bytes; data is a push of one byte and more.
    const script = Uint8Array.of(0x6a, ...new Uint8Array(size - 61));
    const outputs = [output(script, 0)];
    expect(transaction({ outputs }).baseSize).toBe(size);
    expect(codeOf({ outputs })).toBe(code);
  });

  test.each([
    [1_650, undefined],
    [1_651, "scriptsig-size"],
  ])("judges an input script of %d bytes", (size, code) => {
    expect(codeOf({ inputs: [input({ scriptSig: new Uint8Array(size) })] })).toBe(code);
  });

  test("refuses an input script that does more than push", () => {
    const scriptSig = Uint8Array.of(0x51, 0x61);
    expect(codeOf({ inputs: [input({ scriptSig })] })).toBe("scriptsig-not-pushonly");
  });

  test("refuses an input script that ends within a push", () => {
    expect(codeOf({ inputs: [input({ scriptSig: Uint8Array.of(2, 1) })] })).toBe(
      "scriptsig-not-pushonly",
    );
  });

  test.each([
    ["P2PKH", P2PKH],
    ["P2SH", P2SH],
    ["P2WPKH", P2WPKH],
    ["P2WSH", TRUE_OUTPUT],
    ["P2TR", P2TR],
    ["an anchor", ANCHOR],
    ["a later witness version", WITNESS_2],
    ["a public key", concatBytes(Uint8Array.of(33), KEY, Uint8Array.of(0xac))],
    ["data", nullDataScript(new Uint8Array(80))],
  ])("takes an output of %s", (_, script) => {
    expect(codeOf({ outputs: [output(script), output(P2WPKH)] })).toBeUndefined();
  });

  test.each([
    [
      "bare multisig of 1 key",
      multisigScript({ required: 1, publicKeys: keys(1) }),
      "bare-multisig",
    ],
    ["bare multisig of 3", multisigScript({ required: 2, publicKeys: keys(3) }), "bare-multisig"],
    ["bare multisig of 4", multisigScript({ required: 2, publicKeys: keys(4) }), "scriptpubkey"],
    ["OP_TRUE", Uint8Array.of(0x51), "scriptpubkey"],
    ["nothing", new Uint8Array(), "scriptpubkey"],
    ["OP_RETURN and no push", Uint8Array.of(0x6a, 0x61), "scriptpubkey"],
  ])("refuses an output of %s", (_, script, code) => {
    const outputs = [output(script), output(TRUE_OUTPUT)];
    expect(codeOf({ outputs })).toBe(code);
  });

  test.each([
    [82, undefined],
    [83, undefined],
    [84, "datacarrier"],
  ])("judges a data script of %d bytes", (size, code) => {
    const script = concatBytes(Uint8Array.of(0x6a), pushData(new Uint8Array(size - 3)));
    expect(script.length).toBe(size);
    expect(codeOf({ outputs: [output(script, 0)] })).toBe(code);
  });

  test("takes one output of data, not two", () => {
    const data = output(nullDataScript(Uint8Array.of(1, 2, 3)), 0);
    expect(codeOf({ outputs: [data, output(TRUE_OUTPUT)] })).toBeUndefined();
    expect(codeOf({ outputs: [data, output(TRUE_OUTPUT), data] })).toBe("datacarrier");
  });

  test.each([
    [329, "dust"],
    [330, undefined],
    [331, undefined],
  ])("judges a P2WSH output of %d sat", (value, code) => {
    expect(codeOf({ outputs: [output(TRUE_OUTPUT, value)] })).toBe(code);
  });
});

describe("dustThreshold", () => {
  // Bitcoin Core's thresholds at its default dust feerate.
  test.each([
    ["P2PKH", P2PKH, 546],
    ["P2SH", P2SH, 540],
    ["P2WPKH", P2WPKH, 294],
    ["P2WSH", TRUE_OUTPUT, 330],
    ["P2TR", P2TR, 330],
    ["an anchor", ANCHOR, 240],
    ["OP_RETURN", nullDataScript(), 0],
  ])("is Bitcoin's for %s", (_, script, least) => {
    expect(dustThreshold(output(script))).toBe(least);
  });
});

describe("feeAt", () => {
  test.each([
    [1, 141, 141],
    [0.1, 30, 3],
    [0.1, 31, 4],
    [0, 1_000, 0],
    [1.5, 3, 5],
    [2.0004, 1_000, 2_000],
  ])("%d sat a vbyte for %d vbytes are %d sat", (feerate, size, fee) => {
    expect(feeAt(feerate, size)).toBe(fee);
  });
});

describe("policySize", () => {
  test("is the virtual size as long as signature operations are few", () => {
    const tx = transaction({});
    expect(policySize(tx, 0)).toBe(Math.ceil(tx.weight / 4));
    expect(policySize(tx, Math.floor(tx.weight / 20))).toBe(Math.ceil(tx.weight / 4));
  });

  test("is 5 vbytes for each unit of their cost where they are many", () => {
    expect(policySize(transaction({}), 1_000)).toBe(5_000);
  });
});
