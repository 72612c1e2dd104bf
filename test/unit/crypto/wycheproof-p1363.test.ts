/**
 * Project Wycheproof's suite of compact ECDSA signatures (IEEE P1363), by every backend.
 *
 * Its suite of Bitcoin's DER signatures is in ecdsa.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { isLowS } from "../../../src/crypto/ecdsa.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { concatBytes, fromHex } from "../../../src/lib/bytes.ts";
import { reportCases } from "../../support/report-cases.ts";
import { SIGNATURE_VERIFIERS } from "../../support/signature-verifiers.ts";
import wycheproof from "../../vectors/wycheproof-ecdsa-secp256k1-p1363.json";

const { ORDER } = secp256k1.Point.Fn;

describe.each(SIGNATURE_VERIFIERS.map((verifier) => [verifier.name, verifier] as const))(
  "the %s verifier",
  (name, { verifyEcdsa }) => {
    test("C-15: agrees with every vector of the P1363 suite, a high s turned around", () => {
      const counts = { tests: 0, valid: 0, "of them with high s": 0 };
      for (const { publicKey, tests } of wycheproof.testGroups) {
        const key = secp256k1.Point.fromHex(publicKey).toBytes(true);
        for (const { tcId, comment, msg, sig, result } of tests) {
          const signature = fromHex(sig);
          const isHigh = signature.length === 64 && !isLowS(signature);
          counts.tests++;
          if (result === "valid") counts.valid++;
          if (result === "valid" && isHigh) counts["of them with high s"]++;

          // The suite takes a high s; BIP-0146 does not, and its twin is valid where it would be.
          const digest = sha256(fromHex(msg));
          if (isHigh) expect(verifyEcdsa(signature, digest, key)).toBe(false);
          const isValid = verifyEcdsa(isHigh ? withLowS(signature) : signature, digest, key);
          expect({ tcId, comment, isValid }).toEqual({
            tcId,
            comment,
            isValid: result === "valid",
          });
        }
      }
      expect(counts.tests).toBe(wycheproof.numberOfTests);
      reportCases(`wycheproof-ecdsa-secp256k1-p1363.json, ${name}`, counts, {
        tests: 252,
        valid: 167,
        "of them with high s": 72,
      });
    });
  },
);

/** The same r with n - s; an s beyond n stays as it is. */
function withLowS(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${signature.subarray(32).toHex()}`);
  if (s >= ORDER) return signature;
  return concatBytes(
    signature.subarray(0, 32),
    fromHex((ORDER - s).toString(16).padStart(64, "0")),
  );
}
