/**
 * Bitcoin Core's published cases under any other sets of rules than theirs: with rules taken away a
 * valid one stays valid, with rules added an invalid one stays invalid.
 *
 * With a single flag more or less each case is tried in verify-script and core-transactions.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkTransaction } from "../../../src/consensus/check-transaction.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { RuleError } from "../../../src/consensus/rule-error.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import {
  outpointKey,
  type Transaction,
  type TxOutput,
} from "../../../src/primitives/transaction.ts";
import { ScriptFlag, type ScriptFlags } from "../../../src/script/flags.ts";
import type { ScriptError } from "../../../src/script/script-error.ts";
import { ANY_FLAGS, withNeededFlags, withoutNeedyFlags } from "../../support/arbitraries.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";
import { assembleScript, parseScriptFlags } from "../../support/script-assembly.ts";
import coreTransactions from "../../vectors/core-transactions.json";
import { loadVectors, spendingTransaction, transactionOfHex, verify } from "./core-vectors.ts";

const { params } = findNetwork("regtest");

/** A transaction with all that it spends, and the rules it is published with. */
interface Case {
  readonly tx: Transaction;
  readonly spentOutputs: readonly TxOutput[];
  readonly flags: ScriptFlags;
  readonly isValid: boolean;
}

/** A case is [[[txid, vout, scriptPubKey, amount?]...], transaction, flags]. */
function transactionCase([prevouts, hex, flagList]: any[], isValid: boolean): Case {
  const outputs = new Map<string, TxOutput>();
  for (const [txid, vout, script, amount] of prevouts) {
    const output = { value: Number(amount ?? 0), scriptPubKey: assembleScript(script) };
    outputs.set(outpointKey({ txid, vout: vout >>> 0 }), output);
  }
  const tx = transactionOfHex(hex);
  const spentOutputs = tx.inputs.map(({ prevout }) => outputs.get(outpointKey(prevout))!);
  return { tx, spentOutputs, flags: flagsOf(flagList), isValid };
}

/** A case is [[witness..., amount]?, scriptSig, scriptPubKey, flags, expected, comment?]. */
function scriptCase(vector: any[]): Case {
  const hasWitness = Array.isArray(vector[0]);
  const witness: string[] = hasWitness ? vector[0].slice(0, -1) : [];
  const amount: number = hasWitness ? vector[0].at(-1) : 0;
  const [scriptSig, scriptPubKey, flagList, expected] = hasWitness ? vector.slice(1) : vector;
  const spent = { value: Math.round(amount * 1e8), scriptPubKey: assembleScript(scriptPubKey) };
  return {
    tx: spendingTransaction(spent, assembleScript(scriptSig), witness.map(fromHex)),
    spentOutputs: [spent],
    flags: flagsOf(flagList),
    isValid: expected === "OK",
  };
}

function flagsOf(list: string): ScriptFlags {
  return withNeededFlags(parseScriptFlags(list));
}

/** Why the first input that fails does; undefined if all pass. */
function outcomeOf({ tx, spentOutputs }: Case, flags: ScriptFlags): ScriptError | undefined {
  for (const index of tx.inputs.keys()) {
    const error = verify(tx, index, spentOutputs, flags);
    if (error !== undefined) return error;
  }
  return undefined;
}

function isValidOnItsOwn({ tx }: Case): boolean {
  try {
    checkTransaction(tx, params);
    return true;
  } catch (error) {
    if (error instanceof RuleError) return false;
    throw error;
  }
}

/** Without its flag this opcode is one of those that DISCOURAGE_UPGRADABLE_NOPS forbids, in the rules
 * that the published cases are for; so a rule more may well allow something. */
function forbidsSoftForks(flags: ScriptFlags): boolean {
  const locks = ScriptFlag.CHECKLOCKTIMEVERIFY | ScriptFlag.CHECKSEQUENCEVERIFY;
  const isDiscouraged = (flags & ScriptFlag.DISCOURAGE_UPGRADABLE_NOPS) !== 0;
  return isDiscouraged && (flags & locks) !== locks;
}

const [validTransactions, invalidTransactions, scripts] = await Promise.all(
  ["tx_valid", "tx_invalid", "script_tests"].map((name) => loadVectors(`bitcoind/${name}.json`)),
);

const CASES: readonly Case[] = [
  ...[...validTransactions!, ...coreTransactions.valid].map((one) => transactionCase(one, true)),
  ...[...invalidTransactions!, ...coreTransactions.invalid]
    .map((one) => transactionCase(one, false))
    .filter(isValidOnItsOwn),
  ...scripts!.map(scriptCase),
];

describe("published cases", () => {
  const ANY_CASE = fc.constantFrom(...CASES);

  test(
    "stay valid under any smaller set of rules, and invalid under any larger one",
    () => {
      const tried = { smaller: 0, larger: 0 };
      fc.assert(
        fc.property(ANY_CASE, ANY_FLAGS, (one, others) => {
          const { flags, isValid } = one;
          const changed = isValid
            ? withoutNeedyFlags(flags & others)
            : withNeededFlags(flags | others);
          if (forbidsSoftForks(isValid ? changed : flags)) return;
          tried[isValid ? "smaller" : "larger"] += 1;
          expect(outcomeOf(one, changed) === undefined).toBe(isValid);
        }),
        runs(3_000),
      );
      expect(Math.min(tried.smaller, tried.larger)).toBeGreaterThan(100);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "are never allowed more by the larger of two sets of rules, one within the other",
    () => {
      fc.assert(
        fc.property(ANY_CASE, ANY_FLAGS, ANY_FLAGS, (one, fewer, others) => {
          if (forbidsSoftForks(fewer)) return;
          const more = withNeededFlags(fewer | others);
          if (outcomeOf(one, more) !== undefined) return;
          expect(outcomeOf(one, fewer)).toBeUndefined();
        }),
        runs(3_000),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});
