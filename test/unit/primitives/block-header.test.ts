/**
 * The block header: real headers byte for byte, and every field at its bounds.
 */

import { describe, expect, test } from "bun:test";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { DecodeError, decodeAll } from "../../../src/lib/codec.ts";
import {
  decodeHeader,
  encodeHeader,
  HEADER_SIZE,
  hashHeader,
} from "../../../src/primitives/block-header.ts";
import { parseId, type Txid, ZERO_HASH } from "../../../src/primitives/hash-id.ts";
import { readRealBlocks } from "../../support/bitcore-vectors.ts";
import { someHeader } from "../../support/builders.ts";
import { repeatSeeded } from "../../support/random.ts";
import genesis from "../../vectors/genesis-headers.json";

const SEED = 20_260_108;
const merkleRoot = parseId<Txid>(genesis.merkleRoot) ?? (ZERO_HASH as Txid);

describe("hashHeader", () => {
  test.each(genesis.headers)(
    "gives the hash of the first block of Bitcoin's $network",
    (vector) => {
      const { version, time, bits, nonce, hash } = vector;
      const header = someHeader({ version, merkleRoot, time, bits, nonce });
      expect(hashHeader(header)).toBe(hash as ReturnType<typeof hashHeader>);
    },
  );
});

describe("encodeHeader and decodeHeader", () => {
  test("give back Bitcoin's first header and those of real blocks", async () => {
    const blocks = await readRealBlocks();
    const headers = blocks.map(({ hex, hash }) => [hex.slice(0, 2 * HEADER_SIZE), hash] as const);
    for (const [hex, hash] of [[genesis.mainHex, genesis.headers[0]?.hash ?? ""], ...headers]) {
      const header = decodeAll(fromHex(hex as string), decodeHeader);
      expect(toHex(encodeHeader(header))).toBe(hex as string);
      expect(hashHeader(header) as string).toBe(hash as string);
    }
  });

  test("give back any 80 bytes", () => {
    repeatSeeded(SEED, 200, (random) => {
      const bytes = random.bytes(HEADER_SIZE);
      expect(encodeHeader(decodeAll(bytes, decodeHeader))).toEqual(bytes);
    });
  });

  test("keep the version signed and the other numbers unsigned", () => {
    const header = decodeAll(new Uint8Array(HEADER_SIZE).fill(0xff), decodeHeader);
    expect(header.version).toBe(-1);
    for (const field of ["time", "bits", "nonce"] as const) expect(header[field]).toBe(0xffffffff);
  });

  test("refuse every length but 80", () => {
    for (const length of [0, 1, 79, 81, 160]) {
      expect(() => decodeAll(new Uint8Array(length), decodeHeader)).toThrow(DecodeError);
    }
  });

  test("refuse numbers that do not fit their field", () => {
    for (const field of ["time", "bits", "nonce"] as const) {
      for (const value of [-1, 2 ** 32, 0.5, Number.NaN]) {
        expect(() => encodeHeader(someHeader({ [field]: value }))).toThrow(RangeError);
      }
    }
    for (const version of [2 ** 31, -(2 ** 31) - 1, 0.5]) {
      expect(() => encodeHeader(someHeader({ version }))).toThrow(RangeError);
    }
  });
});
