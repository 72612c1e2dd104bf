/**
 * ECDSA verification: every form that must be false, and both backends on Project Wycheproof's
 * Bitcoin suite. Where no native addon exists its half is skipped, visibly.
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
import { concatBytes, fromHex } from "../../../src/lib/bytes.ts";
import { loadNativeSecp256k1 } from "../../../src/platform/native-secp256k1.ts";
import { readBitcoreVectors } from "../../support/bitcore-vectors.ts";
import { compactFromDer } from "../../support/der.ts";
import { repeatSeeded } from "../../support/random.ts";
import { reportCases } from "../../support/report-cases.ts";
import wycheproof from "../../vectors/wycheproof-ecdsa-secp256k1-bitcoin.json";

const SEED = 20_260_104;
const ORDER = secp256k1.Point.Fn.ORDER;
const FIELD = secp256k1.Point.Fp.ORDER;

const privateKey = sha256(Uint8Array.of(1));
const digest = sha256(Uint8Array.of(2));
const publicKey = secp256k1.getPublicKey(privateKey, true);
const signature = secp256k1.sign(digest, privateKey, { prehash: false, lowS: true });
const r = signature.subarray(0, 32);
const s = numberOf(signature.subarray(32));

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toHex()}`);
}

function bytesOf(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0"));
}

/** A backend that must not be reached. */
const UNREACHABLE: EcdsaBackend = {
  name: "unreachable",
  verify: () => {
    throw new Error("the backend was asked");
  },
};

const native = loadNativeSecp256k1();
const BACKENDS: readonly (readonly [string, EcdsaBackend | undefined])[] = [
  ["portable", PORTABLE_ECDSA],
  ["native", native],
];

/** What script/ hands on from a signature in DER; whatever is not strict DER is false there. */
function verifyDer(backend: EcdsaBackend, der: string, message: string, key: string): boolean {
  const compact = compactFromDer(fromHex(der));
  if (compact === undefined) return false;
  const compressed = secp256k1.Point.fromHex(key).toBytes(true);
  return createEcdsaVerifier(backend)(compact, sha256(fromHex(message)), compressed);
}

describe("the strict DER of these tests", () => {
  test("accepts and refuses as Bitcoin Core's canonical and noncanonical signatures", async () => {
    const canonical = await readBitcoreVectors<string[]>("bitcoind/sig_canonical.json");
    const rows = await readBitcoreVectors<string[]>("bitcoind/sig_noncanonical.json");
    // The last byte is the hash type, with which nothing is wrong except where the label says so.
    const noncanonical = rows.filter(
      (row, index) => /^[0-9a-f]+$/i.test(row) && rows[index - 1] !== "hashtype:",
    );
    const withoutHashType = (hex: string) => fromHex(hex).slice(0, -1);
    expect(canonical).toHaveLength(5);
    expect(noncanonical).toHaveLength(14);
    for (const hex of canonical) expect(compactFromDer(withoutHashType(hex))).toBeDefined();
    for (const hex of noncanonical) expect(compactFromDer(withoutHashType(hex))).toBeUndefined();
  });
});

describe.each(BACKENDS)("the %s backend", (_name, loaded) => {
  describe.skipIf(loaded === undefined)("behind the strict verifier", () => {
    const backend = loaded as EcdsaBackend;
    const verify = createEcdsaVerifier(backend);
    const verifyTwo = (first: Uint8Array, second: Uint8Array) =>
      verify(concatBytes(first, second), digest, publicKey);

    test("C-15: agrees with every vector of Wycheproof's Bitcoin suite", () => {
      let count = 0;
      const disagreements: string[] = [];
      for (const group of wycheproof.testGroups) {
        for (const { tcId, comment, msg, sig, result } of group.tests) {
          count++;
          const verdict = verifyDer(backend, sig, msg, group.publicKey) ? "valid" : "invalid";
          if (verdict !== result) disagreements.push(`${tcId}: ${comment}`);
        }
      }
      expect(disagreements).toEqual([]);
      expect(count).toBe(wycheproof.numberOfTests);
      reportCases(
        `wycheproof-ecdsa-secp256k1-bitcoin.json, ${backend.name}`,
        { tests: count },
        { tests: 463 },
      );
    });

    test("accepts a good signature, in a Buffer and in shared memory too", () => {
      expect(verify(signature, digest, publicKey)).toBe(true);
      const buffers = [signature, digest, publicKey].map((bytes) => Buffer.from(bytes));
      expect(verify(...(buffers as [Buffer, Buffer, Buffer]))).toBe(true);

      const memory = new Uint8Array(new SharedArrayBuffer(129));
      memory.set(concatBytes(signature, digest, publicKey));
      const views = [memory.subarray(0, 64), memory.subarray(64, 96), memory.subarray(96)] as const;
      expect(verify(...views)).toBe(true);
    });

    test("refuses the twin with n - s, and the largest low s is still low", () => {
      expect(verifyTwo(r, bytesOf(ORDER - s))).toBe(false);
      expect(isLowS(concatBytes(r, bytesOf(ORDER / 2n)))).toBe(true);
      expect(isLowS(concatBytes(r, bytesOf(ORDER / 2n + 1n)))).toBe(false);
    });

    test("refuses r and s of zero, of the order and beyond it", () => {
      for (const value of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
        expect(verifyTwo(bytesOf(value), bytesOf(s))).toBe(false);
        expect(verifyTwo(r, bytesOf(value))).toBe(false);
        expect(verifyTwo(bytesOf(value), bytesOf(value))).toBe(false);
      }
    });

    test("refuses a key whose x is no point of the curve or is not below p", () => {
      let notOnCurve = 0;
      for (let x = 1n; notOnCurve < 20; x++) {
        const square = (((x * x * x + 7n) % FIELD) + FIELD) % FIELD;
        if (isSquare(square)) continue;
        notOnCurve++;
        for (const prefix of [2, 3]) {
          const key = concatBytes(Uint8Array.of(prefix), bytesOf(x));
          expect(verify(signature, digest, key)).toBe(false);
        }
      }
      for (const x of [0n, FIELD, FIELD + 1n, 2n ** 256n - 1n]) {
        const key = concatBytes(Uint8Array.of(2), bytesOf(x));
        expect(verify(signature, digest, key)).toBe(false);
      }
    });

    test("refuses a signature in which any bit is turned", () => {
      for (const [index, bytes] of [signature, digest, publicKey].entries()) {
        for (let bit = 0; bit < 8 * bytes.length; bit += 7) {
          const turned = [signature, digest, publicKey].map((part) => part.slice());
          const part = turned[index] as Uint8Array;
          part[bit >> 3] = (part[bit >> 3] as number) ^ (1 << (bit & 7));
          expect(verify(...(turned as [Uint8Array, Uint8Array, Uint8Array]))).toBe(false);
        }
      }
    });
  });
});

describe("both backends", () => {
  test.skipIf(native === undefined)("give one verdict on random and on damaged input", () => {
    const verifiers = [PORTABLE_ECDSA, native as EcdsaBackend].map(createEcdsaVerifier);
    let accepted = 0;
    repeatSeeded(SEED, 150, (random) => {
      const key = sha256(random.bytes(8));
      const message = random.bytes(32);
      const parts: [Uint8Array, Uint8Array, Uint8Array] = [
        secp256k1.sign(message, key, { prehash: false, lowS: random.oneIn(2) }),
        message,
        secp256k1.getPublicKey(key, true),
      ];
      if (random.oneIn(3)) {
        const part = random.pick(parts);
        part[random.below(part.length)] = random.u32() & 0xff;
      }
      const verdicts = verifiers.map((verify) => verify(...parts));
      expect(verdicts[0]).toBe(verdicts[1] as boolean);
      if (verdicts[0]) accepted++;
    });
    expect(accepted).toBeGreaterThan(30);
    expect(accepted).toBeLessThan(140);
  });
});

describe("createEcdsaVerifier", () => {
  const verify = createEcdsaVerifier(UNREACHABLE);

  test("answers false to every wrong length without asking the backend", () => {
    for (let length = 0; length <= 130; length++) {
      const bytes = new Uint8Array(length).fill(2);
      if (length !== 64) expect(verify(bytes, digest, publicKey)).toBe(false);
      if (length !== 32) expect(verify(signature, bytes, publicKey)).toBe(false);
      if (length !== 33) expect(verify(signature, digest, bytes)).toBe(false);
    }
  });

  test("answers false to every key prefix but 2 and 3 without asking the backend", () => {
    for (let prefix = 0; prefix < 256; prefix++) {
      if (prefix === 2 || prefix === 3) continue;
      expect(verify(signature, digest, publicKey.with(0, prefix))).toBe(false);
    }
    expect(verify(signature, digest, secp256k1.getPublicKey(privateKey, false))).toBe(false);
  });

  test("answers false to a high s without asking the backend", () => {
    expect(verify(concatBytes(r, bytesOf(ORDER - s)), digest, publicKey)).toBe(false);
  });

  test("throws TypeError on anything that is not bytes", () => {
    const impostor = Object.create(Uint8Array.prototype, { length: { value: 64 } }) as Uint8Array;
    for (const other of [
      undefined,
      null,
      true,
      64,
      64n,
      signature.toHex(),
      String.fromCharCode(...signature),
      [...signature],
      { length: 64 },
      { ...signature },
      signature.buffer,
      new DataView(signature.buffer),
      new Uint16Array(64),
      new Int8Array(64),
      new Uint8ClampedArray(64),
      Object.create(Uint8Array.prototype),
    ] as Uint8Array[]) {
      expect(() => verify(other, digest, publicKey)).toThrow(TypeError);
      expect(() => verify(signature, other, publicKey)).toThrow(TypeError);
      expect(() => verify(signature, digest, other)).toThrow(TypeError);
    }
    expect(() => createEcdsaVerifier(PORTABLE_ECDSA)(impostor, digest, publicKey)).toThrow(
      TypeError,
    );
  });
});

/** Euler's criterion. */
function isSquare(value: bigint): boolean {
  let [power, base, exponent] = [1n, value, (FIELD - 1n) / 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) power = (power * base) % FIELD;
    base = (base * base) % FIELD;
  }
  return power === 1n;
}
