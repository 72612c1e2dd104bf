/**
 * The commitment to witnesses (BIP-0141), computed by hand beside it.
 *
 * The rules about it are tested in check-block.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  commitmentScript,
  findCommitment,
  witnessCommitment,
} from "../../../src/consensus/witness-commitment.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { someCoinbase, someInput, someOutput, someTransaction } from "../../support/builders.ts";

const sha256d = (...parts: readonly Uint8Array[]) => {
  const inner = createHash("sha256").update(Buffer.concat(parts)).digest();
  return new Uint8Array(createHash("sha256").update(inner).digest());
};

const wireHash = (wtxid: string) => new Uint8Array(Buffer.from(wtxid, "hex").reverse());

describe("witnessCommitment", () => {
  const nonce = new Uint8Array(32).fill(9);
  const coinbase = someCoinbase({
    inputs: [{ ...someCoinbase().inputs[0]!, witness: [nonce] }],
  });
  const first = someTransaction({ inputs: [someInput({ witness: [Uint8Array.of(1)] })] });
  const second = someTransaction({ lockTime: 5 });
  const zeros = new Uint8Array(32);

  test("of a block with nothing but a coinbase is over zeros", () => {
    expect(witnessCommitment([coinbase], nonce)).toEqual(sha256d(zeros, nonce));
  });

  test("is over the tree of wtxids with zeros in the coinbase's place", () => {
    const left = sha256d(zeros, wireHash(first.wtxid));
    const right = sha256d(wireHash(second.wtxid), wireHash(second.wtxid));
    expect(witnessCommitment([coinbase, first, second], nonce)).toEqual(
      sha256d(sha256d(left, right), nonce),
    );
  });

  test("does not depend on the coinbase, which has to carry it", () => {
    const other = someCoinbase({ lockTime: 3 });
    expect(witnessCommitment([other, first], nonce)).toEqual(
      witnessCommitment([coinbase, first], nonce),
    );
  });
});

describe("findCommitment", () => {
  const commitment = new Uint8Array(32).fill(3);
  const carry = (...scripts: readonly Uint8Array[]) =>
    someCoinbase({ outputs: scripts.map((scriptPubKey) => someOutput({ scriptPubKey })) });

  test("finds what commitmentScript wrote, in BIP-0141's form", () => {
    const script = commitmentScript(commitment);
    expect(toHex(script)).toBe(`6a24aa21a9ed${"03".repeat(32)}`);
    expect(findCommitment(carry(Uint8Array.of(0x51), script))).toEqual(commitment);
  });

  test("finds none in any other script", () => {
    const script = commitmentScript(commitment);
    for (let index = 0; index < 6; index++) {
      const other = script.with(index, script[index]! ^ 1);
      expect(findCommitment(carry(other))).toBeUndefined();
    }
    expect(findCommitment(carry(script.slice(0, 37)))).toBeUndefined();
    expect(findCommitment(carry())).toBeUndefined();
  });
});
