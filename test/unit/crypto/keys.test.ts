/**
 * Private keys: public keys and RFC 6979 signatures against published ones, and their bounds.
 */

import { describe, expect, test } from "bun:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import {
  createEcdsaVerifier,
  type EcdsaBackend,
  isLowS,
  PORTABLE_ECDSA,
} from "../../../src/crypto/ecdsa.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { isPrivateKey, publicKeyOf, signEcdsa } from "../../../src/crypto/keys.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { loadNativeSecp256k1 } from "../../../src/platform/native-secp256k1.ts";
import { readBitcoreVectors } from "../../support/bitcore-vectors.ts";
import { compactFromDer } from "../../support/der.ts";
import { repeatSeeded } from "../../support/random.ts";
import { reportCases } from "../../support/report-cases.ts";
import bip143 from "../../vectors/bip143-transactions.json";

const SEED = 20_260_105;
const ORDER = secp256k1.Point.Fn.ORDER;

const native = loadNativeSecp256k1();
const BACKENDS: readonly EcdsaBackend[] = [
  PORTABLE_ECDSA,
  ...(native === undefined ? [] : [native]),
];

function bytesOf(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0"));
}

/** r and s as the low-S compact signature. */
function compactOf(r: bigint, s: bigint): Uint8Array {
  return concatBytes(bytesOf(r), bytesOf(s > ORDER / 2n ? ORDER - s : s));
}

/** bitcore-lib's ecdsa.json: signatures, and nonces that RFC 6979 gives. */
interface EcdsaVectors {
  valid: { d: string; message: string; signature: { r: string; s: string } }[];
  deterministicK: { message: string; privkey: string; k_bad00: string }[];
}

describe("publicKeyOf", () => {
  test.each(bip143.signatures)("of $privateKey is $publicKey (BIP-0143)", (vector) => {
    expect(toHex(publicKeyOf(fromHex(vector.privateKey)))).toBe(vector.publicKey);
  });

  test("gives the generator for 1 and its negative for n - 1 (SEC 2)", () => {
    const x = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    expect(toHex(publicKeyOf(bytesOf(1n)))).toBe(`02${x}`);
    expect(toHex(publicKeyOf(bytesOf(ORDER - 1n)))).toBe(`03${x}`);
  });

  test("throws on zero, on the order and beyond, and on other lengths", () => {
    for (const key of [
      bytesOf(0n),
      bytesOf(ORDER),
      bytesOf(ORDER + 1n),
      bytesOf(2n ** 256n - 1n),
    ]) {
      expect(() => publicKeyOf(key)).toThrow();
    }
    for (const length of [0, 31, 33, 64]) {
      expect(() => publicKeyOf(new Uint8Array(length).fill(1))).toThrow();
    }
  });
});

describe("isPrivateKey", () => {
  test("is true for 1..n-1 in 32 bytes and for nothing else", () => {
    for (const value of [1n, 2n, ORDER - 1n]) expect(isPrivateKey(bytesOf(value))).toBe(true);
    for (const value of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
      expect(isPrivateKey(bytesOf(value))).toBe(false);
    }
    for (const length of [0, 31, 33, 64]) {
      expect(isPrivateKey(new Uint8Array(length).fill(1))).toBe(false);
    }
  });
});

describe("signEcdsa", () => {
  test.each(bip143.signatures)("signs $digest as BIP-0143 shows", (vector) => {
    const expected = compactFromDer(fromHex(vector.der)) ?? new Uint8Array(0);
    const [digest, key] = [fromHex(vector.digest), fromHex(vector.privateKey)];
    const publicKey = publicKeyOf(key);
    for (const backend of BACKENDS) {
      expect(createEcdsaVerifier(backend)(expected, digest, publicKey)).toBe(true);
    }
    expect(toHex(signEcdsa(digest, key))).toBe(toHex(expected));
  });

  test("signs as the published RFC 6979 vectors for this curve", async () => {
    const { valid } = await readBitcoreVectors<EcdsaVectors>("ecdsa.json");
    reportCases("ecdsa.json, RFC 6979 signatures", { cases: valid.length }, { cases: 7 });
    for (const { d, message, signature } of valid) {
      const made = signEcdsa(
        sha256(new TextEncoder().encode(message)),
        fromHex(d.padStart(64, "0")),
      );
      expect(toHex(made)).toBe(toHex(compactOf(BigInt(signature.r), BigInt(signature.s))));
    }
  });

  test("takes the published RFC 6979 nonces", async () => {
    const { deterministicK } = await readBitcoreVectors<EcdsaVectors>("ecdsa.json");
    reportCases("ecdsa.json, RFC 6979 nonces", { cases: deterministicK.length }, { cases: 10 });
    for (const { message, privkey, k_bad00 } of deterministicK) {
      const digest = sha256(new TextEncoder().encode(message));
      const { Fn, BASE } = secp256k1.Point;
      const nonce = BigInt(`0x${k_bad00}`);
      const r = Fn.create(BASE.multiply(nonce).x);
      const sum = Fn.create(BigInt(`0x${toHex(digest)}`) + r * BigInt(`0x${privkey}`));
      const expected = compactOf(r, Fn.mul(sum, Fn.inv(nonce)));
      expect(toHex(signEcdsa(digest, fromHex(privkey)))).toBe(toHex(expected));
    }
  });

  test("gives low-S signatures that every backend accepts, the same each time", () => {
    repeatSeeded(SEED, 40, (random) => {
      const [digest, key] = [random.bytes(32), sha256(random.bytes(8))];
      const signature = signEcdsa(digest, key);
      const publicKey = publicKeyOf(key);
      expect(isLowS(signature)).toBe(true);
      expect(signEcdsa(digest, key)).toEqual(signature);
      for (const backend of BACKENDS) {
        expect(createEcdsaVerifier(backend)(signature, digest, publicKey)).toBe(true);
      }
    });
  });

  test("refuses digests and keys of any other form", () => {
    const [digest, key] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    for (const length of [0, 31, 33, 64]) {
      expect(() => signEcdsa(new Uint8Array(length), key)).toThrow(RangeError);
      expect(() => signEcdsa(digest, new Uint8Array(length).fill(1))).toThrow();
    }
    for (const value of [0n, ORDER]) expect(() => signEcdsa(digest, bytesOf(value))).toThrow();
    for (const other of ["1".repeat(32), [...digest], { length: 32 }, 1n, null] as any[]) {
      expect(() => signEcdsa(other, key)).toThrow();
      expect(() => signEcdsa(digest, other)).toThrow();
    }
  });
});
