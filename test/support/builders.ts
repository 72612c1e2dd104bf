/**
 * Builders of test data: each gives a well-formed value, of which a test names only what it is about.
 *
 * Well-formed is not valid: scripts, amounts and proof of work are whatever the test says. Chains of
 * blocks have builders of their own.
 */

import { type Block, makeBlock } from "../../src/primitives/block.ts";
import type { BlockHeader } from "../../src/primitives/block-header.ts";
import {
  type BlockHash,
  hashToId,
  idToHash,
  type Txid,
  ZERO_HASH,
} from "../../src/primitives/hash-id.ts";
import { merkleRoot } from "../../src/primitives/merkle.ts";
import {
  makeTransaction,
  NULL_OUTPOINT,
  SEQUENCE_FINAL,
  type Transaction,
  type TransactionParts,
  type TxInput,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import type { SeededRandom } from "./random.ts";

/** An identifier made of the byte `fill` repeated: `someTxid(1)` is `0101...01`. */
export function someTxid(fill = 1): Txid {
  return hashToId<Txid>(new Uint8Array(32).fill(fill));
}

/** A final input without scripts that spends output 0 of `someTxid(1)`. */
export function someInput(changes: Partial<TxInput> = {}): TxInput {
  return {
    prevout: { txid: someTxid(), vout: 0 },
    scriptSig: new Uint8Array(0),
    sequence: SEQUENCE_FINAL,
    witness: [],
    ...changes,
  };
}

/** An output of 1,000 sat to a P2WPKH script of zeros. */
export function someOutput(changes: Partial<TxOutput> = {}): TxOutput {
  const scriptPubKey = new Uint8Array(22);
  scriptPubKey[1] = 20;
  return { value: 1000, scriptPubKey, ...changes };
}

/** A transaction of version 2 with one input and one output. */
export function someTransaction(changes: Partial<TransactionParts> = {}): Transaction {
  const parts = { version: 2, inputs: [someInput()], outputs: [someOutput()], lockTime: 0 };
  return makeTransaction({ ...parts, ...changes });
}

/** A coinbase with a four-byte input script; pass another script to get another txid. */
export function someCoinbase(changes: Partial<TransactionParts> = {}): Transaction {
  const scriptSig = Uint8Array.of(3, 1, 2, 3);
  return someTransaction({
    inputs: [someInput({ prevout: NULL_OUTPOINT, scriptSig })],
    ...changes,
  });
}

/** A header of regtest's difficulty on top of nothing. */
export function someHeader(changes: Partial<BlockHeader> = {}): BlockHeader {
  return {
    version: 0x20000000,
    prevBlockHash: ZERO_HASH as BlockHash,
    merkleRoot: ZERO_HASH as Txid,
    time: 1_700_000_000,
    bits: 0x207fffff,
    nonce: 0,
    ...changes,
  };
}

/** A block of `transactions` (a coinbase by default), its header committing to them. */
export function someBlock({
  transactions = [someCoinbase()],
  header = {},
}: {
  transactions?: readonly Transaction[];
  header?: Partial<BlockHeader>;
} = {}): Block {
  const { root } = merkleRoot(transactions.map(({ txid }) => idToHash(txid)));
  return makeBlock(someHeader({ merkleRoot: hashToId<Txid>(root), ...header }), transactions);
}

/** The largest script or witness item that `randomTransactionParts` makes, in bytes. */
const MAX_RANDOM_BYTES = 300;

/** Parts of any shape that has an encoding: 1 to 4 inputs, 0 to 4 outputs, witness or none. */
export function randomTransactionParts(random: SeededRandom): TransactionParts {
  const hasWitness = random.oneIn(2);
  const script = () => random.bytes(random.oneIn(8) ? MAX_RANDOM_BYTES : random.below(40));
  const witness = () =>
    hasWitness && !random.oneIn(4) ? Array.from({ length: 1 + random.below(3) }, script) : [];

  const inputs = Array.from({ length: 1 + random.below(4) }, () => ({
    prevout: { txid: hashToId<Txid>(random.bytes(32)), vout: random.u32() },
    scriptSig: script(),
    sequence: random.u32(),
    witness: witness(),
  }));
  const outputs = Array.from({ length: random.below(5) }, () => ({
    value: random.u32() * 2 ** random.below(21) * (random.oneIn(8) ? -1 : 1),
    scriptPubKey: script(),
  }));
  return { version: random.u32() | 0, inputs, outputs, lockTime: random.u32() };
}

/** A block of up to five random transactions; its Merkle root commits to them. */
export function randomBlock(random: SeededRandom): Block {
  const transactions = Array.from({ length: random.below(6) }, () =>
    makeTransaction(randomTransactionParts(random)),
  );
  return someBlock({
    transactions,
    header: { version: random.u32() | 0, time: random.u32(), nonce: random.u32() },
  });
}

/** `bytes` damaged in one of the ways in which peers' bytes are: turned, cut, grown, repeated. */
export function damage(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const position = random.below(bytes.length + 1);
  const edge = random.pick([0x00, 0x01, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff]);
  switch (random.below(6)) {
    case 0:
      return bytes.map((byte, index) =>
        index === position ? byte ^ (1 << random.below(8)) : byte,
      );
    case 1:
      return bytes.map((byte, index) => (index === position ? edge : byte));
    case 2:
      return bytes.slice(0, position);
    case 3:
      return Uint8Array.of(...bytes.subarray(0, position), edge, ...bytes.subarray(position));
    case 4:
      return Uint8Array.of(...bytes.subarray(0, position), ...bytes.subarray(position + 1));
    default: {
      const end = Math.min(bytes.length, position + 1 + random.below(50));
      return Uint8Array.of(...bytes.subarray(0, end), ...bytes.subarray(position));
    }
  }
}
