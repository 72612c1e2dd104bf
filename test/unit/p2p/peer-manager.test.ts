/**
 * Connections from the first packet to the last, between true nodes on a virtual network.
 */

import { describe, expect, test } from "bun:test";
import { NodeIdentity } from "../../../src/p2p/identity.ts";
import { MAX_PER_HOST } from "../../../src/p2p/inbound-gate.ts";
import {
  HANDSHAKE_TIMEOUT_MS,
  PING_INTERVAL_MS,
  PONG_TIMEOUT_MS,
} from "../../../src/p2p/liveness.ts";
import type { Peer } from "../../../src/p2p/peer.ts";
import { type ConnectVerdict, MAX_PENDING_HANDSHAKES } from "../../../src/p2p/peer-manager.ts";
import type { PeerView } from "../../../src/p2p/peer-view.ts";
import { formatNetAddress } from "../../../src/wire/net-address.ts";
import { NODE_CAIRN, NODE_WITNESS } from "../../../src/wire/services.ts";
import {
  LooseEnd,
  OrdinaryPeer,
  type PeerNode,
  PeerWorld,
  PORT,
} from "../../support/peer-world.ts";

const HOUR_MS = 3_600_000;

/** What the dialling side sees of a door that is shut. */
const CLOSED: ConnectVerdict = { status: "refused", reason: "closed-by-peer" };

/** Lets `from` dial `to`, and waits for what becomes of it. */
function connect(
  from: PeerNode,
  to: { readonly address: { host: string; port: number } },
  kind: "outbound" | "manual" | "feeler" | "block-relay" = "outbound",
): ConnectVerdict {
  let verdict: ConnectVerdict | undefined;
  void from.service.connect(to.address, kind).then((settled) => {
    verdict = settled;
  });
  from.world.until(() => verdict !== undefined, 30_000);
  // The other side may be a moment behind.
  from.world.pass(50);
  return verdict!;
}

function twoNodes(seed = 1): { world: PeerWorld; alice: PeerNode; bob: PeerNode } {
  const world = new PeerWorld(seed);
  const [alice, bob] = world.addNodes(2);
  return { world, alice: alice!, bob: bob! };
}

describe("connect", () => {
  test("tells of a peer, and both sides know who the other is", () => {
    const { alice, bob } = twoNodes();
    const verdict = connect(alice, bob);
    expect(verdict.status).toBe("connected");
    expect(alice.peerOf(bob)?.isReady).toBe(true);
    expect(bob.peerOf(alice)?.isInbound).toBe(true);
    expect(alice.addresses.triedCount).toBe(1);
  });

  test("tells of one that is there already, dialled by either side", () => {
    const { alice, bob } = twoNodes();
    connect(alice, bob);
    expect(connect(alice, bob)).toEqual({ status: "already-connected" });
    // Bob has not known where Alice accepts.
    expect(connect(bob, alice)).toEqual({ status: "already-connected" });
    expect([alice.peers.length, bob.peers.length]).toEqual([1, 1]);
  });

  test("waits for a dial that is under way, instead of a second one", () => {
    const { world, alice, bob } = twoNodes();
    const verdicts: string[] = [];
    for (let count = 0; count < 3; count++) {
      void alice.service.connect(bob.address).then(({ status }) => verdicts.push(status));
    }
    world.pass(1_000);
    expect(verdicts).toEqual(["connected", "already-connected", "already-connected"]);
    expect([bob.starts.length, bob.peers.length]).toEqual([1, 1]);
  });

  test("tells why there is nobody: refused, or no answer within five seconds", () => {
    const { world, alice } = twoNodes();
    const nobody = { host: "10.9.9.9", port: PORT };
    const closed = { host: alice.host.address, port: 1_025 };
    expect(connect(alice, { address: closed })).toEqual({
      status: "unreachable",
      code: "ECONNREFUSED",
    });
    const startedAt = world.clock.monotonic();
    expect(connect(alice, { address: nobody })).toEqual({
      status: "unreachable",
      code: "ETIMEDOUT",
    });
    expect(world.clock.monotonic() - startedAt).toBeCloseTo(5_050, -1);
    expect(alice.service.heldCount).toBe(0);
  });

  test("tells of somebody who accepts and says nothing, after ten seconds", () => {
    const { world, alice } = twoNodes();
    const host = world.addHost();
    void host.transport.listen({ host: "::", port: PORT }, () => new LooseEnd(host));
    world.pass(1);
    const verdict = connect(alice, { address: { host: host.address, port: PORT } });
    expect(verdict).toEqual({ status: "refused", reason: "handshake-timeout" });
    expect(alice.service.heldCount).toBe(0);
  });

  test("P-32: tells of ourselves, once: both ends go, and the address is left alone for a day", () => {
    const { world, alice } = twoNodes();
    expect(connect(alice, alice)).toEqual({ status: "self" });
    expect(alice.service.heldCount).toBe(0);
    const { eventsRun } = world.clock;
    expect(connect(alice, alice)).toEqual({ status: "self" });
    expect(world.clock.eventsRun).toBe(eventsRun);
    alice.addresses.addManual(alice.address);
    alice.service.start();
    world.pass(HOUR_MS);
    expect([alice.starts.length, alice.host.connectionCount]).toEqual([0, 0]);
  });

  test("P-32: tells of a node with our key, warns once, and does not take it for ourselves", () => {
    const world = new PeerWorld();
    const identity = new NodeIdentity(world.random.bytes(32));
    const [alice, twin] = [world.addNode({ identity }), world.addNode({ identity })];
    for (let count = 0; count < 3; count++) {
      expect(connect(alice, twin)).toEqual({ status: "refused", reason: "same-identity" });
    }
    expect(alice.addresses.isOwn(twin.address)).toBe(false);
    expect([alice.log.length, twin.log.length]).toEqual([1, 1]);
    expect(alice.log[0]?.level).toBe("warn");
  });

  test("ends with a node of another network, which is not held against it", () => {
    const world = new PeerWorld();
    const [alice, stranger] = [
      world.addNode(),
      world.addNode({ magic: Uint8Array.of(1, 2, 3, 4) }),
    ];
    expect(connect(alice, stranger)).toEqual({ status: "refused", reason: "closed-by-peer" });
    expect(stranger.bans.isDiscouraged(alice.host.address)).toBe(false);
    expect([alice.service.heldCount, stranger.service.heldCount]).toEqual([0, 0]);
  });

  test("is over after the stop", () => {
    const { world, alice, bob } = twoNodes();
    alice.service.stop();
    expect(connect(alice, bob)).toEqual({ status: "refused", reason: "shutdown" });
    world.pass(HOUR_MS);
    expect(bob.starts.length).toBe(0);
  });
});

describe("a dial under way at the stop", () => {
  test("leads to nobody", () => {
    const { world, alice, bob } = twoNodes();
    void alice.service.connect(bob.address);
    alice.service.stop();
    world.pass(1_000);
    expect([bob.starts.length, alice.starts.length, alice.host.connectionCount]).toEqual([0, 0, 0]);
    expect([alice.service.heldCount, alice.clock.timersWaiting]).toEqual([0, 0]);
  });
});

describe("disconnect", () => {
  test("ends one connection, and does not dial it again for a while", () => {
    const { world, alice, bob } = twoNodes();
    world.introduceAll();
    alice.service.start();
    world.until(() => alice.peers.length === 1);
    const [peer] = alice.peers;
    expect(alice.service.manager.disconnect(peer!.id)).toBe(true);
    expect(alice.service.manager.disconnect(peer!.id)).toBe(false);
    world.pass(200_000);
    expect([alice.ends, bob.ends, alice.peers.length]).toEqual([
      ["by-hand"],
      ["closed-by-peer"],
      0,
    ]);
    world.pass(200_000);
    expect(alice.peers.length).toBe(1);
  });

  test("leaves alone whom we know otherwise than by our own dial", () => {
    const { world, alice, bob } = twoNodes();
    connect(bob, alice);
    world.pass(20_000);
    expect(connect(alice, bob)).toEqual({ status: "already-connected" });
    alice.learn([bob]);
    alice.service.start();
    expect(alice.service.manager.disconnect(alice.peers[0]!.id)).toBe(true);
    world.pass(200_000);
    expect(alice.starts.length).toBe(1);
  });

  test("knows only numbers that are there", () => {
    expect(twoNodes().alice.service.manager.disconnect(7)).toBe(false);
  });
});

describe("ban", () => {
  test("ends what there is, and lets nobody in or out until it is lifted", () => {
    const { world, alice, bob } = twoNodes();
    world.introduceAll();
    connect(alice, bob);
    const { manager } = alice.service;
    expect(manager.ban("10.0.0.2", world.clock.now() + HOUR_MS, "spam")).toBe("banned");
    world.pass(50);
    expect([alice.ends, alice.peers.length]).toEqual([["banned"], 0]);
    expect(connect(alice, bob)).toEqual({ status: "banned" });
    expect(connect(bob, alice)).toEqual(CLOSED);
    alice.service.start();
    world.pass(60_000);
    expect(alice.peers.length).toBe(0);
    expect(manager.unban("10.0.0.2")).toBe(true);
    world.pass(2_000);
    expect(alice.peers.length).toBe(1);
  });

  test("catches a dial that is under way", () => {
    const { world, alice, bob } = twoNodes();
    let verdict: ConnectVerdict | undefined;
    void alice.service.connect(bob.address).then((settled) => {
      verdict = settled;
    });
    alice.service.manager.ban("10.0.0.2", world.clock.now() + HOUR_MS, "");
    world.pass(1_000);
    expect([verdict?.status, alice.peers.length]).toEqual(["banned", 0]);
  });
});

describe("whom a node wants", () => {
  test("only those on its list, proven by their keys, whoever dials", () => {
    const world = new PeerWorld();
    const [alice, mallory] = world.addNodes(2);
    const closed = world.addNode({ policy: { allowedNodes: new Set([alice!.identity.id]) } });
    expect(connect(alice!, closed).status).toBe("connected");
    const verdict = connect(mallory!, closed);
    world.pass(100);
    expect([verdict.status, mallory!.peers.length]).toEqual(["connected", 0]);
    expect(connect(closed, mallory!)).toEqual({ status: "refused", reason: "not-allowed" });
    expect([closed.peers.length, closed.ends]).toEqual([1, []]);
    expect(closed.bans.isDiscouraged(mallory!.host.address)).toBe(false);
  });

  test("keeps away from those that misbehaved, and takes them in while there is room", () => {
    const { world, alice, bob } = twoNodes();
    world.introduceAll();
    alice.service.start();
    world.until(() => alice.peers.length === 1);
    alice.peers[0]!.punish("disordered-headers");
    world.pass(HOUR_MS);
    expect([alice.ends, alice.peers.length]).toEqual([["disordered-headers"], 0]);
    expect(alice.bans.isDiscouraged(bob.host.address)).toBe(true);
    expect(connect(bob, alice).status).toBe("connected");
    world.pass(50);
    expect(alice.peers.length).toBe(1);
    alice.peers[0]!.disconnect("by-hand");
    expect(alice.service.manager.unban(bob.host.address)).toBe(true);
    world.pass(400_000);
    expect(alice.peers.length).toBe(1);
  });

  test("does not keep away from one that its operator has named", () => {
    const { world, alice, bob } = twoNodes();
    connect(alice, bob, "manual");
    alice.peers[0]!.punish("disordered-headers");
    world.pass(50);
    expect(alice.ends).toEqual(["disordered-headers"]);
    expect(alice.bans.isDiscouraged(bob.host.address)).toBe(false);
  });

  test("only those that offer all blocks, unless they dial or are named", () => {
    const world = new PeerWorld();
    const node = world.addNode();
    const light = (change: (peer: OrdinaryPeer) => void) => {
      const peer = new OrdinaryPeer(world.addHost());
      peer.version = { services: NODE_WITNESS };
      change(peer);
      world.pass(10);
      return peer;
    };
    const dialled = light((peer) => peer.listen());
    expect(connect(node, dialled)).toEqual({ status: "refused", reason: "wrong-services" });
    expect(node.addresses.triedCount).toBe(0);
    expect(
      connect(
        node,
        light((peer) => peer.listen()),
        "manual",
      ).status,
    ).toBe("connected");
    light((peer) => peer.dial(node.address)).introduce();
    world.pass(50);
    expect(node.peers.map(({ kind }) => kind)).toEqual(["manual", "inbound"]);
    expect(node.peers.every(({ profile }) => profile.cairn === undefined)).toBe(true);
  });

  test("also those that say our nonce, once they have shaken hands under another", () => {
    const world = new PeerWorld();
    const node = world.addNode();
    const peer = new OrdinaryPeer(world.addHost()).listen();
    world.pass(1);
    connect(node, peer);
    const [version] = peer.heard;
    const nonce = version?.command === "version" ? version.nonce : 0n;
    const echo = new OrdinaryPeer(peer.host);
    echo.version = { nonce };
    echo.dial(node.address);
    world.pass(10);
    echo.introduce();
    world.pass(100);
    expect([node.ends, node.peers.length]).toEqual([[], 2]);
    expect(node.addresses.isOwn(peer.address)).toBe(false);
  });

  test("closes a feeler once it knows that somebody is there", () => {
    const { world, alice, bob } = twoNodes();
    expect(connect(alice, bob, "feeler")).toEqual({ status: "refused", reason: "feeler-done" });
    world.pass(100);
    expect([alice.starts.length, bob.peers.length, alice.addresses.triedCount]).toEqual([0, 0, 1]);
  });

  test("tells those it wants blocks of alone that it wants no transactions", () => {
    const { alice, bob } = twoNodes();
    connect(alice, bob, "block-relay");
    expect(bob.peerOf(alice)?.profile.wantsTransactions).toBe(false);
  });
});

describe("P-23: the door", () => {
  /** Connections that say nothing, from `hosts` in turn. */
  function knock(node: PeerNode, hosts: LooseEnd["host"][], count: number) {
    return Array.from({ length: count }, (_, index) =>
      new LooseEnd(hosts[index % hosts.length]!).dial(node.address),
    );
  }

  test("has 8 places for one host, and refuses the rest at once", () => {
    const world = new PeerWorld();
    const node = world.addNode();
    const ends = knock(node, [world.addHost()], 50);
    world.pass(100);
    expect(ends.filter(({ isClosed }) => !isClosed).length).toBe(MAX_PER_HOST);
    world.pass(HANDSHAKE_TIMEOUT_MS);
    expect([ends.every(({ isClosed }) => isClosed), node.service.heldCount]).toEqual([true, 0]);
  });

  test("P-22: keeps 32 that say nothing, and whoever speaks gets in all the same", () => {
    const world = new PeerWorld();
    const [node, honest] = world.addNodes(2);
    const hosts = Array.from({ length: 100 }, () => world.addHost());
    const ends: LooseEnd[] = [];
    // A thousand a second: twice what so many hosts may.
    const knockOn = () => {
      ends.push(new LooseEnd(hosts[ends.length % hosts.length]!).dial(node!.address));
      if (ends.length < 10_000) world.clock.after(1, knockOn);
    };
    knockOn();
    for (let second = 0; second < 10; second++) {
      world.pass(1_000);
      expect(connect(honest!, node!).status).toBe("connected");
      const open = ends.filter(({ isClosed, connection }) => connection && !isClosed);
      expect(open.length).toBeLessThanOrEqual(MAX_PENDING_HANDSHAKES + 5);
      honest!.peers[0]!.disconnect("by-hand");
    }
    world.pass(HANDSHAKE_TIMEOUT_MS + 1_000);
    expect(node!.service.heldCount).toBe(0);
  });

  test("P-22: of those that say nothing has the host go that has most of them", () => {
    const world = new PeerWorld();
    const node = world.addNode();
    const local = world.addHost("127.0.0.1");
    const [lonely] = knock(node, [world.addHost()], 1);
    world.pass(10);
    const crowd = knock(node, [local], 200);
    world.pass(100);
    expect(lonely!.isClosed).toBe(false);
    expect(crowd.filter(({ isClosed }) => !isClosed).length).toBe(MAX_PENDING_HANDSHAKES - 1);
  });

  test("P-22: 500 that drip a byte a second are gone within 40 seconds", () => {
    const world = new PeerWorld();
    const [node, honest] = world.addNodes(2);
    const host = world.addHost("10.8.0.1");
    const hosts = [host, ...Array.from({ length: 99 }, () => world.addHost())];
    const ends = knock(node!, hosts, 500);
    const drip = () => {
      for (const { connection } of ends) connection?.write(Uint8Array.of(0xfa));
      world.clock.after(1_000, drip);
    };
    world.clock.after(1_000, drip);
    world.pass(2_000);
    expect(connect(honest!, node!).status).toBe("connected");
    world.pass(38_000);
    expect(ends.every(({ isClosed }) => isClosed)).toBe(true);
    expect(node!.peers.length).toBe(1);
  });

  test("P-31: full, has the worst go for a new one, and keeps who has earned it", () => {
    const world = new PeerWorld();
    const node = world.addNode({ policy: { maxInbound: 40 } });
    const others = world.addNodes(40);
    for (const other of others) connect(other, node);
    expect(node.peers.length).toBe(40);
    // Some bring blocks and transactions, as a relay would note.
    const earners = others.slice(30, 38).map((other) => node.peerOf(other)!);
    world.pass(60_000);
    for (const [place, peer] of earners.entries()) {
      if (place % 2 === 0) peer.noteBlock();
      else peer.noteTransaction();
    }
    const [discouraged] = others.slice(25);
    node.bans.discourage(discouraged!.host.address);
    for (const attacker of world.addNodes(60)) connect(attacker, node);
    expect(node.peers.length).toBe(40);
    expect(node.ends.every((reason) => reason === "evicted")).toBe(true);
    expect(earners.every(({ isReady }) => isReady)).toBe(true);
    expect(node.peerOf(discouraged!)).toBeUndefined();
    // Those that were there first are half of what is left after all protections.
    expect(others.filter((other) => node.peerOf(other) !== undefined).length).toBeGreaterThan(20);
  });

  test("P-31: full, does not let in whom it is discouraged from", () => {
    const world = new PeerWorld();
    const node = world.addNode({ policy: { maxInbound: 1 } });
    const [first, second] = world.addNodes(2);
    connect(first!, node);
    node.bans.discourage(second!.host.address);
    expect(connect(second!, node)).toEqual(CLOSED);
    expect(node.peerOf(first!)?.isReady).toBe(true);
  });

  test("may be shut by the operator", () => {
    const world = new PeerWorld();
    const node = world.addNode({ policy: { maxInbound: 0 } });
    const other = world.addNode();
    for (let count = 0; count < 5; count++) expect(connect(other, node)).toEqual(CLOSED);
    expect(node.service.heldCount).toBe(0);
    expect(connect(node, other).status).toBe("connected");
  });
});

describe("a peer that goes without a word", () => {
  test("is dialled again, soon after it is back", () => {
    const { world, alice, bob } = twoNodes();
    world.introduceAll();
    alice.service.start();
    world.until(() => alice.peers.length === 1);
    world.pass(70_000);
    bob.crash();
    world.until(() => alice.peers.length === 0);
    world.pass(5_000);
    bob.restart();
    expect(world.until(() => alice.peers.length === 1)).toBeLessThan(20_000);
  });

  test("after a while, is dialled soon again, though it was long away before", () => {
    const { world, alice, bob } = twoNodes();
    alice.addresses.addManual(bob.address);
    bob.crash();
    alice.service.start();
    world.pass(HOUR_MS);
    bob.restart();
    world.until(() => alice.peers.length === 1, HOUR_MS);
    world.pass(90_000);
    bob.peers[0]!.disconnect("by-hand");
    world.until(() => alice.peers.length === 0);
    expect(world.until(() => alice.peers.length === 1)).toBeLessThan(2_000);
  });

  test("P-22: because the power failed, is gone after two minutes", () => {
    const { world, alice, bob } = twoNodes();
    connect(alice, bob);
    world.pass(70_000);
    bob.crash({ losesPower: true });
    const waitedMs = world.until(() => alice.peers.length === 0, HOUR_MS);
    expect(waitedMs).toBeLessThanOrEqual(PING_INTERVAL_MS + PONG_TIMEOUT_MS);
    expect(alice.ends).toEqual(["no-pong"]);
  });

  test("and comes back before that is missed, gets in within seconds", () => {
    const { world, alice, bob } = twoNodes();
    bob.learn([alice]);
    bob.service.start();
    world.until(() => alice.peers.length === 1);
    // Between two pings, so that none is on the way.
    world.pass(65_000);
    bob.crash({ losesPower: true });
    world.pass(15_000);
    expect(alice.peers.length).toBe(1);
    bob.restart();
    bob.learn([alice]);
    bob.service.start();
    const isBack = () =>
      bob.peers.length === 1 && alice.peers.length === 1 && alice.starts.length > 1;
    expect(world.until(isBack)).toBeLessThan(5_000);
    world.pass(PONG_TIMEOUT_MS * 2);
    expect([bob.peers.length, alice.peers.length]).toEqual([1, 1]);
  });

  test("because of a partition, is connected again within seconds of its end", () => {
    const world = new PeerWorld();
    const nodes = world.addNodes(6);
    world.introduceAll();
    for (const node of nodes) node.service.start();
    world.untilMesh();
    const [left, right] = [nodes.slice(0, 3), nodes.slice(3)];
    const hosts = [left, right].map((side) => side.map(({ host }) => host));
    world.network.partition(hosts, "silent");
    world.pass(180_000);
    expect(nodes.map(({ peers }) => peers.length)).toEqual([2, 2, 2, 2, 2, 2]);
    world.network.healAll();
    const isJoined = () => left.some((node) => right.some((other) => node.peerOf(other)));
    expect(world.until(isJoined, HOUR_MS)).toBeLessThan(30_000);
    expect(world.untilMesh(HOUR_MS)).toBeLessThan(300_000);
  });
});

describe("view", () => {
  test("shows all that is to be known of each peer, from both sides", () => {
    const { world, alice, bob } = twoNodes();
    const since = world.clock.now();
    connect(alice, bob);
    alice.peers[0]!.addPenalty(10);
    world.pass(60_000);
    const [view] = alice.service.manager.view();
    const peer = alice.peers[0] as Peer;
    const expected: Partial<PeerView> = {
      id: peer.id,
      nodeId: bob.identity.id,
      name: "",
      address: formatNetAddress(bob.address),
      apiPort: 8_080,
      kind: "outbound",
      direction: "outbound",
      userAgent: "/test:1/",
      protocolVersion: 70_016,
      claimedHeight: 7,
      unsentBytes: 0,
    };
    expect(view).toMatchObject(expected);
    expect(view!.services & NODE_CAIRN).toBe(NODE_CAIRN);
    expect(view!.connectedSince - since).toBeLessThan(50);
    expect(view!.misbehaviorPoints).toBeCloseTo(5, 1);
    expect(view!.pingMs).toBeGreaterThan(0);
    expect(view!.minPingMs).toBeLessThanOrEqual(view!.pingMs!);
    expect(view!.quietMs).toBeLessThan(PING_INTERVAL_MS);

    const [other] = bob.service.manager.view();
    expect(other).toMatchObject({
      direction: "inbound",
      kind: "inbound",
      nodeId: alice.identity.id,
    });
    expect(other!.bytesReceived).toBe(view!.bytesSent);
    expect(other!.messagesSent).toBe(view!.messagesReceived);
  });

  test("leaves out whoever is about to go, or has not shaken hands", () => {
    const { world, alice, bob } = twoNodes();
    new LooseEnd(world.addHost()).dial(alice.address);
    connect(alice, bob);
    expect(alice.service.manager.view().length).toBe(1);
    alice.peers[0]!.disconnect("by-hand");
    expect(alice.service.manager.view()).toEqual([]);
  });
});

describe("summary", () => {
  test("counts who is there, who is coming, and whom we know of", () => {
    const world = new PeerWorld();
    const [alice, bob, carol] = world.addNodes(3) as [PeerNode, PeerNode, PeerNode];
    alice.learn([bob, carol]);
    connect(alice, bob);
    connect(carol, alice);
    new LooseEnd(world.addHost()).dial(alice.address);
    void alice.service.connect({ host: "10.9.9.9", port: PORT });
    world.pass(50);
    alice.bans.discourage("10.9.9.8");
    expect(alice.service.manager.summary()).toEqual({
      inbound: 1,
      outbound: 1,
      connecting: 2,
      knownAddresses: 2,
      triedAddresses: 1,
      discouragedHosts: 1,
    });
  });
});

describe("stop", () => {
  test("leaves no connection, no timer and no port, whatever was under way", () => {
    const world = new PeerWorld();
    const nodes = world.addNodes(8);
    world.introduceAll();
    for (const node of nodes) node.service.start();
    for (const end of Array.from({ length: 3 }, () => new LooseEnd(world.addHost()))) {
      end.dial(nodes[0]!.address);
    }
    void nodes[0]!.service.connect({ host: "10.9.9.9", port: PORT });
    world.pass(3);
    for (const node of nodes) node.service.stop();
    world.pass(100);
    for (const { clock, host, service, peers } of nodes.slice(1)) {
      expect([clock.timersWaiting, host.connectionCount, service.heldCount, peers.length]).toEqual([
        0, 0, 0, 0,
      ]);
    }
    // One dial is still waiting for an answer.
    world.pass(6_000);
    expect([nodes[0]!.clock.timersWaiting, nodes[0]!.service.heldCount]).toEqual([0, 0]);
    expect(world.clock.eventsWaiting).toBe(0);
    const late = new LooseEnd(world.addHost()).dial(nodes[0]!.address);
    world.pass(10);
    expect(late.code).toBe("ECONNREFUSED");
  });

  test("keeps the peers for blocks alone as the next start's first", () => {
    const { alice, bob } = twoNodes();
    connect(alice, bob, "block-relay");
    alice.service.stop();
    expect(alice.addresses.takeAnchors()).toEqual([bob.address]);
  });

  test("before the port is there gives the port back", () => {
    const world = new PeerWorld();
    const node = world.addNode();
    node.service.stop();
    world.pass(10);
    const late = new LooseEnd(world.addHost()).dial(node.address);
    world.pass(10);
    expect([node.service.manager.port, late.code]).toEqual([undefined, "ECONNREFUSED"]);
  });
});
