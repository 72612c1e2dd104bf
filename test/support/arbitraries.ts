/**
 * Arbitrary values for fast-check: what has an encoding, bytes that were damaged, scripts, flags.
 *
 * Well-formed is not valid: chains of valid blocks are made in random-chain.ts. Lengths favour the
 * places where encodings change their form.
 */

import fc from "fast-check";
import type { Coin } from "../../src/consensus/check-inputs.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { type Block, makeBlock } from "../../src/primitives/block.ts";
import type { BlockHeader } from "../../src/primitives/block-header.ts";
import { type BlockHash, hashToId, type Txid } from "../../src/primitives/hash-id.ts";
import {
  makeTransaction,
  type Outpoint,
  type Transaction,
  type TransactionParts,
  type TxInput,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { ScriptFlag, type ScriptFlags } from "../../src/script/flags.ts";
import { Opcode } from "../../src/script/opcodes.ts";
import { pushData, pushLiteral } from "../../src/script/script.ts";

/** An unsigned 32-bit integer, often one at an edge. */
export const ANY_U32 = fc.oneof(
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);

/** A signed 32-bit integer, often one at an edge. */
export const ANY_I32 = ANY_U32.map((value) => value | 0);

/** Any amount that has an encoding, in sat. */
export const ANY_VALUE = fc.oneof(
  fc.constantFrom(0, 1, -1, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), 8_400_000_000_000_000),
  fc.maxSafeInteger(),
);

/** 32 bytes. */
export const ANY_HASH = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** A transaction's identifier, of no transaction. */
export const ANY_TXID: fc.Arbitrary<Txid> = ANY_HASH.map((hash) => hashToId<Txid>(hash));

/** A block's hash, of no block. */
export const ANY_BLOCK_HASH: fc.Arbitrary<BlockHash> = ANY_HASH.map((hash) =>
  hashToId<BlockHash>(hash),
);

/** Up to 300 bytes, often as many as lie beside a change of the compact size's form. */
export const ANY_BYTES = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(75, 76, 252, 253, 255, 256, 300)
      .chain((length) => fc.uint8Array({ minLength: length, maxLength: length, size: "max" })),
  },
);

/** A reference to an output. */
export const ANY_OUTPOINT: fc.Arbitrary<Outpoint> = fc.record({ txid: ANY_TXID, vout: ANY_U32 });

/** An input; with a witness only if its transaction has one. */
export function anyInput(witness: fc.Arbitrary<Uint8Array[]>): fc.Arbitrary<TxInput> {
  return fc.record({ prevout: ANY_OUTPOINT, scriptSig: ANY_BYTES, sequence: ANY_U32, witness });
}

/** An output of any amount to any script. */
export const ANY_OUTPUT: fc.Arbitrary<TxOutput> = fc.record({
  value: ANY_VALUE,
  scriptPubKey: ANY_BYTES,
});

/** Parts of any transaction that has an encoding: an input at least, or nothing at all. */
export const ANY_TRANSACTION_PARTS: fc.Arbitrary<TransactionParts> = fc.oneof(
  { weight: 1, arbitrary: partsOf(fc.constant([]), fc.constant([])) },
  { weight: 10, arbitrary: partsOf(inputsOf(fc.constant([])), outputs()) },
  {
    weight: 20,
    arbitrary: partsOf(inputsOf(fc.array(ANY_BYTES, { maxLength: 3 })), outputs()),
  },
);

/** Any transaction that has an encoding. */
export const ANY_TRANSACTION: fc.Arbitrary<Transaction> =
  ANY_TRANSACTION_PARTS.map(makeTransaction);

/** Any header. */
export const ANY_HEADER: fc.Arbitrary<BlockHeader> = fc.record({
  version: ANY_I32,
  prevBlockHash: ANY_BLOCK_HASH,
  merkleRoot: ANY_TXID,
  time: ANY_U32,
  bits: ANY_U32,
  nonce: ANY_U32,
});

/** Any header with any transactions. */
export const ANY_BLOCK: fc.Arbitrary<Block> = fc
  .tuple(ANY_HEADER, fc.array(ANY_TRANSACTION, { maxLength: 4 }))
  .map(([header, transactions]) => makeBlock(header, transactions));

/** Any coin that has an encoding. */
export const ANY_COIN: fc.Arbitrary<Coin> = fc.record({
  value: ANY_VALUE,
  scriptPubKey: ANY_BYTES,
  height: ANY_U32,
  isCoinbase: fc.boolean(),
});

/** One of the bytes at which encodings change their meaning, or any other. */
const ANY_BYTE = fc.oneof(
  fc.constantFrom(0x00, 0x01, 0x4c, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff),
  fc.nat(255),
);

/** What `valid` gives after one to three blows: bytes changed, cut off, put in, taken out, doubled. */
export function damaged(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const blow = fc.tuple(
    fc.constantFrom("change", "cut", "insert", "remove", "double", "append"),
    fc.nat(),
    ANY_BYTE,
  );
  return fc
    .tuple(valid, fc.array(blow, { minLength: 1, maxLength: 3 }))
    .map(([bytes, blows]) =>
      blows.reduce((hit, [kind, at, byte]) => strike(hit, kind, at, byte), bytes),
    );
}

function strike(bytes: Uint8Array, kind: string, at: number, byte: number): Uint8Array {
  const position = at % (bytes.length + 1);
  const before = bytes.subarray(0, position);
  const after = bytes.subarray(position);
  switch (kind) {
    case "change":
      return position < bytes.length ? bytes.with(position, byte) : bytes;
    case "cut":
      return before.slice();
    case "insert":
      return concatBytes(before, Uint8Array.of(byte), after);
    case "remove":
      return concatBytes(before, after.subarray(1));
    case "double":
      return concatBytes(before, after.subarray(0, byte), after);
    default:
      return concatBytes(bytes, Uint8Array.of(byte));
  }
}

/** Data as scripts push them: nothing, numbers, signatures and keys by their lengths, anything. */
export const ANY_ELEMENT = fc.oneof(
  fc.constantFrom(new Uint8Array(0), Uint8Array.of(1), Uint8Array.of(0), Uint8Array.of(0x80)),
  fc.nat(255).map((byte) => Uint8Array.of(byte)),
  fc.uint8Array({ maxLength: 6 }),
  fc
    .constantFrom(20, 32, 33, 64, 65, 71, 75, 76, 255, 256, 520, 521)
    .chain((length) => fc.nat(255).map((byte) => new Uint8Array(length).fill(byte))),
);

/** Opcodes by number; those that nest and those that check signatures more often. */
const ANY_OPCODE = fc.oneof(
  fc.nat(255),
  fc.integer({ min: Opcode.OP_1NEGATE, max: Opcode.OP_CHECKSIGADD }),
  fc.integer({ min: Opcode.OP_1, max: Opcode.OP_3 }),
  fc.constantFrom(
    Opcode.OP_IF,
    Opcode.OP_NOTIF,
    Opcode.OP_ELSE,
    Opcode.OP_ENDIF,
    Opcode.OP_DUP,
    Opcode.OP_CHECKSIG,
    Opcode.OP_CHECKMULTISIG,
    Opcode.OP_CHECKSIGADD,
    Opcode.OP_CODESEPARATOR,
    Opcode.OP_CHECKLOCKTIMEVERIFY,
    Opcode.OP_CHECKSEQUENCEVERIFY,
    Opcode.OP_NOP1,
  ),
);

/** Any script: opcodes, pushes in their shortest form or another, and bytes that mean nothing. */
export const ANY_SCRIPT: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: ANY_OPCODE.map((opcode) => Uint8Array.of(opcode)) },
      { weight: 5, arbitrary: ANY_ELEMENT.map(pushData) },
      { weight: 1, arbitrary: ANY_ELEMENT.map(pushLiteral) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 5 }) },
    ),
    { maxLength: 24, size: "max" },
  )
  .map((parts) => concatBytes(...parts));

/** Every flag, or-ed together. */
export const ALL_FLAGS: ScriptFlags = Object.values(ScriptFlag).reduce(
  (all, flag) => all | flag,
  0,
);

/** A set of flags that may stand together: each with those that it needs. */
export const ANY_FLAGS: fc.Arbitrary<ScriptFlags> = fc
  .subarray(Object.values(ScriptFlag))
  .map((flags) => withNeededFlags(flags.reduce((set, flag) => set | flag, 0)));

/** `flags` with those that they need: CLEANSTACK needs WITNESS, which needs P2SH. */
export function withNeededFlags(flags: ScriptFlags): ScriptFlags {
  let all = flags;
  if ((all & ScriptFlag.CLEANSTACK) !== 0) all |= ScriptFlag.WITNESS;
  if ((all & ScriptFlag.WITNESS) !== 0) all |= ScriptFlag.P2SH;
  return all;
}

/** `flags` without those whose needs they lack. */
export function withoutNeedyFlags(flags: ScriptFlags): ScriptFlags {
  let rest = flags;
  if ((rest & ScriptFlag.P2SH) === 0) rest &= ~ScriptFlag.WITNESS;
  if ((rest & ScriptFlag.WITNESS) === 0) rest &= ~ScriptFlag.CLEANSTACK;
  return rest;
}

function partsOf(
  inputs: fc.Arbitrary<TxInput[]>,
  outputs: fc.Arbitrary<TxOutput[]>,
): fc.Arbitrary<TransactionParts> {
  return fc.record({ version: ANY_I32, inputs, outputs, lockTime: ANY_U32 });
}

function inputsOf(witness: fc.Arbitrary<Uint8Array[]>): fc.Arbitrary<TxInput[]> {
  return fc.array(anyInput(witness), { minLength: 1, maxLength: 4 });
}

function outputs(): fc.Arbitrary<TxOutput[]> {
  return fc.array(ANY_OUTPUT, { maxLength: 4 });
}
