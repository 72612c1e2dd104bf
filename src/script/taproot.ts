/**
 * How a Taproot output commits to its scripts (BIP-0341): leaves, branches and the tweak.
 *
 * Hashes only. Curve arithmetic is injected, and running a leaf is the business of
 * verify-witness-program.ts.
 */

import { sha256, taggedHash } from "../crypto/hash.ts";
import type { SignatureVerifier } from "../crypto/signature-verifier.ts";
import { compareBytes } from "../lib/bytes.ts";
import { ByteWriter } from "../lib/codec.ts";

/** Version of leaves that hold Tapscript (BIP-0342). */
export const TAPSCRIPT_LEAF_VERSION = 0xc0;

/** First byte of an annex (BIP-0341). */
export const ANNEX_TAG = 0x50;

const CONTROL_BASE_LENGTH = 33;
const CONTROL_NODE_LENGTH = 32;
const MAX_CONTROL_NODES = 128;

/** What a control block says; every part is a view of it. */
export interface ControlBlock {
  readonly leafVersion: number;
  readonly isOutputKeyOdd: boolean;
  readonly internalKey: Uint8Array;
  /** Hashes beside the path from the leaf to the root. */
  readonly path: readonly Uint8Array[];
}

/** Returns what a control block says, or undefined if its length is impossible. */
export function decodeControlBlock(bytes: Uint8Array): ControlBlock | undefined {
  const nodes = (bytes.length - CONTROL_BASE_LENGTH) / CONTROL_NODE_LENGTH;
  if (!Number.isInteger(nodes) || nodes < 0 || nodes > MAX_CONTROL_NODES) return undefined;

  const first = bytes[0] as number;
  const path = Array.from({ length: nodes }, (_, index) => {
    const start = CONTROL_BASE_LENGTH + CONTROL_NODE_LENGTH * index;
    return bytes.subarray(start, start + CONTROL_NODE_LENGTH);
  });
  return {
    leafVersion: first & 0xfe,
    isOutputKeyOdd: (first & 1) === 1,
    internalKey: bytes.subarray(1, CONTROL_BASE_LENGTH),
    path,
  };
}

/** Returns the hash of a leaf. */
export function tapLeafHash(leafVersion: number, script: Uint8Array): Uint8Array {
  const writer = new ByteWriter(script.length + 6).u8(leafVersion).variableBytes(script);
  return taggedHash("TapLeaf", writer.finish());
}

/** Returns the hash of a branch, whose sides have no order. */
export function tapBranchHash(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareBytes(a, b) < 0 ? taggedHash("TapBranch", a, b) : taggedHash("TapBranch", b, a);
}

/** Returns the tweak of an internal key; without `merkleRoot` for an output that has no scripts. */
export function tapTweakHash(internalKey: Uint8Array, merkleRoot?: Uint8Array): Uint8Array {
  return merkleRoot === undefined
    ? taggedHash("TapTweak", internalKey)
    : taggedHash("TapTweak", internalKey, merkleRoot);
}

/** Returns the hash of an annex as signatures commit to it. */
export function annexHashOf(annex: Uint8Array): Uint8Array {
  return sha256(new ByteWriter(annex.length + 5).variableBytes(annex).finish());
}

/** True if the output key commits to the leaf. */
export function isCommittedTo(
  outputKey: Uint8Array,
  leafHash: Uint8Array,
  { internalKey, isOutputKeyOdd, path }: ControlBlock,
  isTweakedKey: SignatureVerifier["isTweakedKey"],
): boolean {
  const merkleRoot = path.reduce(tapBranchHash, leafHash);
  const tweak = tapTweakHash(internalKey, merkleRoot);
  return isTweakedKey(outputKey, isOutputKeyOdd, internalKey, tweak);
}
