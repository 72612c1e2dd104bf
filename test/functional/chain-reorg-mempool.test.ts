/**
 * P-13 and P-14 on a whole node: what the mempool, the API and listeners have after the chain went
 * to another branch, or tried to and came back.
 *
 * That displaced payments are mined again, and balances right, is in chain-reorg.test.ts.
 */

import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Block } from "../../src/primitives/block.ts";
import type { Transaction } from "../../src/primitives/transaction.ts";
import {
  ANYONE_BY_WITNESS,
  Branch,
  coinOf,
  QUICK,
  type SpendableCoin,
  spend,
  withParams,
} from "../support/chain-builder.ts";
import { fundedCoins } from "../support/doors.ts";
import { type RunningNode, startTestApi, startTestNode } from "../support/test-node.ts";

const FEE = 10_000;

let running: RunningNode;
let events: (readonly ["+" | "-", string])[];

beforeEach(async () => {
  running = await startTestNode({ network: QUICK });
  events = [];
  const { events: chainEvents } = running.node.chain;
  chainEvents.on("block-connected", ({ entry }) => events.push(["+", entry.hash]));
  chainEvents.on("block-disconnected", ({ entry }) => events.push(["-", entry.hash]));
});

afterEach(async () => {
  await running[Symbol.asyncDispose]();
});

const pay = (...coins: readonly SpendableCoin[]) =>
  spend(coins, { fee: FEE, script: ANYONE_BY_WITNESS });

function offer(blocks: readonly Block[]): string[] {
  return blocks.map((block) => {
    const verdict = running.node.submitBlock(block);
    return verdict.status === "invalid" ? verdict.error.code : verdict.status;
  });
}

function accept(...txs: readonly Transaction[]): void {
  for (const tx of txs) expect(running.node.submitTransaction(tx).status).toBe("accepted");
}

const inMempool = () =>
  new Set<string>([...running.node.mempool.entries()].map(({ tx }) => tx.txid));
const idsOf = (...txs: readonly Transaction[]) => new Set<string>(txs.map(({ txid }) => txid));

/** Fails unless the events lead from genesis to the active chain. */
function expectBalanced(): void {
  const active: string[] = [];
  for (const [kind, hash] of events) {
    if (kind === "+") active.push(hash);
    else expect(active.pop()).toBe(hash);
  }
  const { chain } = running.node;
  expect(active).toEqual(
    Array.from({ length: chain.tip.height }, (_, index) => chain.index.findActive(index + 1)!.hash),
  );
}

const LENGTH = 6;

test.each(Array.from({ length: LENGTH }, (_, index) => index + 1))(
  `P-13: a better branch of ${LENGTH} blocks that breaks at block %i leaves mempool and listeners as they were`,
  (broken) => {
    const trunk = new Branch(QUICK).mine(1);
    const [a, b, c, d] = fundedCoins(trunk, 4);
    const mined = [pay(a!), pay(b!)];
    const left = trunk
      .fork()
      .mine({ transactions: mined })
      .mine(LENGTH - 2);
    // The same payment stands on both branches, and another one on the better branch alone.
    const both = mined[0]!;
    const theirs = pay(d!);
    const right = trunk.fork();
    for (let place = 1; place <= LENGTH; place++) {
      const transactions = place === 1 ? [both] : place === 2 ? [theirs] : [];
      right.mine({ transactions, fees: place === broken ? FEE * 2 + 1 : 0 });
    }

    const { chain } = running.node;
    offer(left.blocks);
    const waiting = [pay(coinOf(mined[1]!)), pay(c!)];
    accept(...waiting);
    const digest = chain.coins.digest();
    const before = inMempool();

    const outcomes = offer(right.after(trunk.height));
    expect(outcomes).toEqual([...new Array(LENGTH - 1).fill("side-branch"), "bad-cb-amount"]);
    expect(chain.tip.hash).toBe(left.tip.hash);
    expect(chain.coins.digest()).toEqual(digest);
    expectBalanced();
    // What was seen in a block of the other branch may wait here too: it is valid on both.
    const seen = broken > 2 ? idsOf(theirs) : new Set<string>();
    expect(inMempool()).toEqual(before.union(seen));

    expect(offer(right.after(trunk.height).slice(broken - 1))).toEqual(
      new Array(LENGTH - broken + 1).fill("duplicate-invalid"),
    );
    expect(offer(right.after(trunk.height).slice(0, broken - 1))).toEqual(
      new Array(broken - 1).fill("duplicate"),
    );
    // The node goes on, and takes what waited.
    left.mine({ transactions: waiting });
    expect(offer([left.tip])).toEqual(["connected"]);
    expect(inMempool()).toEqual(seen);
  },
);

test("P-14: payments of blocks that left wait again, but not those contradicted or immature", async () => {
  const trunk = new Branch(QUICK).mine(1);
  const [a, b, c] = fundedCoins(trunk, 3);
  const returning = [pay(a!)];
  returning.push(pay(coinOf(returning[0]!)));
  const contradicted = pay(b!);
  const onContradicted = pay(coinOf(contradicted));
  const left = trunk.fork();
  left.mine({
    transactions: [...returning, contradicted],
    coinbaseOutputs: [{ value: 5_000_000_000, scriptPubKey: ANYONE_BY_WITNESS }],
  });
  const orphaned = left.coinbaseCoin(left.height);
  left.mine(1);
  const ofOrphaned = pay(orphaned);
  left.mine({ transactions: [ofOrphaned] });

  const { node } = running;
  offer(left.blocks);
  const onOrphaned = pay(coinOf(ofOrphaned));
  accept(onContradicted, onOrphaned, pay(c!));
  const untouched = pay(c!);

  const right = trunk
    .fork()
    .mine({ transactions: [spend([b!], { fee: 7 })] })
    .mine(3);
  expect(offer(right.after(trunk.height)).at(-1)).toBe("connected");
  expectBalanced();
  expect(inMempool()).toEqual(idsOf(...returning, untouched));
  for (const tx of [contradicted, onContradicted, ofOrphaned, onOrphaned]) {
    expect(node.submitTransaction(tx).status).not.toBe("accepted");
  }

  // The coinbase of the block that left is shown as what it is, and pays nobody.
  expect(node.chain.coins.findCoin(orphaned.outpoint)).toBeUndefined();
  await using api = await startTestApi(node);
  const block = await api.fetch(`/api/block/${left.at(trunk.height + 1).hash}`);
  expect(await block.json()).toMatchObject({ status: "stale", confirmations: 0 });
  expect((await api.fetch(`/api/transactions/${orphaned.outpoint.txid}`)).status).toBe(404);
  right.mine({ transactions: [...returning, untouched] });
  expect(offer([right.tip])).toEqual(["connected"]);
  expect(inMempool()).toEqual(new Set());
});

test("P-14: a payment of a coinbase that is immature on a better but shorter branch goes", async () => {
  const network = withParams(QUICK, {
    coinbaseMaturity: 10,
    retarget: { interval: 5, spacingSeconds: 10, timewarpGraceSeconds: 120 },
  });
  await using world = await startTestNode({ network });
  const { node } = world;
  const own = [{ value: 5_000_000_000, scriptPubKey: ANYONE_BY_WITNESS }];
  const trunk = new Branch(network).mine(1).mine({ coinbaseOutputs: own });
  const grow = (branch: Branch, spacing: number, count: number) => {
    for (let index = 0; index < count; index++) {
      branch.mine({ header: { time: branch.context.time + spacing } });
    }
    return branch;
  };
  const slow = grow(trunk.fork(), 40, 12);
  for (const block of slow.blocks) node.submitBlock(block);
  const spender = pay(trunk.coinbaseCoin(2));
  const child = pay(coinOf(spender));
  for (const tx of [spender, child]) expect(node.submitTransaction(tx).status).toBe("accepted");

  const quick = grow(trunk.fork(), 1, 8);
  for (const block of quick.after(2)) node.submitBlock(block);
  expect(node.chain.tip.hash).toBe(quick.tip.hash);
  expect(quick.height).toBeLessThan(slow.height);
  expect(node.mempool.count).toBe(0);
  const again = node.submitTransaction(spender);
  expect(again.status === "rejected" && again.error.code).toBe(
    "bad-txns-premature-spend-of-coinbase",
  );
});
