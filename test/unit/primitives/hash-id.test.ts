/**
 * Identifiers: reversed once on the way in and out, and read from text in one form only.
 */

import { describe, expect, test } from "bun:test";
import { toHex } from "../../../src/lib/bytes.ts";
import { ByteReader, ByteWriter, DecodeError } from "../../../src/lib/codec.ts";
import {
  type BlockHash,
  hashToId,
  idToHash,
  parseId,
  readId,
  type Txid,
  writeId,
  ZERO_HASH,
} from "../../../src/primitives/hash-id.ts";

const hash = Uint8Array.from({ length: 32 }, (_, index) => index);
const id = toHex(hash.toReversed()) as BlockHash;

describe("hashToId and idToHash", () => {
  test("reverse the bytes, each undoing the other, and leave their argument alone", () => {
    expect(hashToId<BlockHash>(hash)).toBe(id);
    expect(idToHash(id)).toEqual(hash);
    expect(hash[0]).toBe(0);
  });

  test("take zeros for zeros", () => {
    expect(hashToId<BlockHash>(new Uint8Array(32))).toBe(ZERO_HASH);
  });
});

describe("readId and writeId", () => {
  test("put the hash into wire order and take it out again", () => {
    const bytes = writeTwo();
    expect(bytes.subarray(0, 32)).toEqual(hash);
    const reader = new ByteReader(bytes);
    expect(readId<BlockHash>(reader)).toBe(id);
    expect(readId<Txid>(reader)).toBe(ZERO_HASH);
    expect(reader.remaining).toBe(0);
  });

  test("refuse fewer than 32 bytes", () => {
    expect(() => readId(new ByteReader(new Uint8Array(31)))).toThrow(DecodeError);
  });

  function writeTwo(): Uint8Array {
    const writer = new ByteWriter(0);
    writeId(writer, id);
    writeId(writer, ZERO_HASH);
    return writer.finish();
  }
});

describe("parseId", () => {
  test("reads either case as the same lower-case identifier", () => {
    expect(parseId<BlockHash>(id)).toBe(id);
    expect(parseId<BlockHash>(id.toUpperCase())).toBe(id);
  });

  test.each([
    ["nothing", ""],
    ["63 digits", id.slice(1)],
    ["65 digits", `${id}0`],
    ["66 digits", `0x${id}`],
    ["a prefix inside", `0x${id.slice(2)}`],
    ["a newline after", `${id}\n`],
    ["a space before", ` ${id}`],
    ["a letter beyond f", `g${id.slice(1)}`],
    ["full-width digits", `０${id.slice(1)}`],
    ["a direction mark", `\u202e${id.slice(1)}`],
    ["two lines", `${id}\n${id}`],
  ])("refuses %s", (_name, text) => {
    expect(parseId(text)).toBeUndefined();
  });
});
