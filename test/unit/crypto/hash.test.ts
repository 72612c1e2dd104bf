/**
 * Hash functions against published digests, and the engine's SHA-256 against the portable one.
 */

import { describe, expect, test } from "bun:test";
import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 as portableSha256 } from "@noble/hashes/sha2.js";
import {
  hash160,
  hash256,
  ripemd160,
  Sha256Stream,
  sha1,
  sha256,
  taggedHash,
} from "../../../src/crypto/hash.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { readBitcoreVectors } from "../../support/bitcore-vectors.ts";
import { repeatSeeded } from "../../support/random.ts";
import genesis from "../../vectors/genesis-headers.json";
import vectors from "../../vectors/hash-functions.json";

const SEED = 20_260_103;

function messageOf({ unit, times }: { unit: string; times: number }): Uint8Array {
  return new Uint8Array(Buffer.alloc((unit.length / 2) * times, unit, "hex"));
}

describe("sha256", () => {
  test.each(vectors.sha256)("hashes as published: $name", (vector) => {
    const message = messageOf(vector);
    expect(toHex(sha256(message))).toBe(vector.digest);
    expect(toHex(portableSha256(message))).toBe(vector.digest);
  });

  test("is the same from the engine and from the portable code, at every length of two blocks", () => {
    repeatSeeded(SEED, 300, (random, run) => {
      const message = random.bytes(run < 130 ? run : random.below(5000));
      expect(sha256(message)).toEqual(portableSha256(message));
    });
  });

  test("hashes a view, not the buffer behind it, and gives bytes of their own", () => {
    const message = Uint8Array.of(0, 1, 2, 3);
    expect(sha256(message.subarray(1, 3))).toEqual(portableSha256(Uint8Array.of(1, 2)));
    const first = sha256(message);
    const copy = first.slice();
    sha256(Uint8Array.of(9));
    expect(first).toEqual(copy);
    expect(sha256(message).buffer.byteLength).toBe(32);
  });
});

describe("hash256", () => {
  test("gives the hash of Bitcoin's first block, in wire order", () => {
    const hash = genesis.headers[0]?.hash ?? "";
    expect(toHex(hash256(fromHex(genesis.mainHex)).reverse())).toBe(hash);
  });
});

describe("ripemd160", () => {
  test.each(vectors.ripemd160)("hashes as published: $name", (vector) => {
    expect(toHex(ripemd160(messageOf(vector)))).toBe(vector.digest);
  });
});

describe("sha1", () => {
  test.each(vectors.sha1)("hashes as published: $name", (vector) => {
    expect(toHex(sha1(messageOf(vector)))).toBe(vector.digest);
  });
});

describe("Sha256Stream", () => {
  test("gives the hash of its parts joined, and forks go their own ways", () => {
    repeatSeeded(SEED, 50, (random) => {
      const [a, b, c] = [0, 1, 2].map(() => random.bytes(random.below(200))) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      const stream = new Sha256Stream().update(a);
      const fork = stream.fork().update(b);
      expect(toHex(fork.digest())).toBe(toHex(sha256(concatBytes(a, b))));
      expect(toHex(stream.update(c).digest())).toBe(toHex(sha256(concatBytes(a, c))));
    });
  });
});

describe("hash160", () => {
  test.each(vectors.hash160)("of $data is $digest", ({ data, digest }) => {
    expect(toHex(hash160(fromHex(data)))).toBe(digest);
  });
});

/** The part of BIP-0341's wallet vectors in which tagged hashes stand. */
interface TaprootVector {
  given: { internalPubkey: string; scriptTree: { script: string; leafVersion: number } | null };
  intermediary: { merkleRoot: string | null; tweak: string; leafHashes?: string[] };
}

describe("taggedHash", () => {
  test("gives the tweaks and leaf hashes of BIP-0341's wallet vectors", async () => {
    const { scriptPubKey } = await readBitcoreVectors<{ scriptPubKey: TaprootVector[] }>(
      "bitcoind/wallet_test_vectors.json",
    );
    expect(scriptPubKey).toHaveLength(7);
    for (const { given, intermediary } of scriptPubKey) {
      const key = fromHex(given.internalPubkey);
      const root = fromHex(intermediary.merkleRoot ?? "");
      expect(toHex(taggedHash("TapTweak", key, root))).toBe(intermediary.tweak);

      // Trees of several leaves are arrays; those of one show what a leaf's hash is made of.
      if (given.scriptTree === null || Array.isArray(given.scriptTree)) continue;
      const script = fromHex(given.scriptTree.script);
      const prefix = Uint8Array.of(given.scriptTree.leafVersion, script.length);
      expect(toHex(taggedHash("TapLeaf", prefix, script))).toBe(intermediary.leafHashes?.[0] ?? "");
    }
  });

  test("joins parts as one message, the same at the second call as at the first", () => {
    repeatSeeded(SEED, 50, (random) => {
      const [a, b] = [random.bytes(random.below(40)), random.bytes(random.below(40))];
      const expected = schnorr.utils.taggedHash("BIP0340/challenge", a, b);
      expect(taggedHash("BIP0340/challenge", a, b)).toEqual(expected);
      expect(taggedHash("BIP0340/challenge", concatBytes(a, b))).toEqual(expected);
      expect(taggedHash("BIP0340/aux", a, b)).not.toEqual(expected);
    });
  });
});
