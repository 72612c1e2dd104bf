/**
 * The message that a signature outside a witness signs, as Bitcoin has had it from the start.
 *
 * Includes its oddities, which are consensus: the digest 1, and scripts cut before they are signed.
 */

import { equalBytes } from "../lib/bytes.ts";
import { ByteWriter } from "../lib/codec.ts";
import { type TxOutput, writeOutpoint, writeOutput } from "../primitives/transaction.ts";
import { Opcode } from "./opcodes.ts";
import { ScriptReader } from "./script.ts";
import {
  BLANK_INPUT_LENGTH,
  inputAt,
  type MessageKind,
  messageKindOf,
  OUTPOINT_LENGTH,
  type SighashCache,
  SighashType,
} from "./sighash.ts";

/** The value of the outputs that SINGLE leaves out: all bits set. */
const BLANK_OUTPUT: TxOutput = { value: -1, scriptPubKey: new Uint8Array(0) };

/** What SINGLE signs without an output of the input's index: the number 1, by an old mistake that
 * is consensus. Anybody's signature made so spends any such input. */
const SINGLE_BUG_DIGEST = Uint8Array.of(1, ...new Uint8Array(31));

/**
 * Returns the digest that a legacy signature signs. `hashType` may be any 32 bits. OP_CODESEPARATOR
 * is left out of `scriptCode` here; removing the signature itself is the caller's.
 */
export function legacySighash(
  cache: SighashCache,
  inputIndex: number,
  scriptCode: Uint8Array,
  hashType: number,
): Uint8Array {
  const { tx } = cache;
  const kind = messageKindOf("base", inputIndex, scriptCode, hashType);
  if (kind.outputs === SighashType.SINGLE && inputIndex >= tx.outputs.length) {
    return SINGLE_BUG_DIGEST;
  }

  return cache.messageDigest(kind, hashType, () => {
    const script = withoutCodeSeparators(scriptCode);
    const writer = new ByteWriter(tx.baseSize + script.length + 16).i32(tx.version);
    writeInputs(writer, cache, kind, script);
    writeOutputs(writer, cache, kind);
    return writer.u32(tx.lockTime).finish();
  });
}

/**
 * Returns `script` without any occurrence of `part` that begins where an opcode does, or `script`
 * itself if there is none: legacy signatures do not sign themselves.
 */
export function findAndDelete(script: Uint8Array, part: Uint8Array): Uint8Array {
  if (part.length === 0 || part.length > script.length) return script;

  const kept = new ByteWriter(script.length);
  const reader = new ScriptReader(script);
  let copied = 0;
  do {
    const opcodeStart = reader.offset;
    let offset = opcodeStart;
    while (startsWith(script, part, offset)) offset += part.length;
    if (offset > opcodeStart) {
      kept.bytes(script.subarray(copied, opcodeStart));
      copied = offset;
      reader.offset = offset;
    }
  } while (reader.next());
  return copied === 0 ? script : kept.bytes(script.subarray(copied)).finish();
}

function writeInputs(
  writer: ByteWriter,
  cache: SighashCache,
  kind: MessageKind,
  script: Uint8Array,
): void {
  const { inputIndex } = kind;
  const { prevout, sequence } = inputAt(cache.tx, inputIndex);
  if (kind.isAnyoneCanPay) {
    writer.compactSize(1);
    writeOutpoint(writer, prevout);
    writer.variableBytes(script).u32(sequence);
    return;
  }

  // Who does not sign all outputs lets the other inputs change their sequence numbers too.
  const blank = cache.blankInputs(kind.outputs !== SighashType.ALL);
  const start = BLANK_INPUT_LENGTH * inputIndex;
  writer
    .compactSize(cache.tx.inputs.length)
    .bytes(blank.subarray(0, start + OUTPOINT_LENGTH))
    .variableBytes(script)
    .u32(sequence)
    .bytes(blank.subarray(start + BLANK_INPUT_LENGTH));
}

function writeOutputs(writer: ByteWriter, cache: SighashCache, kind: MessageKind): void {
  const { outputs } = cache.tx;
  if (kind.outputs === SighashType.NONE) {
    writer.compactSize(0);
  } else if (kind.outputs === SighashType.SINGLE) {
    writer.compactSize(kind.inputIndex + 1);
    for (let index = 0; index < kind.inputIndex; index++) writeOutput(writer, BLANK_OUTPUT);
    writeOutput(writer, outputs[kind.inputIndex] as TxOutput);
  } else {
    writer.compactSize(outputs.length).bytes(cache.outputs);
  }
}

function withoutCodeSeparators(script: Uint8Array): Uint8Array {
  if (!script.includes(Opcode.OP_CODESEPARATOR)) return script;

  const kept = new ByteWriter(script.length);
  const reader = new ScriptReader(script);
  let copied = 0;
  while (reader.next()) {
    if (reader.opcode !== Opcode.OP_CODESEPARATOR) continue;
    kept.bytes(script.subarray(copied, reader.offset - 1));
    copied = reader.offset;
  }
  return kept.bytes(script.subarray(copied)).finish();
}

function startsWith(bytes: Uint8Array, part: Uint8Array, offset: number): boolean {
  if (offset + part.length > bytes.length || bytes[offset] !== part[0]) return false;
  return equalBytes(bytes.subarray(offset, offset + part.length), part);
}
