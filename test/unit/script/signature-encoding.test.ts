/**
 * Forms of signatures and keys: what is refused, and what becomes of what is forgiven.
 */

import { describe, expect, test } from "bun:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { ScriptFlag } from "../../../src/script/flags.ts";
import {
  checkPublicKeyEncoding,
  checkSignatureEncoding,
  isStrictDer,
  parseLaxDer,
  toCompactLowS,
  toCompressedKey,
} from "../../../src/script/signature-encoding.ts";
import { reportCases } from "../../support/report-cases.ts";
import { loadVectors } from "./core-vectors.ts";

const ORDER = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const HALF_ORDER = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
const ABOVE_HALF_ORDER = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";

const SECRET = new Uint8Array(32).fill(7);
const DIGEST = new Uint8Array(32).fill(9);
const KEY = secp256k1.getPublicKey(SECRET, false);

describe("isStrictDer", () => {
  test("takes every signature of sig_canonical.json", async () => {
    const vectors = (await loadVectors("bitcoind/sig_canonical.json")) as string[];
    expect(vectors.filter((hex) => !isStrictDer(fromHex(hex)))).toEqual([]);
    reportCases("sig_canonical.json", { signatures: vectors.length }, { signatures: 5 });
  });

  test("refuses every signature of sig_noncanonical.json but that with only a bad type", async () => {
    const vectors = (await loadVectors("bitcoind/sig_noncanonical.json")) as string[];
    const signatures = vectors.filter((line) => /^(?:[0-9a-f]{2})+$/i.test(line)).map(fromHex);
    const taken = signatures.filter(isStrictDer);
    expect(taken.map((signature) => signature.at(-1))).toEqual([0x11]);
    expect(taken.map((bytes) => checkSignatureEncoding(bytes, ScriptFlag.STRICTENC))).toEqual([
      "SIG_HASHTYPE",
    ]);
    reportCases("sig_noncanonical.json", { signatures: signatures.length }, { signatures: 15 });
  });
});

describe("checkSignatureEncoding", () => {
  const withS = (s: string) => fromHex(`30250201010220${s}01`);

  test("lets an empty signature be", () => {
    const flags = ScriptFlag.DERSIG | ScriptFlag.LOW_S | ScriptFlag.STRICTENC;
    expect(checkSignatureEncoding(new Uint8Array(0), flags)).toBeUndefined();
  });

  test("asks for strict DER under each of three flags", () => {
    const signature = fromHex("00");
    expect(checkSignatureEncoding(signature, 0)).toBeUndefined();
    for (const flag of [ScriptFlag.DERSIG, ScriptFlag.LOW_S, ScriptFlag.STRICTENC]) {
      expect(checkSignatureEncoding(signature, flag)).toBe("SIG_DER");
    }
  });

  test("allows s up to half the order and not above", () => {
    expect(checkSignatureEncoding(withS(HALF_ORDER), ScriptFlag.LOW_S)).toBeUndefined();
    expect(checkSignatureEncoding(withS(ABOVE_HALF_ORDER), ScriptFlag.LOW_S)).toBe("SIG_HIGH_S");
    expect(checkSignatureEncoding(withS(ABOVE_HALF_ORDER), ScriptFlag.DERSIG)).toBeUndefined();
  });

  test.each([
    [0x00, "SIG_HASHTYPE"],
    [0x01, undefined],
    [0x03, undefined],
    [0x04, "SIG_HASHTYPE"],
    [0x80, "SIG_HASHTYPE"],
    [0x83, undefined],
    [0xc1, "SIG_HASHTYPE"],
  ] as const)("judges hash type %i", (hashType, error) => {
    const signature = withS(HALF_ORDER);
    signature[signature.length - 1] = hashType;
    expect(checkSignatureEncoding(signature, ScriptFlag.STRICTENC)).toBe(error as never);
  });
});

describe("checkPublicKeyEncoding", () => {
  const hybrid = KEY.slice();
  hybrid[0] = 6 + ((KEY[64] as number) & 1);

  test("knows compressed and uncompressed keys", () => {
    expect(checkPublicKeyEncoding(KEY, ScriptFlag.STRICTENC, "base")).toBeUndefined();
    expect(checkPublicKeyEncoding(hybrid, ScriptFlag.STRICTENC, "base")).toBe("PUBKEYTYPE");
    expect(checkPublicKeyEncoding(hybrid, 0, "base")).toBeUndefined();
  });

  test("asks for compressed keys in a version 0 witness alone", () => {
    const flags = ScriptFlag.WITNESS_PUBKEYTYPE;
    expect(checkPublicKeyEncoding(KEY, flags, "base")).toBeUndefined();
    expect(checkPublicKeyEncoding(KEY, flags, "witness-v0")).toBe("WITNESS_PUBKEYTYPE");
  });
});

describe("parseLaxDer", () => {
  const compact = `${"00".repeat(31)}01${"00".repeat(31)}02`;

  test.each([
    ["strict", "3006020101020102"],
    ["a wrong total length", "307f020101020102"],
    ["a total length in more bytes", "308200060201010201022a"],
    ["zeros before a number", "300a02030000010203000002"],
    ["lengths in more bytes, with zeros", "300c0282000101028300000102"],
    ["bytes at the end", "3006020101020102ffff"],
  ])("forgives %s", (_, hex) => {
    expect(toHex(parseLaxDer(fromHex(hex)) ?? new Uint8Array(0))).toBe(compact);
  });

  test.each([
    ["a zero", "3006020100020102"],
    ["several zeros", "300802030000000201 02"],
    ["no bytes", "30050200020102"],
    ["no bytes, their number in no bytes", "30050280020102"],
    ["no bytes, their number in two zeros", "3007028200000201 02"],
  ])("reads %s as the number 0, which never verifies", (_, hex) => {
    const parsed = parseLaxDer(fromHex(hex.replaceAll(" ", ""))) ?? new Uint8Array(0);
    expect(toHex(parsed)).toBe(`${"00".repeat(63)}02`);
    expect(
      PORTABLE_SIGNATURES.verifyEcdsa(parsed, DIGEST, secp256k1.getPublicKey(SECRET, true)),
    ).toBe(false);
  });

  test.each([
    ["nothing", ""],
    ["another tag", "3106020101020102"],
    ["no length", "30"],
    ["a length beyond the end", "3006020101020202"],
    ["a number without a length", "300102"],
    ["a length in more bytes than there are", "3006020101028301"],
    ["only one number", "3003020101"],
    ["another tag for a number", "3006030101020102"],
    ["a length in four bytes that are not zero", "300a0284010000010102010200"],
    ["a sequence length beyond the end", "30ff"],
  ])("refuses %s", (_, hex) => {
    expect(parseLaxDer(fromHex(hex))).toBeUndefined();
  });

  test.each([
    ["r of n", `3026 0221 00${ORDER} 0201 02`],
    ["s of n", `3026 0201 01 0221 00${ORDER}`],
    ["r of 33 bytes", `3026 0221 01${ORDER} 0201 02`],
  ])("gives a signature that never verifies for %s", (_, hex) => {
    const zeros = new Uint8Array(64);
    expect(parseLaxDer(fromHex(hex.replaceAll(" ", "")))).toEqual(zeros);
    expect(
      PORTABLE_SIGNATURES.verifyEcdsa(zeros, DIGEST, secp256k1.getPublicKey(SECRET, true)),
    ).toBe(false);
  });
});

describe("toCompactLowS", () => {
  test("leaves a low s and turns a high one around; both verify", () => {
    const low = secp256k1.sign(DIGEST, SECRET, { prehash: false, lowS: true });
    const order = BigInt(`0x${ORDER}`);
    const highS = (order - BigInt(`0x${toHex(low.subarray(32))}`)).toString(16).padStart(64, "0");
    const der = (s: Uint8Array) => {
      const body = concatBytes(
        Uint8Array.of(2, 33, 0),
        low.subarray(0, 32),
        Uint8Array.of(2, 33, 0),
        s,
      );
      return concatBytes(Uint8Array.of(0x30, body.length), body);
    };
    expect(toCompactLowS(der(low.subarray(32)))).toEqual(low);
    expect(toCompactLowS(der(fromHex(highS)))).toEqual(low);
    expect(PORTABLE_SIGNATURES.verifyEcdsa(low, DIGEST, secp256k1.getPublicKey(SECRET, true))).toBe(
      true,
    );
  });
});

describe("toCompressedKey", () => {
  const compressed = secp256k1.getPublicKey(SECRET, true);
  const parity = (KEY[64] as number) & 1;
  const withFirst = (first: number) => concatBytes(Uint8Array.of(first), KEY.subarray(1));

  test("compresses uncompressed keys and hybrid ones of the right parity", () => {
    expect(toCompressedKey(compressed)).toBe(compressed);
    expect(toCompressedKey(KEY)).toEqual(compressed);
    expect(toCompressedKey(withFirst(6 + parity))).toEqual(compressed);
    expect(toCompressedKey(withFirst(7 - parity))).toBeUndefined();
  });

  test("refuses points off the curve, other lengths and other first bytes", () => {
    const off = KEY.slice();
    off[64] = (off[64] as number) ^ 2;
    expect(toCompressedKey(off)).toBeUndefined();
    expect(toCompressedKey(KEY.subarray(0, 64))).toBeUndefined();
    expect(toCompressedKey(withFirst(5))).toBeUndefined();
    expect(toCompressedKey(withFirst(2))).toBeUndefined();
    expect(toCompressedKey(new Uint8Array(0))).toBeUndefined();
    expect(
      toCompressedKey(concatBytes(Uint8Array.of(4), new Uint8Array(64).fill(0xff))),
    ).toBeUndefined();
  });
});
