/**
 * Putting a block together from short ids.
 */

import { describe, expect, test } from "bun:test";
import { type Reconstruction, reconstruct } from "../../../src/p2p/partial-block.ts";
import type { Transaction } from "../../../src/primitives/transaction.ts";
import { type CompactBlock, makeCompactBlock } from "../../../src/wire/compact-block.ts";
import { ANYONE_BY_WITNESS, chainOf, QUICK, spend } from "../../support/chain-builder.ts";

const BRANCH = chainOf(8, QUICK);
const TRANSACTIONS = [1, 2, 3, 4, 5].map((height) => spend([BRANCH.coinbaseCoin(height)]));
const BLOCK = BRANCH.make({ transactions: TRANSACTIONS });
const COMPACT = makeCompactBlock(BLOCK, 7n);

function missingOf(result: Reconstruction): readonly number[] {
  return result.status === "missing" ? result.partial.missing : [];
}

function completeWith(result: Reconstruction, transactions: readonly Transaction[]) {
  return result.status === "missing" ? result.partial.complete(transactions) : undefined;
}

describe("reconstruct", () => {
  test("finds all, in whatever order the candidates come, among others", () => {
    const others = [6, 7].map((height) => spend([BRANCH.coinbaseCoin(height)]));
    const result = reconstruct(COMPACT, [...others, ...TRANSACTIONS.toReversed()]);
    expect(result).toEqual({ status: "complete", block: BLOCK });
  });

  test("tells the places of those it did not find, and takes them in that order", () => {
    const result = reconstruct(COMPACT, [TRANSACTIONS[0]!, TRANSACTIONS[3]!]);
    expect(missingOf(result)).toEqual([2, 3, 5]);
    const rest = [TRANSACTIONS[1]!, TRANSACTIONS[2]!, TRANSACTIONS[4]!];
    expect(completeWith(result, rest)).toEqual(BLOCK);
    expect(completeWith(result, rest.toReversed())).toBeUndefined();
    expect(completeWith(result, rest.slice(1))).toBeUndefined();
    expect(completeWith(result, [...rest, rest[0]!])).toBeUndefined();
    expect(completeWith(result, [])).toBeUndefined();
  });

  test("finds nothing in an empty mempool", () => {
    expect(missingOf(reconstruct(COMPACT, []))).toEqual([1, 2, 3, 4, 5]);
  });

  test("takes prefilled ones at any place", () => {
    const [first, , third, ...rest] = TRANSACTIONS;
    const all = makeCompactBlock(BLOCK, 7n);
    const prefilled = [0, 2, 5].map((index) => ({
      index,
      transaction: BLOCK.transactions[index]!,
    }));
    const shortIds = all.shortIds.filter((_, index) => index !== 1 && index !== 4);
    const compact: CompactBlock = { ...all, prefilled, shortIds };
    expect(reconstruct(compact, [first!, third!, ...rest])).toEqual({
      status: "complete",
      block: BLOCK,
    });
  });

  test("P-07: gives up on a block in which two have the same id", () => {
    const [first, ...rest] = COMPACT.shortIds;
    const shortIds = [first!, first!, ...rest.slice(1)];
    expect(reconstruct({ ...COMPACT, shortIds }, TRANSACTIONS).status).toBe("unusable");
  });

  test("P-07: two candidates with one id are as good as none", () => {
    const twin = spend([BRANCH.coinbaseCoin(6)]);
    const idOf = (wtxid: string) => (wtxid === twin.wtxid ? 2 : wtxids.indexOf(wtxid));
    const wtxids: string[] = TRANSACTIONS.map(({ wtxid }) => wtxid);
    const compact = { ...COMPACT, shortIds: [0, 1, 2, 3, 4] };
    for (const candidates of [
      [twin, ...TRANSACTIONS],
      [...TRANSACTIONS, twin],
    ]) {
      const result = reconstruct(compact, candidates, idOf);
      expect(missingOf(result)).toEqual([3]);
      expect(completeWith(result, [TRANSACTIONS[2]!])).toEqual(BLOCK);
    }
    // The same one twice is no collision.
    const result = reconstruct(compact, [...TRANSACTIONS, ...TRANSACTIONS], idOf);
    expect(result).toEqual({ status: "complete", block: BLOCK });
  });

  test("gives up on a body that repeats its tail under the same root", () => {
    const tail = TRANSACTIONS[1]!;
    const block = BRANCH.make({ transactions: TRANSACTIONS.slice(0, 2) });
    const compact = makeCompactBlock(block, 7n);
    const twice = {
      ...compact,
      prefilled: [...compact.prefilled, { index: 3, transaction: tail }],
    };
    expect(reconstruct(compact, TRANSACTIONS)).toEqual({ status: "complete", block });
    expect(reconstruct(twice, TRANSACTIONS).status).toBe("unusable");
  });

  test("gives up on a body that is not the header's", () => {
    const other = BRANCH.make({ transactions: TRANSACTIONS.slice(0, 4) });
    const compact = { ...makeCompactBlock(BLOCK, 7n), header: other.header };
    const ids = makeCompactBlock({ ...BLOCK, header: other.header }, 7n).shortIds;
    const wrong = { ...compact, shortIds: ids };
    expect(reconstruct(wrong, TRANSACTIONS).status).toBe("unusable");
  });

  test("looks for witnesses as well: the same transaction with another one is not it", () => {
    const branch = chainOf(3, QUICK).mine({
      coinbaseOutputs: [{ value: 1_000_000, scriptPubKey: ANYONE_BY_WITNESS }],
    });
    branch.mine(2);
    const tx = spend([branch.coinbaseCoin(4)]);
    const block = branch.make({ transactions: [tx] });
    const stripped = { ...tx, wtxid: tx.txid as unknown as typeof tx.wtxid };
    expect(missingOf(reconstruct(makeCompactBlock(block, 1n), [stripped]))).toEqual([1]);
  });
});
