/**
 * The messages that signatures in a witness sign: version 0 (BIP-0143), Taproot and Tapscript
 * (BIP-0341, BIP-0342).
 *
 * Their cost does not grow with the transaction: what is shared comes from the SighashCache.
 */

import { hash256, sha256, taggedHash } from "../crypto/hash.ts";
import { ByteWriter } from "../lib/codec.ts";
import { type TxOutput, writeOutpoint, writeOutput } from "../primitives/transaction.ts";
import type { TaprootExecution } from "./execution.ts";
import { inputAt, messageKindOf, type SighashCache, SighashType } from "./sighash.ts";

const ZERO_HASH_BYTES = new Uint8Array(32);

/**
 * Returns the digest that a signature in a version 0 witness signs (BIP-0143): `amount` is the
 * value in sat of the output spent, `scriptCode` the script from the last OP_CODESEPARATOR on.
 */
export function witnessV0Sighash(
  cache: SighashCache,
  inputIndex: number,
  scriptCode: Uint8Array,
  amount: number,
  hashType: number,
): Uint8Array {
  const { tx } = cache;
  const { prevout, sequence } = inputAt(tx, inputIndex);
  const kind = messageKindOf("witness-v0", inputIndex, scriptCode, hashType);

  return cache.messageDigest(kind, hashType, () => {
    const signsAll = kind.outputs === SighashType.ALL;
    const { prevouts, sequences, outputs } = cache.witnessV0;
    const writer = new ByteWriter(scriptCode.length + 162);
    writer.i32(tx.version);
    writer.bytes(kind.isAnyoneCanPay ? ZERO_HASH_BYTES : prevouts);
    writer.bytes(kind.isAnyoneCanPay || !signsAll ? ZERO_HASH_BYTES : sequences);
    writeOutpoint(writer, prevout);
    writer.variableBytes(scriptCode).i64(amount).u32(sequence);

    const single = kind.outputs === SighashType.SINGLE ? tx.outputs[inputIndex] : undefined;
    if (signsAll) writer.bytes(outputs);
    else writer.bytes(single === undefined ? ZERO_HASH_BYTES : hash256(encodeOutput(single)));
    return writer.u32(tx.lockTime).finish();
  });
}

/**
 * Returns the digest that a Schnorr signature signs (BIP-0341, with BIP-0342's extension if
 * `execution` has a leaf), or undefined if `hashType` is not defined or names an output that is not
 * there. `spentOutputs` are all outputs that the transaction spends.
 */
export function taprootSighash(
  cache: SighashCache,
  inputIndex: number,
  spentOutputs: readonly TxOutput[],
  hashType: number,
  execution: TaprootExecution,
): Uint8Array | undefined {
  if (!isTaprootHashType(hashType)) return undefined;
  const { tx } = cache;
  const base = hashType & 0x03;
  const single = base === SighashType.SINGLE ? tx.outputs[inputIndex] : undefined;
  if (base === SighashType.SINGLE && single === undefined) return undefined;

  // The first byte is the message's epoch.
  const writer = new ByteWriter(256).u8(0).u8(hashType).i32(tx.version).u32(tx.lockTime);
  const signsOneInput = (hashType & SighashType.ANYONECANPAY) !== 0;
  const hashes = cache.taproot(spentOutputs);
  if (!signsOneInput) {
    writer.bytes(hashes.prevouts).bytes(hashes.spentAmounts);
    writer.bytes(hashes.spentScripts).bytes(hashes.sequences);
  }
  if (base === SighashType.DEFAULT || base === SighashType.ALL) writer.bytes(hashes.outputs);

  const { annexHash, leafHash, codeSeparatorPosition } = execution;
  writer.u8((leafHash === undefined ? 0 : 2) + (annexHash === undefined ? 0 : 1));
  if (signsOneInput) {
    const { prevout, sequence } = inputAt(tx, inputIndex);
    writeOutpoint(writer, prevout);
    writeOutput(writer, spentOutputAt(spentOutputs, inputIndex));
    writer.u32(sequence);
  } else {
    writer.u32(inputIndex);
  }
  if (annexHash !== undefined) writer.bytes(annexHash);
  if (single !== undefined) writer.bytes(sha256(encodeOutput(single)));
  if (leafHash !== undefined) writer.bytes(leafHash).u8(0).u32(codeSeparatorPosition);
  return taggedHash("TapSighash", writer.finish());
}

function isTaprootHashType(hashType: number): boolean {
  return hashType >= 0 && (hashType <= 0x03 || (hashType >= 0x81 && hashType <= 0x83));
}

function encodeOutput(output: TxOutput): Uint8Array {
  const writer = new ByteWriter(output.scriptPubKey.length + 13);
  writeOutput(writer, output);
  return writer.finish();
}

function spentOutputAt(spentOutputs: readonly TxOutput[], index: number): TxOutput {
  const output = spentOutputs[index];
  if (output === undefined) throw new RangeError(`no spent output ${index}`);
  return output;
}
