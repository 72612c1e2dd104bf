/**
 * One width for every number and one encoding for every value, of all that peers and clients send:
 * headers, transactions, blocks (C-21, C-22).
 */

import { describe, expect, test } from "bun:test";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { ByteReader, DecodeError, decodeAll } from "../../../src/lib/codec.ts";
import { decodeBlock, encodeBlock } from "../../../src/primitives/block.ts";
import { decodeHeader, encodeHeader } from "../../../src/primitives/block-header.ts";
import {
  decodeTransaction,
  encodeTransaction,
  makeTransaction,
} from "../../../src/primitives/transaction.ts";
import {
  damage,
  randomBlock,
  randomTransactionParts,
  someBlock,
  someHeader,
  someInput,
  someOutput,
  someTransaction,
  someTxid,
} from "../../support/builders.ts";
import { repeatSeeded, type SeededRandom } from "../../support/random.ts";

/** Little-endian numbers as they stand in the formats. */
const u32 = (value: number) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};
const u64 = (value: bigint) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
};

describe("numbers of 32 bits", () => {
  const EDGES = [0, 1, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff];

  test.each(EDGES)("C-21: a transaction keeps %d in each of its fields", (value) => {
    const input = someInput({ prevout: { txid: someTxid(), vout: value }, sequence: value });
    const tx = someTransaction({ version: value | 0, inputs: [input], lockTime: value });
    const bytes = encodeTransaction(tx);
    expect(bytes.subarray(0, 4)).toEqual(u32(value));
    expect(bytes.subarray(-4)).toEqual(u32(value));
    expect(bytes.subarray(37, 41)).toEqual(u32(value));
    const read = decodeAll(bytes, decodeTransaction);
    expect(read).toEqual(tx);
    // A version is signed, as in Bitcoin; the others are not.
    expect([read.version >>> 0, read.lockTime, read.inputs[0]!.sequence]).toEqual([
      value,
      value,
      value,
    ]);
  });

  test.each(EDGES)("C-21: a header keeps %d in each of its fields", (value) => {
    const header = someHeader({ version: value | 0, time: value, bits: value, nonce: value });
    const bytes = encodeHeader(header);
    for (const offset of [0, 68, 72, 76]) {
      expect(bytes.subarray(offset, offset + 4)).toEqual(u32(value));
    }
    expect(decodeAll(bytes, decodeHeader)).toEqual(header);
  });

  test.each([-1, 2 ** 32, 2 ** 32 + 1, 2 ** 53, 0.5, Number.NaN])(
    "C-21: %d fits no such field, and is never wrapped around",
    (value) => {
      const input = (changes: object) => ({ ...someInput(), ...changes });
      const prevout = { txid: someTxid(), vout: value };
      expect(() => someTransaction({ lockTime: value })).toThrow(RangeError);
      expect(() => someTransaction({ inputs: [input({ sequence: value })] })).toThrow(RangeError);
      expect(() => someTransaction({ inputs: [input({ prevout })] })).toThrow(RangeError);
      for (const field of ["time", "bits", "nonce"]) {
        expect(() => encodeHeader({ ...someHeader(), [field]: value })).toThrow(RangeError);
      }
      if (value === -1) return;
      expect(() => someTransaction({ version: value })).toThrow(RangeError);
      expect(() => encodeHeader(someHeader({ version: value }))).toThrow(RangeError);
    },
  );
});

describe("counts and lengths", () => {
  const tx = encodeTransaction(someTransaction());
  const witness = encodeTransaction(
    someTransaction({ inputs: [someInput({ witness: [Uint8Array.of(1)] })] }),
  );
  const block = encodeBlock(someBlock({ transactions: [] }));
  /** The bytes before and after each place at which a count or a length stands. */
  const PLACES: readonly (readonly [
    string,
    Uint8Array,
    number,
    (reader: ByteReader) => unknown,
  ])[] = [
    ["inputs", tx, 4, decodeTransaction],
    ["a scriptSig's bytes", tx, 41, decodeTransaction],
    ["outputs", tx, 46, decodeTransaction],
    ["a scriptPubKey's bytes", tx, 55, decodeTransaction],
    ["witness items", witness, witness.length - 7, decodeTransaction],
    ["a witness item's bytes", witness, witness.length - 6, decodeTransaction],
    ["a block's transactions", block, 80, decodeBlock],
  ];
  const HUGE = [
    2n ** 16n,
    2n ** 25n,
    2n ** 25n + 1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
  ];
  const announced = (count: bigint) =>
    count < 2n ** 32n
      ? concatBytes(Uint8Array.of(0xfe), u32(Number(count)))
      : concatBytes(Uint8Array.of(0xff), u64(count));
  const withCount = (bytes: Uint8Array, at: number, count: Uint8Array) =>
    concatBytes(bytes.subarray(0, at), count, bytes.subarray(at + 1));

  test.each(PLACES)("C-21: the place of the number of %s is right", (_name, bytes, at, decode) => {
    const longer = { 0: "fd0000", 1: "fd0100", 22: "fd1600" }[bytes[at]!]!;
    expect(longer).toBeDefined();
    expect(() => decodeAll(bytes, decode)).not.toThrow();
    // The same number in three bytes: only the form is wrong.
    expect(() => decodeAll(withCount(bytes, at, fromHex(longer)), decode)).toThrow(
      /not in its shortest form/,
    );
  });

  test.each(PLACES)(
    "C-21: no number of %s makes room for what cannot follow",
    (_, bytes, at, decode) => {
      for (const count of HUGE) {
        const reader = new WatchedReader(withCount(bytes, at, announced(count)));
        expect(() => decode(reader)).toThrow(DecodeError);
        expect(reader.largest).toBeLessThan(64);
      }
    },
  );
});

/** Notes the largest number or byte string that whoever reads could make room for. */
class WatchedReader extends ByteReader {
  largest = 0;

  override bytes(length: number): Uint8Array {
    const value = super.bytes(length);
    this.largest = Math.max(this.largest, value.length);
    return value;
  }

  override count(minimumSize: number): number {
    const value = super.count(minimumSize);
    this.largest = Math.max(this.largest, value);
    return value;
  }
}

/** How many damaged encodings of each kind are tried. */
const RUNS = 8_000;

interface Format {
  readonly make: (random: SeededRandom) => Uint8Array;
  readonly decode: (reader: ByteReader) => unknown;
  readonly encode: (value: never) => Uint8Array;
}

const FORMATS: Readonly<Record<string, Format>> = {
  transactions: {
    make: (random) => encodeTransaction(makeTransaction(randomTransactionParts(random))),
    decode: decodeTransaction,
    encode: encodeTransaction,
  },
  blocks: {
    make: (random) => encodeBlock(randomBlock(random)),
    decode: decodeBlock,
    encode: encodeBlock,
  },
  headers: {
    make: (random) => random.bytes(80),
    decode: decodeHeader,
    encode: encodeHeader,
  },
};

describe.each(Object.entries(FORMATS))("damaged %s", (_name, { make, decode, encode }) => {
  test(`C-22: are refused, or were given their only encoding, ${RUNS} times`, () => {
    let accepted = 0;
    repeatSeeded(0xc22, RUNS, (random) => {
      let bytes = make(random);
      for (let times = random.below(3); times >= 0; times--) bytes = damage(bytes, random);
      let value: unknown;
      try {
        value = decodeAll(bytes, decode);
      } catch (error) {
        if (error instanceof DecodeError) return;
        throw error;
      }
      accepted += 1;
      if (toHex(encode(value as never)) !== toHex(bytes)) {
        throw new Error(`two encodings: ${toHex(bytes)}`);
      }
    });
    // Many a change falls into a number or a script, and is another value of the same form.
    expect(accepted).toBeGreaterThan(RUNS / 20);
    expect(accepted).toBeLessThan(RUNS);
  });

  test("C-22: any byte behind them, and any byte less, is refused", () => {
    repeatSeeded(0xc221, 200, (random) => {
      const bytes = make(random);
      const longer = concatBytes(bytes, random.bytes(1 + random.below(5)));
      expect(() => decodeAll(longer, decode)).toThrow(DecodeError);
      const shorter = bytes.subarray(0, random.below(bytes.length));
      expect(() => decodeAll(shorter, decode)).toThrow(DecodeError);
    });
  });
});

describe("the witness form", () => {
  const parts = { version: 2, outputs: [someOutput()], lockTime: 0 };
  const withWitness = encodeTransaction(
    makeTransaction({ ...parts, inputs: [someInput({ witness: [Uint8Array.of(7)] })] }),
  );

  test("C-22: has one flag, and is for transactions that have a witness", () => {
    for (let flag = 0; flag < 256; flag++) {
      const data = withWitness.with(5, flag);
      if (flag === 1) expect(() => decodeAll(data, decodeTransaction)).not.toThrow();
      else expect(() => decodeAll(data, decodeTransaction)).toThrow(DecodeError);
    }
    const plain = encodeTransaction(makeTransaction({ ...parts, inputs: [someInput()] }));
    const dressed = concatBytes(
      plain.subarray(0, 4),
      Uint8Array.of(0, 1),
      plain.subarray(4, -4),
      Uint8Array.of(0),
      plain.subarray(-4),
    );
    expect(() => decodeAll(plain, decodeTransaction)).not.toThrow();
    expect(() => decodeAll(dressed, decodeTransaction)).toThrow(DecodeError);
  });
});
