/**
 * Reading and writing of Bitcoin's binary encodings, with every length checked.
 *
 * A reader never allocates more than the bytes it was given: counts are compared with what is left
 * before anything is made. A writer refuses what would wrap. Knows integers, byte strings and
 * compact sizes; what they stand for is the business of primitives/ and wire/.
 */

/** Bytes that do not follow their format: their sender cannot speak the protocol. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** Largest byte string or count a compact size may announce here (Bitcoin Core's MAX_SIZE). */
export const MAX_COMPACT_SIZE = 0x02000000;

/** Reads one encoding after the other from `bytes`. Every method throws DecodeError past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes consumed so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not yet consumed. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Returns a view (not a copy) of what was read from `start` up to here. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#offset);
  }

  /** Moves to an earlier or later absolute offset within the bytes. */
  seek(offset: number): void {
    if (offset < 0 || offset > this.#bytes.length) throw new DecodeError("seek past the end");
    this.#offset = offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  /** A signed 64-bit integer that fits a JavaScript number exactly; DecodeError if it does not. */
  i64AsNumber(): number {
    const offset = this.#advance(8);
    const low = this.#view.getUint32(offset, true);
    const high = this.#view.getInt32(offset + 4, true);
    const value = high * 0x1_0000_0000 + low;
    if (!Number.isSafeInteger(value)) throw new DecodeError("integer beyond 2^53");
    return value;
  }

  /** A copy of the next `length` bytes, so that a small part never keeps a large buffer alive. */
  bytes(length: number): Uint8Array {
    const offset = this.#advance(length);
    return this.#bytes.slice(offset, offset + length);
  }

  /** A number in Bitcoin's compact size form; DecodeError unless it is in its shortest form. */
  compactSize(): number {
    const first = this.u8();
    if (first < 0xfd) return first;

    const [value, smallest] = this.#wideCompactSize(first);
    if (value < smallest) throw new DecodeError("compact size is not in its shortest form");
    if (value > MAX_COMPACT_SIZE) throw new DecodeError("compact size too large");
    return value;
  }

  /**
   * A compact size used as the count of things that take at least `minimumSize` bytes each:
   * DecodeError at once if that many cannot follow.
   */
  count(minimumSize: number): number {
    const count = this.compactSize();
    if (count * minimumSize > this.remaining) throw new DecodeError("count exceeds the data");
    return count;
  }

  /** A byte string with its compact size before it. */
  variableBytes(): Uint8Array {
    return this.bytes(this.count(1));
  }

  /** Throws DecodeError if anything is left. */
  end(): void {
    if (this.remaining !== 0) throw new DecodeError(`${this.remaining} bytes left over`);
  }

  #wideCompactSize(first: number): readonly [value: number, smallest: number] {
    if (first === 0xfd) return [this.u16(), 0xfd];
    if (first === 0xfe) return [this.u32(), 0x1_0000];
    return [Number(this.u64()), 0x1_0000_0000];
  }

  #advance(length: number): number {
    const offset = this.#offset;
    if (length > this.#bytes.length - offset) throw new DecodeError("unexpected end of data");
    this.#offset = offset + length;
    return offset;
  }
}

/** Appends encodings to a buffer that grows. Every method throws RangeError on a value that does
 * not fit, where a DataView would wrap it. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  u8(value: number): this {
    checkRange(value, 0, 0xff);
    const offset = this.#grow(1);
    this.#view.setUint8(offset, value);
    return this;
  }

  u16(value: number): this {
    checkRange(value, 0, 0xffff);
    const offset = this.#grow(2);
    this.#view.setUint16(offset, value, true);
    return this;
  }

  u32(value: number): this {
    checkRange(value, 0, 0xffffffff);
    const offset = this.#grow(4);
    this.#view.setUint32(offset, value, true);
    return this;
  }

  i32(value: number): this {
    checkRange(value, -0x80000000, 0x7fffffff);
    const offset = this.#grow(4);
    this.#view.setInt32(offset, value, true);
    return this;
  }

  u64(value: bigint): this {
    if (value < 0n || value > 0xffffffffffffffffn) throw new RangeError(`${value} is not a u64`);
    const offset = this.#grow(8);
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  /** Writes a safe integer as a signed 64-bit one. */
  i64(value: number): this {
    checkRange(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const offset = this.#grow(8);
    this.#view.setUint32(offset, value >>> 0, true);
    this.#view.setInt32(offset + 4, (value - (value >>> 0)) / 0x1_0000_0000, true);
    return this;
  }

  bytes(value: Uint8Array): this {
    const offset = this.#grow(value.length);
    this.#bytes.set(value, offset);
    return this;
  }

  compactSize(value: number): this {
    checkRange(value, 0, 0xffffffff);
    if (value < 0xfd) return this.u8(value);
    if (value <= 0xffff) return this.u8(0xfd).u16(value);
    return this.u8(0xfe).u32(value);
  }

  variableBytes(value: Uint8Array): this {
    return this.compactSize(value.length).bytes(value);
  }

  /** Makes room and returns where it begins. Call it first: it may replace the view. */
  #grow(length: number): number {
    const offset = this.#length;
    this.#length = offset + length;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return offset;
  }
}

/** Bytes that the compact size of `value` takes: 1, 3 or 5. */
export function compactSizeLength(value: number): number {
  if (value < 0xfd) return 1;
  return value <= 0xffff ? 3 : 5;
}

/** Decodes all of `bytes` with `decode`; DecodeError if anything is left over. */
export function decodeAll<T>(bytes: Uint8Array, decode: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes);
  const value = decode(reader);
  reader.end();
  return value;
}

function checkRange(value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${value} is not an integer of ${least}..${most}`);
  }
}
