/**
 * Scripts as bytes: reading them opcode by opcode, writing them, numbers in them, and their text.
 *
 * Nothing is executed here, and no kind of output is recognised: see interpreter.ts, standard.ts.
 */

import { toHex } from "../lib/bytes.ts";
import { ByteWriter } from "../lib/codec.ts";
import { isPushOpcode, Opcode, opcodeName, smallNumberOf } from "./opcodes.ts";

/** Longest script that can be run outside Tapscript, in bytes. */
export const MAX_SCRIPT_SIZE = 10_000;

/** Longest stack element, in bytes. */
export const MAX_SCRIPT_ELEMENT_SIZE = 520;

/** Longest number that arithmetic takes, in bytes; its results may be one longer. */
export const MAX_NUMBER_LENGTH = 4;

/** Most keys that OP_CHECKMULTISIG takes. */
export const MAX_MULTISIG_KEYS = 20;

const NO_BYTES = new Uint8Array(0);

/** One opcode of a script, with what it pushes: empty unless it is a push by length. */
export interface ScriptElement {
  readonly opcode: number;
  readonly data: Uint8Array;
}

/**
 * Reads a script opcode by opcode without allocating; for loops that must be fast.
 *
 * After `next()` returned false, `isMalformed` says whether the script ended within a push.
 */
export class ScriptReader {
  readonly script: Uint8Array;
  /** Where the next opcode begins. */
  offset = 0;
  /** The opcode last read. */
  opcode: number = Opcode.OP_0;
  /** Where its data begins and how long it is; 0 bytes unless it is a push by length. */
  dataOffset = 0;
  dataLength = 0;
  isMalformed = false;

  constructor(script: Uint8Array) {
    this.script = script;
  }

  /** Moves on by one opcode; false at the end, or where a push exceeds what is left. */
  next(): boolean {
    const { script } = this;
    const length = script.length;
    let offset = this.offset;
    if (offset >= length) return false;

    const opcode = script[offset++] as number;
    let dataLength = 0;
    if (opcode <= Opcode.OP_PUSHDATA4) {
      if (opcode < Opcode.OP_PUSHDATA1) {
        dataLength = opcode;
      } else {
        const prefixLength = 1 << (opcode - Opcode.OP_PUSHDATA1);
        if (length - offset < prefixLength) return this.#stop();
        for (let index = prefixLength - 1; index >= 0; index--) {
          dataLength = dataLength * 256 + (script[offset + index] as number);
        }
        offset += prefixLength;
      }
      if (dataLength > length - offset) return this.#stop();
    }
    this.opcode = opcode;
    this.dataOffset = offset;
    this.dataLength = dataLength;
    this.offset = offset + dataLength;
    return true;
  }

  /** Returns a view (not a copy) of what the opcode last read pushes. */
  data(): Uint8Array {
    const { dataLength, dataOffset } = this;
    return dataLength === 0 ? NO_BYTES : this.script.subarray(dataOffset, dataOffset + dataLength);
  }

  #stop(): false {
    this.isMalformed = true;
    return false;
  }
}

/** Returns the elements of `script`, or undefined if it ends within a push. */
export function parseScript(script: Uint8Array): ScriptElement[] | undefined {
  const reader = new ScriptReader(script);
  const elements: ScriptElement[] = [];
  while (reader.next()) elements.push({ opcode: reader.opcode, data: reader.data() });
  return reader.isMalformed ? undefined : elements;
}

/** True if `script` is well-formed and consists of pushes alone (BIP-0016, BIP-0062). */
export function isPushOnly(script: Uint8Array): boolean {
  const reader = new ScriptReader(script);
  while (reader.next()) {
    if (!isPushOpcode(reader.opcode)) return false;
  }
  return !reader.isMalformed;
}

/** True if no input can ever spend an output with this script, so that it need not be kept. */
export function isUnspendable(script: Uint8Array): boolean {
  return script[0] === Opcode.OP_RETURN || script.length > MAX_SCRIPT_SIZE;
}

/** Writes scripts. Pushes take the shortest form, as MINIMALDATA (BIP-0062) demands. */
export class ScriptBuilder {
  readonly #writer = new ByteWriter(64);

  /** Appends opcodes that push nothing. */
  opcode(...opcodes: readonly number[]): this {
    for (const opcode of opcodes) this.#writer.u8(opcode);
    return this;
  }

  /** Appends the shortest push of `data`; RangeError beyond 520 bytes, which nothing can run. */
  data(data: Uint8Array): this {
    if (data.length > MAX_SCRIPT_ELEMENT_SIZE) {
      throw new RangeError(`a push has at most ${MAX_SCRIPT_ELEMENT_SIZE} bytes`);
    }
    this.#writer.bytes(pushData(data));
    return this;
  }

  /** Appends the shortest push of a number. */
  number(value: number): this {
    return this.data(encodeNumber(value));
  }

  /** Returns the script. */
  build(): Uint8Array {
    return this.#writer.finish();
  }
}

/** Returns the shortest script that pushes `data` (BIP-0062 rule 3): one opcode for -1 and 0..16. */
export function pushData(data: Uint8Array): Uint8Array {
  const opcode = numberOpcodeOf(data);
  return opcode === undefined ? pushLiteral(data) : Uint8Array.of(opcode);
}

/** Returns the push of `data` by its length, also where an opcode for the number would be shorter:
 * the form in which legacy scripts are searched for their own signatures. */
export function pushLiteral(data: Uint8Array): Uint8Array {
  const writer = new ByteWriter(data.length + 5);
  if (data.length < Opcode.OP_PUSHDATA1) writer.u8(data.length);
  else if (data.length <= 0xff) writer.u8(Opcode.OP_PUSHDATA1).u8(data.length);
  else if (data.length <= 0xffff) writer.u8(Opcode.OP_PUSHDATA2).u16(data.length);
  else writer.u8(Opcode.OP_PUSHDATA4).u32(data.length);
  return writer.bytes(data).finish();
}

/** True if `opcode` is the shortest way to push `data` (BIP-0062 rule 3). */
export function isMinimalPush(opcode: number, data: Uint8Array): boolean {
  const numberOpcode = numberOpcodeOf(data);
  if (numberOpcode !== undefined) return opcode === numberOpcode;
  if (data.length < Opcode.OP_PUSHDATA1) return opcode === data.length;
  if (data.length <= 0xff) return opcode === Opcode.OP_PUSHDATA1;
  return data.length > 0xffff || opcode === Opcode.OP_PUSHDATA2;
}

/** Returns `value` as scripts hold numbers: little-endian, shortest, the sign in the top bit. */
export function encodeNumber(value: number): Uint8Array {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
  if (value === 0) return NO_BYTES;

  const bytes: number[] = [];
  for (let rest = Math.abs(value); rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);

  const signBit = value < 0 ? 0x80 : 0;
  const last = bytes.length - 1;
  const top = bytes[last] as number;
  if (top >= 0x80) bytes.push(signBit);
  else bytes[last] = top | signBit;
  return Uint8Array.from(bytes);
}

/**
 * Returns the number that `bytes` stand for, or undefined if they are more than `maxLength` (at
 * most 6), or not the shortest form where `requireMinimal` (BIP-0062 rule 4).
 */
export function decodeNumber(
  bytes: Uint8Array,
  requireMinimal: boolean,
  maxLength = MAX_NUMBER_LENGTH,
): number | undefined {
  const { length } = bytes;
  if (length > maxLength) return undefined;
  if (length === 0) return 0;

  const top = bytes[length - 1] as number;
  // The top byte must carry more than the sign, unless the bit below is taken.
  if (requireMinimal && (top & 0x7f) === 0) {
    if (length === 1 || (bytes[length - 2] as number) < 0x80) return undefined;
  }
  let magnitude = top & 0x7f;
  for (let index = length - 2; index >= 0; index--) {
    magnitude = magnitude * 256 + (bytes[index] as number);
  }
  return top >= 0x80 ? 0 - magnitude : magnitude;
}

/** Returns what a script condition makes of `bytes`: false for any zero, also a negative one. */
export function decodeBoolean(bytes: Uint8Array): boolean {
  const last = bytes.length - 1;
  for (let index = 0; index <= last; index++) {
    if (bytes[index] !== 0) return index !== last || bytes[index] !== 0x80;
  }
  return false;
}

/**
 * Returns the text of a script as Bitcoin Core shows it ("asm"): opcodes by name, pushes of up to 4
 * bytes as decimal numbers, longer ones as hex, "[error]" where it ends within a push.
 */
export function formatScript(script: Uint8Array): string {
  const reader = new ScriptReader(script);
  const words: string[] = [];
  while (reader.next()) words.push(formatElement(reader.opcode, reader.data()));
  if (reader.isMalformed) words.push("[error]");
  return words.join(" ");
}

function formatElement(opcode: number, data: Uint8Array): string {
  if (opcode <= Opcode.OP_PUSHDATA4) {
    if (data.length > MAX_NUMBER_LENGTH) return toHex(data);
    return String(decodeNumber(data, false));
  }
  if (opcode === Opcode.OP_1NEGATE) return "-1";
  return smallNumberOf(opcode)?.toString() ?? opcodeName(opcode) ?? nameOfUnused(opcode);
}

/** Bitcoin Core has a name for the last number, though it is no opcode either. */
function nameOfUnused(opcode: number): string {
  return opcode === 0xff ? "OP_INVALIDOPCODE" : "OP_UNKNOWN";
}

/** The opcode that pushes `data` alone, if there is one. */
function numberOpcodeOf(data: Uint8Array): number | undefined {
  if (data.length === 0) return Opcode.OP_0;
  if (data.length > 1) return undefined;
  const byte = data[0] as number;
  if (byte === 0x81) return Opcode.OP_1NEGATE;
  return byte >= 1 && byte <= 16 ? Opcode.OP_1 - 1 + byte : undefined;
}
