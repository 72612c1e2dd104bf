/**
 * What nodes tell each other of themselves, how often, and the picture that comes of it.
 */

import { describe, expect, test } from "bun:test";
import { NodeIdentity } from "../../../src/p2p/identity.ts";
import {
  MAX_NODES,
  NODE_EXPIRY_MS,
  NODE_STAT_HEARTBEAT_MS,
  NODE_STAT_INTERVAL_MS,
  type NodeView,
  Topology,
} from "../../../src/p2p/topology.ts";
import type { NodeStatMessage } from "../../../src/wire/cairn-messages.ts";
import type { NodeId } from "../../../src/wire/node-id.ts";
import {
  coinsFor,
  PORT,
  type RelayNode,
  type RelayNodeOptions,
  RelayWorld,
} from "../../support/relay-world.ts";

const topologies = new WeakMap<RelayNode, Topology>();

function withTopology(bounds: { maxNodes?: number; maxEdges?: number } = {}): RelayNodeOptions {
  return {
    conversations: (context, node) => {
      const own = { nodeId: node.identity.id, name: "test", apiPort: 8_080 };
      const topology = new Topology(context, { ...own, hashRate: () => 1234.5, ...bounds });
      topologies.set(node, topology);
      return [topology];
    },
  };
}

const WITH_TOPOLOGY = withTopology();

function topologyOf(node: RelayNode): Topology {
  return topologies.get(node)!;
}

function statOf(changes: Partial<NodeStatMessage> = {}): NodeStatMessage {
  return {
    command: "nodestat",
    height: 7,
    tip: "11".repeat(32) as NodeStatMessage["tip"],
    peerCount: 3,
    hashRate: 1_000,
    mempoolCount: 2,
    mempoolBytes: 3_000,
    neighbors: [],
    ...changes,
  };
}

function someId(world: RelayWorld): NodeId {
  return new NodeIdentity(world.random.bytes(32)).id;
}

describe("Topology", () => {
  test("shows every node of a mesh, and who is connected to whom", () => {
    const world = new RelayWorld();
    const { branch } = coinsFor(1);
    const nodes = world.addNodes(4, WITH_TOPOLOGY);
    for (const node of nodes) node.follow(branch);
    const [a, b, c, d] = nodes as [RelayNode, RelayNode, RelayNode, RelayNode];
    world.connect(b, a);
    world.connect(b, c);
    world.connect(d, c);
    world.clock.pass(2 * NODE_STAT_INTERVAL_MS);
    const ids = nodes.map(({ identity }) => identity.id);
    const { nodes: seen, edges } = topologyOf(b).view();
    expect(seen.map(({ isUs, isConnected }) => [isUs, isConnected])).toEqual([
      [true, true],
      [false, true],
      [false, true],
    ]);
    expect(seen[0]!.nodeId).toBe(b.identity.id);
    expect(new Set(seen.map(({ nodeId }) => nodeId))).toEqual(new Set(ids.slice(0, 3)));
    for (const { height, tip, hashRate, name, apiPort } of seen) {
      expect([height, tip, hashRate]).toEqual([3, branch.tip.hash, 1234]);
      expect([["test", ""].includes(name), apiPort]).toEqual([true, 8_080]);
    }
    const named = edges.map(({ from, to, isProven }) => {
      expect(from < to).toBe(true);
      return [ids.indexOf(from), ids.indexOf(to)].sort().join("-") + (isProven ? "!" : "");
    });
    expect(named.sort()).toEqual(["0-1!", "1-2!", "2-3"]);
    // Whoever dialled us may accept peers anywhere, or nowhere.
    expect(seen.find(({ nodeId }) => nodeId === c.identity.id)).toMatchObject({
      host: c.host.address,
      port: PORT,
      peerCount: 2,
    });
    expect(topologyOf(a).view().nodes[1]!.port).toBeUndefined();
  });

  test("says something at most every five seconds, when the tip changes, and each minute anyway", () => {
    const world = new RelayWorld();
    const node = world.addNode(WITH_TOPOLOGY);
    const { branch } = coinsFor(1);
    const peer = world.handPeer(node, { identity: new NodeIdentity(world.random.bytes(32)) });
    const at: number[] = [];
    peer.onMessage = ({ command }) => {
      if (command === "nodestat") at.push(world.clock.monotonic());
    };
    world.clock.pass(10_000);
    expect(at.length).toBeLessThanOrEqual(2);
    at.length = 0;
    world.clock.pass(5 * NODE_STAT_HEARTBEAT_MS);
    expect(at).toHaveLength(5);
    at.length = 0;
    const start = world.clock.monotonic();
    for (let count = 0; count < 100; count++) {
      node.follow(branch.mine(1));
      world.clock.pass(200);
    }
    world.clock.pass(NODE_STAT_INTERVAL_MS);
    expect(at.length).toBeGreaterThanOrEqual(4);
    expect(at.length).toBeLessThanOrEqual(
      (world.clock.monotonic() - start) / NODE_STAT_INTERVAL_MS + 1,
    );
    expect(peer.of("nodestat").at(-1)!.height).toBe(branch.height);
  });

  test("says nothing to ordinary peers, and hears nothing from them", () => {
    const world = new RelayWorld();
    const node = world.addNode(WITH_TOPOLOGY);
    const ordinary = world.handPeer(node);
    ordinary.send(statOf());
    world.clock.pass(2 * NODE_STAT_HEARTBEAT_MS);
    expect(ordinary.of("nodestat")).toEqual([]);
    expect([topologyOf(node).size, ordinary.isClosed]).toEqual([0, false]);
    expect(
      topologyOf(node)
        .view()
        .nodes.map(({ isUs }) => isUs),
    ).toEqual([true]);
  });

  test("tells what has changed, and that a node has gone, and forgets it in time", () => {
    const world = new RelayWorld();
    const node = world.addNode(WITH_TOPOLOGY);
    const told: NodeView[] = [];
    topologyOf(node).events.on("node-changed", ({ node: view }) => told.push(view));
    const identity = new NodeIdentity(world.random.bytes(32));
    const peer = world.handPeer(node, { identity });
    peer.send(statOf({ height: 41 }));
    world.clock.pass(100);
    peer.close();
    world.clock.pass(100);
    expect(told.map(({ nodeId }) => nodeId)).toEqual([identity.id, identity.id, identity.id]);
    expect(told.map(({ height, isConnected }) => [height, isConnected])).toEqual([
      [undefined, true],
      [41, true],
      [41, false],
    ]);
    world.clock.pass(NODE_EXPIRY_MS - 1_000);
    expect(topologyOf(node).view().nodes).toHaveLength(2);
    world.clock.pass(2_000);
    expect(topologyOf(node).view().nodes).toHaveLength(1);
    expect([topologyOf(node).size, world.clock.eventsWaiting]).toEqual([0, 0]);
  });

  test("P-37: reads over what comes too often, and keeps the last of each node alone", () => {
    const world = new RelayWorld();
    const node = world.addNode(WITH_TOPOLOGY);
    let told = 0;
    topologyOf(node).events.on("node-changed", () => told++);
    const peer = world.handPeer(node, { identity: new NodeIdentity(world.random.bytes(32)) });
    for (let height = 0; height < 10_000; height++) {
      peer.send(statOf({ height, neighbors: [someIdOf(height)] }));
    }
    world.clock.pass(1_000);
    expect(told).toBeLessThan(10);
    expect(topologyOf(node).size).toBe(2);
    expect(topologyOf(node).view().edges).toHaveLength(2);
    expect(peer.isClosed).toBe(false);
  });

  test("what a node says of others is its word: no node comes of it, and none of our edges", () => {
    const world = new RelayWorld();
    const node = world.addNode(WITH_TOPOLOGY);
    const identity = new NodeIdentity(world.random.bytes(32));
    const peer = world.handPeer(node, { identity });
    const stranger = someId(world);
    peer.send(statOf({ neighbors: [stranger, node.identity.id, identity.id] }));
    world.clock.pass(100);
    const { nodes, edges } = topologyOf(node).view();
    expect(nodes).toHaveLength(2);
    expect(edges.map(({ isProven }) => isProven)).toEqual([true, false]);
    expect([edges[1]!.from, edges[1]!.to].sort()).toEqual([identity.id, stranger].sort());
    peer.close();
    world.clock.pass(100);
    expect(topologyOf(node).view().edges).toEqual([edges[1]!]);
  });

  test("P-38: shows so many connections, our own first, and says if there are more", () => {
    const world = new RelayWorld();
    const node = world.addNode(withTopology({ maxEdges: 5 }));
    const peer = world.handPeer(node, { identity: new NodeIdentity(world.random.bytes(32)) });
    const neighborsOf = (count: number) => Array.from({ length: count }, (_, n) => someIdOf(n + 1));
    peer.send(statOf({ neighbors: neighborsOf(4) }));
    world.clock.pass(100);
    expect(topologyOf(node).view()).toMatchObject({ isComplete: true, edges: { length: 5 } });
    peer.send(statOf({ neighbors: neighborsOf(5) }));
    world.clock.pass(100);
    const { edges, isComplete } = topologyOf(node).view();
    expect([edges.length, edges[0]?.isProven, isComplete]).toEqual([5, true, false]);
  });

  test("P-38: remembers so many nodes of all that came and went, and no peer", () => {
    expect(MAX_NODES).toBe(1_024);
    const maxNodes = 50;
    const world = new RelayWorld();
    const node = world.addNode(withTopology({ maxNodes }));
    const host = world.addHost();
    const stays = world.handPeer(node, { identity: new NodeIdentity(world.random.bytes(32)) });
    for (let round = 0; round < 4 * maxNodes; round++) {
      const identity = new NodeIdentity(world.random.bytes(32));
      const peer = world.handPeer(node, { identity }, host);
      peer.send(statOf());
      world.clock.pass(3);
      peer.close();
      world.clock.pass(3);
      expect(topologyOf(node).size).toBeLessThanOrEqual(maxNodes + 1);
    }
    stays.send(statOf());
    world.clock.pass(100);
    const { nodes } = topologyOf(node).view();
    expect(nodes).toHaveLength(maxNodes + 1);
    expect(nodes.filter(({ isConnected, isUs }) => isConnected && !isUs)).toHaveLength(1);
  });
});

/** An id that nobody has proven. */
function someIdOf(number: number): NodeId {
  return `02${number.toString(16).padStart(64, "0")}` as NodeId;
}
