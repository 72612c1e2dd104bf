/**
 * Whole transactions: Bitcoin Core's tx_valid.json and tx_invalid.json, the older copy of
 * bitcore-lib and the cases that it lacks, under the flags that each names and those beside them.
 */

import { describe, expect, test } from "bun:test";
import { checkTransaction } from "../../../src/consensus/check-transaction.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import {
  encodeTransaction,
  outpointKey,
  type Transaction,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import { ScriptFlag } from "../../../src/script/flags.ts";
import { reportCases } from "../../support/report-cases.ts";
import { assembleScript, parseScriptFlags } from "../../support/script-assembly.ts";
import coreTransactions from "../../vectors/core-transactions.json";
import { loadVectors, transactionOfHex, verify } from "./core-vectors.ts";

const { params } = findNetwork("regtest");

const valid = await loadVectors("bitcoind/tx_valid.json");
const invalid = await loadVectors("bitcoind/tx_invalid.json");

describe.each<[string, any[], number]>([
  ["tx_valid.json", valid, 50],
  ["tx_valid.json, missing cases", coreTransactions.valid, 80],
])("%s", (suite, cases, count) => {
  test("every transaction is accepted, without any one of the flags too", () => {
    const failures: unknown[] = [];
    let runs = 0;
    for (const vector of cases) {
      const flags = parseScriptFlags(vector[2]);
      for (const tried of new Set([flags, ...single.map((flag) => without(flags, flag))])) {
        runs++;
        const outcome = outcomeOf(vector, tried);
        if (outcome !== "OK") failures.push({ vector, tried, outcome });
      }
    }
    expect(failures).toEqual([]);
    reportCases(suite, { cases: cases.length }, { cases: count });
    expect(runs).toBeGreaterThan(cases.length);
  });
});

describe.each<[string, any[], number, number, string[]]>([
  [
    "tx_invalid.json",
    invalid,
    39,
    8,
    [
      "bad-cb-length",
      "bad-txns-inputs-duplicate",
      "bad-txns-txouttotal-toolarge",
      "bad-txns-vout-empty",
      "bad-txns-vout-negative",
      "bad-txns-vout-toolarge",
    ],
  ],
  [
    "tx_invalid.json, missing cases",
    coreTransactions.invalid,
    71,
    4,
    ["bad-txns-prevout-null", "bad-txns-vout-empty"],
  ],
])("%s", (suite, cases, count, withoutScripts, rules) => {
  test("every transaction is refused, with any flag more too", () => {
    const accepted: unknown[] = [];
    const codes: string[] = [];
    for (const vector of cases) {
      const flags = parseScriptFlags(vector[2]);
      codes.push(outcomeOf(vector, flags));
      for (const tried of new Set([flags, ...single.map((flag) => withNeeded(flags | flag))])) {
        if (outcomeOf(vector, tried) === "OK") accepted.push({ vector, tried });
      }
    }
    expect(accepted).toEqual([]);

    // These break rules of transactions, which come before any script.
    const broken = codes.filter((code) => code.startsWith("bad-"));
    reportCases(
      suite,
      { cases: cases.length, "of them not by scripts": broken.length },
      { cases: count, "of them not by scripts": withoutScripts },
    );
    expect([...new Set(broken)].sort()).toEqual(rules);
  });
});

const single = Object.values(ScriptFlag);

function withNeeded(flags: number): number {
  let all = flags;
  if ((all & (ScriptFlag.CLEANSTACK | ScriptFlag.TAPROOT)) !== 0) all |= ScriptFlag.WITNESS;
  if ((all & ScriptFlag.WITNESS) !== 0) all |= ScriptFlag.P2SH;
  return all;
}

function without(flags: number, flag: number): number {
  let rest = flags & ~flag;
  if ((rest & ScriptFlag.P2SH) === 0) rest &= ~ScriptFlag.WITNESS;
  if ((rest & ScriptFlag.WITNESS) === 0) rest &= ~(ScriptFlag.CLEANSTACK | ScriptFlag.TAPROOT);
  return rest;
}

/** A case is [[[txid, vout, scriptPubKey, amount?]...], transaction, flags]. */
function outcomeOf([prevouts, hex]: any[], flags: number): string {
  const tx = transactionOfHex(hex);
  expect(toHex(encodeTransaction(tx))).toBe(hex);
  try {
    checkTransaction(tx, params);
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    throw error;
  }
  return firstError(tx, spentOutputsOf(tx, prevouts), flags) ?? "OK";
}

function spentOutputsOf(tx: Transaction, prevouts: any[]): TxOutput[] {
  const outputs = new Map<string, TxOutput>();
  for (const [txid, vout, script, amount] of prevouts) {
    const output = { value: Number(amount ?? 0), scriptPubKey: assembleScript(script) };
    outputs.set(outpointKey({ txid, vout: vout >>> 0 }), output);
  }
  return tx.inputs.map(({ prevout }) => {
    const output = outputs.get(outpointKey(prevout));
    if (output === undefined) throw new Error("the vector lacks an output");
    return output;
  });
}

function firstError(tx: Transaction, spentOutputs: readonly TxOutput[], flags: number) {
  for (const index of tx.inputs.keys()) {
    const error = verify(tx, index, spentOutputs, flags);
    if (error !== undefined) return error;
  }
  return undefined;
}
