/**
 * Hash types, and what the inputs of one transaction share when their signatures are checked.
 *
 * What all inputs have in common is encoded and hashed once and kept in a SighashCache. The messages
 * are put together in legacy-sighash.ts and witness-sighash.ts.
 */

import { hash256, Sha256Stream, sha256 } from "../crypto/hash.ts";
import { concatBytes, equalBytes } from "../lib/bytes.ts";
import { ByteWriter } from "../lib/codec.ts";
import {
  type Transaction,
  type TxInput,
  type TxOutput,
  writeOutpoint,
  writeOutput,
} from "../primitives/transaction.ts";

/** What of the transaction a signature commits to; the last byte of the signature. */
export const SighashType = {
  /** Taproot only: as ALL, with no byte for it in the signature. */
  DEFAULT: 0x00,
  ALL: 0x01,
  NONE: 0x02,
  SINGLE: 0x03,
  /** Or-ed with one of the others: this input only. */
  ANYONECANPAY: 0x80,
} as const;

/** Which message is signed: those of one kind begin alike, whatever their hash types. */
export interface MessageKind {
  readonly sigVersion: "base" | "witness-v0";
  readonly inputIndex: number;
  readonly scriptCode: Uint8Array;
  /** Which outputs it covers: one of ALL, NONE, SINGLE. */
  readonly outputs: number;
  /** True if it covers only the input that is signed. */
  readonly isAnyoneCanPay: boolean;
}

/** Returns the kind of a message outside Taproot; `hashType` may be any 32 bits. */
export function messageKindOf(
  sigVersion: MessageKind["sigVersion"],
  inputIndex: number,
  scriptCode: Uint8Array,
  hashType: number,
): MessageKind {
  const base = hashType & 0x1f;
  return {
    sigVersion,
    inputIndex,
    scriptCode,
    // Whatever is not defined means ALL.
    outputs: base === SighashType.NONE || base === SighashType.SINGLE ? base : SighashType.ALL,
    isAnyoneCanPay: (hashType & SighashType.ANYONECANPAY) !== 0,
  };
}

/** Bytes from which on keeping a hash's state costs less than hashing again. */
const LONG_MESSAGE_LENGTH = 4_096;

/** Lengths within an encoded input: its outpoint; all of it when its script is empty. */
export const OUTPOINT_LENGTH = 36;
export const BLANK_INPUT_LENGTH = 41;

/**
 * Hashes and encodings of one transaction that its inputs share, made when first asked for.
 *
 * `spentOutputs`, where a method takes them, must be the same at every call.
 */
export class SighashCache {
  readonly tx: Transaction;
  #prevouts: Uint8Array | undefined;
  #sequences: Uint8Array | undefined;
  #outputs: Uint8Array | undefined;
  #blankInputs: Uint8Array | undefined;
  #blankInputsZeroed: Uint8Array | undefined;
  #witnessV0: WitnessV0Hashes | undefined;
  #taproot: TaprootHashes | undefined;
  /** By form. */
  readonly #begun: BegunMessage[] = [];

  constructor(tx: Transaction) {
    this.tx = tx;
  }

  /** All outpoints, one after the other. */
  get prevouts(): Uint8Array {
    this.#prevouts ??= encodeEach(this.tx.inputs, OUTPOINT_LENGTH, (writer, { prevout }) =>
      writeOutpoint(writer, prevout),
    );
    return this.#prevouts;
  }

  /** All sequence numbers, one after the other. */
  get sequences(): Uint8Array {
    this.#sequences ??= encodeEach(this.tx.inputs, 4, (writer, { sequence }) =>
      writer.u32(sequence),
    );
    return this.#sequences;
  }

  /** All outputs, one after the other, without their count. */
  get outputs(): Uint8Array {
    this.#outputs ??= encodeEach(this.tx.outputs, 34, writeOutput);
    return this.#outputs;
  }

  /** The hashes of BIP-0143. */
  get witnessV0(): WitnessV0Hashes {
    this.#witnessV0 ??= {
      prevouts: hash256(this.prevouts),
      sequences: hash256(this.sequences),
      outputs: hash256(this.outputs),
    };
    return this.#witnessV0;
  }

  /** The hashes of BIP-0341; `spentOutputs` are all outputs that the transaction spends. */
  taproot(spentOutputs: readonly TxOutput[]): TaprootHashes {
    this.#taproot ??= {
      prevouts: sha256(this.prevouts),
      sequences: sha256(this.sequences),
      outputs: sha256(this.outputs),
      spentAmounts: sha256(encodeEach(spentOutputs, 8, (writer, { value }) => writer.i64(value))),
      spentScripts: sha256(
        encodeEach(spentOutputs, 35, (writer, output) => writer.variableBytes(output.scriptPubKey)),
      ),
    };
    return this.#taproot;
  }

  /** All inputs with empty scripts, for legacy messages, the sequence numbers zero if `isZeroed`. */
  blankInputs(isZeroed: boolean): Uint8Array {
    if (isZeroed) {
      this.#blankInputsZeroed ??= this.#encodeBlankInputs(true);
      return this.#blankInputsZeroed;
    }
    this.#blankInputs ??= this.#encodeBlankInputs(false);
    return this.#blankInputs;
  }

  /**
   * Returns the double SHA-256 of the message that begins with what `encode` returns and ends with
   * `hashType`. What comes before the hash type is encoded once, and hashed once if it is long, for
   * all signatures in a row that share it: a multisignature of many keys and any hash types costs
   * hardly more hashing than one signature.
   */
  messageDigest(kind: MessageKind, hashType: number, encode: () => Uint8Array): Uint8Array {
    const begun = this.#begin(kind, encode);
    const end = new ByteWriter(4).u32(hashType >>> 0).finish();
    if (begun.head.length < LONG_MESSAGE_LENGTH) return hash256(concatBytes(begun.head, end));
    begun.stream ??= new Sha256Stream().update(begun.head);
    return sha256(begun.stream.fork().update(end).digest());
  }

  /** Only the last script code of each form is kept: signatures of one script come in a row. */
  #begin(kind: MessageKind, encode: () => Uint8Array): BegunMessage {
    const form = formOf(kind);
    const last = this.#begun[form];
    if (
      last?.kind.inputIndex === kind.inputIndex &&
      equalBytes(last.kind.scriptCode, kind.scriptCode)
    ) {
      return last;
    }
    const begun = { kind, head: encode(), stream: undefined };
    this.#begun[form] = begun;
    return begun;
  }

  #encodeBlankInputs(isZeroed: boolean): Uint8Array {
    return encodeEach(this.tx.inputs, BLANK_INPUT_LENGTH, (writer, { prevout, sequence }) => {
      writeOutpoint(writer, prevout);
      writer.u8(0).u32(isZeroed ? 0 : sequence);
    });
  }
}

/** A message up to its hash type. */
interface BegunMessage {
  readonly kind: MessageKind;
  readonly head: Uint8Array;
  /** Has taken in `head`; made once that saves hashing. */
  stream: Sha256Stream | undefined;
}

/** A number for all of a kind but the input and the script. */
function formOf({ sigVersion, outputs, isAnyoneCanPay }: MessageKind): number {
  return 8 * Number(sigVersion === "base") + 4 * Number(isAnyoneCanPay) + outputs;
}

/** Double SHA-256 of what BIP-0143 names hashPrevouts, hashSequence and hashOutputs. */
interface WitnessV0Hashes {
  readonly prevouts: Uint8Array;
  readonly sequences: Uint8Array;
  readonly outputs: Uint8Array;
}

/** SHA-256 of what BIP-0341 names sha_prevouts and so on. */
interface TaprootHashes extends WitnessV0Hashes {
  readonly spentAmounts: Uint8Array;
  readonly spentScripts: Uint8Array;
}

/** Returns an empty cache for `tx`, to be used for all of its inputs. */
export function createSighashCache(tx: Transaction): SighashCache {
  return new SighashCache(tx);
}

/** Returns the input of that index; RangeError if there is none. */
export function inputAt(tx: Transaction, index: number): TxInput {
  const input = tx.inputs[index];
  if (input === undefined) throw new RangeError(`no input ${index}`);
  return input;
}

function encodeEach<Item>(
  items: readonly Item[],
  likelyLength: number,
  write: (writer: ByteWriter, item: Item) => unknown,
): Uint8Array {
  const writer = new ByteWriter(items.length * likelyLength);
  for (const item of items) write(writer, item);
  return writer.finish();
}
