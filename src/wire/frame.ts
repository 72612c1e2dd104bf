/**
 * Bitcoin's v1 transport: the header of 24 bytes before each payload, written and cut.
 *
 * The cutter decides from the header alone whether it wants the payload. What a payload means is
 * the business of message.ts; deadlines and totals over all peers, of p2p/.
 */

import { hash256 } from "../crypto/hash.ts";
import { ByteReader, ByteWriter, DecodeError } from "../lib/codec.ts";

/** One message as it travels, its checksum verified. */
export interface Frame {
  readonly command: string;
  /** A copy that nothing else refers to. */
  readonly payload: Uint8Array;
}

/** What a cutter lets in. */
export interface FrameLimits {
  /** Returns the most bytes that the payload of `command` may have. */
  readonly maxPayloadBytes: (command: string) => number;
  /** Most bytes in all since the cutter was made, headers included; Infinity for no limit. */
  readonly maxTotalBytes: number;
}

/** What a cutter holds of a message that is not complete. */
export interface PartialFrame {
  /** Undefined until the header is complete. */
  readonly command: string | undefined;
  /** Bytes of it received, header included. */
  readonly receivedBytes: number;
}

/** Bytes of the header: magic 4, command 12, length 4, checksum 4. */
export const FRAME_HEADER_SIZE = 24;

const MAGIC_BYTES = 4;
const COMMAND_BYTES = 12;
const CHECKSUM_BYTES = 4;

/** First capacity of a payload that comes in pieces; it doubles as they come. */
const FIRST_CAPACITY = 1_024;

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Returns header and payload; RangeError on a command that is not 0 to 12 printable characters. */
export function encodeFrame(magic: Uint8Array, command: string, payload: Uint8Array): Uint8Array {
  if (magic.length !== MAGIC_BYTES) throw new RangeError("a magic has 4 bytes");
  if (!/^[ -~]{0,12}$/.test(command)) throw new RangeError("not a command");
  const name = new Uint8Array(COMMAND_BYTES);
  name.set(new TextEncoder().encode(command));
  return new ByteWriter(FRAME_HEADER_SIZE + payload.length)
    .bytes(magic)
    .bytes(name)
    .u32(payload.length)
    .bytes(hash256(payload).subarray(0, CHECKSUM_BYTES))
    .bytes(payload)
    .finish();
}

/**
 * Cuts a stream of bytes into frames.
 *
 * Memory follows the bytes that came, never the length that was announced, and each byte is copied
 * a bounded number of times however small the pieces. How the stream is split changes nothing.
 */
export class FrameCutter {
  readonly #magic: Uint8Array;
  #limits: FrameLimits;
  #isBroken = false;
  /** Bytes of all frames whose header was accepted. */
  #totalBytes = 0;

  readonly #header = new Uint8Array(FRAME_HEADER_SIZE);
  #headerLength = 0;
  #command = "";
  #checksum = NO_BYTES;
  #payload = NO_BYTES;
  #payloadLength = 0;
  #receivedLength = 0;

  /** Frames begin with the 4 bytes of `magic`. */
  constructor(magic: Uint8Array, limits: FrameLimits) {
    this.#magic = magic;
    this.#limits = limits;
  }

  /** Holds for every frame whose header is not complete yet. */
  set limits(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** Bytes of memory that an incomplete frame takes. */
  get bufferedBytes(): number {
    return this.#headerLength + this.#payload.length;
  }

  /** The frame that has begun and is not complete. */
  get partial(): PartialFrame | undefined {
    if (this.#headerLength === 0) return undefined;
    const command = this.#headerLength === FRAME_HEADER_SIZE ? this.#command : undefined;
    return { command, receivedBytes: this.#headerLength + this.#receivedLength };
  }

  /**
   * Yields the frames that `bytes` complete, each before it looks at what follows, so that limits
   * set in between hold for the next. Nothing happens to `bytes` before frames are taken, and
   * nothing of them is kept by reference.
   *
   * Throws DecodeError on a wrong magic, a command that is not printable, a length over the limit,
   * or a wrong checksum. After that, or if the caller stops before the end, the stream has lost its
   * place and every further push throws too.
   */
  *push(bytes: Uint8Array): Generator<Frame, void, void> {
    if (this.#isBroken) throw new DecodeError("a stream that was given up");
    this.#isBroken = true;
    let offset = 0;
    while (offset < bytes.length) {
      offset += this.#take(bytes, offset);
      if (this.#isComplete()) yield this.#finish();
    }
    this.#isBroken = false;
  }

  /** Takes what the header, or else the payload, still needs; returns how much. */
  #take(bytes: Uint8Array, offset: number): number {
    if (this.#headerLength === FRAME_HEADER_SIZE) return this.#takePayload(bytes, offset);
    const length = Math.min(FRAME_HEADER_SIZE - this.#headerLength, bytes.length - offset);
    this.#header.set(bytes.subarray(offset, offset + length), this.#headerLength);
    this.#headerLength += length;
    this.#checkMagic();
    if (this.#headerLength === FRAME_HEADER_SIZE) this.#openHeader();
    return length;
  }

  /** Of as many bytes as are there: whoever speaks another protocol is known by its first byte. */
  #checkMagic(): void {
    const length = Math.min(this.#headerLength, MAGIC_BYTES);
    for (let index = 0; index < length; index++) {
      if (this.#header[index] !== this.#magic[index]) throw new DecodeError("frame: wrong magic");
    }
  }

  #openHeader(): void {
    const reader = new ByteReader(this.#header);
    reader.seek(MAGIC_BYTES);
    this.#command = parseCommand(reader.bytes(COMMAND_BYTES));
    this.#payloadLength = reader.u32();
    this.#checksum = reader.bytes(CHECKSUM_BYTES);

    const { maxPayloadBytes, maxTotalBytes } = this.#limits;
    if (this.#payloadLength > maxPayloadBytes(this.#command)) {
      throw new DecodeError(`frame: ${this.#command} of ${this.#payloadLength} bytes`);
    }
    this.#totalBytes += FRAME_HEADER_SIZE + this.#payloadLength;
    if (this.#totalBytes > maxTotalBytes) throw new DecodeError("frame: too many bytes in all");
  }

  #takePayload(bytes: Uint8Array, offset: number): number {
    const length = Math.min(this.#payloadLength - this.#receivedLength, bytes.length - offset);
    const needed = this.#receivedLength + length;
    if (needed > this.#payload.length) this.#growPayload(needed);
    this.#payload.set(bytes.subarray(offset, offset + length), this.#receivedLength);
    this.#receivedLength = needed;
    return length;
  }

  #growPayload(needed: number): void {
    const wanted = Math.max(needed, 2 * this.#payload.length, FIRST_CAPACITY);
    const larger = new Uint8Array(Math.min(wanted, this.#payloadLength));
    larger.set(this.#payload.subarray(0, this.#receivedLength));
    this.#payload = larger;
  }

  #isComplete(): boolean {
    return this.#headerLength === FRAME_HEADER_SIZE && this.#receivedLength === this.#payloadLength;
  }

  #finish(): Frame {
    // A buffer that is full has been cut to the announced length.
    const frame = { command: this.#command, payload: this.#payload };
    this.#payload = NO_BYTES;
    this.#receivedLength = 0;
    this.#headerLength = 0;
    const hash = hash256(frame.payload);
    if (this.#checksum.some((byte, index) => byte !== hash[index])) {
      throw new DecodeError(`frame: wrong checksum of ${frame.command}`);
    }
    return frame;
  }
}

/** Printable characters, then zeros to the end; as Bitcoin Core, none at all is a command too. */
function parseCommand(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const name = end < 0 ? bytes : bytes.subarray(0, end);
  const isPrintable = name.every((byte) => byte >= 0x20 && byte <= 0x7e);
  const isPadded = bytes.subarray(name.length).every((byte) => byte === 0);
  if (!isPrintable || !isPadded) throw new DecodeError("frame: command is not printable");
  return String.fromCharCode(...name);
}
