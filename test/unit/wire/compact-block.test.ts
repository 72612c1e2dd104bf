/**
 * Compact blocks (BIP-0152): short ids and encodings of other implementations, and hostile counts.
 */

import { describe, expect, test } from "bun:test";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { ByteWriter, DecodeError, decodeAll } from "../../../src/lib/codec.ts";
import { decodeBlock, makeBlock } from "../../../src/primitives/block.ts";
import { encodeHeader } from "../../../src/primitives/block-header.ts";
import { type BlockHash, ZERO_HASH } from "../../../src/primitives/hash-id.ts";
import { encodeTransaction } from "../../../src/primitives/transaction.ts";
import {
  type CompactBlock,
  MAX_COMPACT_TRANSACTIONS,
  makeCompactBlock,
  shortIdFunction,
} from "../../../src/wire/compact-block.ts";
import { decodeMessage, encodeMessage } from "../../../src/wire/message.ts";
import { readRealBlocks } from "../../support/bitcore-vectors.ts";
import { someBlock, someCoinbase, someHeader, someTransaction } from "../../support/builders.ts";
import vectors from "../../vectors/p2p-messages.json";

const NO_HASH = ZERO_HASH as BlockHash;
const HEADER_AND_NONCE = concatBytes(encodeHeader(someHeader()), new Uint8Array(8));
const TX = encodeTransaction(someTransaction());

const realBlocks = await readRealBlocks();

function counted(count: number, ...items: readonly Uint8Array[]): Uint8Array {
  return concatBytes(new ByteWriter().compactSize(count).finish(), ...items);
}

/** The payload of a cmpctblock with `shortIds` ids and prefilled transactions after these gaps. */
function cmpctPayload(shortIds: number, gaps: readonly number[]): Uint8Array {
  return concatBytes(
    HEADER_AND_NONCE,
    counted(shortIds, new Uint8Array(6 * shortIds)),
    counted(gaps.length, ...gaps.flatMap((gap) => [counted(gap), TX])),
  );
}

function decodeCompact(payload: Uint8Array): CompactBlock {
  const message = decodeMessage("cmpctblock", payload);
  if (message?.command !== "cmpctblock") throw new Error("not a cmpctblock");
  return message.compactBlock;
}

describe("makeCompactBlock", () => {
  const { block: hex, nonce, compact } = vectors.compactBlock;

  test("makes of a block what Elements makes of it", () => {
    const block = decodeAll(fromHex(hex), decodeBlock);
    const compactBlock = makeCompactBlock(block, BigInt(nonce));
    expect(toHex(encodeMessage({ command: "cmpctblock", compactBlock }))).toBe(compact);
    expect(decodeCompact(fromHex(compact))).toEqual(compactBlock);
  });

  test("names every transaction but the coinbase, in the block's order", () => {
    for (const { hex: realHex } of realBlocks) {
      const block = decodeAll(fromHex(realHex), decodeBlock);
      const { header, shortIds, prefilled } = makeCompactBlock(block, 7n);
      const [coinbase, ...others] = block.transactions;
      expect(prefilled).toEqual(
        coinbase === undefined ? [] : [{ index: 0, transaction: coinbase }],
      );
      const shortIdOf = shortIdFunction(header, 7n);
      expect(shortIds).toEqual(others.map(({ wtxid }) => shortIdOf(wtxid)));
      expect(new Set(shortIds).size).toBe(others.length);
    }
  });

  test("gives other ids for another nonce or another header", () => {
    const { wtxid } = someTransaction();
    const ids = [
      shortIdFunction(someHeader(), 1n)(wtxid),
      shortIdFunction(someHeader(), 2n)(wtxid),
      shortIdFunction(someHeader({ nonce: 1 }), 1n)(wtxid),
    ];
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => Number.isSafeInteger(id) && id >= 0 && id < 2 ** 48)).toBe(true);
  });

  test("has nothing to make of a block without transactions", () => {
    expect(() => makeCompactBlock(makeBlock(someHeader(), []), 1n)).toThrow(RangeError);
    expect(makeCompactBlock(someBlock(), 1n).shortIds).toEqual([]);
  });
});

describe("cmpctblock", () => {
  test("reads places from gaps: after the first, each counts from the one before", () => {
    const indexes = (shortIds: number, ...gaps: readonly number[]) =>
      decodeCompact(cmpctPayload(shortIds, gaps)).prefilled.map(({ index }) => index);
    expect(indexes(2, 0, 0, 0)).toEqual([0, 1, 2]);
    expect(indexes(2, 0, 1)).toEqual([0, 2]);
    expect(indexes(2, 2, 0)).toEqual([2, 3]);
    expect(indexes(300, 0, 299)).toEqual([0, 300]);
    expect(indexes(0, 0)).toEqual([0]);
    expect(indexes(3)).toEqual([]);
  });

  test("refuses places past the end, and blocks of nothing", () => {
    for (const [shortIds, gaps] of [
      [0, []],
      [0, [1]],
      [2, [0, 3]],
      [2, [3]],
      [2, [65_534]],
      [2, [65_535]],
      [2, [0xffffffff]],
      [2, [0, 65_534]],
    ] as const) {
      expect(() => decodeCompact(cmpctPayload(shortIds, gaps))).toThrow(DecodeError);
    }
    // 2^64 - 1, which added to anything wraps elsewhere.
    const wrap = concatBytes(
      HEADER_AND_NONCE,
      counted(0),
      counted(2, counted(0), TX, fromHex("ffffffffffffffffff"), TX),
    );
    expect(() => decodeCompact(wrap)).toThrow(DecodeError);
  });

  test("reads as many transactions as have 16-bit indexes, and not one more", () => {
    expect(decodeCompact(cmpctPayload(65_534, [65_534])).shortIds).toHaveLength(65_534);
    expect(decodeCompact(cmpctPayload(65_535, [])).shortIds).toHaveLength(65_535);
    expect(() => decodeCompact(cmpctPayload(65_535, [0]))).toThrow(DecodeError);
    expect(() => decodeCompact(cmpctPayload(65_536, []))).toThrow(DecodeError);
  });

  test("makes nothing for counts that cannot follow", () => {
    for (const count of ["fdffff", "fe00000002", "feffffffff", "ffffffffffffffffff"]) {
      expect(() => decodeCompact(concatBytes(HEADER_AND_NONCE, fromHex(count)))).toThrow(
        DecodeError,
      );
      const prefilled = concatBytes(HEADER_AND_NONCE, counted(0), fromHex(count));
      expect(() => decodeCompact(prefilled)).toThrow(DecodeError);
    }
  });

  test("keeps all 48 bits of a short id", () => {
    const shortIds = [0, 1, 0xffffffff, 0x1_0000_0000, 0xffff_0000_0000, 2 ** 48 - 1];
    const compactBlock = {
      header: someHeader(),
      nonce: 2n ** 64n - 1n,
      shortIds,
      prefilled: [{ index: 6, transaction: someCoinbase() }],
    };
    const payload = encodeMessage({ command: "cmpctblock", compactBlock });
    expect(decodeCompact(payload)).toEqual(compactBlock);
    expect(toHex(payload.subarray(88 + 1, 88 + 1 + 12))).toBe("000000000000010000000000");
  });

  test("refuses to write ids, places or lists that nobody could read", () => {
    const write = (changes: Partial<CompactBlock>) =>
      encodeMessage({
        command: "cmpctblock",
        compactBlock: { header: someHeader(), nonce: 0n, shortIds: [1], prefilled: [], ...changes },
      });
    const transaction = someTransaction();
    const at = (...indexes: number[]) => indexes.map((index) => ({ index, transaction }));
    for (const shortId of [-1, 0.5, 2 ** 48, Number.NaN]) {
      expect(() => write({ shortIds: [shortId] })).toThrow(RangeError);
    }
    for (const prefilled of [at(2), at(0, 0), at(1, 0), at(-1), at(0.5)]) {
      expect(() => write({ prefilled })).toThrow(RangeError);
    }
    expect(() => write({ shortIds: Array<number>(65_536).fill(1) })).toThrow(RangeError);
    expect(write({ prefilled: at(0, 2), shortIds: [1] })).toBeInstanceOf(Uint8Array);
  });
});

describe("getblocktxn", () => {
  const { cases, refused } = vectors.differentialIndexes;
  const prefix = "00".repeat(32);

  test.each(cases)("reads $hex as rust-bitcoin does, and writes it", ({ hex, indexes }) => {
    const message = { command: "getblocktxn", blockHash: NO_HASH, indexes } as const;
    expect(decodeMessage("getblocktxn", fromHex(prefix + hex))).toEqual(message);
    expect(toHex(encodeMessage(message))).toBe(prefix + hex);
  });

  test.each(refused)("refuses the indexes %s, which overflow elsewhere", (hex) => {
    expect(() => decodeMessage("getblocktxn", fromHex(prefix + hex))).toThrow(DecodeError);
  });

  test("reads the indexes that btcd lists for its own example", () => {
    const { hex } = vectors.payloads.find(({ command }) => command === "getblocktxn") ?? {
      hex: "",
    };
    expect(decodeMessage("getblocktxn", fromHex(hex))).toEqual({
      command: "getblocktxn",
      blockHash: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f" as BlockHash,
      indexes: [0, 1, 3, 300],
    });
  });

  test("refuses indexes past 16 bits, alone or added up", () => {
    const decode = (hex: string) => decodeMessage("getblocktxn", fromHex(prefix + hex));
    expect(decode("01fdfeff")).toMatchObject({ indexes: [65_534] });
    for (const hex of ["01fdffff", "01fe00000100", "02fdfeff00", "0200fdfeff", "feffffff0100"]) {
      expect(() => decode(hex)).toThrow(DecodeError);
    }
    const dense = counted(MAX_COMPACT_TRANSACTIONS, new Uint8Array(MAX_COMPACT_TRANSACTIONS));
    expect(decodeMessage("getblocktxn", concatBytes(fromHex(prefix), dense))).toMatchObject({
      command: "getblocktxn",
    });
  });

  test("refuses to write indexes that do not rise, or lie past the end", () => {
    const blockHash = NO_HASH;
    for (const indexes of [[1, 1], [2, 1], [65_535], [-1], [0.5]]) {
      expect(() => encodeMessage({ command: "getblocktxn", blockHash, indexes })).toThrow(
        RangeError,
      );
    }
  });
});

describe("blocktxn", () => {
  test("is a hash and transactions as they stand", () => {
    const { hex } = vectors.payloads.find(({ command }) => command === "tx") ?? { hex: "" };
    const payload = fromHex(`${"22".repeat(32)}02${hex}${hex}`);
    const message = decodeMessage("blocktxn", payload);
    expect(message).toMatchObject({ command: "blocktxn", blockHash: "22".repeat(32) });
    expect(message && toHex(encodeMessage(message))).toBe(toHex(payload));
  });

  test("makes nothing for counts that cannot follow, or are too many", () => {
    const hash = new Uint8Array(32);
    for (const count of ["01", "fdffff", "fe00000002", "ffffffffffffffffff"]) {
      const payload = concatBytes(hash, fromHex(count));
      expect(() => decodeMessage("blocktxn", payload)).toThrow(DecodeError);
    }
    const many = concatBytes(hash, counted(65_536, new Uint8Array(655_360)));
    expect(() => decodeMessage("blocktxn", many)).toThrow(DecodeError);
    const transactions = Array.from({ length: 65_536 }, () => someTransaction());
    expect(() => encodeMessage({ command: "blocktxn", blockHash: NO_HASH, transactions })).toThrow(
      RangeError,
    );
  });
});
