/**
 * Telling peers of new tips, and how a block came: who is told what, and who is not.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { ZERO_HASH } from "../../../src/primitives/hash-id.ts";
import { MSG_BLOCK } from "../../../src/wire/inventory-messages.ts";
import { encodeMessage } from "../../../src/wire/message.ts";
import { PROTOCOL_VERSION } from "../../../src/wire/version-message.ts";
import { chainOf } from "../../support/chain-builder.ts";
import { HandPeer, serveBranch } from "../../support/hand-peer.ts";
import { P2pWorld, type WorldNode, type WorldOptions } from "../../support/p2p-world.ts";

const worlds: P2pWorld[] = [];

afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});

type Taste = "inv" | "headers" | "compact";

/** A node with the blocks of `branch`, and a peer of each taste that has them too. */
function stage(branch = chainOf(30), options: WorldOptions = {}) {
  const world = new P2pWorld(options);
  worlds.push(world);
  const [node] = world.addNodes(1, branch) as [WorldNode];
  const peerOf = (taste: Taste) => {
    const peer = serveBranch(new HandPeer(world), branch).connect(node);
    if (taste !== "inv") peer.send({ command: "sendheaders" });
    if (taste === "compact") peer.send({ command: "sendcmpct", highBandwidth: true, version: 2n });
    return peer;
  };
  const peers = { inv: peerOf("inv"), headers: peerOf("headers"), compact: peerOf("compact") };
  world.pass(200);
  for (const peer of Object.values(peers)) peer.received.length = 0;
  return { world, node, branch, peers };
}

/** What announcements a peer got, in short. */
function newsOf(peer: HandPeer): string[] {
  return peer.received.flatMap((message) => {
    if (message.command === "inv") return [`inv ${message.entries.length}`];
    if (message.command === "headers") return [`headers ${message.headers.length}`];
    return message.command === "cmpctblock" ? ["cmpctblock"] : [];
  });
}

describe("BlockAnnouncer", () => {
  test("tells each peer of a block in the way it has asked for", () => {
    const { world, node, branch, peers } = stage();
    branch.mine(1);
    node.submit(branch.blocks);
    world.pass(100);
    expect(newsOf(peers.inv)).toEqual(["inv 1"]);
    expect(newsOf(peers.headers)).toEqual(["headers 1"]);
    expect(newsOf(peers.compact)).toEqual(["cmpctblock"]);
    expect(peers.inv.told("inv")[0]!.entries).toEqual([{ type: MSG_BLOCK, hash: branch.tip.hash }]);
    expect(peers.compact.told("cmpctblock")[0]!.compactBlock.header).toEqual(branch.tip.header);
  });

  test("tells nobody of a block that it has itself", () => {
    const { world, node, branch, peers } = stage();
    branch.mine(1);
    serveBranch(peers.headers, branch);
    peers.headers.send({ command: "headers", headers: [branch.tip.header] });
    world.untilTip(branch.tip.hash);
    world.pass(100);
    expect(newsOf(peers.headers)).toEqual([]);
    expect(newsOf(peers.inv)).toEqual(["inv 1"]);
    expect(newsOf(peers.compact)).toEqual(["cmpctblock"]);
    expect(node.losses).toEqual([]);
  });

  test("who has asked for our headers is told of what follows them by its header", () => {
    const { world, node, branch } = stage();
    const peer = new HandPeer(world).connect(node);
    peer.send({ command: "sendheaders" });
    peer.send({
      command: "getheaders",
      protocolVersion: PROTOCOL_VERSION,
      locator: [branch.at(0).hash],
      stopHash: ZERO_HASH,
    });
    peer.untilTold("headers");
    branch.mine(1);
    node.submit(branch.blocks);
    world.pass(100);
    expect(newsOf(peer)).toEqual(["headers 30", "headers 1"]);
  });

  test("all peers that want it get the same compact block", () => {
    const { world, node, branch, peers } = stage();
    const other = serveBranch(new HandPeer(world), branch).connect(node);
    other.send({ command: "sendcmpct", highBandwidth: true, version: 2n });
    world.pass(100);
    branch.mine(1);
    node.submit(branch.blocks);
    world.pass(100);
    const [first, second] = [peers.compact, other].map((peer) => peer.told("cmpctblock")[0]!);
    expect(encodeMessage(first!)).toEqual(encodeMessage(second!));
  });

  test("a version of compact blocks that is not ours changes nothing", () => {
    const { world, node, branch, peers } = stage();
    peers.headers.send({ command: "sendcmpct", highBandwidth: true, version: 1n });
    peers.compact.send({ command: "sendcmpct", highBandwidth: false, version: 1n });
    world.pass(50);
    branch.mine(1);
    node.submit(branch.blocks);
    world.pass(100);
    expect(newsOf(peers.headers)).toEqual(["headers 1"]);
    expect(newsOf(peers.compact)).toEqual(["cmpctblock"]);
    peers.compact.send({ command: "sendcmpct", highBandwidth: false, version: 2n });
    world.pass(50);
    branch.mine(1);
    node.submit(branch.blocks);
    world.pass(100);
    expect(newsOf(peers.compact)).toEqual(["cmpctblock", "headers 1"]);
  });

  test("a reorganisation is told by the headers of its branch, up to eight of them", () => {
    const { world, node, branch, peers } = stage();
    const eight = branch.fork(7).mine(8);
    node.submit(eight.blocks);
    world.pass(100);
    expect(node.tipHash).toBe(eight.tip.hash);
    expect(newsOf(peers.headers)).toEqual(["headers 8"]);
    expect(newsOf(peers.compact)).toEqual(["headers 8"]);
    expect(newsOf(peers.inv)).toEqual(["inv 1"]);
    const nine = branch.fork(7).mine(9);
    node.submit(nine.blocks);
    world.pass(100);
    expect(node.tipHash).toBe(nine.tip.hash);
    expect(newsOf(peers.headers)).toEqual(["headers 8", "inv 1"]);
    // The next one follows what it has been told of.
    node.submit(nine.mine(1).blocks);
    world.pass(100);
    expect(newsOf(peers.headers)).toEqual(["headers 8", "inv 1", "headers 1"]);
  });

  test("while far behind nobody is told anything, and then of the tip alone", () => {
    const full = chainOf(400);
    const { world, node, branch, peers } = stage(full.fork(370));
    const giver = serveBranch(new HandPeer(world), full).connect(node);
    let early = 0;
    world.clock.afterEvent = () => {
      const isFar = node.height < 392;
      const told = Object.values(peers).flatMap((peer) => newsOf(peer)).length;
      if (isFar) early = Math.max(early, told);
    };
    world.untilTip(full.tip.hash);
    world.pass(100);
    expect(early).toBe(0);
    expect(branch.height).toBe(30);
    expect(newsOf(peers.inv).length).toBeGreaterThan(0);
    expect(newsOf(peers.inv).length).toBeLessThanOrEqual(9);
    expect(newsOf(giver)).toEqual([]);
  });
});

describe("Propagation", () => {
  const NOW = 1_700_000_000;

  test("tells how many links a block has passed, and since when it is on its way", () => {
    const world = new P2pWorld({
      link: { latencyMs: [20, 20], bytesPerSecond: 1e8, lossPerThousand: 0 },
    });
    worlds.push(world);
    const branch = chainOf(5);
    const nodes = world.addNodes(4, branch);
    for (const [place, node] of nodes.slice(1).entries()) node.dial(nodes[place]!);
    world.pass(2_000);
    branch.mine({ header: { time: NOW } });
    nodes[0]!.submit(branch.blocks);
    world.untilTip(branch.tip.hash);
    const records = nodes.map(({ sync }) => sync.propagation.find(branch.tip.hash)!);
    expect(records.map(({ hopCount }) => hopCount)).toEqual([0, 1, 2, 3]);
    for (const [place, { originAt, arrivedAt }] of records.entries()) {
      // A compact block needs one way: a link is 20 ms, and a little for the handlers.
      expect(arrivedAt - originAt).toBeGreaterThanOrEqual(20 * place);
      expect(arrivedAt - originAt).toBeLessThan(25 * place + 1);
    }
  });

  test("an old block, as one of an archive, does not begin here", () => {
    const world = new P2pWorld();
    worlds.push(world);
    const [node] = world.addNodes(1, chainOf(5)) as [WorldNode];
    expect(node.sync.propagation.find(node.chain.tip.hash)).toBeUndefined();
  });

  test("an ordinary peer neither hears of it nor is believed", () => {
    const { world, node, branch, peers } = stage();
    branch.mine({ header: { time: NOW } });
    const { hash } = branch.tip;
    peers.compact.send({ command: "hops", entries: [{ hash, hopCount: 7, elapsedMs: 7 }] });
    world.pass(50);
    serveBranch(peers.compact, branch);
    peers.compact.send({ command: "headers", headers: [branch.tip.header] });
    world.untilTip(hash);
    expect(node.sync.propagation.find(hash)).toBeUndefined();
    branch.mine({ header: { time: NOW } });
    node.submit(branch.blocks);
    world.pass(50);
    expect(node.sync.propagation.find(branch.tip.hash)?.hopCount).toBe(0);
    expect(Object.values(peers).flatMap((peer) => peer.told("hops"))).toEqual([]);
  });

  test("hop counts end at 32, and what is known stays", () => {
    const world = new P2pWorld();
    worlds.push(world);
    const [node] = world.addNodes(1) as [WorldNode];
    const { propagation } = node.sync;
    const [first, second] = chainOf(2).blocks.map(({ hash }) => hash);
    propagation.noteReceived(first!, 200, 50);
    propagation.noteReceived(first!, 3, 50);
    propagation.noteReceived(second!, 2, 1_000);
    propagation.noteOrigin(second!);
    expect(propagation.find(first!)?.hopCount).toBe(32);
    expect(propagation.find(second!)).toMatchObject({ hopCount: 2 });
  });
});
