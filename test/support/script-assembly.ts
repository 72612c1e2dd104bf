/**
 * The short form in which Bitcoin Core's test vectors write scripts, and their lists of flags.
 *
 * For tests only: nothing that a user writes is read here.
 */

import { concatBytes, fromHex } from "../../src/lib/bytes.ts";
import { ScriptFlag, type ScriptFlagName, type ScriptFlags } from "../../src/script/flags.ts";
import { findOpcode } from "../../src/script/opcodes.ts";
import { encodeNumber, pushData, pushLiteral } from "../../src/script/script.ts";

/**
 * Returns the script that `text` stands for: decimal numbers and 'text' are pushed, 0x... is taken
 * as raw bytes, opcodes stand by name with or without OP_. Throws on any other word.
 */
export function assembleScript(text: string): Uint8Array {
  const words = text.split(/\s+/).filter((word) => word !== "");
  return concatBytes(...words.map(assembleWord));
}

/** Returns the flags that a comma-separated list names; "" and "NONE" are none. */
export function parseScriptFlags(list: string): ScriptFlags {
  const names = list.split(",").filter((name) => name !== "" && name !== "NONE");
  return names.reduce((flags, name) => {
    if (!Object.hasOwn(ScriptFlag, name)) throw new Error(`no such flag: ${name}`);
    return flags | ScriptFlag[name as ScriptFlagName];
  }, 0);
}

function assembleWord(word: string): Uint8Array {
  if (/^-?\d+$/.test(word)) return pushData(encodeInteger(BigInt(word)));
  if (word.startsWith("0x")) return fromHex(word.slice(2));
  if (/^'.*'$/.test(word)) return pushLiteral(new TextEncoder().encode(word.slice(1, -1)));

  const opcode = findOpcode(word.startsWith("OP_") ? word : `OP_${word}`) ?? SYNONYMS[word];
  if (opcode === undefined) throw new Error(`no such opcode: ${word}`);
  return Uint8Array.of(opcode);
}

/** As `encodeNumber`, for the vectors' numbers beyond 2^53 too. */
function encodeInteger(value: bigint): Uint8Array {
  if (Number.isSafeInteger(Number(value))) return encodeNumber(Number(value));
  const magnitude = value < 0n ? -value : value;
  const hex = magnitude.toString(16);
  const bytes = fromHex(hex.padStart(hex.length + (hex.length % 2), "0")).reverse();
  const signBit = value < 0n ? 0x80 : 0;
  const top = bytes.at(-1) as number;
  if (top >= 0x80) return concatBytes(bytes, Uint8Array.of(signBit));
  bytes[bytes.length - 1] = top | signBit;
  return bytes;
}

/** Names that the vectors use for opcodes which have another one. */
const SYNONYMS: Readonly<Record<string, number>> = { NOP2: 0xb1, NOP3: 0xb2 };
