/**
 * Signatures verified a second, by each backend, on one thread.
 *
 * The backends take turns over the same signatures, so that what else the machine does hits all.
 */

import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "../../src/crypto/hash.ts";
import { publicKeyOf, signEcdsa } from "../../src/crypto/keys.ts";
import {
  createSignatureVerifier,
  PORTABLE_SIGNATURES,
} from "../../src/crypto/signature-verifier.ts";
import { loadNativeSecp256k1 } from "../../src/platform/native-secp256k1.ts";
import { median, report } from "./measure.ts";

const SIGNATURES = 200;
const ROUNDS = 7;

/** Measures for a few seconds and prints a line for each backend. */
export async function run(): Promise<void> {
  const privateKey = new Uint8Array(32).fill(9);
  const publicKey = publicKeyOf(privateKey);
  const xOnlyKey = publicKey.subarray(1);
  const digests = Array.from({ length: SIGNATURES }, (_, index) => sha256(Uint8Array.of(index)));
  const ecdsa = digests.map((digest) => signEcdsa(digest, privateKey));
  const schnorrs = digests.map((digest) => schnorr.sign(digest, privateKey));

  const native = loadNativeSecp256k1();
  const verifiers =
    native === undefined
      ? [PORTABLE_SIGNATURES]
      : [createSignatureVerifier(native), PORTABLE_SIGNATURES];
  const subjects = verifiers.flatMap(({ name, verifyEcdsa, verifySchnorr }) => [
    {
      name: `ECDSA verify, ${name}`,
      check: (index: number) =>
        verifyEcdsa(ecdsa[index] as Uint8Array, digests[index] as Uint8Array, publicKey),
    },
    {
      name: `Schnorr verify, ${name}`,
      check: (index: number) =>
        verifySchnorr(schnorrs[index] as Uint8Array, digests[index] as Uint8Array, xOnlyKey),
    },
  ]);

  const rates = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const { name, check } of subjects) {
      const startedAt = performance.now();
      for (let index = 0; index < SIGNATURES; index++) {
        if (!check(index)) throw new Error(`${name} refused a good signature`);
      }
      const rate = (SIGNATURES * 1000) / (performance.now() - startedAt);
      if (round >= 0) rates.get(name)?.push(rate);
    }
  }
  for (const [name, values] of rates) report(name, median(values), "per second");
}

if (import.meta.main) await run();
