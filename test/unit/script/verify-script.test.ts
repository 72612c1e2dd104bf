/**
 * Bitcoin Core's script_tests.json: every case, by the name of the error it must give.
 */

import { expect, test } from "bun:test";
import { fromHex } from "../../../src/lib/bytes.ts";
import { ScriptFlag } from "../../../src/script/flags.ts";
import { assembleScript, parseScriptFlags } from "../../support/script-assembly.ts";
import { loadVectors, spendingTransaction, verify } from "./core-vectors.ts";

const vectors = await loadVectors("bitcoind/script_tests.json");

test("gives the verdict and the error of every case of script_tests.json", () => {
  const failures: unknown[] = [];
  const renamed: Record<string, number> = {};
  for (const vector of vectors) {
    const actual = outcomeOf(vector);
    const { expected } = fieldsOf(vector);
    if (actual === expected) continue;
    const change = `${expected} -> ${actual}`;
    if (!NAMES_CHANGED_SINCE.has(change)) failures.push({ vector, actual });
    renamed[change] = (renamed[change] ?? 0) + 1;
  }
  expect(failures).toEqual([]);
  expect(renamed).toEqual({ "UNKNOWN_ERROR -> SCRIPTNUM": 66, "EVAL_FALSE -> CLEANSTACK": 14 });
  expect(vectors.length).toBe(1189);
  console.log(`script_tests.json: ${vectors.length} cases`);
});

test("a rule more never makes an invalid spend valid, a rule less never a valid one invalid", () => {
  const failures: unknown[] = [];
  for (const vector of vectors) {
    const { expected, flags } = fieldsOf(vector);
    const isValid = expected === "OK";
    for (const flag of Object.values(ScriptFlag)) {
      if ((flag & SOFT_FORKS_BY_NOP) !== 0) continue;
      const changed = isValid ? withoutDependents(flags & ~flag) : withNeeded(flags | flag);
      if (changed === flags) continue;
      const actual = outcomeOf(vector, changed);
      if ((actual === "OK") !== isValid) failures.push({ vector, changed, actual });
    }
  }
  expect(failures).toEqual([]);
});

/** Bitcoin Core has since given these failures names of their own; its file says so too. */
const NAMES_CHANGED_SINCE = new Set(["UNKNOWN_ERROR -> SCRIPTNUM", "EVAL_FALSE -> CLEANSTACK"]);

/** What they allow is what DISCOURAGE_UPGRADABLE_NOPS forbids without them. */
const SOFT_FORKS_BY_NOP = ScriptFlag.CHECKLOCKTIMEVERIFY | ScriptFlag.CHECKSEQUENCEVERIFY;

interface Fields {
  readonly witness: readonly Uint8Array[];
  readonly value: number;
  readonly scriptSig: Uint8Array;
  readonly scriptPubKey: Uint8Array;
  readonly flags: number;
  readonly expected: string;
}

/** A case is [[witness..., amount]?, scriptSig, scriptPubKey, flags, expected, comment?]. */
function fieldsOf(vector: any[]): Fields {
  const hasWitness = Array.isArray(vector[0]);
  const witness: any[] = hasWitness ? vector[0].slice(0, -1) : [];
  const amount: number = hasWitness ? vector[0].at(-1) : 0;
  const [scriptSig, scriptPubKey, flags, expected] = hasWitness ? vector.slice(1) : vector;
  return {
    witness: witness.map(fromHex),
    value: Math.round(amount * 1e8),
    scriptSig: assembleScript(scriptSig),
    scriptPubKey: assembleScript(scriptPubKey),
    flags: withNeeded(parseScriptFlags(flags)),
    expected,
  };
}

function outcomeOf(vector: any[], changedFlags?: number): string {
  const { scriptPubKey, scriptSig, value, witness, flags } = fieldsOf(vector);
  const spent = { value, scriptPubKey };
  const tx = spendingTransaction(spent, scriptSig, witness);
  return verify(tx, 0, [spent], changedFlags ?? flags) ?? "OK";
}

function withNeeded(flags: number): number {
  let all = flags;
  if ((all & ScriptFlag.CLEANSTACK) !== 0) all |= ScriptFlag.WITNESS;
  if ((all & ScriptFlag.WITNESS) !== 0) all |= ScriptFlag.P2SH;
  return all;
}

function withoutDependents(flags: number): number {
  let rest = flags;
  if ((rest & ScriptFlag.P2SH) === 0) rest &= ~ScriptFlag.WITNESS;
  if ((rest & ScriptFlag.WITNESS) === 0) rest &= ~ScriptFlag.CLEANSTACK;
  return rest;
}
