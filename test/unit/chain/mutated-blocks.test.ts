/**
 * Bodies that are not the header's: the hash is not theirs to spoil (C-02, P-08).
 *
 * Whoever hears of a block first can send others its header with a false body. Each kind of false
 * body is sent first; the honest one must still be accepted after it.
 */

import { describe, expect, test } from "bun:test";
import { hash256 } from "../../../src/crypto/hash.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { decodeAll } from "../../../src/lib/codec.ts";
import { type Block, makeBlock } from "../../../src/primitives/block.ts";
import { idToHash } from "../../../src/primitives/hash-id.ts";
import {
  decodeTransaction,
  hasWitness,
  makeTransaction,
  type Transaction,
} from "../../../src/primitives/transaction.ts";
import {
  ANYONE_BY_WITNESS,
  type Branch,
  chainOf,
  coinOf,
  QUICK,
  rootOf,
  spend,
  TestNode,
} from "../../support/chain-builder.ts";

/** `block` with another body under its header. */
function withBody({ header }: Block, body: readonly Transaction[]): Block {
  return makeBlock(header, body);
}

/** The same transactions, all of them with other witnesses. */
function withWitnesses(block: Block, witness: readonly Uint8Array[]): Block {
  const body = block.transactions.map((tx) =>
    hasWitness(tx)
      ? makeTransaction({ ...tx, inputs: tx.inputs.map((input) => ({ ...input, witness })) })
      : tx,
  );
  return withBody(block, body);
}

/** A branch whose last block is honest, holds five payments and witnesses, and is not offered yet. */
function honestBranch(): Branch {
  const branch = chainOf(8, QUICK);
  const split = spend([branch.coinbaseCoin(1)], { count: 5, script: ANYONE_BY_WITNESS });
  branch.mine({ transactions: [split] });
  return branch.mine({
    transactions: split.outputs.map((_, vout) => spend([coinOf(split, vout)])),
  });
}

/** A body of one 64-byte transaction whose bytes are the txids of the two honest ones. */
function bodyOfInnerNodes(branch: Branch): { honest: Block; twin: Block } {
  const coin = branch.coinbaseCoin(1);
  // The second txid must read as the end of a transaction without outputs: 13 bytes of script that
  // end where the count of outputs is zero.
  let payment: Transaction | undefined;
  for (let lockTime = 0; payment === undefined; lockTime++) {
    const tx = spend([coin], { parts: { lockTime } });
    const hash = idToHash(tx.txid);
    if (hash[9] === 13 && hash[27] === 0) payment = tx;
  }
  // The first one, the coinbase's, must read as a version and a single input.
  for (;;) {
    const honest = branch.make({ transactions: [payment] });
    const [coinbase] = honest.transactions;
    const left = idToHash(coinbase!.txid);
    if (left[4] !== 1) continue;
    const bytes = concatBytes(left, idToHash(payment.txid));
    return { honest, twin: withBody(honest, [decodeAll(bytes, decodeTransaction)]) };
  }
}

const branch = honestBranch();
const honest = branch.tip;
const { transactions } = honest;

const TWINS: readonly (readonly [name: string, twin: Block, code: string])[] = [
  [
    "C-02: its end repeated",
    withBody(honest, [...transactions, ...transactions.slice(4)]),
    "bad-txns-duplicate",
  ],
  [
    "P-08: another transaction",
    withBody(honest, [transactions[0]!, ...transactions.slice(2)]),
    "bad-txnmrklroot",
  ],
  ["P-08: no transaction", withBody(honest, []), "bad-txnmrklroot"],
  ["P-08: another order", withBody(honest, transactions.toReversed()), "bad-txnmrklroot"],
  ["P-08: no witnesses", withWitnesses(honest, []), "bad-witness-nonce-size"],
  [
    "P-08: other witnesses",
    withWitnesses(honest, [new Uint8Array(32)]),
    "bad-witness-merkle-match",
  ],
  ["P-08: a short witness", withWitnesses(honest, [new Uint8Array(1)]), "bad-witness-nonce-size"],
];

test("the builder's twins keep their header", () => {
  expect(transactions).toHaveLength(6);
  expect(rootOf(TWINS[0]![1].transactions)).toBe(honest.header.merkleRoot);
  for (const [, twin] of TWINS) expect(twin.hash).toBe(honest.hash);
});

describe("a false body after its parent", () => {
  test.each(TWINS)("%s is refused, and the honest body then accepted", (_name, twin, code) => {
    const node = new TestNode(QUICK).follow(branch.fork(1));
    const before = node.state();
    expect(node.offer(twin)).toBe(code as never);
    expect(node.offer(twin)).toBe(code as never);
    expect(node.state()).toEqual(before);
    expect(node.restartedCopy().offer(honest)).toBe("connected");
    expect(node.offer(honest)).toBe("connected");
  });

  test.each(TWINS)(
    "%s is refused on a side branch too, and the branch can still win",
    (_name, twin) => {
      const rival = branch.fork(2).mine(2);
      const node = new TestNode(QUICK).follow(rival).follow(branch.fork(1));
      expect(node.offer(twin)).not.toBe("side-branch");
      expect(node.offer(honest)).toBe("side-branch");
      expect(node.offer(branch.fork().mine(1).tip)).toBe("connected");
    },
  );
});

describe("a false body before its parent", () => {
  test.each(TWINS)("%s does not keep the honest body out", (_name, twin) => {
    const ahead = branch.fork(2);
    const node = new TestNode(QUICK).follow(ahead);
    node.offer(twin);
    node.offer(honest);
    expect(node.offer(branch.at(ahead.height + 1))).toBe("connected");
    expect(node.tipHash).toBe(honest.hash);
  });

  test.each(TWINS)("%s does not take the place of an honest body that waits", (_name, twin) => {
    const ahead = branch.fork(2);
    const node = new TestNode(QUICK).follow(ahead);
    expect(node.offer(honest)).toBe("orphan");
    expect(node.offer(twin)).toBe("duplicate");
    expect(node.offer(branch.at(ahead.height + 1))).toBe("connected");
    expect(node.tipHash).toBe(honest.hash);
  });
});

describe("C-19: two txids that read as one transaction", () => {
  const parent = chainOf(8, QUICK);
  const { honest: block, twin } = bodyOfInnerNodes(parent);

  test("are a body of 64 bytes with the honest root", () => {
    expect(twin.transactions.map(({ baseSize }) => baseSize)).toEqual([64]);
    expect(twin.hash).toBe(block.hash);
    expect(rootOf(twin.transactions)).toBe(block.header.merkleRoot);
    const pair = block.transactions.map(({ txid }) => idToHash(txid));
    expect(idToHash(twin.transactions[0]!.txid)).toEqual(hash256(concatBytes(...pair)));
  });

  test("are refused without being held against the honest block", () => {
    const node = new TestNode(QUICK).follow(parent);
    expect(node.offer(twin)).toBe("bad-cb-missing");
    expect(node.offer(twin)).toBe("bad-cb-missing");
    expect(node.offer(block)).toBe("connected");
  });
});
