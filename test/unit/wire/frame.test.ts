/**
 * Cutting frames: however a stream is split the frames are the same, and what is not wanted is
 * refused before it is kept.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { hash256 } from "../../../src/crypto/hash.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import { ByteWriter, DecodeError } from "../../../src/lib/codec.ts";
import {
  encodeFrame,
  FRAME_HEADER_SIZE,
  type Frame,
  FrameCutter,
  type FrameLimits,
} from "../../../src/wire/frame.ts";
import { HANDSHAKE_LIMITS, peerLimits } from "../../../src/wire/message.ts";
import { SeededRandom } from "../../support/random.ts";
import vectors from "../../vectors/p2p-messages.json";

const SEED = 20_260_403;
const MAGIC = fromHex("f9beb4d9");
const LIMITS = peerLimits(16_000_000);
const LARGEST_BLOCK = LIMITS.maxPayloadBytes("block");

/** A header as its sender wants it, right or wrong. */
function rawHeader({
  magic = MAGIC,
  command = "ping",
  length = 0,
  checksum = fromHex("5df6e0e2"),
}: {
  magic?: Uint8Array;
  command?: string | Uint8Array;
  length?: number;
  checksum?: Uint8Array;
}): Uint8Array {
  const name = new Uint8Array(12);
  name.set(typeof command === "string" ? new TextEncoder().encode(command) : command);
  return new ByteWriter().bytes(magic).bytes(name).u32(length).bytes(checksum).finish();
}

function cutAll(cutter: FrameCutter, ...pieces: readonly Uint8Array[]): Frame[] {
  return pieces.flatMap((piece) => [...cutter.push(piece)]);
}

/** The frames that come before the stream is refused, if it is. */
function cutUntilRefused(cutter: FrameCutter, pieces: readonly Uint8Array[]) {
  const frames: Frame[] = [];
  try {
    for (const piece of pieces) for (const frame of cutter.push(piece)) frames.push(frame);
    return { frames, isRefused: false };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { frames, isRefused: true };
  }
}

function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

/** A stream of frames of many lengths, none among them. */
function someStream(): { frames: Frame[]; bytes: Uint8Array } {
  const random = new SeededRandom(SEED);
  const frames = [0, 8, 0, 1, 300, 2_000, 5].map((length, index) => ({
    command: ["verack", "ping", "", "sendtxrcncl", "inv", "getblocktxn", "x"][index] ?? "",
    payload: random.bytes(length),
  }));
  const encoded = frames.map(({ command, payload }) => encodeFrame(MAGIC, command, payload));
  return { frames, bytes: concatBytes(...encoded) };
}

describe("encodeFrame", () => {
  test.each(vectors.frames)("gives the published bytes of $command", ({ command, hex }) => {
    const bytes = fromHex(hex);
    const frames = cutAll(new FrameCutter(MAGIC, LIMITS), bytes);
    expect(frames).toEqual([{ command, payload: bytes.slice(FRAME_HEADER_SIZE) }]);
    expect(toHex(encodeFrame(MAGIC, command, bytes.subarray(FRAME_HEADER_SIZE)))).toBe(hex);
  });

  test("refuses commands that are no commands, and a magic that is none", () => {
    for (const command of ["thirteenchars", "tab\t", "nul\0", "\u00e9", "\u{1f600}"]) {
      expect(() => encodeFrame(MAGIC, command, new Uint8Array())).toThrow(RangeError);
    }
    expect(() => encodeFrame(MAGIC.subarray(1), "ping", new Uint8Array())).toThrow(RangeError);
    expect(encodeFrame(MAGIC, "twelve chars", new Uint8Array())).toHaveLength(24);
  });
});

describe("FrameCutter", () => {
  test("P-21: gives the same frames for every split of a stream in two", () => {
    const { frames, bytes } = someStream();
    expect(cutAll(new FrameCutter(MAGIC, LIMITS), bytes)).toEqual(frames);
    for (let split = 0; split <= bytes.length; split++) {
      const cutter = new FrameCutter(MAGIC, LIMITS);
      const cut = cutAll(cutter, bytes.subarray(0, split), bytes.subarray(split));
      expect(cut).toEqual(frames);
      expect(cutter.partial).toBeUndefined();
      expect(cutter.bufferedBytes).toBe(0);
    }
  });

  test("P-21: gives the same frames byte by byte, in pieces of any size, and all at once", () => {
    const { frames, bytes } = someStream();
    for (const size of [1, 2, 3, 7, 23, 24, 25, 1_460, bytes.length]) {
      const cutter = new FrameCutter(MAGIC, LIMITS);
      expect(cutAll(cutter, ...inPieces(bytes, size))).toEqual(frames);
    }
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
        const bounds = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = cuts.map((_, index) => bytes.subarray(bounds[index], bounds[index + 1]));
        const last = bytes.subarray(bounds.at(-2));
        expect(cutAll(new FrameCutter(MAGIC, LIMITS), ...pieces, last)).toEqual(frames);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test("P-21: refuses at the same frame for every split of a stream that goes wrong", () => {
    const { bytes } = someStream();
    const random = new SeededRandom(SEED + 1);
    for (let run = 0; run < 300; run++) {
      const wrong = bytes.slice();
      const position = random.below(bytes.length);
      wrong[position] = (wrong[position] ?? 0) ^ (1 << random.below(8));
      const whole = cutUntilRefused(new FrameCutter(MAGIC, LIMITS), [wrong]);
      for (const size of [1, 5, 24, 1_460]) {
        const cut = cutUntilRefused(new FrameCutter(MAGIC, LIMITS), inPieces(wrong, size));
        expect(cut).toEqual(whole);
      }
    }
  });

  test("P-20: refuses a length over its command's cap with the header alone", () => {
    const cases: readonly [command: string, length: number][] = [
      ["ping", 9],
      ["verack", 1],
      ["inv", 180_004],
      ["block", LARGEST_BLOCK + 1],
      ["block", 0x80000000],
      ["block", 0xffffffff],
      ["unheard-of", 65_537],
      ["constructor", 65_537],
    ];
    for (const [command, length] of cases) {
      const cutter = new FrameCutter(MAGIC, LIMITS);
      expect(() => cutAll(cutter, rawHeader({ command, length }))).toThrow(DecodeError);
      expect(cutter.bufferedBytes).toBeLessThanOrEqual(FRAME_HEADER_SIZE);

      const allowed = new FrameCutter(MAGIC, LIMITS);
      const most = LIMITS.maxPayloadBytes(command);
      expect(cutAll(allowed, rawHeader({ command, length: most }))).toHaveLength(
        most === 0 ? 1 : 0,
      );
    }
  });

  test("P-20: keeps no more for an announced block than twice what came, or 1 KiB", () => {
    const cutter = new FrameCutter(MAGIC, LIMITS);
    cutAll(cutter, rawHeader({ command: "block", length: LARGEST_BLOCK }));
    expect(cutter.bufferedBytes).toBe(FRAME_HEADER_SIZE);

    const piece = new Uint8Array(1_000);
    let received = 0;
    for (const size of [1, 1, 500, 522, 1, 1_000, ...Array<number>(500).fill(1_000)]) {
      cutAll(cutter, piece.subarray(0, size));
      received += size;
      expect(cutter.partial).toEqual({
        command: "block",
        receivedBytes: FRAME_HEADER_SIZE + received,
      });
      const most = Math.max(1_024, 2 * received);
      expect(cutter.bufferedBytes).toBeLessThanOrEqual(FRAME_HEADER_SIZE + most);
      expect(cutter.bufferedBytes).toBeGreaterThanOrEqual(FRAME_HEADER_SIZE + received);
    }
  });

  test("P-20: announcing 4 MiB and sending a byte on 200 connections takes almost nothing", () => {
    const header = rawHeader({ command: "block", length: 4_194_304 });
    const cutters = Array.from({ length: 200 }, () => new FrameCutter(MAGIC, LIMITS));
    for (const cutter of cutters) cutAll(cutter, header, Uint8Array.of(1));
    const total = cutters.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0);
    expect(total).toBe(200 * (FRAME_HEADER_SIZE + 1_024));
  });

  test("copies each byte a bounded number of times when a 16 MB block comes in small pieces", () => {
    const payload = new Uint8Array(16_000_000).fill(0x5a);
    const bytes = encodeFrame(MAGIC, "block", payload);
    const cutter = new FrameCutter(MAGIC, LIMITS);
    const capacities = new Set<number>();
    let copied = 0;
    let cut: Frame | undefined;
    for (const piece of inPieces(bytes, 1_460)) {
      for (const frame of cutter.push(piece)) cut = frame;
      // A new capacity means that all that was there moved.
      const { bufferedBytes } = cutter;
      if (!capacities.has(bufferedBytes)) copied += bufferedBytes;
      capacities.add(bufferedBytes);
    }
    expect(cut?.command).toBe("block");
    expect(toHex(hash256(cut?.payload ?? new Uint8Array()))).toBe(toHex(hash256(payload)));
    expect(copied).toBeLessThan(4 * payload.length);
    expect(cutter.bufferedBytes).toBe(0);
  });

  test("refuses another network or protocol by its first wrong byte", () => {
    for (const text of ["G", "GET / HTTP/1.1\r\n", "\x16\x03\x01", "SSH-2.0"]) {
      const cutter = new FrameCutter(MAGIC, LIMITS);
      expect(() => cutAll(cutter, new TextEncoder().encode(text))).toThrow(DecodeError);
    }
    for (let length = 1; length <= 4; length++) {
      const cutter = new FrameCutter(MAGIC, LIMITS);
      expect(cutAll(cutter, MAGIC.subarray(0, length - 1))).toEqual([]);
      const wrong = Uint8Array.of((MAGIC[length - 1] ?? 0) ^ 1);
      expect(() => cutAll(cutter, wrong)).toThrow(DecodeError);
    }
  });

  test("refuses commands with control characters, or with anything after their end", () => {
    const refused = ["pi\tng", "ping\0x", "\0ping", "p\x7f", "\u00e9"].map((text) =>
      new TextEncoder().encode(text),
    );
    for (const command of [...refused, Uint8Array.of(0xff)]) {
      const cutter = new FrameCutter(MAGIC, LIMITS);
      expect(() => cutAll(cutter, rawHeader({ command }))).toThrow(DecodeError);
    }
    for (const command of ["twelve-chars", "a b", "~", ""]) {
      const frames = cutAll(new FrameCutter(MAGIC, LIMITS), rawHeader({ command }));
      expect(frames.map((frame) => frame.command)).toEqual([command]);
    }
  });

  test("refuses a checksum with any bit turned, of payloads and of none", () => {
    for (const payload of [new Uint8Array(), fromHex("0102030405060708")]) {
      const right = hash256(payload).slice(0, 4);
      const command = payload.length === 0 ? "verack" : "ping";
      for (let bit = 0; bit < 32; bit++) {
        const checksum = right.slice();
        checksum[bit >>> 3] = (checksum[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        const header = rawHeader({ command, length: payload.length, checksum });
        const cutter = new FrameCutter(MAGIC, LIMITS);
        expect(() => cutAll(cutter, header, payload)).toThrow(DecodeError);
      }
    }
  });

  test("gives the frames before a wrong one, then never any more", () => {
    const good = encodeFrame(MAGIC, "verack", new Uint8Array());
    const bad = rawHeader({ command: "ping", length: 9 });
    const cutter = new FrameCutter(MAGIC, LIMITS);
    const { frames, isRefused } = cutUntilRefused(cutter, [concatBytes(good, good, bad, good)]);
    expect([frames.length, isRefused]).toEqual([2, true]);
    expect(cutUntilRefused(cutter, [good])).toEqual({ frames: [], isRefused: true });
  });

  test("takes nothing more after a caller that stopped in between", () => {
    const good = encodeFrame(MAGIC, "verack", new Uint8Array());
    const cutter = new FrameCutter(MAGIC, LIMITS);
    for (const { command } of cutter.push(concatBytes(good, good))) {
      expect(command).toBe("verack");
      break;
    }
    expect(() => cutAll(cutter, good)).toThrow(DecodeError);
  });

  test("gives payloads that do not change when the caller's buffer does", () => {
    const bytes = encodeFrame(MAGIC, "ping", fromHex("0102030405060708"));
    for (const size of [4, bytes.length]) {
      const buffer = new Uint8Array(size);
      const cutter = new FrameCutter(MAGIC, LIMITS);
      const frames: Frame[] = [];
      for (const piece of inPieces(bytes, size)) {
        buffer.set(piece);
        frames.push(...cutter.push(buffer.subarray(0, piece.length)));
        buffer.fill(0xee);
      }
      expect(frames.map(({ payload }) => toHex(payload))).toEqual(["0102030405060708"]);
    }
  });

  test("lifts limits between two frames of one piece", () => {
    const verack = encodeFrame(MAGIC, "verack", new Uint8Array());
    const large = encodeFrame(MAGIC, "getheaders", new Uint8Array(3_000));
    const bytes = concatBytes(verack, large);

    const strict = new FrameCutter(MAGIC, HANDSHAKE_LIMITS);
    expect(cutUntilRefused(strict, [bytes])).toMatchObject({ isRefused: true });

    for (const size of [1, 24, bytes.length]) {
      const cutter = new FrameCutter(MAGIC, HANDSHAKE_LIMITS);
      const commands: string[] = [];
      for (const piece of inPieces(bytes, size)) {
        for (const { command } of cutter.push(piece)) {
          commands.push(command);
          if (command === "verack") cutter.limits = LIMITS;
        }
      }
      expect(commands).toEqual(["verack", "getheaders"]);
    }
  });

  test("counts all bytes against the total, and refuses by the header that goes over it", () => {
    const limits: FrameLimits = { maxPayloadBytes: () => 1_000, maxTotalBytes: 100 };
    const fits = encodeFrame(MAGIC, "ping", new Uint8Array(100 - 24 - 24));
    const last = encodeFrame(MAGIC, "verack", new Uint8Array());
    const cutter = new FrameCutter(MAGIC, limits);
    expect(cutAll(cutter, fits, last)).toHaveLength(2);
    expect(() => cutAll(cutter, last)).toThrow(DecodeError);

    const over = new FrameCutter(MAGIC, limits);
    expect(() => cutAll(over, rawHeader({ length: 77 }))).toThrow(DecodeError);
    // Four of 1,024 bytes with their headers are 4 KiB; the fifth is one too many.
    const flood = Array<Uint8Array>(5).fill(encodeFrame(MAGIC, "unknown", new Uint8Array(1_000)));
    const cut = cutUntilRefused(new FrameCutter(MAGIC, HANDSHAKE_LIMITS), flood);
    expect([cut.frames.length, cut.isRefused]).toEqual([4, true]);
  });

  test("says what it waits for", () => {
    const bytes = encodeFrame(MAGIC, "ping", new Uint8Array(8));
    const cutter = new FrameCutter(MAGIC, LIMITS);
    expect(cutter.partial).toBeUndefined();
    cutAll(cutter, bytes.subarray(0, 23));
    expect(cutter.partial).toEqual({ command: undefined, receivedBytes: 23 });
    cutAll(cutter, bytes.subarray(23, 24));
    expect(cutter.partial).toEqual({ command: "ping", receivedBytes: 24 });
    cutAll(cutter, bytes.subarray(24, 30));
    expect(cutter.partial).toEqual({ command: "ping", receivedBytes: 30 });
    expect(cutAll(cutter, bytes.subarray(30))).toHaveLength(1);
    expect(cutter.partial).toBeUndefined();
  });
});
