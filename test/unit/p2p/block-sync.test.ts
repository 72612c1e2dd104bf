/**
 * Whole nodes that catch up, follow, part and come together again.
 *
 * True chains and peers over a virtual network. Single conversations are tried in the files beside
 * this one.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { type Block, makeBlock } from "../../../src/primitives/block.ts";
import { chainOf } from "../../support/chain-builder.ts";
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

function honestMessages(node: WorldNode): number {
  return node.peers.reduce((most, { statistics }) => {
    return Math.max(most, statistics.messagesReceived + statistics.messagesSent);
  }, 0);
}
