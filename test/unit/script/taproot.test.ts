/**
 * Taproot and Tapscript against Bitcoin Core's script_assets_test.json, under every set of consensus
 * rules that a case says something about.
 */

import { expect, test } from "bun:test";
import type { SignatureVerifier } from "../../../src/crypto/signature-verifier.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import { type ByteReader, decodeAll } from "../../../src/lib/codec.ts";
import { makeTransaction, type TxOutput } from "../../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS, ScriptFlag } from "../../../src/script/flags.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import { verifyInput } from "../../../src/script/verify-input.ts";
import { reportCases } from "../../support/report-cases.ts";
import { parseScriptFlags } from "../../support/script-assembly.ts";
import { remembering, SIGNATURE_VERIFIERS } from "../../support/signature-verifiers.ts";
import { loadVectors, transactionOfHex } from "./core-vectors.ts";

const vectors = await loadVectors("bitcoind/script_assets_test.json");

/** Every set of consensus rules in which WITNESS has P2SH and TAPROOT has WITNESS. */
const RULE_SETS = subsetsOf(MANDATORY_FLAGS).filter(
  (flags) =>
    (!has(flags, ScriptFlag.WITNESS) || has(flags, ScriptFlag.P2SH)) &&
    (!has(flags, ScriptFlag.TAPROOT) || has(flags, ScriptFlag.WITNESS)),
);

test.each(SIGNATURE_VERIFIERS.map((verifier) => [verifier.name, remembering(verifier)] as const))(
  "accepts and refuses the spends of script_assets_test.json, %s",
  (name, signatures) => {
    const failures: unknown[] = [];
    const counts = { successes: 0, final: 0, failures: 0, verifications: 0 };
    for (const { comment, success, failure, final, flags: flagList, ...spend } of vectors) {
      const flags = parseScriptFlags(flagList);
      if (success !== undefined) {
        counts.successes++;
        if (final === true) counts.final++;
        // A success holds under fewer rules too; a final one under all there will ever be.
        const sets = RULE_SETS.filter((set) => final === true || has(flags, set));
        for (const error of outcomesOf(spend, success, sets, signatures)) {
          counts.verifications++;
          if (error !== undefined) failures.push({ comment, error });
        }
      }
      if (failure !== undefined) {
        counts.failures++;
        // A failure stays one under more rules.
        const sets = RULE_SETS.filter((set) => has(set, flags));
        for (const error of outcomesOf(spend, failure, sets, signatures)) {
          counts.verifications++;
          if (error === undefined) failures.push({ comment, error: "none" });
        }
      }
    }
    expect(failures).toEqual([]);
    expect(RULE_SETS).toHaveLength(64);
    reportCases(`script_assets_test.json, ${name}`, counts, {
      successes: 2243,
      final: 557,
      failures: 1492,
      verifications: 137_359,
    });
  },
  30_000,
);

function has(flags: number, all: number): boolean {
  return (flags & all) === all;
}

function subsetsOf(flags: number): number[] {
  const subsets: number[] = [];
  for (let subset = flags; ; subset = (subset - 1) & flags) {
    subsets.push(subset);
    if (subset === 0) return subsets;
  }
}

function outcomesOf(
  vector: any,
  { scriptSig, witness }: { scriptSig: string; witness: string[] },
  ruleSets: readonly number[],
  signatures: SignatureVerifier,
) {
  const template = transactionOfHex(vector.tx);
  const inputs = template.inputs.map((input, index) =>
    index === vector.index
      ? { ...input, scriptSig: fromHex(scriptSig), witness: witness.map(fromHex) }
      : input,
  );
  const spentOutputs = vector.prevouts.map((hex: string) => decodeAll(fromHex(hex), readOutput));
  const tx = makeTransaction({ ...template, inputs });
  const cache = createSighashCache(tx);
  return ruleSets.map((flags) =>
    verifyInput({ tx, inputIndex: vector.index, spentOutputs, flags, cache, signatures }),
  );
}

function readOutput(reader: ByteReader): TxOutput {
  return { value: reader.i64AsNumber(), scriptPubKey: reader.variableBytes() };
}
