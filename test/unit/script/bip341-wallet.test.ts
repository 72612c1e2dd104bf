/**
 * The wallet vectors of BIP-0341: how outputs commit to keys and scripts, and what key path
 * signatures sign, step by step.
 */

import { describe, expect, test } from "bun:test";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { type AddressPrefixes, formatAddress } from "../../../src/primitives/address.ts";
import type { TxOutput } from "../../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS } from "../../../src/script/flags.ts";
import { startTaproot } from "../../../src/script/machine.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import {
  decodeControlBlock,
  isCommittedTo,
  tapBranchHash,
  tapLeafHash,
  tapTweakHash,
} from "../../../src/script/taproot.ts";
import { taprootSighash } from "../../../src/script/witness-sighash.ts";
import { readBitcoreVectors } from "../../support/bitcore-vectors.ts";
import { reportCases } from "../../support/report-cases.ts";
import { SIGNATURE_VERIFIERS } from "../../support/signature-verifiers.ts";
import { transactionOfHex, verify } from "./core-vectors.ts";

interface Leaf {
  readonly script: string;
  readonly leafVersion: number;
}

type Tree = Leaf | readonly [Tree, Tree];

interface OutputVector {
  readonly given: { readonly internalPubkey: string; readonly scriptTree: Tree | null };
  readonly intermediary: {
    readonly leafHashes?: readonly string[];
    readonly merkleRoot: string | null;
    readonly tweak: string;
    readonly tweakedPubkey: string;
  };
  readonly expected: {
    readonly scriptPubKey: string;
    readonly bip350Address: string;
    readonly scriptPathControlBlocks?: readonly string[];
  };
}

interface InputVector {
  readonly given: {
    readonly txinIndex: number;
    readonly internalPrivkey: string;
    readonly merkleRoot: string | null;
    readonly hashType: number;
  };
  readonly intermediary: {
    readonly internalPubkey: string;
    readonly tweak: string;
    readonly tweakedPrivkey: string;
    readonly sigHash: string;
  };
  readonly expected: { readonly witness: readonly [string] };
}

interface SpendingVector {
  readonly given: {
    readonly rawUnsignedTx: string;
    readonly utxosSpent: readonly { readonly scriptPubKey: string; readonly amountSats: number }[];
  };
  readonly intermediary: Readonly<Record<string, string>>;
  readonly inputSpending: readonly InputVector[];
  readonly auxiliary: { readonly fullySignedTx: string };
}

const vectors = await readBitcoreVectors<{
  scriptPubKey: OutputVector[];
  keyPathSpending: SpendingVector[];
}>("bitcoind/wallet_test_vectors.json");

const MAIN: AddressPrefixes = { bech32: "bc", p2pkh: 0x00, p2sh: 0x05, wif: 0x80 };
const { Point } = secp256k1;

function isBranch(tree: Tree): tree is readonly [Tree, Tree] {
  return Array.isArray(tree);
}

function leavesOf(tree: Tree): Leaf[] {
  return isBranch(tree) ? tree.flatMap(leavesOf) : [tree];
}

function rootOf(tree: Tree): Uint8Array {
  if (isBranch(tree)) return tapBranchHash(rootOf(tree[0]), rootOf(tree[1]));
  return tapLeafHash(tree.leafVersion, fromHex(tree.script));
}

test("outputs are made of internal keys and trees as BIP-0341 shows", () => {
  const counts = { outputs: 0, leaves: 0, "control blocks": 0 };
  for (const { given, intermediary, expected } of vectors.scriptPubKey) {
    counts.outputs++;
    const internalKey = fromHex(given.internalPubkey);
    const root = given.scriptTree === null ? undefined : rootOf(given.scriptTree);
    expect(root === undefined ? null : toHex(root)).toBe(intermediary.merkleRoot);

    const tweak = tapTweakHash(internalKey, root);
    expect(toHex(tweak)).toBe(intermediary.tweak);
    const outputKey = fromHex(intermediary.tweakedPubkey);
    for (const { isTweakedKey } of SIGNATURE_VERIFIERS) {
      const parities = [false, true].map((isOdd) =>
        isTweakedKey(outputKey, isOdd, internalKey, tweak),
      );
      expect(parities.filter((isRight) => isRight)).toHaveLength(1);
    }

    const script = concatBytes(Uint8Array.of(0x51, 32), outputKey);
    expect(toHex(script)).toBe(expected.scriptPubKey);
    expect(formatAddress(script, MAIN)).toBe(expected.bip350Address);

    const leaves = given.scriptTree === null ? [] : leavesOf(given.scriptTree);
    const hashes = leaves.map((leaf) => tapLeafHash(leaf.leafVersion, fromHex(leaf.script)));
    expect(hashes.map(toHex)).toEqual([...(intermediary.leafHashes ?? [])]);
    counts.leaves += leaves.length;

    for (const [index, hex] of (expected.scriptPathControlBlocks ?? []).entries()) {
      counts["control blocks"]++;
      const block = decodeControlBlock(fromHex(hex))!;
      expect(toHex(block.internalKey)).toBe(given.internalPubkey);
      expect(block.leafVersion).toBe(leaves[index]?.leafVersion as number);
      for (const { isTweakedKey } of SIGNATURE_VERIFIERS) {
        const leads = (hash: Uint8Array) => isCommittedTo(outputKey, hash, block, isTweakedKey);
        expect(hashes.filter(leads).map(toHex)).toEqual([toHex(hashes[index]!)]);
      }
    }
  }
  reportCases("wallet_test_vectors.json, scriptPubKey", counts, {
    outputs: 7,
    leaves: 12,
    "control blocks": 12,
  });
});

describe.each(vectors.keyPathSpending)("key path spending", (vector) => {
  const { given, intermediary, inputSpending, auxiliary } = vector;
  const unsigned = transactionOfHex(given.rawUnsignedTx);
  const signed = transactionOfHex(auxiliary.fullySignedTx);
  const spentOutputs: TxOutput[] = given.utxosSpent.map(({ scriptPubKey, amountSats }) => ({
    value: amountSats,
    scriptPubKey: fromHex(scriptPubKey),
  }));

  test("the parts that all signatures share are hashed as BIP-0341 shows", () => {
    const hashes = createSighashCache(unsigned).taproot(spentOutputs);
    expect({
      hashAmounts: toHex(hashes.spentAmounts),
      hashOutputs: toHex(hashes.outputs),
      hashPrevouts: toHex(hashes.prevouts),
      hashScriptPubkeys: toHex(hashes.spentScripts),
      hashSequences: toHex(hashes.sequences),
    }).toEqual(intermediary as any);
  });

  test("each input signs the digest, with the tweaked key, that BIP-0341 shows", () => {
    const cache = createSighashCache(unsigned);
    for (const { given: input, intermediary: step, expected } of inputSpending) {
      const secret = fromHex(input.internalPrivkey);
      expect(toHex(schnorr.getPublicKey(secret))).toBe(step.internalPubkey);
      const root = input.merkleRoot === null ? undefined : fromHex(input.merkleRoot);
      const tweak = tapTweakHash(fromHex(step.internalPubkey), root);
      expect(toHex(tweak)).toBe(step.tweak);
      const tweaked = tweakedSecret(secret, tweak);
      expect(toHex(tweaked)).toBe(step.tweakedPrivkey);

      const execution = startTaproot(undefined, undefined, 0);
      const digest = taprootSighash(
        cache,
        input.txinIndex,
        spentOutputs,
        input.hashType,
        execution,
      )!;
      expect(toHex(digest)).toBe(step.sigHash);
      const signature = schnorr.sign(digest, tweaked, new Uint8Array(32));
      const hashType = input.hashType === 0 ? [] : [input.hashType];
      expect(toHex(concatBytes(signature, Uint8Array.from(hashType)))).toBe(expected.witness[0]);
      for (const verifier of SIGNATURE_VERIFIERS) {
        expect(verifier.verifySchnorr(signature, digest, schnorr.getPublicKey(tweaked))).toBe(true);
      }
    }
    reportCases(
      "wallet_test_vectors.json, keyPathSpending",
      { inputs: inputSpending.length },
      { inputs: 7 },
    );
  });

  test("the signed transaction spends all of its inputs", () => {
    expect(signed.inputs.map(({ prevout }) => prevout)).toEqual(
      unsigned.inputs.map(({ prevout }) => prevout),
    );
    expect(signed.inputs).toHaveLength(9);
    for (const index of signed.inputs.keys()) {
      expect(verify(signed, index, spentOutputs, MANDATORY_FLAGS)).toBeUndefined();
    }
  });
});

/** The secret key whose public key is the tweaked one: BIP-0341's taproot_tweak_seckey. */
function tweakedSecret(secret: Uint8Array, tweak: Uint8Array): Uint8Array {
  const numberOf = (bytes: Uint8Array) => BigInt(`0x${bytes.toHex()}`);
  const { ORDER } = Point.Fn;
  const isOdd = secp256k1.getPublicKey(secret, true)[0] === 3;
  const even = isOdd ? ORDER - numberOf(secret) : numberOf(secret);
  return fromHex(((even + numberOf(tweak)) % ORDER).toString(16).padStart(64, "0"));
}
