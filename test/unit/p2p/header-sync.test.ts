/**
 * Asking for headers and taking them: what each answer, and no answer, leads to.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { HEADERS_TIMEOUT_MS, LATER_MS, STALE_TIP_MS } from "../../../src/p2p/header-sync.ts";
import type { BlockHeader } from "../../../src/primitives/block-header.ts";
import { MSG_BLOCK } from "../../../src/wire/inventory-messages.ts";
import type { Message } from "../../../src/wire/message.ts";
import { type Branch, chainOf } from "../../support/chain-builder.ts";
import { HandPeer, serveBranch } from "../../support/hand-peer.ts";
import { P2pWorld, type WorldNode, type WorldOptions } from "../../support/p2p-world.ts";

const worlds: P2pWorld[] = [];

/** A node with the blocks of `branch`, and a peer driven by hand. */
function stage(branch = chainOf(0), options: WorldOptions = {}) {
  const world = new P2pWorld(options);
  worlds.push(world);
  const [node] = world.addNodes(1, branch) as [WorldNode];
  return { world, node, peer: new HandPeer(world) };
}

afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});

function headersOf(branch: Branch, from = 1): Message {
  return { command: "headers", headers: branch.after(from - 1).map(({ header }) => header) };
}

const NO_HEADERS: Message = { command: "headers", headers: [] };

describe("HeaderSync", () => {
  test("asks a new peer for what follows the block before our tip, and to announce by headers", () => {
    const branch = chainOf(30);
    const { node, peer } = stage(branch);
    peer.connect(node);
    const { locator } = peer.untilTold("getheaders");
    expect(locator[0]).toBe(branch.at(29).hash);
    expect(locator.at(-1)).toBe(branch.at(0).hash);
    expect(peer.told("sendheaders")).toHaveLength(1);
  });

  test("goes on while 2,000 come, and stops at fewer", () => {
    const branch = chainOf(4_100);
    const { world, node, peer } = stage();
    serveBranch(peer, branch, { block: () => undefined }).connect(node);
    world.until(() => node.sync.bestHeader().height === 4_100);
    world.pass(100);
    expect(peer.told("getheaders")).toHaveLength(3);
    expect(node.sync.load().treeHeaders).toBe(4_100);
    expect(node.height).toBe(0);
    peer.close();
    world.pass(100);
    expect(node.sync.load().treeHeaders).toBe(0);
  });

  test("does not go on with a peer that sends the same 2,000 again and again", () => {
    const branch = chainOf(2_000);
    const { world, node, peer } = stage();
    peer.answer = ({ command }) => {
      if (command === "getheaders") peer.send(headersOf(branch));
    };
    peer.connect(node);
    world.pass(5_000);
    expect(peer.told("getheaders").length).toBeLessThanOrEqual(3);
  });

  test("P-02: headers that do not connect are asked about once each, and ten of them end it", () => {
    const branch = chainOf(60);
    const { world, node, peer } = stage();
    peer.answer = ({ command }) => {
      if (command === "getheaders") peer.send(NO_HEADERS);
    };
    peer.connect(node);
    peer.untilTold("getheaders");
    world.pass(100);
    for (let round = 1; round <= 9; round++) {
      peer.send(headersOf(branch, 5 * round));
      world.pass(100);
      expect(peer.told("getheaders")).toHaveLength(1 + round);
    }
    expect(peer.isClosed).toBe(false);
    peer.send(headersOf(branch, 50));
    world.pass(100);
    expect(node.losses).toMatchObject([{ reason: "unconnected-headers", isDiscouraged: true }]);
  });

  test("P-02: headers that do not connect cost nothing while the peer is being asked", () => {
    const branch = chainOf(60);
    const { world, node, peer } = stage();
    peer.connect(node);
    peer.untilTold("getheaders");
    for (let height = 20; height <= 60; height++) peer.send(headersOf(branch, height));
    world.pass(100);
    expect(peer.told("getheaders")).toHaveLength(1);
    peer.send(headersOf(branch));
    world.until(() => node.sync.bestHeader().height === 60);
    expect(node.losses).toEqual([]);
  });

  test("P-02: 5,000 unknown hashes are answered by one question", () => {
    const { world, node, peer } = stage();
    peer.answer = ({ command }) => {
      if (command === "getheaders") peer.send(NO_HEADERS);
    };
    peer.connect(node);
    world.pass(100);
    const before = peer.told("getheaders").length;
    const entries = chainOf(100).blocks.map(({ hash }) => ({ type: MSG_BLOCK, hash }) as const);
    peer.send({ command: "inv", entries: new Array(50).fill(entries).flat() });
    world.pass(100);
    expect(peer.told("getheaders")).toHaveLength(before + 1);
    expect(peer.told("getdata")).toEqual([]);
  });

  test.each([
    ["without work", "misbehaving", (header: BlockHeader) => ({ ...header, bits: 0x1d00ffff })],
    ["of a time that has passed", "misbehaving", (header: BlockHeader) => ({ ...header, time: 1 })],
  ] as const)("a header %s ends it", (_, reason, change) => {
    const { world, node, peer } = stage();
    peer.connect(node);
    const { header } = chainOf(1).at(1);
    peer.send({ command: "headers", headers: [change(header)] });
    world.pass(100);
    // Changing a header changes its hash: half of them still meet the easiest target.
    expect(node.losses).toMatchObject([{ reason, isDiscouraged: true }]);
  });

  test("headers out of order end it", () => {
    const { world, node, peer } = stage();
    peer.connect(node);
    const [first, second] = chainOf(2).blocks.map(({ header }) => header);
    peer.send({ command: "headers", headers: [second!, first!] });
    world.pass(100);
    expect(node.losses).toEqual([]);
    peer.send({ command: "headers", headers: [first!, first!] });
    world.pass(100);
    expect(node.losses).toMatchObject([{ reason: "disordered-headers" }]);
  });

  test("P-17: a header from the future costs nothing, and is asked for again until its time", () => {
    const { world, node, peer } = stage();
    const time = Math.floor(world.clock.now() / 1000) + 7_230;
    const branch = chainOf(3).mine({ header: { time } });
    serveBranch(peer, branch).connect(node);
    world.until(() => node.height === 3);
    const asked = peer.told("getheaders").length;
    world.pass(LATER_MS + 100);
    expect(peer.told("getheaders")).toHaveLength(asked + 1);
    expect(node.height).toBe(3);
    expect(world.until(() => node.height === 4)).toBeLessThan(30_000);
    expect(node.losses).toEqual([]);
  });

  test("a peer that claims more than we have and does not answer is replaced", () => {
    const { world, node, peer } = stage(chainOf(5));
    peer.startHeight = 6;
    peer.connect(node);
    world.pass(HEADERS_TIMEOUT_MS - 500);
    expect(peer.isClosed).toBe(false);
    world.pass(1_000);
    expect(node.losses).toMatchObject([{ reason: "stalled", isDiscouraged: false }]);
  });

  test("a peer that claims nothing may be silent", () => {
    const { world, node, peer } = stage(chainOf(5));
    peer.startHeight = 5;
    peer.connect(node);
    world.pass(2 * HEADERS_TIMEOUT_MS);
    expect(peer.isClosed).toBe(false);
    expect(node.peers).toHaveLength(1);
  });

  test("P-15: a height that a peer claims moves no progress", () => {
    const { world, node, peer } = stage(chainOf(5));
    peer.startHeight = 2 ** 31 - 1;
    serveBranch(peer, chainOf(5)).connect(node);
    // Long after the node's own blocks, which count as well.
    world.pass(20_000);
    expect(node.sync.progress()).toEqual({
      ourHeight: 5,
      bestHeaderHeight: 5,
      isSyncing: false,
      blocksPerSecond: 0,
      estimatedSeconds: undefined,
    });
  });

  test("progress tells of what is missing, how fast it comes, and how long it will take", () => {
    const branch = chainOf(1_000);
    const { world, node, peer } = stage();
    let budget = 0;
    serveBranch(peer, branch, { block: (block) => (budget-- > 0 ? block : undefined) });
    peer.connect(node);
    budget = 200;
    world.until(() => node.height === 200);
    const progress = node.sync.progress();
    expect(progress).toMatchObject({ ourHeight: 200, bestHeaderHeight: 1_000, isSyncing: true });
    expect(progress.blocksPerSecond).toBeGreaterThan(0);
    expect(progress.estimatedSeconds).toBeCloseTo(800 / progress.blocksPerSecond, 6);
  });

  test("P-01: a chain longer than is kept is followed as its blocks come in", () => {
    const branch = chainOf(400);
    const { world, node, peer } = stage(chainOf(0), { headerLimits: { ahead: 50, total: 200 } });
    serveBranch(peer, branch).connect(node);
    let peak = 0;
    world.clock.afterEvent = () => {
      peak = Math.max(peak, node.sync.load().treeHeaders);
    };
    world.until(() => node.tipHash === branch.tip.hash);
    expect(peak).toBeLessThanOrEqual(50);
    expect(node.losses).toEqual([]);
  });

  test("new headers beyond what is kept cost their sender nothing", () => {
    const branch = chainOf(400);
    const { world, node, peer } = stage(chainOf(0), { headerLimits: { ahead: 50, total: 200 } });
    serveBranch(peer, branch, { block: () => undefined }).connect(node);
    world.until(() => node.sync.bestHeader().height === 50);
    for (let height = 370; height <= 400; height++) {
      peer.send(headersOf(branch, height));
      world.pass(100);
    }
    expect(node.losses).toEqual([]);
  });

  test("headers leave when their blocks come from elsewhere", () => {
    const branch = chainOf(40);
    const { world, node, peer } = stage();
    serveBranch(peer, branch, { block: () => undefined }).connect(node);
    world.until(() => node.sync.load().treeHeaders === 40);
    node.submit(branch.blocks.slice(0, 30));
    expect(node.sync.load().treeHeaders).toBe(10);
    node.submit(branch.blocks);
    expect(node.sync.load().treeHeaders).toBe(0);
  });

  test("a chain whose block is found invalid elsewhere gives way to the next best", () => {
    const trunk = chainOf(5);
    const [bad, good] = [trunk.fork().mine({}, { fees: 1 }), trunk.fork().mine(2)];
    const { world, node, peer } = stage(trunk);
    serveBranch(peer, bad, { block: () => undefined }).connect(node);
    const other = serveBranch(new HandPeer(world), good, { block: () => undefined });
    other.connect(node);
    world.pass(100);
    expect(node.sync.bestHeader().hash).toBe(bad.tip.hash);
    node.submit(bad.blocks);
    expect(node.sync.bestHeader().hash).toBe(good.tip.hash);
  });

  test("P-01: who pushes headers of no use is dropped, and the disk has none of them", () => {
    const limits = { ahead: 50, total: 200 };
    const branch = chainOf(300);
    const { world, node, peer } = stage(branch, { headerLimits: limits });
    peer.connect(node);
    const spam = headersOf(branch.fork(300).mine(200));
    for (let round = 0; round < 3; round++) peer.send(spam);
    world.pass(100);
    expect(node.losses).toMatchObject([{ reason: "misbehaving" }]);
    expect(node.chain.index.size).toBe(301);
    expect(node.sync.load().treeHeaders).toBe(0);
  });

  test("all peers are asked again when no tip has come for long", () => {
    const branch = chainOf(5);
    const { world, node, peer } = stage(branch);
    serveBranch(peer, branch).connect(node);
    world.pass(1_000);
    const asked = peer.told("getheaders").length;
    world.pass(2 * STALE_TIP_MS);
    expect(peer.told("getheaders").length).toBeGreaterThan(asked);
  });
});
