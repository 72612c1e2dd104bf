/**
 * Fetching blocks from peers driven by hand: what is asked of whom, and what silence and lies cost.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { HARD_TIMEOUT_MS } from "../../../src/p2p/block-download.ts";
import { MAX_IN_TRANSIT_PER_PEER } from "../../../src/p2p/block-requests.ts";
import { type Block, makeBlock } from "../../../src/primitives/block.ts";
import type { BlockHash } from "../../../src/primitives/hash-id.ts";
import { MSG_WITNESS_BLOCK } from "../../../src/wire/inventory-messages.ts";
import { type Branch, chainOf, QUICK, spend } from "../../support/chain-builder.ts";
import { HandPeer, serveBranch } from "../../support/hand-peer.ts";
import { P2pWorld, type WorldNode, type WorldOptions } from "../../support/p2p-world.ts";

const worlds: P2pWorld[] = [];

function worldOf(options: WorldOptions = {}): P2pWorld {
  const world = new P2pWorld(options);
  worlds.push(world);
  return world;
}

function stage(branch = chainOf(0), options: WorldOptions = {}) {
  const world = worldOf(options);
  const [node] = world.addNodes(1, branch) as [WorldNode];
  return { world, node };
}

afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});

/** A peer that has `branch`, says so, and sends no block. */
function withholderOf(world: P2pWorld, branch: Branch): HandPeer {
  return serveBranch(new HandPeer(world), branch, { block: () => undefined });
}

function askedOf(peer: HandPeer): BlockHash[] {
  return peer
    .told("getdata")
    .flatMap(({ entries }) => entries.map(({ hash }) => hash as BlockHash));
}

function announce(peer: HandPeer, block: Block): void {
  peer.send({ command: "headers", headers: [block.header] });
}

/** Another body under the same header. */
function mutate(block: Block): Block {
  return makeBlock(block.header, [...block.transactions, block.transactions[0]!]);
}

describe("BlockDownload", () => {
  test("asks each peer for 16 at most, different ones of each, lowest first", () => {
    const branch = chainOf(100);
    const { world, node } = stage();
    const peers = [1, 2, 3].map(() => withholderOf(world, branch).connect(node));
    world.pass(1_000);
    const asked = peers.map(askedOf);
    expect(asked.map(({ length }) => length)).toEqual(new Array(3).fill(MAX_IN_TRANSIT_PER_PEER));
    const first48 = branch.blocks.slice(0, 48).map(({ hash }) => hash);
    expect(asked.flat().sort()).toEqual([...first48].sort());
    expect(asked[0]).toEqual(first48.slice(0, 16));
    expect(node.sync.load().requests).toBe(48);
  });

  test("asks only those whose chain has a block", () => {
    const trunk = chainOf(10);
    const branches = [trunk.fork().mine(5), trunk.fork().mine(9)];
    const { world, node } = stage(trunk);
    const peers = branches.map((branch) => withholderOf(world, branch).connect(node));
    world.pass(1_500);
    for (const [place, peer] of peers.entries()) {
      const own = new Set(branches[place]!.blocks.map(({ hash }) => hash));
      expect(askedOf(peer).length).toBeGreaterThan(0);
      expect(askedOf(peer).every((hash) => own.has(hash))).toBe(true);
    }
  });

  test("asks for nothing on a chain with less work than ours", () => {
    const trunk = chainOf(10);
    const { world, node } = stage(trunk.fork().mine(5));
    const peer = withholderOf(world, trunk.fork().mine(5)).connect(node);
    world.pass(1_000);
    expect(askedOf(peer)).toEqual([]);
  });

  test("P-04: a block that its announcer does not send comes from another within 3 s", () => {
    const branch = chainOf(20);
    const { world, node } = stage(branch);
    const first = serveBranch(new HandPeer(world), branch).connect(node);
    const second = serveBranch(new HandPeer(world), branch).connect(node);
    world.pass(1_000);
    branch.mine(1);
    withhold(first, branch);
    serveBranch(second, branch);
    announce(first, branch.tip);
    world.pass(10);
    announce(second, branch.tip);
    expect(world.untilTip(branch.tip.hash)).toBeLessThan(3_000);
    expect(askedOf(first)).toContain(branch.tip.hash);
    expect(node.losses).toEqual([]);
  });

  test("P-04: eight who withhold and one who does not: the block is there within 10 s", () => {
    const branch = chainOf(20);
    const { world, node } = stage(branch);
    const peers = Array.from({ length: 9 }, () =>
      serveBranch(new HandPeer(world), branch).connect(node),
    );
    world.pass(1_000);
    branch.mine(1);
    for (const [place, peer] of peers.entries()) {
      if (place < 8) withhold(peer, branch);
      else serveBranch(peer, branch);
      announce(peer, branch.tip);
      world.pass(5);
    }
    let parallel = 0;
    world.clock.afterEvent = () => {
      parallel = Math.max(parallel, node.sync.load().requests);
    };
    expect(world.untilTip(branch.tip.hash)).toBeLessThan(10_000);
    expect(parallel).toBe(3);
    // Those who let us down are asked last: when the one asked is gone, the next is a good one.
    branch.mine(1);
    const good = [1, 2].map(() => new HandPeer(world).connect(node));
    for (const peer of [good[0]!, ...peers.slice(0, 6), good[1]!]) {
      withhold(peer, branch);
      announce(peer, branch.tip);
      world.pass(5);
    }
    serveBranch(good[1]!, branch);
    good[0]!.close();
    expect(world.untilTip(branch.tip.hash)).toBeLessThan(100);
  });

  test("peers that hold up the window are dropped, each after twice the time", () => {
    const branch = chainOf(2_000);
    const { world, node } = stage();
    const lostAt: number[] = [];
    const first = branch.at(1).hash;
    const stallers = [1, 2].map(() =>
      serveBranch(new HandPeer(world), branch, {
        block: (block) => (block.hash === first ? undefined : block),
      }),
    );
    const honest = serveBranch(new HandPeer(world), branch);
    for (const peer of [...stallers, honest]) peer.connect(node);
    node.service.manager.peers.events.on("peer-disconnected", ({ reason }) => {
      expect(reason).toBe("stalled");
      lostAt.push(world.clock.monotonic());
    });
    const startedAt = world.clock.monotonic();
    world.untilTip(branch.tip.hash);
    expect(lostAt).toHaveLength(2);
    expect(lostAt[0]! - startedAt).toBeGreaterThan(2_000);
    expect(lostAt[0]! - startedAt).toBeLessThan(3_500);
    expect(lostAt[1]! - lostAt[0]!).toBeGreaterThan(4_000);
    expect(lostAt[1]! - lostAt[0]!).toBeLessThan(5_500);
    expect(node.losses.every(({ isDiscouraged }) => !isDiscouraged)).toBe(true);
    expect(honest.isClosed).toBe(false);
  });

  test("P-37: a peer that goes takes the blocks with it that led nowhere", () => {
    const branch = chainOf(16);
    const { world, node } = stage();
    const first = branch.at(1).hash;
    const peer = serveBranch(new HandPeer(world), branch, {
      block: (block) => (block.hash === first ? undefined : block),
    }).connect(node);
    world.until(() => node.sync.load().heldBlocks === 15);
    peer.close();
    world.pass(100);
    expect(node.sync.load()).toMatchObject({ heldBlocks: 0, heldBytes: 0, treeHeaders: 0 });
  });

  test("the only peer that has a chain has 20 s for a block", () => {
    const branch = chainOf(5);
    const { world, node } = stage();
    const peer = withholderOf(world, branch).connect(node);
    world.until(() => askedOf(peer).length > 0);
    world.pass(HARD_TIMEOUT_MS - 1_000);
    expect(peer.isClosed).toBe(false);
    world.pass(2_000);
    expect(node.losses).toMatchObject([{ reason: "stalled" }]);
    expect(node.sync.load()).toMatchObject({ requests: 0, treeHeaders: 0 });
  });

  test("a block that a peer has not is asked of another, and costs nothing", () => {
    const branch = chainOf(5);
    const { world, node } = stage();
    const poor = new HandPeer(world);
    poor.connect(node);
    poor.answer = (message) => {
      if (message.command === "getdata") poor.send({ ...message, command: "notfound" });
    };
    poor.send({ command: "headers", headers: branch.blocks.map(({ header }) => header) });
    world.until(() => askedOf(poor).length === 5);
    serveBranch(new HandPeer(world), branch).connect(node);
    expect(world.untilTip(branch.tip.hash)).toBeLessThan(1_000);
    expect(node.losses).toEqual([]);
  });

  test("notfound that answers nothing is counted", () => {
    const { world, node } = stage();
    const peer = new HandPeer(world).connect(node);
    const hash = chainOf(1).tip.hash;
    for (let count = 0; count < 101; count++) {
      peer.send({ command: "notfound", entries: [{ type: MSG_WITNESS_BLOCK, hash }] });
    }
    world.pass(1_000);
    expect(node.losses).toMatchObject([{ reason: "useless-notfound" }]);
  });

  test("takes a block that nobody asked for if it makes a better tip", () => {
    const branch = chainOf(3);
    const { world, node } = stage(branch);
    const peer = new HandPeer(world).connect(node);
    world.pass(100);
    branch.mine(1);
    peer.send({ command: "block", block: branch.tip });
    world.untilTip(branch.tip.hash);
    expect(node.losses).toEqual([]);
  });

  test("P-28: blocks that nobody asked for and that are no use are counted", () => {
    const branch = chainOf(12);
    const { world, node } = stage(branch);
    const peer = new HandPeer(world).connect(node);
    for (const block of branch.blocks.slice(0, 9)) peer.send({ command: "block", block });
    world.pass(100);
    expect(peer.isClosed).toBe(false);
    for (const block of branch.blocks.slice(9)) peer.send({ command: "block", block });
    world.pass(100);
    expect(node.losses).toMatchObject([{ reason: "unrequested-block", isDiscouraged: true }]);
    expect(node.chain.orphans.count).toBe(0);
  });

  test("P-04: who sends one block again and again is not thought to be at work", () => {
    const branch = chainOf(12);
    const { world, node } = stage();
    const peer = new HandPeer(world);
    serveBranch(peer, branch, {
      block: (block) => (block.hash === branch.at(1).hash ? block : undefined),
    }).connect(node);
    world.until(() => node.height === 1);
    for (let round = 0; round < 3; round++) {
      world.pass(8_000);
      peer.send({ command: "block", block: branch.at(1) });
    }
    world.pass(1_000);
    expect(node.losses).toMatchObject([{ reason: "stalled" }]);
    const other = serveBranch(new HandPeer(world), branch).connect(node);
    world.untilTip(branch.tip.hash);
    for (let count = 0; count < 12; count++) {
      other.send({ command: "block", block: branch.at(2) });
    }
    world.pass(100);
    expect(node.losses[1]).toMatchObject({ reason: "unrequested-block", isDiscouraged: true });
  });

  test("P-05, P-08: a false body changes nothing for the true one on its way", () => {
    const branch = chainOf(3);
    const { world, node } = stage(branch);
    const [honest, mutator] = [new HandPeer(world), new HandPeer(world)];
    for (const peer of [honest, mutator]) serveBranch(peer, branch).connect(node);
    world.pass(100);
    branch.mine(1);
    withhold(honest, branch);
    announce(honest, branch.tip);
    world.until(() => askedOf(honest).includes(branch.tip.hash));
    mutator.send({ command: "block", block: mutate(branch.tip) });
    world.pass(50);
    expect(mutator.isClosed).toBe(true);
    expect(node.height).toBe(3);
    expect(node.sync.load().requests).toBe(1);
    honest.send({ command: "block", block: branch.tip });
    world.untilTip(branch.tip.hash);
    expect(node.losses).toMatchObject([{ reason: "misbehaving", isDiscouraged: true }]);
  });

  test("P-05: a false body of a block further on does not stand in the true one's place", () => {
    const branch = chainOf(40);
    const { world, node } = stage();
    const mutator = serveBranch(new HandPeer(world), branch, {
      block: (block) => (block.hash === branch.at(1).hash ? undefined : mutate(block)),
    });
    mutator.connect(node);
    world.until(() => mutator.isClosed);
    expect(node.losses).toMatchObject([{ reason: "misbehaving", isDiscouraged: true }]);
    serveBranch(new HandPeer(world), branch).connect(node);
    expect(world.untilTip(branch.tip.hash)).toBeLessThan(1_000);
  });

  test("P-13, P-16: an invalid block costs its sender, and who only announced it nothing", () => {
    const branch = chainOf(3);
    const { world, node } = stage(branch);
    const [sender, announcer] = [new HandPeer(world), new HandPeer(world)];
    for (const peer of [sender, announcer]) serveBranch(peer, branch).connect(node);
    world.pass(100);
    const bad = branch.fork().mine({ fees: 1 }).mine(3);
    serveBranch(sender, bad);
    withhold(announcer, bad);
    const headers = bad.after(3).map(({ header }) => header);
    sender.send({ command: "headers", headers });
    announcer.send({ command: "headers", headers });
    world.until(() => sender.isClosed);
    world.pass(1_000);
    expect(node.losses).toMatchObject([{ reason: "misbehaving", isDiscouraged: true }]);
    expect(announcer.isClosed).toBe(false);
    expect(node.sync.load()).toMatchObject({ treeHeaders: 0, requests: 0, heldBlocks: 0 });
    expect(node.sync.bestHeader().hash).toBe(branch.tip.hash);
  });

  test("P-16: who serves what another has announced falsely is not blamed", () => {
    const branch = chainOf(30);
    const { world, node } = stage(branch.fork(10));
    const honest = serveBranch(new HandPeer(world), branch).connect(node);
    world.untilTip(branch.tip.hash);
    const liar = new HandPeer(world).connect(node);
    // A real hash, far ahead of what the node knows.
    branch.mine(50);
    liar.send({ command: "inv", entries: [{ type: MSG_WITNESS_BLOCK, hash: branch.tip.hash }] });
    liar.send({ command: "headers", headers: [branch.tip.header] });
    serveBranch(honest, branch);
    announce(honest, branch.at(31));
    world.until(() => node.height >= 31);
    expect(honest.isClosed).toBe(false);
    expect(node.losses).toEqual([]);
  });

  test("blocks that waited for the first one are connected in short turns", () => {
    const branch = chainOf(80);
    const { world, node } = stage();
    const peers = [1, 2, 3, 4, 5].map(() => withholderOf(world, branch).connect(node));
    world.until(() => peers.every((peer) => askedOf(peer).length === 16));
    const give = (peer: HandPeer) => {
      const asked = new Set(askedOf(peer));
      const blocks = branch.blocks.filter(({ hash }) => asked.has(hash));
      for (const block of blocks.toReversed()) peer.send({ command: "block", block });
    };
    for (const peer of peers.slice(1)) give(peer);
    world.until(() => node.sync.load().heldBlocks === 64);
    const turns = new Map<number, number>();
    node.chain.events.on("tip-changed", () => {
      const turn = world.clock.eventsRun;
      turns.set(turn, (turns.get(turn) ?? 0) + 1);
    });
    give(peers[0]!);
    world.untilTip(branch.tip.hash);
    expect(Math.max(...turns.values())).toBeLessThanOrEqual(16);
    expect(node.chain.orphans.count).toBe(0);
    expect(node.sync.load()).toMatchObject({ heldBlocks: 0, heldBytes: 0, requests: 0 });
  });

  test("the window is bounded in bytes, whatever the blocks' sizes", () => {
    const trunk = chainOf(3, QUICK);
    // Blocks of some 400 kB: one output with a large script in each.
    const branch = trunk.fork();
    for (let count = 0; count < 120; count++) {
      const coin = branch.coinbaseCoin(branch.height - 2);
      const scriptPubKey = new Uint8Array(400_000).fill(0x6a);
      const parts = { outputs: [{ value: coin.value, scriptPubKey }] };
      branch.mine({ transactions: [spend([coin], { parts })] });
    }
    const { world, node } = stage(trunk, { chain: QUICK });
    let isHeldBack = true;
    const first = branch.at(4).hash;
    const peer = serveBranch(new HandPeer(world), branch, {
      block: (block) => (isHeldBack && block.hash === first ? undefined : block),
    });
    const other = serveBranch(new HandPeer(world), branch, {
      block: (block) => (isHeldBack && block.hash === first ? undefined : block),
    });
    let peak = 0;
    world.clock.afterEvent = () => {
      peak = Math.max(peak, node.sync.load().heldBytes);
    };
    peer.connect(node);
    other.connect(node);
    world.pass(1_900);
    isHeldBack = false;
    const third = serveBranch(new HandPeer(world), branch).connect(node);
    world.untilTip(branch.tip.hash);
    expect(peak).toBeGreaterThan(8 * 1024 * 1024);
    expect(peak).toBeLessThanOrEqual(32 * 1024 * 1024);
    expect(third.isClosed).toBe(false);
    // Nothing came for which there was no room.
    const asked = [peer, other].flatMap(askedOf).filter((hash) => hash !== first);
    expect(new Set(asked).size).toBe(asked.length);
  }, 30_000);
});

function withhold(peer: HandPeer, branch: Branch): void {
  serveBranch(peer, branch, { block: () => undefined });
}
