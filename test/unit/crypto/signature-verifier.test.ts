/**
 * Schnorr signatures and tweaks by every verifier: what must be false, and that the native one,
 * which takes a detour over ECDSA's recovery, answers as the portable one does.
 *
 * BIP-0340's published vectors stand in schnorr.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256, taggedHash } from "../../../src/crypto/hash.ts";
import {
  createSignatureVerifier,
  type NativeCurve,
  PORTABLE_SIGNATURES,
} from "../../../src/crypto/signature-verifier.ts";
import { concatBytes, fromHex } from "../../../src/lib/bytes.ts";
import { repeatSeeded, type SeededRandom } from "../../support/random.ts";
import { SIGNATURE_VERIFIERS } from "../../support/signature-verifiers.ts";

const SEED = 20_261_126;
const { Point } = secp256k1;
const ORDER = Point.Fn.ORDER;
const FIELD = Point.Fp.ORDER;

const bytesOf = (value: bigint) => fromHex(value.toString(16).padStart(64, "0"));
const numberOf = (bytes: Uint8Array) => BigInt(`0x${bytes.toHex()}`);

function randomKey(random: SeededRandom): Uint8Array {
  return sha256(random.bytes(32));
}

describe.each(SIGNATURE_VERIFIERS.map((verifier) => [verifier.name, verifier] as const))(
  "the %s verifier",
  (_name, { isTweakedKey, verifySchnorr }) => {
    const secret = sha256(Uint8Array.of(1));
    const digest = sha256(Uint8Array.of(2));
    const publicKey = schnorr.getPublicKey(secret);
    const signature = schnorr.sign(digest, secret, new Uint8Array(32));
    const nonceX = signature.subarray(0, 32);
    const s = numberOf(signature.subarray(32));

    test("accepts what another library signed, with keys of even and odd y", () => {
      repeatSeeded(SEED, 50, (random) => {
        const key = randomKey(random);
        const message = random.bytes(32);
        const made = schnorr.sign(message, key, random.bytes(32));
        expect(verifySchnorr(made, message, schnorr.getPublicKey(key))).toBe(true);
      });
    });

    test("refuses it with any bit turned, of the signature, the digest or the key", () => {
      const whole = [signature, digest, publicKey] as const;
      for (const part of whole.keys()) {
        for (let bit = 0; bit < (whole[part]?.length ?? 0) * 8; bit++) {
          const bytes = (whole[part] as Uint8Array).slice();
          bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
          const [a, b, c] = whole.with(part, bytes) as [Uint8Array, Uint8Array, Uint8Array];
          expect(verifySchnorr(a, b, c)).toBe(false);
        }
      }
    });

    test("refuses an s that is negated, of the order or beyond it, and zero", () => {
      for (const value of [ORDER - s, ORDER, ORDER + s, 2n ** 256n - 1n, 0n]) {
        if (value >= 2n ** 256n) continue;
        expect(verifySchnorr(concatBytes(nonceX, bytesOf(value)), digest, publicKey)).toBe(false);
      }
    });

    test("refuses nonces and keys that are no x of a point, or not below p", () => {
      for (const value of [0n, FIELD, FIELD + 1n, ORDER, 2n ** 256n - 1n, 5n]) {
        const x = bytesOf(value);
        expect(verifySchnorr(concatBytes(x, bytesOf(s)), digest, publicKey)).toBe(false);
        expect(verifySchnorr(signature, digest, x)).toBe(false);
      }
    });

    test("refuses s = e·d, of which s·G − e·P is the point at infinity", () => {
      for (const x of [nonceX, bytesOf(0n), publicKey]) {
        const e = numberOf(taggedHash("BIP0340/challenge", x, publicKey, digest)) % ORDER;
        const even = secp256k1.getPublicKey(secret, true)[0] === 2;
        const d = even ? numberOf(secret) : ORDER - numberOf(secret);
        const forged = concatBytes(x, bytesOf((e * d) % ORDER));
        expect(verifySchnorr(forged, digest, publicKey)).toBe(false);
      }
    });

    test("refuses other lengths, never throwing", () => {
      for (const length of [0, 31, 33, 63, 65]) {
        const bytes = new Uint8Array(length);
        if (length !== 64) expect(verifySchnorr(bytes, digest, publicKey)).toBe(false);
        if (length !== 32) expect(verifySchnorr(signature, digest, bytes)).toBe(false);
        if (length !== 32) expect(isTweakedKey(publicKey, false, bytes, digest)).toBe(false);
        if (length !== 32) expect(isTweakedKey(bytes, false, publicKey, digest)).toBe(false);
        if (length !== 32) expect(isTweakedKey(publicKey, false, publicKey, bytes)).toBe(false);
      }
    });

    test("knows a tweaked key and the parity of its y", () => {
      repeatSeeded(SEED, 30, (random) => {
        const internal = schnorr.getPublicKey(randomKey(random));
        const tweak = random.oneIn(5) ? bytesOf(0n) : randomKey(random);
        const output = schnorr.utils
          .lift_x(numberOf(internal))
          .add(numberOf(tweak) === 0n ? Point.ZERO : Point.BASE.multiply(numberOf(tweak)))
          .toBytes(true);
        const isOdd = output[0] === 3;
        expect(isTweakedKey(output.subarray(1), isOdd, internal, tweak)).toBe(true);
        expect(isTweakedKey(output.subarray(1), !isOdd, internal, tweak)).toBe(false);
        expect(isTweakedKey(internal, isOdd, internal, randomKey(random))).toBe(false);
      });
    });

    test("refuses a tweak of the order or beyond, and one that leads to infinity", () => {
      const even = secp256k1.getPublicKey(secret, true)[0] === 2;
      const d = even ? numberOf(secret) : ORDER - numberOf(secret);
      for (const tweak of [ORDER, 2n ** 256n - 1n, ORDER - d]) {
        for (const isOdd of [true, false]) {
          expect(isTweakedKey(publicKey, isOdd, publicKey, bytesOf(tweak))).toBe(false);
        }
      }
    });
  },
);

describe("verifiers of one machine", () => {
  test("agree about signatures that are right, nearly right and random", () => {
    repeatSeeded(SEED, 300, (random) => {
      const key = randomKey(random);
      const message = random.bytes(32);
      const publicKey = schnorr.getPublicKey(key);
      const signature = schnorr.sign(message, key, random.bytes(32));
      const choice = random.below(4);
      if (choice === 0) signature[random.below(64)] = random.below(256);
      if (choice === 1) publicKey[random.below(32)] = random.below(256);
      if (choice === 2) signature.set(random.bytes(32), 32 * random.below(2));
      const verdicts = SIGNATURE_VERIFIERS.map(({ verifySchnorr }) =>
        verifySchnorr(signature, message, publicKey),
      );
      expect(new Set(verdicts).size).toBe(1);
    });
  });
});

describe("createSignatureVerifier", () => {
  /** A curve by noble alone: what the native library must do, in slow motion. */
  const curve: NativeCurve = {
    name: "noble",
    verify: () => false,
    recoverKey(signature, recoveryId, digest) {
      try {
        const bytes = concatBytes(Uint8Array.of(recoveryId), signature);
        return secp256k1.recoverPublicKey(bytes, digest, { prehash: false });
      } catch {
        return undefined;
      }
    },
    addTweak: () => undefined,
  };

  test("verifies Schnorr signatures by any library that recovers ECDSA keys", () => {
    const { verifySchnorr } = createSignatureVerifier(curve);
    repeatSeeded(SEED, 20, (random) => {
      const key = randomKey(random);
      const message = random.bytes(32);
      const publicKey = schnorr.getPublicKey(key);
      const signature = schnorr.sign(message, key, random.bytes(32));
      expect(verifySchnorr(signature, message, publicKey)).toBe(true);
      expect(verifySchnorr(signature, random.bytes(32), publicKey)).toBe(false);
      expect(verifySchnorr(signature, message, publicKey)).toBe(
        PORTABLE_SIGNATURES.verifySchnorr(signature, message, publicKey),
      );
    });
  });

  test("refuses as the portable one does where a key's x is between the order and p", () => {
    // Secrets of such keys are beyond reach, so only refusals can be shown.
    for (let x = ORDER; x < ORDER + 10n; x++) {
      for (const { verifySchnorr } of [createSignatureVerifier(curve), ...SIGNATURE_VERIFIERS]) {
        const signature = new Uint8Array(64).fill(1);
        expect(verifySchnorr(signature, new Uint8Array(32), bytesOf(x))).toBe(false);
      }
    }
  });
});
