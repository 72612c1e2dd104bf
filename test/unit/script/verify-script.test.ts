/**
 * Bitcoin Core's script_tests.json: every case, by the name of the error it must give. The older
 * copy of bitcore-lib first, then what Bitcoin Core has added since.
 */

import { expect, test } from "bun:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concatBytes, fromHex } from "../../../src/lib/bytes.ts";
import { ScriptFlag } from "../../../src/script/flags.ts";
import { pushLiteral } from "../../../src/script/script.ts";
import { TAPSCRIPT_LEAF_VERSION, tapLeafHash, tapTweakHash } from "../../../src/script/taproot.ts";
import { reportCases } from "../../support/report-cases.ts";
import { assembleScript, parseScriptFlags } from "../../support/script-assembly.ts";
import coreScripts from "../../vectors/core-scripts.json";
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
  reportCases(
    "script_tests.json",
    { cases: vectors.length, ...renamed },
    { cases: 1189, "UNKNOWN_ERROR -> SCRIPTNUM": 66, "EVAL_FALSE -> CLEANSTACK": 14 },
  );
});

test.each([
  ["release 0.21", coreScripts.release021 as any[], 29],
  ["later releases", coreScripts.since as any[], 26],
] as const)("gives those of the cases that came with %s", (release, cases, count) => {
  for (const vector of cases) {
    expect({ vector, outcome: outcomeOf(vector) }).toEqual({
      vector,
      outcome: fieldsOf(vector).expected,
    });
  }
  reportCases(`script_tests.json, added by ${release}`, { cases: cases.length }, { cases: count });
});

test("an IF without a condition is unbalanced, as in every release that the copies are of", () => {
  // Bitcoin Core has since come to say INVALID_STACK_OPERATION; the verdict is the same.
  const cases = vectors.filter((vector) => /^(?:NOP|0x03 0x6[34]5168)?$/.test(inputOf(vector)));
  const unbalanced = cases.filter((vector) => outcomeOf(vector) === "UNBALANCED_CONDITIONAL");
  expect(unbalanced.map((vector) => fieldsOf(vector).expected)).toEqual(
    unbalanced.map(() => "UNBALANCED_CONDITIONAL"),
  );
  reportCases(
    "script_tests.json, IF without a condition",
    { cases: unbalanced.length },
    { cases: 12 },
  );
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

/**
 * Bitcoin Core has since given these failures names of their own, and its file says so too: a stack
 * that is not clean after a witness script was a false one before 0.21, and a number that is too
 * long or not minimal was an error without a name still then.
 */
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
  const items: string[] = hasWitness ? vector[0].slice(0, -1) : [];
  const amount: number = hasWitness ? vector[0].at(-1) : 0;
  const [scriptSig, scriptPubKey, flags, expected] = hasWitness ? vector.slice(1) : vector;
  const tapscript = tapscriptOf(items);
  return {
    witness: items.map((item) => witnessItem(item, tapscript)),
    value: Math.round(amount * 1e8),
    scriptSig: assembleScript(scriptSig),
    scriptPubKey: tapscript?.scriptPubKey ?? assembleScript(scriptPubKey),
    flags: withNeeded(parseScriptFlags(flags)),
    expected,
  };
}

function inputOf(vector: any[]): string {
  return Array.isArray(vector[0]) ? vector[1].replace(/^0x22 \S+$/, "") : vector[0];
}

interface SingleLeaf {
  readonly script: Uint8Array;
  readonly controlBlock: Uint8Array;
  readonly scriptPubKey: Uint8Array;
}

/** A tree of one leaf, where a case leaves it to its reader: its internal key is the generator. */
function tapscriptOf(items: readonly string[]): SingleLeaf | undefined {
  const text = items.find((item) => item.startsWith("#SCRIPT#"));
  if (text === undefined) return undefined;

  const { BASE } = secp256k1.Point;
  const script = assembleScript(text.slice("#SCRIPT#".length));
  const internalKey = BASE.toBytes(true).subarray(1);
  const tweak = tapTweakHash(internalKey, tapLeafHash(TAPSCRIPT_LEAF_VERSION, script));
  const [parity, ...outputKey] = BASE.add(BASE.multiply(BigInt(`0x${tweak.toHex()}`))).toBytes();
  const isOdd = parity === 3 ? 1 : 0;
  return {
    script,
    controlBlock: concatBytes(Uint8Array.of(TAPSCRIPT_LEAF_VERSION | isOdd), internalKey),
    scriptPubKey: concatBytes(Uint8Array.of(0x51), pushLiteral(Uint8Array.from(outputKey))),
  };
}

function witnessItem(item: string, tapscript: SingleLeaf | undefined): Uint8Array {
  if (tapscript !== undefined && item.startsWith("#SCRIPT#")) return tapscript.script;
  if (tapscript !== undefined && item === "#CONTROLBLOCK#") return tapscript.controlBlock;
  return fromHex(item);
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
