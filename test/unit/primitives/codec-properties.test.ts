/**
 * What holds of every decoder, whatever bytes come: it gives back what was encoded, accepts one
 * encoding of each thing only, knows no way out but DecodeError, and copies no more than it was given.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Coin } from "../../../src/consensus/check-inputs.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { type ByteReader, ByteWriter, DecodeError, decodeAll } from "../../../src/lib/codec.ts";
import { decodeBlock, encodeBlock } from "../../../src/primitives/block.ts";
import { decodeHeader, encodeHeader, hashHeader } from "../../../src/primitives/block-header.ts";
import { hashToId, idToHash, parseId, type Txid } from "../../../src/primitives/hash-id.ts";
import {
  decodeTransaction,
  encodeTransaction,
  hasWitness,
  makeTransaction,
} from "../../../src/primitives/transaction.ts";
import { decodeUndo, encodeUndo } from "../../../src/storage/undo.ts";
import {
  ANY_BLOCK,
  ANY_BYTES,
  ANY_COIN,
  ANY_HASH,
  ANY_HEADER,
  ANY_OUTPUT,
  ANY_TRANSACTION,
  ANY_TRANSACTION_PARTS,
  damaged,
} from "../../support/arbitraries.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";

/** A format: its values, and both directions. */
interface Format<T> {
  readonly name: string;
  readonly values: fc.Arbitrary<T>;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

const FORMATS: readonly Format<any>[] = [
  {
    name: "transactions",
    values: ANY_TRANSACTION,
    encode: encodeTransaction,
    decode: (bytes) => decodeAll(bytes, decodeTransaction),
  },
  {
    name: "headers",
    values: ANY_HEADER,
    encode: encodeHeader,
    decode: (bytes) => decodeAll(bytes, decodeHeader),
  },
  {
    name: "blocks",
    values: ANY_BLOCK,
    encode: encodeBlock,
    decode: (bytes) => decodeAll(bytes, decodeBlock),
  },
  {
    name: "undo data",
    values: fc.array(ANY_COIN, { maxLength: 6 }),
    encode: (coins: Coin[]) => encodeUndo(coins),
    decode: decodeUndo,
  },
  {
    name: "compact sizes",
    values: fc.oneof(fc.nat(0x02000000), fc.constantFrom(0xfc, 0xfd, 0xffff, 0x10000, 0x02000000)),
    encode: (value: number) => new ByteWriter().compactSize(value).finish(),
    decode: (bytes) => decodeAll(bytes, (reader) => reader.compactSize()),
  },
  {
    name: "byte strings",
    values: fc.uint8Array({ maxLength: 300, size: "max" }),
    encode: (value: Uint8Array) => new ByteWriter().variableBytes(value).finish(),
    decode: (bytes) => decodeAll(bytes, (reader) => reader.variableBytes()),
  },
];

/** Bytes that count how many of them are copied out. */
class CountedBytes extends Uint8Array {
  copied = 0;

  override slice(start = 0, end = this.length): Uint8Array<ArrayBuffer> {
    const copy = Uint8Array.prototype.slice.call(
      new Uint8Array(this.buffer, this.byteOffset, this.byteLength),
      start,
      end,
    ) as Uint8Array<ArrayBuffer>;
    this.copied += copy.length;
    return copy;
  }
}

/** What `decode` gives, or undefined if it refuses; nothing else may be thrown. */
function decodeOrRefuse<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return undefined;
  }
}

describe.each(FORMATS)("$name", ({ name, values, encode, decode }) => {
  const encoded = values.map(encode);

  test(
    "come back as they were, and their bytes too",
    () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encode(value);
          const decoded = decode(bytes);
          expect(decoded).toEqual(value);
          expect(toHex(encode(decoded))).toBe(toHex(bytes));
        }),
        runs(300),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "C-22: have one encoding each: whatever is accepted is written as it was read",
    () => {
      let accepted = 0;
      fc.assert(
        fc.property(damaged(encoded), (bytes) => {
          const value = decodeOrRefuse(decode, bytes);
          if (value === undefined) return;
          accepted += 1;
          expect(toHex(encode(value))).toBe(toHex(bytes));
        }),
        runs(1_000),
      );
      expect(accepted).toBeGreaterThan(10);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "are refused with a DecodeError and nothing else, on any bytes",
    () => {
      const start = fc.constantFrom("", "01000000", "0100000000", "010000000001", "fd", "fe");
      const bytes = fc.tuple(start, fc.uint8Array({ maxLength: 200, size: "max" }));
      fc.assert(
        fc.property(bytes, ([hex, rest]) => {
          const given = Uint8Array.of(...Buffer.from(hex, "hex"), ...rest);
          const value = decodeOrRefuse(decode, given);
          if (value !== undefined) expect(toHex(encode(value))).toBe(toHex(given));
        }),
        runs(1_000),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "cost no more copied bytes than were given, however many they announce",
    () => {
      let copied = 0;
      fc.assert(
        fc.property(fc.oneof(encoded, damaged(encoded)), (bytes) => {
          const counted = new CountedBytes(bytes);
          decodeOrRefuse(decode, counted);
          expect(counted.copied).toBeLessThanOrEqual(bytes.length);
          copied += counted.copied;
        }),
        runs(500),
      );
      // A number copies nothing; for the others the count would be worthless if it stayed at 0.
      expect(copied > 0).toBe(name !== "compact sizes");
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("cut off anywhere are refused", () => {
    fc.assert(
      fc.property(encoded, fc.nat(), (bytes, cut) => {
        expect(decodeOrRefuse(decode, bytes.subarray(0, cut % bytes.length))).toBeUndefined();
      }),
      runs(300),
    );
  });
});

describe("announced counts", () => {
  const HUGE = fc.constantFrom("fdffff", "fe00000001", "fe00000002", "ffffffffffffffffff");
  const count = (bytes: string) => Buffer.from(bytes, "hex");

  test.each([
    ["inputs", "01000000", decodeTransaction],
    ["inputs with witnesses", "010000000001", decodeTransaction],
    ["outputs", `0100000001${"00".repeat(41)}`, decodeTransaction],
    ["witness items", `01000000000101${"00".repeat(41)}00`, decodeTransaction],
    ["a script's bytes", `0100000001${"00".repeat(36)}`, decodeTransaction],
    ["transactions", "00".repeat(80), decodeBlock],
  ] as [string, string, (reader: ByteReader) => unknown][])(
    "of %s beyond the data are refused before anything is made of them",
    (_what, before, decode) => {
      fc.assert(
        fc.property(HUGE, fc.uint8Array({ maxLength: 60, size: "max" }), (huge, rest) => {
          const bytes = new CountedBytes([...count(before), ...count(huge), ...rest]);
          expect(() => decodeAll(bytes, decode)).toThrow(DecodeError);
          // Nothing of what the count announces was read: only what stands before it.
          expect(bytes.copied).toBeLessThanOrEqual(before.length / 2);
        }),
        runs(50),
      );
    },
  );
});

describe("the form with witnesses", () => {
  test("C-22: is for transactions that have one, and marked in one way", () => {
    const noWitness = ANY_TRANSACTION_PARTS.map((parts) => ({
      ...parts,
      inputs: parts.inputs.map((input) => ({ ...input, witness: [] })),
    }));
    const flag = fc.oneof(fc.constantFrom(1, 2, 3, 0x80, 0xff), fc.nat(255));
    fc.assert(
      fc.property(noWitness, fc.nat(3), flag, ANY_BYTES, (parts, at, marker, item) => {
        const { length } = parts.inputs;
        const base = encodeTransaction(parts, false);
        // The input of that index has the item, and the others have nothing.
        const witness = parts.inputs.map((_, index) =>
          index === at ? [1, ...new ByteWriter().variableBytes(item).finish()] : [0],
        );
        const bytes = Uint8Array.of(
          ...base.subarray(0, 4),
          ...[0, marker],
          ...base.subarray(4, -4),
          ...witness.flat(),
          ...base.subarray(-4),
        );
        const isRight = marker === 1 && at < length;
        // A marker of zero is read as a transaction of nothing, with bytes left over.
        expect(
          decodeOrRefuse((given) => decodeAll(given, decodeTransaction), bytes) !== undefined,
        ).toBe(isRight);
      }),
      runs(500),
    );
  });
});

describe("a transaction without inputs", () => {
  test("C-22: is never read with outputs, since its first bytes would be a marker", () => {
    const some = fc.array(ANY_OUTPUT, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(some, fc.nat(), (outputs, lockTime) => {
        const bytes = encodeTransaction({ version: 2, inputs: [], outputs, lockTime });
        const read = decodeOrRefuse((given) => decodeAll(given, decodeTransaction), bytes);
        // One output and the marker are the same byte: then it would have to have a witness.
        if (outputs.length > 1) expect(read).toBeUndefined();
        if (read !== undefined) expect(hasWitness(read)).toBe(true);
      }),
      runs(300),
    );
  });
});

describe("identifiers", () => {
  test("name the same thing from bytes and from text", () => {
    fc.assert(
      fc.property(ANY_HASH, (hash) => {
        const id = hashToId<Txid>(hash);
        expect(idToHash(id)).toEqual(hash);
        expect(parseId<Txid>(id)).toBe(id);
        expect(parseId<Txid>(id.toUpperCase())).toBe(id);
      }),
      runs(300),
    );
  });

  test("are nothing but 64 hexadecimal digits", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary", maxLength: 70 })), (text) => {
        expect(parseId(text) === undefined).toBe(!/^[0-9a-fA-F]{64}$/.test(text));
      }),
      runs(300),
    );
  });

  test("of a header depend on all of its 80 bytes", () => {
    fc.assert(
      fc.property(ANY_HEADER, fc.nat(79), fc.nat(7), (header, index, bit) => {
        const bytes = encodeHeader(header);
        const turned = bytes.with(index, bytes[index]! ^ (1 << bit));
        expect(hashHeader(decodeAll(turned, decodeHeader))).not.toBe(hashHeader(header));
      }),
      runs(200),
    );
  });
});

describe("made and decoded transactions", () => {
  test("agree in identifiers, sizes and weight, and the witness changes only one identifier", () => {
    fc.assert(
      fc.property(ANY_TRANSACTION_PARTS, (parts) => {
        const tx = makeTransaction(parts);
        const decoded = decodeAll(encodeTransaction(parts), decodeTransaction);
        expect(decoded).toEqual(tx);
        expect(tx.totalSize).toBe(encodeTransaction(parts).length);
        expect(tx.baseSize).toBe(encodeTransaction(parts, false).length);
        expect(tx.weight).toBe(3 * tx.baseSize + tx.totalSize);

        const inputs = parts.inputs.map((input) => ({ ...input, witness: [] }));
        const stripped = makeTransaction({ ...parts, inputs });
        expect(stripped.txid).toBe(tx.txid);
        expect(stripped.wtxid === tx.wtxid).toBe(!hasWitness(parts));
      }),
      runs(300),
    );
  });
});
