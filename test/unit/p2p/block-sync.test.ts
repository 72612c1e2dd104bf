/**
 * Whole nodes that catch up, follow, part and come together again.
 *
 * True chains and peers over a virtual network. Single conversations are tried in the files beside
 * this one.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { type Block, encodeBlock, makeBlock } from "../../../src/primitives/block.ts";
import {
  ANYONE_BY_WITNESS,
  Branch,
  chainOf,
  coinOf,
  QUICK,
  spend,
} from "../../support/chain-builder.ts";
import { HandPeer, serveBranch } from "../../support/hand-peer.ts";
import { P2pWorld, type WorldNode, type WorldOptions } from "../../support/p2p-world.ts";

const worlds: P2pWorld[] = [];

function worldOf(options: WorldOptions = {}): P2pWorld {
  const world = new P2pWorld(options);
  worlds.push(world);
  return world;
}

afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});

/** No honest node thinks badly of another. */
function expectPeace(nodes: readonly WorldNode[]): void {
  expect(nodes.flatMap(({ losses }) => losses)).toEqual([]);
}

/** Another body under the same header. */
function mutate(block: Block): Block {
  const [coinbase] = block.transactions;
  return makeBlock(block.header, [...block.transactions, coinbase!]);
}

describe("makeBlockConversations", () => {
  test("a new node catches up with another, and then follows it", () => {
    const world = worldOf();
    const branch = chainOf(300);
    const [old, young] = [world.addNodes(1, branch)[0]!, world.addNodes(1)[0]!];
    world.connectAll();
    world.untilTip(branch.tip.hash);
    branch.mine(1);
    old.submit(branch.blocks);
    expect(world.untilTip(branch.tip.hash)).toBeLessThan(100);
    expect(young.coins).toBe(old.coins);
    expectPeace(world.nodes);
  });

  test("P-04, P-05, P-15: 2,500 blocks from three, of whom one stalls, one lies, one mutates", () => {
    const world = worldOf();
    const branch = chainOf(2_500);
    const [honest, young] = [world.addNodes(1, branch)[0]!, world.addNodes(1)[0]!];
    const staller = serveBranch(new HandPeer(world), branch, { block: () => undefined });
    const liar = serveBranch(new HandPeer(world), chainOf(10));
    liar.startHeight = 2 ** 31 - 1;
    const mutator = serveBranch(new HandPeer(world), branch, { block: mutate });
    for (const peer of [staller, liar, mutator]) peer.connect(young);
    world.pass(50);
    expect(young.sync.progress().bestHeaderHeight).toBeLessThanOrEqual(2_500);
    young.dial(honest);

    const startedAt = performance.now();
    let peak = { heldBlocks: 0, requests: 0 };
    world.clock.afterEvent = () => {
      const { heldBlocks, requests } = young.sync.load();
      peak = {
        heldBlocks: Math.max(peak.heldBlocks, heldBlocks),
        requests: Math.max(peak.requests, requests),
      };
    };
    const tookMs = world.untilTip(branch.tip.hash, [young], 60_000);
    const seconds = (performance.now() - startedAt) / 1_000;
    console.log(
      `initial sync of 2,500 blocks: ${Math.round(2_500 / seconds)} blocks/s, ` +
        `${(tookMs / 1_000).toFixed(1)} s of virtual time, ` +
        `${honestMessages(young)} messages with the honest peer, ` +
        `at most ${peak.heldBlocks} blocks held and ${peak.requests} on their way`,
    );
    expect(young.coins).toBe(honest.coins);
    expect(peak.heldBlocks).toBeLessThanOrEqual(1_024);
    expect(peak.requests).toBeLessThanOrEqual(4 * 16);
    expect([staller, mutator].map(({ isClosed }) => isClosed)).toEqual([true, true]);
    expect(young.losses.map(({ reason, isDiscouraged }) => [reason, isDiscouraged])).toEqual(
      expect.arrayContaining([
        ["misbehaving", true],
        ["stalled", false],
      ]),
    );
    expectPeace([honest]);
    expect(young.sync.progress()).toMatchObject({ ourHeight: 2_500, isSyncing: false });
  }, 60_000);

  test("P-09: a node that went off in the middle goes on from what its disk has", () => {
    const world = worldOf();
    const branch = chainOf(400);
    const [old, young] = [world.addNodes(1, branch)[0]!, world.addNodes(1)[0]!];
    for (const height of [1, 60, 200, 390]) {
      young.dial(old);
      world.until(() => young.height >= height);
      young.crash();
      world.pass(5_000);
      young.start();
      expect(young.height).toBeGreaterThanOrEqual(height);
    }
    young.dial(old);
    expect(world.untilTip(branch.tip.hash)).toBeLessThan(30_000);
    expect(young.coins).toBe(old.coins);
  });

  test("a node that was off while others went on catches up, and its own branch goes", () => {
    const world = worldOf();
    const branch = chainOf(50);
    const nodes = world.addNodes(4, branch);
    const sleeper = nodes[3]!;
    world.connectAll();
    world.pass(1_000);
    // Its last blocks never left it.
    world.network.partition([[sleeper.host], nodes.slice(0, 3).map(({ host }) => host)], "reset");
    sleeper.submit(branch.fork().mine(5).blocks);
    sleeper.crash();
    for (let count = 0; count < 60; count++) {
      nodes[count % 3]!.submit(branch.mine(1).blocks);
      world.untilTip(branch.tip.hash, nodes.slice(0, 3));
    }
    world.network.healAll();
    sleeper.start();
    for (const node of nodes.slice(0, 3)) sleeper.dial(node);
    expect(world.untilTip(branch.tip.hash)).toBeLessThan(5_000);
    expect(sleeper.reorgDepths).toEqual([5]);
    expect(new Set(nodes.map(({ coins }) => coins)).size).toBe(1);
  });

  test("two groups that mined apart agree on the chain with more work", () => {
    const world = worldOf();
    const trunk = chainOf(20);
    const nodes = world.addNodes(5, trunk);
    world.connectAll();
    world.pass(1_000);
    const [left, right] = [nodes.slice(0, 2), nodes.slice(2)];
    world.network.partition(
      [left.map(({ host }) => host), right.map(({ host }) => host)],
      "silent",
    );
    const [shorter, longer] = [trunk.fork(), trunk.fork()];
    for (let round = 0; round < 25; round++) {
      left[round % 2]!.submit(shorter.mine(1).blocks);
      right[round % 3]!.submit(longer.mine(round % 5 === 0 ? 2 : 1).blocks);
      world.pass(1_000);
    }
    world.untilTip(shorter.tip.hash, left);
    world.untilTip(longer.tip.hash, right);
    world.network.healAll();
    world.untilTip(longer.tip.hash, nodes, 30_000);
    expect(left.map(({ reorgDepths }) => reorgDepths)).toEqual([[25], [25]]);
    expect(new Set(nodes.map(({ coins }) => coins)).size).toBe(1);
    expectPeace(nodes);
  });

  test("a shorter chain with more work wins over a longer one", () => {
    const chain = findNetwork("weighty", 1);
    const world = worldOf({ chain, startMs: (chain.genesis.header.time + 100_000) * 1000 });
    // In a fast first period the target falls to a quarter: each block after it is worth four.
    const branchOf = (spacing: number, count: number) => {
      const branch = new Branch(chain);
      while (branch.height < count) {
        branch.mine({ header: { time: branch.context.time + spacing } });
      }
      return branch;
    };
    const [heavy, long] = [branchOf(2, 120), branchOf(10, 160)];
    const [left, right] = [world.addNodes(1, heavy)[0]!, world.addNodes(1, long)[0]!];
    const fresh = world.addNodes(1)[0]!;
    world.connectAll();
    world.untilTip(heavy.tip.hash);
    expect(right.reorgDepths).toEqual([160]);
    expect(left.reorgDepths).toEqual([]);
    expect(fresh.coins).toBe(left.coins);
    expectPeace(world.nodes);
  });

  test("P-11: a branch of 2,001 blocks replaces one of 2,000", () => {
    const world = worldOf();
    const trunk = chainOf(5);
    const [shorter, longer] = [trunk.fork().mine(2_000), trunk.fork().mine(2_001)];
    const [node] = world.addNodes(1, shorter) as [WorldNode];
    const [other] = world.addNodes(1, longer) as [WorldNode];
    world.connectAll();
    world.untilTip(longer.tip.hash);
    expect(node.reorgDepths).toEqual([2_000]);
    expect(node.coins).toBe(other.coins);
    expect(node.sync.load()).toMatchObject({ treeHeaders: 0, heldBlocks: 0, requests: 0 });
    expectPeace(world.nodes);
  }, 60_000);
});

describe("a block of 1,000 transactions among eight nodes", () => {
  /** Coinbases of standard outputs, and as many payments of them as a mempool takes. */
  function preparedWorld(isFilled: boolean) {
    const link = { latencyMs: [50, 50], bytesPerSecond: 12_500_000, lossPerThousand: 0 } as const;
    const world = worldOf({ chain: QUICK, link });
    const branch = new Branch(QUICK);
    const coinbaseOutputs = Array.from({ length: 100 }, () => ({
      value: QUICK.params.subsidy / 100,
      scriptPubKey: ANYONE_BY_WITNESS,
    }));
    for (let height = 1; height <= 13; height++) branch.mine({ coinbaseOutputs });
    const transactions = Array.from({ length: 1_000 }, (_, place) => {
      const coin = coinOf(branch.at(1 + Math.floor(place / 100)).transactions[0]!, place % 100);
      return spend([coin], { fee: 1_000, script: ANYONE_BY_WITNESS });
    });
    const nodes = world.addNodes(8, branch);
    if (isFilled) {
      for (const { mempool } of nodes) for (const tx of transactions) mempool.submit(tx);
    }
    world.connectAll();
    world.pass(5_000);
    return { world, nodes, branch, block: branch.make({ transactions, fees: 1_000_000 }) };
  }

  function trafficOf(nodes: readonly WorldNode[]) {
    const all = nodes.flatMap(({ peers }) => peers.map(({ statistics }) => statistics));
    const sum = (pick: (statistics: (typeof all)[number]) => number) =>
      all.reduce((total, statistics) => total + pick(statistics), 0);
    return { bytes: sum(({ bytesSent }) => bytesSent), messages: sum((one) => one.messagesSent) };
  }

  test.each([
    [true, "known to all", 12],
    [false, "known to none", 2],
  ])("its transactions in the mempools: %p", (isFilled, words, factor) => {
    const { world, nodes, block } = preparedWorld(isFilled);
    const before = trafficOf(nodes);
    nodes[0]!.submit([block]);
    const tookMs = world.untilTip(block.hash);
    world.pass(1_000);
    const after = trafficOf(nodes);
    const [bytes, messages] = [after.bytes - before.bytes, after.messages - before.messages];
    const size = encodeBlock(block).length;
    console.log(
      `a block of ${size} bytes, its transactions ${words}: ${Math.round(bytes / 7)} bytes and ` +
        `${(messages / 7).toFixed(1)} messages for each node that gets it, ` +
        `all have it after ${Math.round(tookMs)} ms on links of 50 ms`,
    );
    // Each of seven gets it once, and some a few times as a compact block.
    expect(bytes).toBeLessThan((7 * size * 4) / factor);
    expect(tookMs).toBeLessThan(500);
    expectPeace(nodes);
  });
});

function honestMessages(node: WorldNode): number {
  return node.peers.reduce((most, { statistics }) => {
    return Math.max(most, statistics.messagesReceived + statistics.messagesSent);
  }, 0);
}
