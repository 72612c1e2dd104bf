/**
 * The choice of the chain with the most work, and the walk from one branch to another.
 *
 * After every detour the coins must be those of a replay, and events must balance.
 */

import { describe, expect, test } from "bun:test";
import { BLOCK_STATUS } from "../../../src/chain/block-index.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { workOfBits } from "../../../src/consensus/target.ts";
import type { Block } from "../../../src/primitives/block.ts";
import { busyPlan, mineBusy } from "../../support/busy-blocks.ts";
import {
  Branch,
  chainOf,
  coinsAfter,
  QUICK,
  spend,
  TestNode,
  withParams,
} from "../../support/chain-builder.ts";

/** Replays the events; throws if one does not fit, and gives the blocks that are left. */
function replayEvents({ events, network }: TestNode): string[] {
  const active: string[] = [network.genesis.hash];
  for (const [kind, hash] of events) {
    if (kind === "+") active.push(hash);
    else expect(active.pop()).toBe(hash);
  }
  return active;
}

/** Fails unless `node` is at the end of `branch` with exactly its coins. */
function expectAt(node: TestNode, branch: Branch): void {
  expect(node.tipHash).toBe(branch.tip.hash);
  const state = node.state();
  expect(state.active).toEqual([node.network.genesis, ...branch.blocks].map(({ hash }) => hash));
  expect(replayEvents(node)).toEqual([...state.active]);

  const fresh = new TestNode(node.network).follow(branch);
  expect(node.digest()).toBe(fresh.digest());
  const model = coinsAfter(branch.blocks);
  const value = [...model.values()].reduce((sum, coin) => sum + coin.value, 0);
  expect(node.chain.coins.totals()).toEqual({ count: model.size, value });
  expect(node.restartedCopy().state()).toEqual(state);
}

describe("a branch with more work", () => {
  const trunk = chainOf(4, QUICK);

  test.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    "P-11: takes over at depth %i, and the old one can take over again",
    (depth) => {
      const left = mineBusy(trunk.fork(), depth);
      const right = mineBusy(trunk.fork(), depth + 1);
      const node = new TestNode(QUICK).follow(left).follow(right);
      expectAt(node, right);
      expect(node.reorgs).toEqual([[depth, depth + 1]]);

      node.follow(mineBusy(left, 2));
      expectAt(node, left);
      expect(node.reorgs).toEqual([
        [depth, depth + 1],
        [depth + 1, depth + 2],
      ]);
    },
  );

  test("P-11: takes over at depth 150, back to genesis, and back again", () => {
    const left = mineBusy(new Branch(QUICK).mine(2), 148);
    const right = mineBusy(left.fork(150).mine(2), 149);
    const node = new TestNode(QUICK).follow(left).follow(right);
    expectAt(node, right);
    expect(node.reorgs).toEqual([[150, 151]]);
    node.follow(mineBusy(left, 2));
    expectAt(node, left);
  });

  test("announces one change of the tip, after the blocks", () => {
    const left = trunk.fork().mine(3);
    const right = trunk.fork().mine(4);
    const node = new TestNode(QUICK).follow(left);
    node.tips.length = 0;
    const heights: number[] = [];
    node.chain.events.on("tip-changed", () => heights.push(node.events.length));
    node.follow(right);
    expect(node.tips).toEqual([right.tip.hash]);
    expect(heights).toEqual([4 + 3 + 3 + 4]);
  });

  test("says where the branches part, and what left and came in order", () => {
    const left = trunk.fork().mine(2);
    const right = trunk.fork().mine(3);
    const node = new TestNode(QUICK).follow(left);
    const seen: unknown[] = [];
    node.chain.events.on("reorg", ({ forkPoint, disconnected, connected }) =>
      seen.push([forkPoint, disconnected, connected].flat().map(({ hash }) => hash)),
    );
    node.follow(right);
    const order = [trunk.tip, ...left.after(4).toReversed(), ...right.after(4)];
    expect(seen).toEqual([order.map(({ hash }) => hash)]);
  });
});

describe("a branch without more work", () => {
  test("C-01: a tie keeps the block that came first, whatever the hashes", () => {
    for (let length = 1; length <= 6; length++) {
      const left = chainOf(2).fork().mine(length);
      const right = left.fork(length).mine(length);
      for (const [first, second] of [
        [left, right],
        [right, left],
      ] as const) {
        const node = new TestNode().follow(first).follow(second);
        expectAt(node, first);
        expect(node.reorgs).toEqual([]);
        expect(node.restartedCopy().tipHash).toBe(first.tip.hash);
      }
    }
  });

  test("is kept on the side, with the status of what nobody has connected", () => {
    const branch = chainOf(5);
    const side = branch.fork(3).mine(3);
    const node = new TestNode().follow(branch);
    expect(node.offerAll(side.after(2))).toEqual(new Array(3).fill("side-branch"));
    for (const block of side.after(2)) expect(node.statusOf(block)).toBe(0);
    for (const block of branch.blocks) expect(node.statusOf(block)).toBe(BLOCK_STATUS.connected);
    expect(node.events).toHaveLength(5);
  });

  test("C-01: does not win by being longer", () => {
    // The target moves every five blocks, so that a quick branch is soon worth more than a slow one.
    const cairn = findNetwork("cairn", 1);
    const network = withParams(cairn, {
      retarget: { interval: 5, spacingSeconds: 10, timewarpGraceSeconds: 120 },
    });
    const quick = new Branch(network).mine({ header: { time: cairn.genesis.header.time + 1e6 } });
    const slow = quick.fork();
    const grow = (branch: Branch, spacing: number, count: number) => {
      for (let index = 0; index < count; index++) {
        branch.mine({ header: { time: branch.context.time + spacing } });
      }
      return branch;
    };
    grow(quick, 5, 11);
    grow(slow, 40, 24);
    const workOf = (blocks: readonly Block[]) =>
      blocks.reduce((sum, { header }) => sum + workOfBits(header.bits), 0n);
    expect(slow.height).toBe(2 * quick.height + 1);
    expect(workOf(slow.blocks) < workOf(quick.blocks)).toBe(true);

    const node = new TestNode(network).follow(quick).follow(slow);
    expectAt(node, quick);
    expect(node.reorgs).toEqual([]);

    const other = new TestNode(network).follow(slow).follow(quick);
    expectAt(other, quick);
    expect(other.chain.tip.chainwork).toBe(workOf([network.genesis, ...quick.blocks]));
    expect(other.reorgs[0]![0]).toBeGreaterThan(other.reorgs[0]![1]);
  });
});

describe("a branch with more work that is invalid", () => {
  const LENGTH = 5;
  const trunk = mineBusy(chainOf(4, QUICK), 2);
  const left = mineBusy(trunk.fork(), 3);

  /** A branch of five whose block at `position` takes a sat too much. */
  function brokenAt(position: number): Branch {
    const branch = trunk.fork();
    for (let index = 1; index <= LENGTH; index++) {
      const plan = busyPlan(branch);
      branch.mine(index === position ? { ...plan, fees: 43 } : plan);
    }
    return branch;
  }

  test.each([1, 2, 3, 4, 5])(
    "P-13: leads back to the best valid one, broken at block %i",
    (position) => {
      const right = brokenAt(position);
      const node = new TestNode(QUICK).follow(left);
      const before = node.digest();
      const outcomes = node.offerAll(right.after(trunk.height));
      // The fourth block has more work than the three on the left; then everything comes to light.
      const expected = ["side-branch", "side-branch", "side-branch", "connected", "bad-cb-amount"];
      if (position <= 4) expected.splice(3, 2, "bad-cb-amount", "bad-prevblk");
      expect(outcomes).toEqual(expected as typeof outcomes);

      if (position <= 4) {
        expectAt(node, left);
        expect(node.digest()).toBe(before);
      } else {
        expect(node.tipHash).toBe(right.at(trunk.height + 4).hash);
      }
      for (const [index, block] of right.after(trunk.height).slice(0, 4).entries()) {
        const place = index + 1;
        const status = node.statusOf(block);
        if (place < position) expect(status).toBe(BLOCK_STATUS.connected);
        if (place === position) expect(status).toBe(BLOCK_STATUS.invalid);
        if (place > position) expect(status).toBe(BLOCK_STATUS.invalidAncestor);
      }
      for (const block of left.blocks) expect(node.statusOf(block)).toBe(BLOCK_STATUS.connected);
      expect(node.restartedCopy().state()).toEqual(node.state());
    },
  );

  test("C-25: all that descends from it is marked, on every branch, and nothing else", () => {
    const right = brokenAt(2);
    const twig = right.fork(3).mine(1);
    const sound = right.fork(4).mine(1);
    const node = new TestNode(QUICK).follow(left);
    node.offerAll(right.after(trunk.height).slice(0, 3));
    expect(node.offer(twig.tip)).toBe("side-branch");
    node.offer(sound.tip);
    expect(node.offer(right.at(trunk.height + 4))).toBe("bad-cb-amount");
    expect(node.statusOf(twig.tip)).toBe(BLOCK_STATUS.invalidAncestor);
    expect(node.statusOf(sound.tip)).toBe(0);
    expect(node.offer(twig.tip)).toBe("duplicate-invalid");
    expect(node.offer(twig.mine(1).tip)).toBe("bad-prevblk");
    expectAt(node, left);
  });

  test("P-13: does not keep a third branch from winning later", () => {
    const middle = mineBusy(trunk.fork(), 4);
    const right = brokenAt(3);
    const node = new TestNode(QUICK).follow(left);
    node.offerAll(right.after(trunk.height).slice(0, 3));
    node.offerAll(middle.after(trunk.height).slice(0, 3));
    expect(node.tipHash).toBe(left.tip.hash);
    expect(node.offer(right.at(trunk.height + 4))).toBe("bad-cb-amount");
    expectAt(node, left);
    expect(node.offer(middle.tip)).toBe("connected");
    expectAt(node, middle);
  });

  test("P-13: a tie of what is left of it with the old tip goes to the old tip", () => {
    const right = brokenAt(4);
    const node = new TestNode(QUICK).follow(left);
    expect(node.offerAll(right.after(trunk.height)).at(3)).toBe("bad-cb-amount");
    // Three valid blocks either way.
    expectAt(node, left);
  });

  test("C-25: the branch may go on from before the fault and win", () => {
    const right = brokenAt(3);
    const node = new TestNode(QUICK).follow(left);
    node.offerAll(right.after(trunk.height));
    const repaired = mineBusy(right.fork(3), 3);
    node.follow(repaired);
    expectAt(node, repaired);
  });
});

describe("what is valid on one branch only", () => {
  test("C-07: a coinbase is as old as it is on the branch that spends it", () => {
    const trunk = chainOf(99);
    const left = trunk.fork().mine(2);
    const transactions = [spend([trunk.coinbaseCoin(1)])];
    const node = new TestNode().follow(left);
    // At height 102 of the left branch it is ripe; at height 100 of the right one it is not yet.
    expect(() => node.chain.checkNextBlock(left.make({ transactions }))).not.toThrow();
    const right = trunk.fork().mine({ transactions }).mine(2);
    expect(node.offerAll(right.after(99))).toEqual([
      "side-branch",
      "side-branch",
      "bad-txns-premature-spend-of-coinbase",
    ]);
    expectAt(node, left);
  });

  test("C-07: a coin of one branch does not exist on the other", () => {
    const trunk = chainOf(4, QUICK);
    const left = trunk.fork().mine(3);
    const right = trunk
      .fork()
      .mine(3)
      .mine({ transactions: [spend([left.coinbaseCoin(5)])] });
    const node = new TestNode(QUICK).follow(left);
    expect(node.offerAll(right.after(4)).at(-1)).toBe("bad-txns-inputs-missingorspent");
    expectAt(node, left);
  });

  test("C-06: the coinbase of a block that left is really gone", () => {
    const trunk = chainOf(4, QUICK);
    const left = trunk.fork().mine(1);
    const node = new TestNode(QUICK).follow(left).follow(trunk.fork().mine(2));
    expect(node.chain.coins.findCoin(left.coinbaseCoin(5).outpoint)).toBeUndefined();
  });

  test("C-03: one payment may stand in a block of either branch, each time once", () => {
    const trunk = chainOf(4, QUICK);
    const payment = spend([trunk.coinbaseCoin(1)], { count: 2 });
    const left = trunk.fork().mine({ transactions: [payment] });
    const right = trunk.fork().mine({}, { transactions: [payment] });
    const node = new TestNode(QUICK).follow(left).follow(right);
    expectAt(node, right);
    node.follow(left.mine(2));
    expectAt(node, left);
  });
});
