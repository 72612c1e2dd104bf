/**
 * BIP-0340's test vectors by every verifier of signatures.
 *
 * What else must be false is in signature-verifier.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { schnorr } from "@noble/curves/secp256k1.js";
import { verifySchnorr } from "../../../src/crypto/schnorr.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { reportCases } from "../../support/report-cases.ts";
import { SIGNATURE_VERIFIERS } from "../../support/signature-verifiers.ts";

const CSV = new URL("../../vectors/bip340-test-vectors.csv", import.meta.url);

const [head, ...rows] = (await Bun.file(CSV).text()).trimEnd().split("\n");
const vectors = rows.map((row) => {
  const [index, secret, publicKey, auxiliary, message, signature, verdict, comment] =
    row.split(",");
  return {
    name: `${index} ${comment}`.trim(),
    secret: fromHex(secret!),
    publicKey: fromHex(publicKey!),
    auxiliary: fromHex(auxiliary!),
    message: fromHex(message!),
    signature: fromHex(signature!),
    isValid: verdict === "TRUE",
  };
});

/** What is signed in a block is always a digest, and the native library knows nothing else. */
const digests = vectors.filter(({ message }) => message.length === 32);

describe.each(SIGNATURE_VERIFIERS.map((verifier) => [verifier.name, verifier] as const))(
  "the %s verifier",
  (name, verifier) => {
    test("agrees with every test vector of BIP-0340 over a digest", () => {
      for (const { name: vector, signature, message, publicKey, isValid } of digests) {
        const verdict = verifier.verifySchnorr(signature, message, publicKey);
        expect({ vector, verdict }).toEqual({ vector, verdict: isValid });
      }
      reportCases(
        `bip340-test-vectors.csv, ${name}`,
        { digests: digests.length, valid: digests.filter(({ isValid }) => isValid).length },
        { digests: 15, valid: 5 },
      );
    });
  },
);

describe("verifySchnorr", () => {
  test("agrees with all of them, over messages of other lengths too", () => {
    expect(head).toBe(
      "index,secret key,public key,aux_rand,message,signature,verification result,comment",
    );
    for (const { name: vector, signature, message, publicKey, isValid } of vectors) {
      const verdict = verifySchnorr(signature, message, publicKey);
      expect({ vector, verdict }).toEqual({ vector, verdict: isValid });
    }
    reportCases("bip340-test-vectors.csv", { rows: vectors.length }, { rows: 19 });
  });

  test("the signatures are those that the secret keys make", () => {
    const signed = vectors.filter(({ secret }) => secret.length > 0);
    for (const { secret, publicKey, message, auxiliary, signature } of signed) {
      expect(toHex(schnorr.getPublicKey(secret))).toBe(toHex(publicKey));
      expect(toHex(schnorr.sign(message, secret, auxiliary))).toBe(toHex(signature));
    }
    expect(signed).toHaveLength(8);
  });
});
