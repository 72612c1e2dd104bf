/**
 * The codec: each integer at, below and above its bounds, compact sizes in their shortest form only,
 * and announced lengths that are refused before anything is made.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import {
  ByteReader,
  ByteWriter,
  compactSizeLength,
  DecodeError,
  decodeAll,
  MAX_COMPACT_SIZE,
} from "../../../src/lib/codec.ts";

const SEED = 20_260_102;

/** One integer width: how it is written and read, its bounds, and how many bytes it takes. */
interface Width {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly size: number;
  write(writer: ByteWriter, value: number): ByteWriter;
  read(reader: ByteReader): number;
}

const WIDTHS: readonly Width[] = [
  { name: "u8", least: 0, most: 0xff, size: 1, write: (w, v) => w.u8(v), read: (r) => r.u8() },
  { name: "u16", least: 0, most: 0xffff, size: 2, write: (w, v) => w.u16(v), read: (r) => r.u16() },
  {
    name: "u32",
    least: 0,
    most: 0xffffffff,
    size: 4,
    write: (w, v) => w.u32(v),
    read: (r) => r.u32(),
  },
  {
    name: "i32",
    least: -0x80000000,
    most: 0x7fffffff,
    size: 4,
    write: (w, v) => w.i32(v),
    read: (r) => r.i32(),
  },
  {
    name: "i64",
    least: Number.MIN_SAFE_INTEGER,
    most: Number.MAX_SAFE_INTEGER,
    size: 8,
    write: (w, v) => w.i64(v),
    read: (r) => r.i64AsNumber(),
  },
];

function littleEndian(value: bigint, size: number): string {
  const unsigned = BigInt.asUintN(8 * size, value);
  return toHex(fromHex(unsigned.toString(16).padStart(2 * size, "0")).reverse());
}

describe.each(WIDTHS)("$name", ({ least, most, size, write, read }) => {
  const written = (value: number) => write(new ByteWriter(0), value).finish();

  test("writes and reads values at and inside its bounds, little-endian", () => {
    for (const value of [least, least + 1, -1, 0, 1, 0x7f, 0x80, most - 1, most]) {
      if (value < least || value > most) continue;
      expect(toHex(written(value))).toBe(littleEndian(BigInt(value), size));
      expect(read(new ByteReader(written(value)))).toBe(value);
    }
  });

  test("refuses to write what would wrap, is no integer, or is no number", () => {
    for (const value of [
      least - 1,
      most + 1,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      2 ** 64,
      "1",
      true,
      null,
      undefined,
    ] as number[]) {
      expect(() => written(value)).toThrow(RangeError);
    }
  });

  test("leaves nothing behind when it refuses", () => {
    const writer = new ByteWriter().u8(7);
    expect(() => write(writer, most + 1)).toThrow(RangeError);
    expect(writer.finish()).toEqual(Uint8Array.of(7));
  });

  test("gives back any value of its range", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (any) => {
        const value = Math.min(most, Math.max(least, any));
        expect(toHex(written(value))).toBe(littleEndian(BigInt(value), size));
        expect(read(new ByteReader(written(value)))).toBe(value);
      }),
      { seed: SEED },
    );
  });

  test("refuses to read one byte too few, and moves no further", () => {
    const reader = new ByteReader(new Uint8Array(size - 1));
    expect(() => read(reader)).toThrow(DecodeError);
    expect(reader.offset).toBe(0);
  });
});

describe("u64", () => {
  test("writes and reads its bounds and refuses what lies beyond", () => {
    for (const value of [0n, 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      const bytes = new ByteWriter().u64(value).finish();
      expect(toHex(bytes)).toBe(littleEndian(value, 8));
      expect(new ByteReader(bytes).u64()).toBe(value);
    }
    for (const value of [-1n, 2n ** 64n, 2n ** 64n + 5n]) {
      expect(() => new ByteWriter().u64(value)).toThrow(RangeError);
    }
  });
});

describe("i64AsNumber", () => {
  test("refuses every integer that a number cannot hold exactly", () => {
    const beyond = [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), -(2n ** 53n) - 1n, 2n ** 63n - 1n];
    for (const value of [...beyond, -(2n ** 63n)]) {
      const reader = new ByteReader(fromHex(littleEndian(value, 8)));
      expect(() => reader.i64AsNumber()).toThrow(DecodeError);
    }
  });

  test("agrees with a 64-bit integer on all bytes", () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat(63), (any, shift) => {
        const value = any >> BigInt(shift);
        const reader = new ByteReader(fromHex(littleEndian(value, 8)));
        if (Number.isSafeInteger(Number(value)) && BigInt(Number(value)) === value) {
          expect(BigInt(reader.i64AsNumber())).toBe(value);
        } else {
          expect(() => reader.i64AsNumber()).toThrow(DecodeError);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe("compactSize", () => {
  test.each([
    [0, "00"],
    [0xfc, "fc"],
    [0xfd, "fdfd00"],
    [0xff, "fdff00"],
    [0xffff, "fdffff"],
    [0x10000, "fe00000100"],
    [MAX_COMPACT_SIZE, "fe00000002"],
  ])("of %d is %s", (value, hex) => {
    expect(toHex(new ByteWriter().compactSize(value).finish())).toBe(hex);
    expect(decodeAll(fromHex(hex), (reader) => reader.compactSize())).toBe(value);
    expect(compactSizeLength(value)).toBe(hex.length / 2);
  });

  test.each([
    "fd0000",
    "fdfc00",
    "fe00000000",
    "fefc000000",
    "feffff0000",
    "ff0000000000000000",
    "fffc00000000000000",
    "ffffff000000000000",
    "ffffffffff00000000",
  ])("refuses %s, which is not the shortest form", (hex) => {
    expect(() => new ByteReader(fromHex(hex)).compactSize()).toThrow(DecodeError);
  });

  test.each([
    ["one more than the most", "fe01000002"],
    ["2^31", "fe00000080"],
    ["2^32 - 1", "feffffffff"],
    ["2^32", "ff0000000001000000"],
    ["2^53", "ff0000000000002000"],
    ["2^64 - 1", "ffffffffffffffffff"],
  ])("refuses %s", (_name, hex) => {
    expect(() => new ByteReader(fromHex(hex)).compactSize()).toThrow(DecodeError);
  });

  test.each(["", "fd", "fd00", "fe", "fe000000", "ff", "ff00000000000000"])(
    "refuses %j, which ends too early",
    (hex) => {
      expect(() => new ByteReader(fromHex(hex)).compactSize()).toThrow(DecodeError);
    },
  );

  test("refuses to write what is no unsigned 32-bit integer", () => {
    for (const value of [-1, 0.5, Number.NaN, 2 ** 32, Number.POSITIVE_INFINITY]) {
      expect(() => new ByteWriter().compactSize(value)).toThrow(RangeError);
    }
  });

  test("accepts only bytes that writing gives back", () => {
    const first = fc.constantFrom(0x00, 0xfc, 0xfd, 0xfe, 0xff);
    const rest = fc.uint8Array({ maxLength: 8 });
    fc.assert(
      fc.property(first, rest, (lead, tail) => {
        const bytes = Uint8Array.of(lead, ...tail);
        const value = valueOrDecodeError(() => new ByteReader(bytes).compactSize());
        if (value === undefined) return;
        const encoded = new ByteWriter().compactSize(value).finish();
        expect(toHex(bytes).startsWith(toHex(encoded))).toBe(true);
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });
});

function valueOrDecodeError<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return undefined;
  }
}

describe("count", () => {
  test("accepts a count whose smallest contents just fit, and refuses one byte less", () => {
    const bytes = Uint8Array.of(3, ...new Uint8Array(30));
    expect(new ByteReader(bytes).count(10)).toBe(3);
    expect(() => new ByteReader(bytes.subarray(0, 30)).count(10)).toThrow(DecodeError);
  });

  test("refuses announced lengths before it makes anything of that size", () => {
    // Were each of these 32 MiB made, the loop would clear some 300 GiB of memory.
    const announced = fromHex("fe00000002");
    for (let round = 0; round < 10_000; round++) {
      expect(() => new ByteReader(announced).variableBytes()).toThrow(DecodeError);
      expect(() => new ByteReader(announced).count(1)).toThrow(DecodeError);
    }
  });
});

describe("ByteReader", () => {
  test("reads a view, not the buffer behind it", () => {
    const view = Uint8Array.of(9, 1, 0, 0, 0, 9).subarray(1, 5);
    expect(decodeAll(view, (reader) => reader.u32())).toBe(1);
  });

  test("copies the bytes it hands out", () => {
    const source = Uint8Array.of(1, 2, 3);
    const copy = new ByteReader(source).bytes(2);
    source[0] = 9;
    expect(copy).toEqual(Uint8Array.of(1, 2));
    expect(copy.buffer.byteLength).toBe(2);
  });

  test("keeps count of what was read and what is left", () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4));
    reader.u8();
    const start = reader.offset;
    reader.u16();
    expect(reader.offset).toBe(3);
    expect(reader.remaining).toBe(1);
    expect(reader.since(start)).toEqual(Uint8Array.of(2, 3));
  });

  test("seeks within its bytes only", () => {
    const reader = new ByteReader(new Uint8Array(4));
    reader.seek(4);
    expect(reader.remaining).toBe(0);
    reader.seek(0);
    expect(reader.remaining).toBe(4);
    expect(() => reader.seek(5)).toThrow(DecodeError);
    expect(() => reader.seek(-1)).toThrow(DecodeError);
  });
});

describe("decodeAll", () => {
  test("refuses bytes left over", () => {
    expect(decodeAll(Uint8Array.of(1), (reader) => reader.u8())).toBe(1);
    expect(() => decodeAll(Uint8Array.of(1, 2), (reader) => reader.u8())).toThrow(DecodeError);
  });
});

describe("ByteWriter", () => {
  test("grows from any capacity and hands out a copy", () => {
    const writer = new ByteWriter(0);
    for (let index = 0; index < 1000; index++) writer.u8(index & 0xff);
    const bytes = writer.finish();
    expect(bytes).toEqual(Uint8Array.from({ length: 1000 }, (_, index) => index & 0xff));
    expect(writer.length).toBe(1000);
    bytes[0] = 9;
    expect(writer.finish()[0]).toBe(0);
  });

  test("writes byte strings that reading gives back", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 5 }), (strings) => {
        const writer = new ByteWriter(1);
        for (const string of strings) writer.variableBytes(string);
        const read = decodeAll(writer.finish(), (reader) =>
          strings.map(() => reader.variableBytes()),
        );
        expect(read).toEqual(strings);
      }),
      { seed: SEED },
    );
  });
});
