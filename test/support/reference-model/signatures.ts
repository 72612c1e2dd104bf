/**
 * What a signature signs, and whether it does, for the reference model.
 *
 * The legacy hash, BIP-0143 and BIP-0341 (with BIP-0342's extension), computed anew for each
 * signature; strict DER (BIP-0066) read here, curves by `tiny-secp256k1`.
 */
import { isPoint, isXOnlyPoint, verify, verifySchnorr } from "tiny-secp256k1";
import { encodeOutpoint, encodeOutput, type Output, type Transaction } from "./block-format.ts";
import {
  compactSize,
  concat,
  fromHex,
  hash256,
  littleEndian,
  sha256,
  taggedHash,
  toHex,
  withLength,
} from "./bytes.ts";
import { CODESEPARATOR, readOperation } from "./operations.ts";

const NONE = 2;
const SINGLE = 3;
const ZERO: Uint8Array = new Uint8Array(32);
/** The order of the curve's group. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The original hash. `hashType` is the whole number of 32 bits; a signature has its low byte. */
export function legacyHash(
  { version, inputs, outputs, lockTime }: Transaction,
  index: number,
  script: Uint8Array,
  hashType: number,
): Uint8Array {
  const kind = hashType & 0x1f;
  const isAlone = (hashType & 0x80) !== 0;
  // The old bug: "the hash" of an output that is not there is the number one.
  if (kind === SINGLE && index >= outputs.length) return littleEndian(1, 32);

  const code = withoutSeparators(script);
  const signedInputs = inputs.flatMap(({ txid, vout, sequence }, position) => {
    const isOwn = position === index;
    if (isAlone && !isOwn) return [];
    const shown = isOwn || (kind !== NONE && kind !== SINGLE) ? sequence : 0;
    const shownScript = isOwn ? code : new Uint8Array(0);
    return [concat(encodeOutpoint(txid, vout), withLength(shownScript), littleEndian(shown, 4))];
  });
  const blank: Output = { value: -1n, script: new Uint8Array(0) };
  let signedOutputs = outputs;
  if (kind === NONE) signedOutputs = [];
  if (kind === SINGLE) {
    signedOutputs = outputs
      .slice(0, index + 1)
      .map((output, position) => (position === index ? output : blank));
  }
  return hash256(
    littleEndian(version, 4),
    compactSize(signedInputs.length),
    ...signedInputs,
    compactSize(signedOutputs.length),
    ...signedOutputs.map(encodeOutput),
    littleEndian(lockTime, 4),
    littleEndian(hashType, 4),
  );
}

/** A script without its code separators, as far as it can be read. */
function withoutSeparators(script: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  let position = 0;
  for (;;) {
    const operation = readOperation(script, position);
    if (operation === undefined) return concat(...kept, script.slice(position));
    if (operation.code !== CODESEPARATOR) kept.push(script.slice(position, operation.next));
    position = operation.next;
  }
}

/** The hash of BIP-0143. */
export function witnessHash(
  { version, inputs, outputs, lockTime }: Transaction,
  index: number,
  script: Uint8Array,
  value: bigint,
  hashType: number,
): Uint8Array {
  const kind = hashType & 0x1f;
  const isAlone = (hashType & 0x80) !== 0;
  const own = inputs[index];
  if (own === undefined) throw new Error("no such input");
  const prevouts = inputs.map(({ txid, vout }) => encodeOutpoint(txid, vout));
  const sequences = inputs.map(({ sequence }) => littleEndian(sequence, 4));
  const ownOutput = outputs[index];
  let outputsHash = ZERO;
  if (kind !== NONE && kind !== SINGLE) outputsHash = hash256(...outputs.map(encodeOutput));
  if (kind === SINGLE && ownOutput !== undefined) outputsHash = hash256(encodeOutput(ownOutput));
  return hash256(
    littleEndian(version, 4),
    isAlone ? ZERO : hash256(...prevouts),
    isAlone || kind === NONE || kind === SINGLE ? ZERO : hash256(...sequences),
    encodeOutpoint(own.txid, own.vout),
    withLength(script),
    littleEndian(value, 8),
    littleEndian(own.sequence, 4),
    outputsHash,
    littleEndian(lockTime, 4),
    littleEndian(hashType, 4),
  );
}

/** What a Taproot signature signs beside the transaction. */
export interface TaprootContext {
  /** The annex, with its first byte 0x50, if there is one. */
  readonly annex: Uint8Array | undefined;
  /** Only in a script: its leaf, and where its last executed code separator stands. */
  readonly leafHash?: Uint8Array;
  readonly separatorPosition?: number;
}

/** The hash of BIP-0341, or undefined where the hash type may not be signed. */
export function taprootHash(
  { version, inputs, outputs, lockTime }: Transaction,
  index: number,
  spent: readonly Output[],
  hashType: number,
  { annex, leafHash, separatorPosition }: TaprootContext,
): Uint8Array | undefined {
  if (![0, 1, 2, 3, 0x81, 0x82, 0x83].includes(hashType)) return undefined;
  const kind = hashType === 0 ? 1 : hashType & 3;
  const isAlone = (hashType & 0x80) !== 0;
  const own = inputs[index];
  const ownSpent = spent[index];
  if (own === undefined || ownSpent === undefined) throw new Error("no such input");

  const parts = [littleEndian(0, 1), littleEndian(hashType, 1)];
  parts.push(littleEndian(version, 4), littleEndian(lockTime, 4));
  if (!isAlone) {
    parts.push(
      sha256(...inputs.map(({ txid, vout }) => encodeOutpoint(txid, vout))),
      sha256(...spent.map(({ value }) => littleEndian(value, 8))),
      sha256(...spent.map(({ script }) => withLength(script))),
      sha256(...inputs.map(({ sequence }) => littleEndian(sequence, 4))),
    );
  }
  if (kind === 1) parts.push(sha256(...outputs.map(encodeOutput)));
  parts.push(littleEndian((leafHash ? 2 : 0) + (annex ? 1 : 0), 1));
  if (isAlone) {
    parts.push(encodeOutpoint(own.txid, own.vout), encodeOutput(ownSpent));
    parts.push(littleEndian(own.sequence, 4));
  } else {
    parts.push(littleEndian(index, 4));
  }
  if (annex) parts.push(sha256(withLength(annex)));
  if (kind === SINGLE) {
    const output = outputs[index];
    if (output === undefined) return undefined;
    parts.push(sha256(encodeOutput(output)));
  }
  if (leafHash) {
    parts.push(leafHash, littleEndian(0, 1), littleEndian(separatorPosition ?? 0xffffffff, 4));
  }
  return taggedHash("TapSighash", ...parts);
}

/** Whether bytes are one strict DER signature and a hash type (BIP-0066). */
export function isStrictDer(signature: Uint8Array): boolean {
  // 0x30 length 0x02 length r 0x02 length s hashType
  if (signature.length < 9 || signature.length > 73) return false;
  const at = (position: number) => signature[position] ?? -1;
  if (at(0) !== 0x30 || at(1) !== signature.length - 3) return false;
  const rLength = at(3);
  const sLength = at(5 + rLength);
  if (5 + rLength >= signature.length || rLength + sLength + 7 !== signature.length) return false;
  return [
    { tag: 2, length: rLength },
    { tag: 4 + rLength, length: sLength },
  ].every(({ tag, length }) => {
    const isShortest = length === 1 || at(tag + 2) !== 0 || at(tag + 3) >= 0x80;
    return at(tag) === 0x02 && length > 0 && at(tag + 2) < 0x80 && isShortest;
  });
}

/** Whether a strict DER signature (its hash type taken off) signs `hash`. S may be high. */
export function verifyEcdsa(hash: Uint8Array, key: Uint8Array, der: Uint8Array): boolean {
  const rLength = der[3] ?? 0;
  const r = BigInt(`0x${toHex(der.slice(4, 4 + rLength))}`);
  const s = BigInt(`0x${toHex(der.slice(6 + rLength))}`);
  if (r === 0n || s === 0n || r >= ORDER || s >= ORDER) return false;
  const first = key[0] ?? 0;
  const length = first === 2 || first === 3 ? 33 : 65;
  if (![2, 3, 4, 6, 7].includes(first) || key.length !== length) return false;
  // A hybrid key says the parity of y once more, and must say it rightly.
  if ((first === 6 || first === 7) && ((key[64] ?? 0) & 1) !== (first & 1)) return false;
  const plain = first > 4 ? concat(littleEndian(4, 1), key.slice(1)) : key;
  if (!isPoint(plain)) return false;
  const compact = fromHex(r.toString(16).padStart(64, "0") + s.toString(16).padStart(64, "0"));
  return verify(hash, plain, compact);
}

/** Whether 64 bytes are a signature of BIP-0340 on `hash`. */
export function verifyBip340(hash: Uint8Array, key: Uint8Array, signature: Uint8Array): boolean {
  const r = BigInt(`0x${toHex(signature.slice(0, 32))}`);
  const s = BigInt(`0x${toHex(signature.slice(32))}`);
  // The library throws for numbers of the group's order and above; such a signature is just wrong.
  if (r >= ORDER || s >= ORDER || !isXOnlyPoint(key)) return false;
  return verifySchnorr(hash, key, signature);
}
