/**
 * Who says to have mined a block: the text that miners leave in the coinbase's scriptSig.
 *
 * It is a claim, not a proof, and may be any bytes: only printable ASCII comes out of here. The
 * form that Cairn writes is made in mining/block-template.ts.
 */

import { ScriptReader } from "../script/script.ts";

/** A miner's tag, and the name of the stream that found the block; empty if there is none. */
export interface MinerTag {
  readonly tag: string;
  readonly stream: string;
}

/** `/cairn:TAG:STREAM/` as one push: the tag may itself have colons and slashes, streams are A..ZZ. */
const CAIRN_PATTERN = /^\/cairn:([\x20-\x7e]*):([A-Z]{0,8})\/$/;

/** What stands between two slashes, the second of which may begin the next; dates do not count. */
const SLASHED_PATTERN = /(?<!\d)\/([\x20-\x2e\x30-\x7e]+)(?=\/)/g;

/** Returns what the scriptSig of a coinbase says; for other forms, its longest text in slashes. */
export function parseMinerTag(scriptSig: Uint8Array): MinerTag {
  const reader = new ScriptReader(scriptSig);
  while (reader.next()) {
    const match = CAIRN_PATTERN.exec(toLatin1(reader.data()));
    if (match !== null) return { tag: match[1] ?? "", stream: match[2] ?? "" };
  }
  return { tag: longestSlashedText(afterHeight(scriptSig)), stream: "" };
}

/** The height comes first (BIP-0034), and its bytes may look like text. */
function afterHeight(scriptSig: Uint8Array): Uint8Array {
  const reader = new ScriptReader(scriptSig);
  return reader.next() ? scriptSig.subarray(reader.offset) : scriptSig;
}

function longestSlashedText(bytes: Uint8Array): string {
  let longest = "";
  for (const [, text = ""] of toLatin1(bytes).matchAll(SLASHED_PATTERN)) {
    const trimmed = text.trim();
    if (trimmed.length > longest.length) longest = trimmed;
  }
  return longest;
}

function toLatin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
