/**
 * Taproot and Tapscript against Bitcoin Core's script_assets_test.json, and tweaks against
 * BIP-0341's wallet vectors.
 */

import { expect, test } from "bun:test";
import type { SignatureVerifier } from "../../../src/crypto/signature-verifier.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { type ByteReader, decodeAll } from "../../../src/lib/codec.ts";
import { makeTransaction, type TxOutput } from "../../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS } from "../../../src/script/flags.ts";
import { tapTweakHash } from "../../../src/script/taproot.ts";
import { readBitcoreVectors } from "../../support/bitcore-vectors.ts";
import { parseScriptFlags } from "../../support/script-assembly.ts";
import { remembering, SIGNATURE_VERIFIERS } from "../../support/signature-verifiers.ts";
import { loadVectors, transactionOfHex, verify } from "./core-vectors.ts";

const vectors = await loadVectors("bitcoind/script_assets_test.json");

test.each(SIGNATURE_VERIFIERS.map((verifier) => [verifier.name, remembering(verifier)] as const))(
  "accepts and refuses the spends of script_assets_test.json, %s",
  (name, signatures) => {
    const failures: unknown[] = [];
    let accepted = 0;
    let refused = 0;
    for (const vector of vectors) {
      const flags = parseScriptFlags(vector.flags);
      // A "final" success holds under all rules; a failure stays one under more of them.
      const successFlags = vector.final === true ? MANDATORY_FLAGS : flags;
      if (vector.success !== undefined) {
        accepted += 1;
        const error = outcomeOf(vector, vector.success, successFlags, signatures);
        if (error !== undefined) failures.push({ comment: vector.comment, error });
      }
      if (vector.failure !== undefined) {
        refused += 1;
        const error = outcomeOf(vector, vector.failure, flags, signatures);
        if (error === undefined) failures.push({ comment: vector.comment, error: "none" });
      }
    }
    expect(failures).toEqual([]);
    expect({ accepted, refused }).toEqual({ accepted: 2243, refused: 1492 });
    console.log(`script_assets_test.json, ${name}: ${accepted} accepted, ${refused} refused`);
  },
);

test("gives the tweaks of BIP-0341's wallet vectors, for keys with scripts and without", async () => {
  const { scriptPubKey } = await readBitcoreVectors<WalletVectors>(
    "bitcoind/wallet_test_vectors.json",
  );
  for (const { given, intermediary } of scriptPubKey) {
    const root = intermediary.merkleRoot === null ? undefined : fromHex(intermediary.merkleRoot);
    expect(toHex(tapTweakHash(fromHex(given.internalPubkey), root))).toBe(intermediary.tweak);
  }
  expect(scriptPubKey.map(({ intermediary }) => intermediary.merkleRoot === null)).toEqual([
    true,
    ...Array.from({ length: 6 }, () => false),
  ]);
});

interface WalletVectors {
  readonly scriptPubKey: {
    given: { internalPubkey: string };
    intermediary: { merkleRoot: string | null; tweak: string };
  }[];
}

function outcomeOf(
  vector: any,
  { scriptSig, witness }: { scriptSig: string; witness: string[] },
  flags: number,
  signatures: SignatureVerifier,
) {
  const template = transactionOfHex(vector.tx);
  const inputs = template.inputs.map((input, index) =>
    index === vector.index
      ? { ...input, scriptSig: fromHex(scriptSig), witness: witness.map(fromHex) }
      : input,
  );
  const spentOutputs = vector.prevouts.map((hex: string) => decodeAll(fromHex(hex), readOutput));
  return verify(
    makeTransaction({ ...template, inputs }),
    vector.index,
    spentOutputs,
    flags,
    signatures,
  );
}

function readOutput(reader: ByteReader): TxOutput {
  return { value: reader.i64AsNumber(), scriptPubKey: reader.variableBytes() };
}
