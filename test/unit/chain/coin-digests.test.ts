/**
 * The coins at every step of a chain, there and back, as digests of all of them (C-28).
 */

import { describe, expect, test } from "bun:test";
import { mineBusy } from "../../support/busy-blocks.ts";
import {
  ANYONE_BY_WITNESS,
  type Branch,
  chainOf,
  coinOf,
  NOBODY,
  QUICK,
  type SpendableCoin,
  spend,
  TestNode,
} from "../../support/chain-builder.ts";
import { repeatSeeded, type SeededRandom } from "../../support/random.ts";

/** Follows `branch` and notes the digest after each of its blocks, by height. */
function digestsOf(branch: Branch): string[] {
  const node = new TestNode(QUICK);
  const digests = [node.digest()];
  for (const block of branch.blocks) {
    expect(node.offer(block)).toBe("connected");
    digests.push(node.digest());
  }
  return digests;
}

/** Grows by `count` blocks of random payments: chains within a block, burns, witnesses, no fees. */
function mineRandom(branch: Branch, random: SeededRandom, count: number): Branch {
  const coins: SpendableCoin[] = [];
  for (let block = 0; block < count; block++) {
    coins.push(branch.coinbaseCoin(branch.height - 1));
    const transactions = Array.from({ length: random.below(5) }, () => {
      const spent = Array.from(
        { length: Math.min(coins.length, 1 + random.below(3)) },
        () => coins.splice(random.below(coins.length), 1).at(0)!,
      );
      if (spent.length === 0) return [];
      const script = random.pick([undefined, ANYONE_BY_WITNESS, NOBODY]);
      const outputs = 1 + random.below(4);
      const tx = spend(spent, { count: outputs, ...(script === undefined ? {} : { script }) });
      if (script !== NOBODY) coins.push(...tx.outputs.map((_, vout) => coinOf(tx, vout)));
      return [tx];
    }).flat();
    branch.mine({ transactions });
  }
  return branch;
}

describe("each step back", () => {
  test("C-28: leaves the very coins that were there before the block, 30 times over random chains", () => {
    let steps = 0;
    repeatSeeded(0xc28, 30, (random) => {
      const trunk = chainOf(3, QUICK);
      const left = mineRandom(trunk.fork(), random, 8);
      const right = mineRandom(trunk.fork(), random, 9);
      const [before, after] = [digestsOf(left), digestsOf(right)];
      const node = new TestNode(QUICK).follow(left);
      node.chain.events.on("block-disconnected", ({ entry }) => {
        expect(node.digest()).toBe(before[entry.height - 1]!);
        steps += 1;
      });
      node.chain.events.on("block-connected", ({ entry }) => {
        expect(node.digest()).toBe(after[entry.height]!);
        steps += 1;
      });
      node.follow(right);
      expect(node.tipHash).toBe(right.tip.hash);
    });
    expect(steps).toBe(30 * (8 + 9));
  });

  test("C-28: and so over 60 blocks that spend each other's coins, back to the first", () => {
    const left = mineBusy(chainOf(2, QUICK), 60);
    const before = digestsOf(left);
    const node = new TestNode(QUICK).follow(left);
    const seen: string[] = [];
    node.chain.events.on("block-disconnected", () => seen.push(node.digest()));
    node.follow(left.fork(60).mine(61));
    expect(seen).toEqual(before.slice(2, -1).toReversed());
  });

  test("C-28: digests tell any two of those states apart", () => {
    const digests = digestsOf(mineBusy(chainOf(2, QUICK), 60));
    expect(new Set(digests).size).toBe(digests.length);
  });
});
