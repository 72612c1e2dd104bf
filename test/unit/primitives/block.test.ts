/**
 * Blocks: real ones byte for byte with hash, Merkle root and weight, and hostile bytes.
 */

import { describe, expect, test } from "bun:test";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { DecodeError, decodeAll } from "../../../src/lib/codec.ts";
import {
  type Block,
  blockSize,
  blockWeight,
  decodeBlock,
  encodeBlock,
  makeBlock,
} from "../../../src/primitives/block.ts";
import { HEADER_SIZE } from "../../../src/primitives/block-header.ts";
import { isCoinbase } from "../../../src/primitives/transaction.ts";
import { readBitcoreVectors, readRealBlocks } from "../../support/bitcore-vectors.ts";
import {
  damage,
  randomBlock,
  someBlock,
  someCoinbase,
  someInput,
  someTransaction,
} from "../../support/builders.ts";
import { repeatSeeded } from "../../support/random.ts";
import genesis from "../../vectors/genesis-headers.json";

const SEED = 20_260_111;

const decode = (bytes: Uint8Array): Block => decodeAll(bytes, decodeBlock);
const realBlocks = await readRealBlocks();

describe("decodeBlock and encodeBlock", () => {
  test.each(realBlocks)("give back the real block $hash", ({ hash, hex, count }) => {
    const block = decode(fromHex(hex));
    expect(toHex(encodeBlock(block))).toBe(hex);
    expect(block.hash as string).toBe(hash);
    expect(block.transactions).toHaveLength(count);
    expect(block.transactions.map(isCoinbase)).toEqual(
      block.transactions.map((_, index) => index === 0),
    );
    expect(makeBlock(block.header, block.transactions)).toEqual(block);
  });

  test("give the txids that bitcore-lib's data lists for testnet's block 86756", async () => {
    const { transactions } = await readBitcoreVectors<{ transactions: { hash: string }[] }>(
      "blk86756-testnet.json",
    );
    const block = decode(fromHex(realBlocks.at(-1)?.hex ?? ""));
    expect(block.transactions.map(({ txid }) => txid as string)).toEqual(
      transactions.map(({ hash }) => hash),
    );
  });

  test("give back Bitcoin's first block", () => {
    const hex = `${genesis.mainHex}01${genesis.coinbase}`;
    const block = decode(fromHex(hex));
    expect(block.hash as string).toBe(genesis.headers[0]?.hash ?? "");
    expect(toHex(encodeBlock(block))).toBe(hex);
    // 285 bytes, none of them witness.
    expect([blockSize(block.transactions), blockWeight(block.transactions)]).toEqual([285, 1140]);
  });

  test("give back random blocks, with witnesses and without transactions", () => {
    repeatSeeded(SEED, 100, (random) => {
      const block = randomBlock(random);
      const bytes = encodeBlock(block);
      expect(decode(bytes)).toEqual(block);
      expect(bytes).toHaveLength(blockSize(block.transactions));
    });
  });

  test("refuse a count of transactions that cannot follow", () => {
    const header = encodeBlock(someBlock()).subarray(0, HEADER_SIZE);
    for (const count of ["02", "fd0100", "fe00000002", "feffffffff", "ffffffffffffffffff", ""]) {
      expect(() => decode(concatBytes(header, fromHex(count)))).toThrow(DecodeError);
    }
    expect(decode(concatBytes(header, Uint8Array.of(0))).transactions).toEqual([]);
  });

  test("refuse each truncation and any byte more", () => {
    const bytes = fromHex(realBlocks[3]?.hex ?? "");
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.subarray(0, length))).toThrow(DecodeError);
    }
    expect(() => decode(concatBytes(bytes, Uint8Array.of(0)))).toThrow(DecodeError);
  });

  test("either refuse damaged blocks or were given their only encoding", () => {
    const targets = realBlocks.map(({ hex }) => fromHex(hex));
    let accepted = 0;
    repeatSeeded(SEED, 1000, (random) => {
      const bytes = damage(damage(random.pick(targets), random), random);
      let block: Block;
      try {
        block = decode(bytes);
      } catch (error) {
        if (error instanceof DecodeError) return;
        throw error;
      }
      accepted++;
      if (toHex(encodeBlock(block)) !== toHex(bytes)) throw new Error("changed by encoding");
    });
    expect(accepted).toBeGreaterThan(50);
  });
});

describe("blockSize and blockWeight", () => {
  test("count header and count once in size, four times in weight", () => {
    expect(blockSize([])).toBe(81);
    expect(blockWeight([])).toBe(324);
  });

  test("weigh base bytes four times and witness bytes once (BIP-0141)", () => {
    const witness = [new Uint8Array(70), new Uint8Array(33)];
    const transactions = [someCoinbase(), someTransaction({ inputs: [someInput({ witness })] })];
    const size = encodeBlock(someBlock({ transactions })).length;
    // Marker, flag, one count, two items with their lengths.
    const witnessSize = 2 + 1 + 71 + 34;
    expect(blockSize(transactions)).toBe(size);
    expect(blockWeight(transactions)).toBe(4 * (size - witnessSize) + witnessSize);
  });

  test("take three bytes for a count of 253", () => {
    const transactions = Array(253).fill(someCoinbase());
    expect(blockSize(transactions)).toBe(encodeBlock(someBlock({ transactions })).length);
    expect(blockSize(transactions)).toBe(83 + 253 * someCoinbase().totalSize);
  });
});
