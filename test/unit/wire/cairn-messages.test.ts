/**
 * The Cairn extension: its messages at their bounds, what a proof of identity is bound to, and the
 * discovery datagram.
 */

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { createEcdsaVerifier, PORTABLE_ECDSA } from "../../../src/crypto/ecdsa.ts";
import { publicKeyOf, signEcdsa } from "../../../src/crypto/keys.ts";
import { concatBytes, fromHex, reverseBytes, toHex } from "../../../src/lib/bytes.ts";
import { DecodeError } from "../../../src/lib/codec.ts";
import type { BlockHash, Txid } from "../../../src/primitives/hash-id.ts";
import {
  type Announcement,
  decodeAnnouncement,
  encodeAnnouncement,
} from "../../../src/wire/announcement.ts";
import {
  identityDigest,
  MAX_HOPS,
  type NodeStatMessage,
} from "../../../src/wire/cairn-messages.ts";
import { decodeMessage, encodeMessage } from "../../../src/wire/message.ts";
import { type NodeId, parseNodeId } from "../../../src/wire/node-id.ts";
import { damage } from "../../support/builders.ts";
import { announcements, anyBytes, nodeIds } from "../../support/message-arbitraries.ts";
import { SeededRandom } from "../../support/random.ts";

const SEED = 20_260_405;
const HASH = "ab".repeat(32) as BlockHash;
const ID = `02${"cd".repeat(32)}` as NodeId;

describe("parseNodeId", () => {
  test("reads a compressed key in either case, and nothing else", () => {
    expect(parseNodeId(ID)).toBe(ID);
    expect(parseNodeId(ID.toUpperCase())).toBe(ID);
    for (const text of [
      "",
      ID.slice(2),
      `${ID}00`,
      `04${ID.slice(2)}`,
      `00${ID.slice(2)}`,
      ` ${ID}`,
    ]) {
      expect(parseNodeId(text)).toBeUndefined();
    }
    expect(parseNodeId(`02${"zz".repeat(32)}`)).toBeUndefined();
  });
});

describe("cairn", () => {
  const message = {
    command: "cairn",
    version: 1,
    nodeId: ID,
    apiPort: 8080,
    name: "",
    features: 0,
  } as const;

  test("refuses keys of another form, long or unprintable names, and version 0", () => {
    const bytes = encodeMessage({ ...message, name: "n".repeat(32) });
    expect(decodeMessage("cairn", bytes)).toMatchObject({ name: "n".repeat(32) });
    const changed = (offset: number, value: number) => {
      const copy = bytes.slice();
      copy[offset] = value;
      return copy;
    };
    for (const prefix of [0, 1, 4, 5, 6, 7, 0xff]) {
      expect(() => decodeMessage("cairn", changed(4, prefix))).toThrow(DecodeError);
    }
    expect(() => decodeMessage("cairn", changed(0, 0))).toThrow(DecodeError);
    expect(() => decodeMessage("cairn", changed(50, 0x1b))).toThrow(DecodeError);
    expect(() => decodeMessage("cairn", changed(39, 33))).toThrow(DecodeError);
    expect(() => encodeMessage({ ...message, name: "n".repeat(33) })).toThrow(RangeError);
  });

  test("allows more fields in later versions only", () => {
    const longer = (version: number) =>
      concatBytes(encodeMessage({ ...message, version }), fromHex("010203"));
    expect(() => decodeMessage("cairn", longer(1))).toThrow(DecodeError);
    expect(decodeMessage("cairn", longer(2))).toEqual({ ...message, version: 2 });
  });

  test("leaves room below its cap for the longest name", () => {
    expect(encodeMessage({ ...message, name: "n".repeat(32) })).toHaveLength(76);
  });
});

describe("cairnproof and identityDigest", () => {
  const genesisHash = findNetwork("cairn").genesis.hash;
  const side = fc.record({ nonce: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), nodeId: nodeIds });

  test("digests the genesis hash, both nonces and both ids, the signer's first", () => {
    const signer = { nonce: 0x0807060504030201n, nodeId: ID };
    const other = { nonce: 1n, nodeId: `03${"11".repeat(32)}` as NodeId };
    const sha256 = (...parts: Uint8Array[]) => {
      const hash = createHash("sha256");
      for (const part of parts) hash.update(part);
      return new Uint8Array(hash.digest());
    };
    const tag = sha256(new TextEncoder().encode("Cairn/identity"));
    const expected = sha256(
      tag,
      tag,
      reverseBytes(fromHex(genesisHash)),
      fromHex("01020304050607080100000000000000"),
      fromHex(signer.nodeId),
      fromHex(other.nodeId),
    );
    expect(toHex(identityDigest(genesisHash, signer, other))).toBe(toHex(expected));
  });

  test("differs for another network, connection, node, or direction", () => {
    fc.assert(
      fc.property(
        side,
        side,
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        nodeIds,
        (signer, other, nonce, nodeId) => {
          const all = [
            identityDigest(genesisHash, signer, other),
            identityDigest(HASH, signer, other),
            identityDigest(genesisHash, { ...signer, nonce }, other),
            identityDigest(genesisHash, signer, { ...other, nonce }),
            identityDigest(genesisHash, { ...signer, nodeId }, other),
            identityDigest(genesisHash, signer, { ...other, nodeId }),
            identityDigest(genesisHash, other, signer),
          ].map(toHex);
          const isSame =
            [signer.nonce, other.nonce].includes(nonce) ||
            [signer.nodeId, other.nodeId].includes(nodeId) ||
            (signer.nonce === other.nonce && signer.nodeId === other.nodeId);
          if (!isSame) expect(new Set(all).size).toBe(all.length);
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });

  test("is proven by the holder of a key, to the one it was made for", () => {
    const verify = createEcdsaVerifier(PORTABLE_ECDSA);
    const [alice, bob] = [1, 2].map((fill) => new Uint8Array(32).fill(fill));
    const sideOf = (key: Uint8Array | undefined, nonce: bigint) => ({
      nonce,
      nodeId: toHex(publicKeyOf(key ?? new Uint8Array())) as NodeId,
    });
    const [a, b] = [sideOf(alice, 5n), sideOf(bob, 6n)];
    const proof = signEcdsa(identityDigest(genesisHash, a, b), alice ?? new Uint8Array());
    const message = { command: "cairnproof", signature: proof } as const;
    expect(decodeMessage("cairnproof", encodeMessage(message))).toEqual(message);

    expect(verify(proof, identityDigest(genesisHash, a, b), fromHex(a.nodeId))).toBe(true);
    expect(verify(proof, identityDigest(genesisHash, b, a), fromHex(b.nodeId))).toBe(false);
    expect(verify(proof, identityDigest(genesisHash, b, a), fromHex(a.nodeId))).toBe(false);
    const later = { ...b, nonce: 7n };
    expect(verify(proof, identityDigest(genesisHash, a, later), fromHex(a.nodeId))).toBe(false);
  });

  test("has a signature of 64 bytes and no other", () => {
    for (const length of [0, 63, 65]) {
      const signature = new Uint8Array(length);
      expect(() => encodeMessage({ command: "cairnproof", signature })).toThrow(RangeError);
      expect(() => decodeMessage("cairnproof", signature)).toThrow(DecodeError);
    }
  });
});

describe("hops", () => {
  test("clamps hop counts and times, on the way out and on the way in", () => {
    const entry = { hash: HASH as BlockHash | Txid, hopCount: 200, elapsedMs: 2 ** 40 };
    const bytes = encodeMessage({ command: "hops", entries: [entry] });
    const clamped = { hash: HASH, hopCount: MAX_HOPS, elapsedMs: 0xffffffff };
    expect(decodeMessage("hops", bytes)).toEqual({ command: "hops", entries: [clamped] });
    expect(bytes[33]).toBe(MAX_HOPS);
    bytes[33] = 0xff;
    expect(decodeMessage("hops", bytes)).toEqual({ command: "hops", entries: [clamped] });
  });

  test("refuses what is no count or time", () => {
    for (const changes of [{ hopCount: -1 }, { elapsedMs: -1 }, { hopCount: 0.5 }]) {
      const entry = { hash: HASH, hopCount: 1, elapsedMs: 1, ...changes };
      expect(() => encodeMessage({ command: "hops", entries: [entry] })).toThrow(RangeError);
    }
  });
});

describe("nodestat", () => {
  const message: NodeStatMessage = {
    command: "nodestat",
    height: 1,
    tip: HASH,
    peerCount: 2,
    hashRate: Number.MAX_SAFE_INTEGER,
    mempoolCount: 3,
    mempoolBytes: 4,
    neighbors: Array<NodeId>(64).fill(ID),
  };

  test("carries as many hashes a second as a number counts exactly, and 64 neighbours", () => {
    const bytes = encodeMessage(message);
    expect(bytes).toHaveLength(2_171);
    expect(decodeMessage("nodestat", bytes)).toEqual(message);
  });

  test("refuses counts below zero or beyond 2^53, and a 65th neighbour", () => {
    const bytes = encodeMessage(message);
    for (const [offset, value] of [
      [45, 0x80],
      [44, 0x20],
      [57, 0xff],
    ] as const) {
      const copy = bytes.slice();
      copy[offset] = value;
      expect(() => decodeMessage("nodestat", copy)).toThrow(DecodeError);
    }
    for (const changes of [
      { hashRate: -1 },
      { mempoolBytes: -1 },
      { hashRate: 0.5 },
      { hashRate: 2 ** 53 },
      { neighbors: Array<NodeId>(65).fill(ID) },
    ]) {
      expect(() => encodeMessage({ ...message, ...changes })).toThrow(RangeError);
    }
    const many = concatBytes(
      bytes.subarray(0, 58),
      Uint8Array.of(65),
      new Uint8Array(65 * 33).fill(2),
    );
    expect(() => decodeMessage("nodestat", many)).toThrow(DecodeError);
  });
});

describe("decodeAnnouncement and encodeAnnouncement", () => {
  const announcement: Announcement = {
    magic: fromHex("01020304"),
    nodeId: ID,
    p2pPort: 8333,
    apiPort: 8080,
    height: 258,
    token: 0x0807060504030201n,
  };

  test("write hand-laid bytes", () => {
    expect(toHex(encodeAnnouncement(announcement))).toBe(
      ["43524e31", "01020304", ID, "208d", "1f90", "02010000", "0102030405060708"].join(""),
    );
  });

  test("give back any announcement", () => {
    fc.assert(
      fc.property(announcements, (any) => {
        expect(decodeAnnouncement(encodeAnnouncement(any))).toEqual(any);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("P-52: refuse datagrams of others, of no port, cut short, or over 512 bytes", () => {
    const bytes = encodeAnnouncement(announcement);
    expect(bytes).toHaveLength(57);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeAnnouncement(bytes.subarray(0, length))).toThrow(DecodeError);
    }
    for (let offset = 0; offset < 4; offset++) {
      const copy = bytes.slice();
      copy[offset] = (copy[offset] ?? 0) ^ 0x20;
      expect(() => decodeAnnouncement(copy)).toThrow(DecodeError);
    }
    const portless = bytes.slice().fill(0, 41, 43);
    expect(() => decodeAnnouncement(portless)).toThrow(DecodeError);

    const padded = (length: number) => concatBytes(bytes, new Uint8Array(length - bytes.length));
    expect(decodeAnnouncement(padded(512))).toEqual(announcement);
    expect(() => decodeAnnouncement(padded(513))).toThrow(DecodeError);
  });

  test("P-52: are total on any bytes, and on damaged announcements", () => {
    const judge = (bytes: Uint8Array) => {
      try {
        return decodeAnnouncement(bytes);
      } catch (error) {
        if (error instanceof DecodeError) return undefined;
        throw error;
      }
    };
    fc.assert(
      fc.property(anyBytes, announcements, fc.integer(), (bytes, any, seed) => {
        for (const input of [
          bytes,
          concatBytes(fromHex("43524e31"), bytes),
          damage(encodeAnnouncement(any), new SeededRandom(seed)),
        ]) {
          const read = judge(input);
          if (read !== undefined) expect(judge(encodeAnnouncement(read))).toEqual(read);
        }
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });

  test("refuse to announce no port, or a magic that is none", () => {
    expect(() => encodeAnnouncement({ ...announcement, p2pPort: 0 })).toThrow(RangeError);
    expect(() => encodeAnnouncement({ ...announcement, magic: fromHex("010203") })).toThrow(
      RangeError,
    );
  });
});
