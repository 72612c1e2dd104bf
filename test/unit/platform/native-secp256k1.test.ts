/**
 * The native library against the portable one: the same signatures, the same verdicts, and no
 * input that reaches it with a wrong length. Skipped, visibly, where no addon exists.
 */

import { describe, expect, test } from "bun:test";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import * as noble from "@noble/secp256k1";
import { loadNativeSecp256k1 } from "../../../src/platform/native-secp256k1.ts";

noble.hashes.sha256 = sha256;
noble.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const loaded = loadNativeSecp256k1();
const isExpected = ["linux-x64", "darwin-arm64", "win32-x64"].includes(
  `${process.platform}-${process.arch}`,
);

test("loads where the package has a prebuilt file, and nowhere else", () => {
  expect(loaded !== undefined).toBe(isExpected);
});

describe.skipIf(loaded === undefined)("NativeSecp256k1", () => {
  const native = loaded as NonNullable<typeof loaded>;
  const privateKey = sha256(Uint8Array.of(1));
  const digest = sha256(Uint8Array.of(2));
  const publicKey = noble.getPublicKey(privateKey, true);
  const signature = noble.sign(digest, privateKey, { prehash: false });

  /** `bytes` with one bit of byte `index` turned. */
  const flipped = (bytes: Uint8Array, index: number) => bytes.with(index, (bytes[index] ?? 0) ^ 1);

  test("accepts what the portable library signed", () => {
    expect(native.verify(signature, digest, publicKey)).toBe(true);
  });

  test("signs exactly as the portable library does (RFC 6979, low s)", () => {
    for (let seed = 0; seed < 50; seed++) {
      const key = sha256(Uint8Array.of(seed, 1));
      const message = sha256(Uint8Array.of(seed, 2));
      const made = native.sign(message, key);
      expect(made).toEqual(noble.sign(message, key, { prehash: false }));
      expect(native.verify(made, message, noble.getPublicKey(key, true))).toBe(true);
    }
  });

  test("rejects another digest, another key, another signature", () => {
    for (let index = 0; index < 32; index++) {
      expect(native.verify(signature, flipped(digest, index), publicKey)).toBe(false);
    }
    for (let index = 0; index < 33; index++) {
      expect(native.verify(signature, digest, flipped(publicKey, index))).toBe(false);
    }
    for (let index = 0; index < 64; index++) {
      expect(native.verify(flipped(signature, index), digest, publicKey)).toBe(false);
    }
  });

  test("rejects the twin with a high s", () => {
    const s = BigInt(`0x${signature.subarray(32).toHex()}`);
    const twin = signature.slice();
    twin.set(Uint8Array.fromHex((ORDER - s).toString(16).padStart(64, "0")), 32);
    expect(native.verify(twin, digest, publicKey)).toBe(false);
  });

  test("rejects r and s of zero and of the order", () => {
    for (const value of [0n, ORDER]) {
      const bytes = Uint8Array.fromHex(value.toString(16).padStart(64, "0"));
      for (const offset of [0, 32]) {
        const bad = signature.slice();
        bad.set(bytes, offset);
        expect(native.verify(bad, digest, publicKey)).toBe(false);
      }
    }
  });

  test("rejects keys that are not compressed points", () => {
    const full = noble.getPublicKey(privateKey, false);
    expect(native.verify(signature, digest, full)).toBe(false);
    for (const prefix of [0, 1, 4, 5, 6, 7, 255]) {
      expect(native.verify(signature, digest, publicKey.with(0, prefix))).toBe(false);
    }
    expect(native.verify(signature, digest, new Uint8Array(33).fill(255).with(0, 2))).toBe(false);
  });

  test("answers false to every wrong length and to what is not bytes", () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = new Uint8Array(length).fill(2);
      if (length !== 64) expect(native.verify(bytes, digest, publicKey)).toBe(false);
      if (length !== 32) expect(native.verify(signature, bytes, publicKey)).toBe(false);
      if (length !== 33) expect(native.verify(signature, digest, bytes)).toBe(false);
    }
    const buffers = [
      new ArrayBuffer(33),
      new Uint16Array(33),
      new Int8Array(33),
      new DataView(new ArrayBuffer(33)),
    ];
    for (const garbage of [
      undefined,
      null,
      33,
      "33",
      {},
      [],
      { length: 33 },
      ...buffers,
    ] as any[]) {
      expect(native.verify(garbage, digest, publicKey)).toBe(false);
      expect(native.verify(signature, garbage, publicKey)).toBe(false);
      expect(native.verify(signature, digest, garbage)).toBe(false);
    }
  });

  test("reads views into shared memory", () => {
    const memory = new Uint8Array(new SharedArrayBuffer(129));
    memory.set(publicKey, 0);
    memory.set(signature, 33);
    memory.set(digest, 97);
    const views = [memory.subarray(33, 97), memory.subarray(97), memory.subarray(0, 33)] as const;
    expect(native.verify(...views)).toBe(true);
    memory.fill(0, 97, 98);
    expect(native.verify(...views)).toBe(false);
  });

  test("refuses to sign with no key, and anything but a digest", () => {
    for (const key of [new Uint8Array(32), new Uint8Array(32).fill(255), new Uint8Array(31)]) {
      expect(() => native.sign(digest, key)).toThrow(RangeError);
    }
    expect(() => native.sign(new Uint8Array(33), privateKey)).toThrow(RangeError);
    expect(() => native.sign(undefined as any, privateKey)).toThrow(RangeError);
  });

  test("loads in a worker too", async () => {
    const path = new URL("../../../src/platform/native-secp256k1.ts", import.meta.url).href;
    const source = `import { loadNativeSecp256k1 } from ${JSON.stringify(path)};
      self.onmessage = ({ data }) => postMessage(loadNativeSecp256k1()?.verify(...data));`;
    const url = URL.createObjectURL(new Blob([source], { type: "application/typescript" }));
    const worker = new Worker(url);
    try {
      const answer = new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      });
      worker.postMessage([signature, digest, publicKey]);
      expect(await answer).toBe(true);
    } finally {
      worker.terminate();
      URL.revokeObjectURL(url);
    }
  });
});
