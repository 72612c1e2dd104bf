/**
 * Fuzzing of every decoder that bytes of peers reach: messages, frames, datagrams.
 *
 * Inputs are valid ones of every kind, damaged up to eight times, or joined from two. A decoder may
 * give a value or throw DecodeError; it must be quick, and what it gives must mean itself.
 */

import fc from "fast-check";
import { concatBytes } from "../../src/lib/bytes.ts";
import { DecodeError } from "../../src/lib/codec.ts";
import { decodeAnnouncement, encodeAnnouncement } from "../../src/wire/announcement.ts";
import { encodeFrame, FrameCutter } from "../../src/wire/frame.ts";
import {
  COMMANDS,
  decodeMessage,
  encodeMessage,
  frameMessage,
  type Message,
  peerLimits,
} from "../../src/wire/message.ts";
import { damage } from "./builders.ts";
import { announcements, MESSAGES } from "./message-arbitraries.ts";
import { SeededRandom } from "./random.ts";

/** What came of the inputs. */
export interface FuzzFigures {
  inputs: number;
  /** Decoded to a value. */
  accepted: number;
  /** Refused with DecodeError. */
  refused: number;
  /** Times and kind of the slowest input. */
  slowestMs: number;
  slowestKind: string;
  bytes: number;
  seconds: number;
}

/** One decoder, and valid inputs of it. */
interface Target {
  readonly kind: string;
  readonly corpus: readonly Uint8Array[];
  /** Decodes; throws DecodeError, or gives what encodes the value again. */
  decode(bytes: Uint8Array): () => Uint8Array;
}

const MAGIC = Uint8Array.of(0xfa, 0xbf, 0xb5, 0xda);
const LIMITS = peerLimits(4_000_000);

/** Valid inputs of each decoder. */
const CORPUS_SIZE = 64;

/** Every so many inputs the value is encoded and decoded again. */
const ROUND_TRIP_INTERVAL = 16;

/**
 * Runs `inputs` inputs drawn from `seed` over all decoders in turn. Throws on any error that is not
 * DecodeError, and on a value that does not decode to itself, naming the input in hex.
 */
export function fuzzDecoders(seed: number, inputs: number): FuzzFigures {
  const random = new SeededRandom(seed);
  const targets = makeTargets(seed);
  const figures: FuzzFigures = {
    inputs: 0,
    accepted: 0,
    refused: 0,
    slowestMs: 0,
    slowestKind: "",
    bytes: 0,
    seconds: 0,
  };
  const started = performance.now();
  for (let index = 0; index < inputs; index++) {
    const target = targets[index % targets.length] as Target;
    const input = mutate(target.corpus, random);
    figures.inputs++;
    figures.bytes += input.length;
    try {
      feed(target, input, figures);
    } catch (error) {
      throw new Error(`${target.kind} of ${input.toHex()} (seed ${seed}, input ${index})`, {
        cause: error,
      });
    }
  }
  figures.seconds = (performance.now() - started) / 1_000;
  return figures;
}

/** One line for people. */
export function formatFigures(figures: FuzzFigures): string {
  const { inputs, accepted, refused, slowestMs, slowestKind, bytes, seconds } = figures;
  return (
    `wire fuzz: ${inputs} inputs, ${Math.round(bytes / 1e6)} MB, ${seconds.toFixed(0)} s; ` +
    `${accepted} accepted, ${refused} refused; slowest ${slowestMs.toFixed(2)} ms (${slowestKind})`
  );
}

function feed(target: Target, input: Uint8Array, figures: FuzzFigures): void {
  const milliseconds = measure(target, input);
  // What is slow is slow again; what stood still while others ran is not.
  const again = milliseconds < 20 ? milliseconds : Math.min(milliseconds, measure(target, input));
  if (again > figures.slowestMs) {
    figures.slowestMs = again;
    figures.slowestKind = `${target.kind}, ${input.length} bytes`;
  }

  const encode = attempt(target, input);
  if (encode === undefined) {
    figures.refused++;
    return;
  }
  figures.accepted++;
  if (figures.accepted % ROUND_TRIP_INTERVAL !== 0) return;
  const canonical = encode();
  const second = target.decode(canonical)();
  if (second.toHex() !== canonical.toHex()) throw new Error("a value that is not its own");
}

function measure(target: Target, input: Uint8Array): number {
  const started = performance.now();
  attempt(target, input);
  return performance.now() - started;
}

function attempt(target: Target, input: Uint8Array): (() => Uint8Array) | undefined {
  try {
    return target.decode(input);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function mutate(corpus: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  let bytes = random.pick(corpus);
  if (random.oneIn(16)) {
    const other = random.pick(corpus);
    const [head, tail] = [random.below(bytes.length + 1), random.below(other.length + 1)];
    bytes = concatBytes(bytes.subarray(0, head), other.subarray(tail));
  }
  const times = random.oneIn(4) ? 1 + random.below(8) : 1;
  for (let time = 0; time < times; time++) {
    bytes = random.oneIn(4) ? spoilNumber(bytes, random) : damage(bytes, random);
  }
  return bytes;
}

/** Puts a count or length of the kind that wraps, allocates or loops where some number may stand. */
function spoilNumber(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const position = random.below(Math.min(bytes.length, 120) + 1);
  const number = random.pick(SPOILERS);
  const replaced = random.oneIn(2) ? 1 : number.length;
  return concatBytes(bytes.subarray(0, position), number, bytes.subarray(position + replaced));
}

const SPOILERS: readonly Uint8Array[] = [
  "fdffff",
  "fdfd00",
  "fde803",
  "fde903",
  "fe00000002",
  "fe01000002",
  "feffffff7f",
  "feffffffff",
  "ff0000000001000000",
  "ffffffffffffffffff",
  "00000080",
  "ffffffff",
  "ffffffffffffff1f",
].map((hex) => Uint8Array.fromHex(hex));

function makeTargets(seed: number): Target[] {
  const sample = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.sample(arbitrary, { seed, numRuns: CORPUS_SIZE });

  const messages = COMMANDS.map((command): Target => {
    const corpus = sample(MESSAGES[command] as fc.Arbitrary<Message>).map(encodeMessage);
    return {
      kind: command,
      corpus,
      decode(bytes) {
        const message = decodeMessage(command, bytes) as Message;
        return () => encodeMessage(message);
      },
    };
  });
  const announcement: Target = {
    kind: "announcement",
    corpus: sample(announcements).map(encodeAnnouncement),
    decode(bytes) {
      const value = decodeAnnouncement(bytes);
      return () => encodeAnnouncement(value);
    },
  };
  const anyMessage = fc.oneof(...COMMANDS.map((name) => MESSAGES[name] as fc.Arbitrary<Message>));
  const streams = sample(fc.array(anyMessage, { minLength: 1, maxLength: 4 })).map((few) =>
    concatBytes(...few.map((message) => frameMessage(MAGIC, message))),
  );
  return [...messages, announcement, { kind: "frames", corpus: streams, decode: decodeStream }];
}

/** Cuts a stream in pieces and decodes what comes of it. */
function decodeStream(bytes: Uint8Array): () => Uint8Array {
  const cutter = new FrameCutter(MAGIC, LIMITS);
  const frames: Uint8Array[] = [];
  const middle = bytes.length >>> 1;
  for (const piece of [bytes.subarray(0, middle), bytes.subarray(middle)]) {
    for (const { command, payload } of cutter.push(piece)) {
      decodeMessage(command, payload);
      frames.push(encodeFrame(MAGIC, command, payload));
    }
  }
  if (cutter.bufferedBytes > 24 + Math.max(1_024, 2 * bytes.length)) {
    throw new Error(`${cutter.bufferedBytes} bytes kept of ${bytes.length}`);
  }
  return () => concatBytes(...frames);
}
