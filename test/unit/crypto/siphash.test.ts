/**
 * SipHash-2-4: every published vector, and a second implementation in whole 64-bit integers.
 */

import { describe, expect, test } from "bun:test";
import { hash256 } from "../../../src/crypto/hash.ts";
import { SipHash24 } from "../../../src/crypto/siphash.ts";
import { fromHex } from "../../../src/lib/bytes.ts";
import { repeatSeeded } from "../../support/random.ts";
import vectors from "../../vectors/siphash-2-4.json";

const SEED = 20_260_401;
const MASK = 0xffffffffffffffffn;

/** The specification read literally, in 64-bit integers. */
function modelHash(k0: bigint, k1: bigint, data: Uint8Array): bigint {
  let [v0, v1, v2, v3] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const rotate = (x: bigint, bits: bigint) => ((x << bits) | (x >> (64n - bits))) & MASK;
  const round = () => {
    v0 = (v0 + v1) & MASK;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & MASK;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };

  const padded = new Uint8Array(8 * (Math.floor(data.length / 8) + 1));
  padded.set(data);
  padded[padded.length - 1] = data.length & 0xff;
  const view = new DataView(padded.buffer);
  for (let offset = 0; offset < padded.length; offset += 8) {
    const word = view.getBigUint64(offset, true);
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let count = 0; count < 4; count++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

describe("SipHash24", () => {
  test("gives the published output for every length of 0 to 63 bytes", () => {
    const hasher = new SipHash24(0x0706050403020100n, 0x0f0e0d0c0b0a0908n);
    expect(vectors.outputs).toHaveLength(64);
    for (const [length, output] of vectors.outputs.entries()) {
      const data = Uint8Array.from({ length }, (_, index) => index);
      expect(hasher.hash(data)).toBe(BigInt(`0x${output}`));
      expect(hasher.hash48(data)).toBe(Number.parseInt(output.slice(4), 16));
    }
  });

  test("gives what Bitcoin Core gives for the txid of an empty transaction", () => {
    const txid = hash256(fromHex("01000000000000000000"));
    expect(new SipHash24(1n, 2n).hash(txid)).toBe(BigInt(`0x${vectors.emptyTransaction.hash}`));
  });

  test("agrees with whole 64-bit arithmetic on any key and data", () => {
    repeatSeeded(SEED, 500, (random) => {
      const view = new DataView(random.bytes(16).buffer);
      const [k0, k1] = [view.getBigUint64(0), view.getBigUint64(8)];
      const data = random.bytes(random.below(300));
      const expected = modelHash(k0, k1, data);
      const hasher = new SipHash24(k0, k1);
      expect(hasher.hash(data)).toBe(expected);
      expect(BigInt(hasher.hash48(data))).toBe(expected & 0xffffffffffffn);
    });
  });

  test("depends on every bit of either key word, and refuses words that do not fit", () => {
    const data = Uint8Array.of(1, 2, 3);
    const outputs = new Set<bigint>();
    for (let bit = 0n; bit < 64n; bit++) {
      outputs.add(new SipHash24(1n << bit, 0n).hash(data));
      outputs.add(new SipHash24(0n, 1n << bit).hash(data));
    }
    expect(outputs.size).toBe(128);
    for (const word of [-1n, 1n << 64n]) {
      expect(() => new SipHash24(word, 0n)).toThrow(RangeError);
      expect(() => new SipHash24(0n, word)).toThrow(RangeError);
    }
  });
});
