/**
 * Messages that signatures in a version 0 witness sign, against the examples of BIP-0143.
 *
 * Those of Taproot are covered by taproot.test.ts, where each wrong one fails a signature.
 */

import { describe, expect, test } from "bun:test";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import type { TxOutput } from "../../../src/primitives/transaction.ts";
import { MANDATORY_FLAGS } from "../../../src/script/flags.ts";
import { startTaproot } from "../../../src/script/machine.ts";
import { createSighashCache } from "../../../src/script/sighash.ts";
import { taprootSighash, witnessV0Sighash } from "../../../src/script/witness-sighash.ts";
import { reportCases } from "../../support/report-cases.ts";
import { BIP143_EXAMPLES, type Bip143Example } from "./bip143-vectors.ts";
import { transactionOfHex, verify } from "./core-vectors.ts";

describe("witnessV0Sighash", () => {
  test.each(BIP143_EXAMPLES.map((example) => [example.name, example] as const))(
    "gives the digests and accepts the signatures of BIP-0143: %s",
    (_, example) => {
      const tx = transactionOfHex(example.tx);
      const cache = createSighashCache(tx);
      const spentOutputs = spentOutputsOf(example);
      for (const { inputIndex, scriptCode, hashType, digest } of example.digests) {
        const { value } = spentOutputs[inputIndex] as TxOutput;
        const actual = witnessV0Sighash(cache, inputIndex, fromHex(scriptCode), value, hashType);
        expect(toHex(actual)).toBe(digest);
      }
      for (const index of tx.inputs.keys()) {
        expect(verify(tx, index, spentOutputs, MANDATORY_FLAGS)).toBeUndefined();
      }
    },
  );

  test("was given all examples of BIP-0143", () => {
    reportCases(
      "bip143-vectors.ts",
      {
        transactions: BIP143_EXAMPLES.length,
        digests: BIP143_EXAMPLES.reduce((sum, { digests }) => sum + digests.length, 0),
      },
      { transactions: 7, digests: 13 },
    );
  });

  test("commits to the amount", () => {
    const example = BIP143_EXAMPLES[1] as Bip143Example;
    const [spent] = spentOutputsOf(example) as [TxOutput];
    const other = { ...spent, value: spent.value + 1 };
    const error = verify(transactionOfHex(example.tx), 0, [other], MANDATORY_FLAGS);
    expect(error).toBe("EVAL_FALSE");
  });
});

describe("taprootSighash", () => {
  const tx = transactionOfHex((BIP143_EXAMPLES[2] as Bip143Example).tx);
  const spentOutputs = spentOutputsOf(BIP143_EXAMPLES[2] as Bip143Example);
  const digestOf = (inputIndex: number, hashType: number) => {
    const execution = startTaproot(undefined, undefined, 0);
    return taprootSighash(createSighashCache(tx), inputIndex, spentOutputs, hashType, execution);
  };

  test.each([0x00, 0x01, 0x02, 0x03, 0x81, 0x82, 0x83])("has a digest for hash type %i", (type) => {
    expect(digestOf(0, type)).toHaveLength(32);
  });

  test.each([-1, 0x04, 0x7f, 0x80, 0x84, 0xff])(
    "has none for the undefined hash type %i",
    (type) => {
      expect(digestOf(0, type)).toBeUndefined();
    },
  );

  test("has none for SINGLE without an output of the same index", () => {
    expect(digestOf(1, 0x03)).toBeUndefined();
    expect(digestOf(1, 0x83)).toBeUndefined();
  });

  test("has the same one from a cache that served version 0 messages", () => {
    const cache = createSighashCache(tx);
    witnessV0Sighash(cache, 0, Uint8Array.of(0x51), 5, 0x01);
    const execution = startTaproot(undefined, undefined, 0);
    for (const type of [0x00, 0x01, 0x02, 0x03, 0x81, 0x82, 0x83]) {
      expect(taprootSighash(cache, 0, spentOutputs, type, execution)).toEqual(digestOf(0, type));
    }
  });

  test("throws where the output that ANYONECANPAY signs is missing", () => {
    const execution = startTaproot(undefined, undefined, 0);
    expect(() => taprootSighash(createSighashCache(tx), 0, [], 0x81, execution)).toThrow(
      RangeError,
    );
  });
});

function spentOutputsOf({ spent }: Bip143Example): TxOutput[] {
  return spent.map(({ value, scriptPubKey }) => ({ value, scriptPubKey: fromHex(scriptPubKey) }));
}
