/**
 * What is said of addresses: who is asked, who is answered, what is passed on, and that nobody can
 * make a node tell more than it should, or pass on lies without end.
 */

import { describe, expect, test } from "bun:test";
import { AddressGossip, MAX_RELAYED_ENTRIES } from "../../../src/p2p/address-gossip.ts";
import { ADDRESS_RATE, AddressManager } from "../../../src/p2p/address-manager.ts";
import { NodeIdentity } from "../../../src/p2p/identity.ts";
import type { PeerKind } from "../../../src/p2p/peer.ts";
import type { AddressEntry } from "../../../src/wire/address-messages.ts";
import type { NetAddress } from "../../../src/wire/net-address.ts";
import { LAN } from "../../support/address-book.ts";
import { openPeerStore } from "../../support/peer-store.ts";
import {
  addressOf,
  HandPeer,
  PORT,
  type RelayNode,
  RelayWorld,
} from "../../support/relay-world.ts";

/** Longer than anything that is passed on may wait. */
const FLUSH_MS = 6_000;

interface Gossiper {
  readonly gossip: AddressGossip;
  readonly book: AddressManager;
}

const gossipers = new WeakMap<RelayNode, Gossiper>();

function addGossiper(
  world: RelayWorld,
  isListening = true,
): RelayNode & { readonly parts: Gossiper } {
  const node = world.addNode({
    conversations: (context, self) => {
      const store = openPeerStore();
      const book = new AddressManager({
        clock: world.clock,
        random: world.random,
        store,
        filter: LAN,
      });
      const listening = () => (isListening ? [addressOf(self)] : []);
      const gossip = new AddressGossip(context, { book, listening });
      gossipers.set(self, { gossip, book });
      return [gossip];
    },
  });
  return Object.assign(node, { parts: gossipers.get(node)! });
}

function entryOf(world: RelayWorld, address: NetAddress, secondsAgo = 0): AddressEntry {
  return { time: Math.floor(world.clock.now() / 1_000) - secondsAgo, services: 1n, address };
}

function somewhere(index: number): NetAddress {
  return { host: `10.7.${index >>> 8}.${index & 0xff}`, port: PORT };
}

function told(peer: HandPeer): string[] {
  return [...peer.of("addr"), ...peer.of("addrv2")].flatMap(({ entries }) =>
    entries.map(({ address }) => address.host),
  );
}

function dialled(world: RelayWorld, node: RelayNode, kind: PeerKind = "outbound"): HandPeer {
  const peer = new HandPeer(world);
  peer.beDialled(node, kind);
  world.clock.pass(100);
  return peer;
}

describe("asking and answering", () => {
  test("asks those whom it dialled, and nobody else", () => {
    const world = new RelayWorld();
    const node = addGossiper(world);
    const asked = (["outbound", "manual", "block-relay", "feeler"] as const).map(
      (kind) => dialled(world, node, kind).of("getaddr").length,
    );
    expect(asked).toEqual([1, 1, 0, 0]);
    const inbound = world.handPeer(node);
    world.clock.pass(100);
    expect(inbound.of("getaddr")).toEqual([]);
  });

  test("P-41: answers those who dialled, once a connection, in the form that they read", () => {
    const world = new RelayWorld();
    const node = addGossiper(world);
    node.parts.book.add(
      [1, 2, 3].map((index) => entryOf(world, somewhere(index))),
      "10.0.0.99",
    );
    const modern = world.handPeer(node);
    const old = world.handPeer(node, { wantsAddrv2: false });
    for (const peer of [modern, old]) peer.send({ command: "getaddr" }, { command: "getaddr" });
    world.clock.pass(FLUSH_MS);
    expect([modern.of("addrv2").length, modern.of("addr").length]).toEqual([1, 0]);
    expect([old.of("addrv2").length, old.of("addr").length]).toEqual([0, 1]);
    expect(told(modern).sort()).toEqual(["10.7.0.1", "10.7.0.2", "10.7.0.3"]);
    const outbound = dialled(world, node);
    outbound.send({ command: "getaddr" });
    world.clock.pass(FLUSH_MS);
    expect(told(outbound)).toEqual([node.host.address]);
  });

  test("nodes that know one each come to know all", () => {
    const world = new RelayWorld();
    const nodes = Array.from({ length: 6 }, () => addGossiper(world));
    for (const [index, node] of nodes.slice(1).entries()) {
      world.connect(node, nodes[index]!);
      world.clock.pass(FLUSH_MS);
    }
    world.clock.pass(5 * FLUSH_MS);
    // Everybody who dialled has said where it is, and that was passed on.
    const last = nodes.at(-1)!;
    for (const node of nodes.slice(1, -1)) expect(last.parts.book.has(addressOf(node))).toBe(true);
    for (const node of nodes.slice(1)) expect(nodes[0]!.parts.book.has(addressOf(node))).toBe(true);
  });
});

describe("saying where we are", () => {
  test("tells whom it dialled the address at which that one sees it, and again a day later", () => {
    const world = new RelayWorld();
    const node = addGossiper(world);
    const peer = dialled(world, node);
    expect(peer.of("addrv2").map(({ entries }) => entries)).toEqual([
      [{ ...entryOf(world, addressOf(node)), services: expect.any(BigInt) as bigint }],
    ]);
    world.clock.pass(25 * 60 * 60 * 1_000);
    expect(told(peer)).toEqual([node.host.address, node.host.address]);
  });

  test("tells nothing if it accepts no peers, and nothing to those who dialled it", () => {
    const world = new RelayWorld();
    const peer = dialled(world, addGossiper(world, false));
    const inbound = world.handPeer(addGossiper(world));
    world.clock.pass(FLUSH_MS);
    expect([told(peer), told(inbound)]).toEqual([[], []]);
  });
});

describe("passing on", () => {
  test("tells two others of a new address, and never whoever told it", () => {
    const world = new RelayWorld();
    const node = addGossiper(world);
    const source = world.handPeer(node);
    const others = Array.from({ length: 6 }, () => world.handPeer(node));
    source.send({ command: "addrv2", entries: [entryOf(world, somewhere(1))] });
    world.clock.pass(FLUSH_MS);
    expect(others.filter((peer) => told(peer).length === 1)).toHaveLength(2);
    expect(told(source)).toEqual([]);
    // It is no news any more.
    for (const peer of others)
      peer.send({ command: "addrv2", entries: [entryOf(world, somewhere(1))] });
    world.clock.pass(FLUSH_MS);
    expect(others.flatMap(told)).toHaveLength(2);
  });

  test("passes on nothing old, nothing that the book refuses, and no long list", () => {
    const world = new RelayWorld();
    const node = addGossiper(world);
    const source = world.handPeer(node);
    const other = world.handPeer(node);
    const refused = ["127.0.0.1", "0.0.0.0", "169.254.169.254", "224.0.0.1"].map((host) =>
      entryOf(world, { host, port: PORT }),
    );
    const badPorts = [0, 22, 25].map((port) => entryOf(world, { host: "10.7.9.9", port }));
    source.send({ command: "addr", entries: [...refused, ...badPorts] });
    source.send({ command: "addr", entries: [entryOf(world, somewhere(1), 3_600)] });
    const many = Array.from({ length: MAX_RELAYED_ENTRIES + 1 }, (_, index) =>
      somewhere(10 + index),
    );
    source.send({ command: "addr", entries: many.map((address) => entryOf(world, address)) });
    source.send({ command: "addr", entries: [] });
    world.clock.pass(FLUSH_MS);
    expect([told(other), source.isClosed]).toEqual([[], false]);
    expect(node.parts.book.size).toBe(1 + many.length);
  });

  test("P-30: tells nobody farther away of an address that is nearer", () => {
    const world = new RelayWorld();
    const node = addGossiper(world);
    const near = world.handPeer(node);
    const far = world.handPeer(node, {}, world.network.addHost("20.1.2.3"));
    const alsoNear = world.handPeer(node);
    near.send({ command: "addrv2", entries: [entryOf(world, somewhere(1))] });
    far.send({ command: "addrv2", entries: [entryOf(world, { host: "20.9.9.9", port: PORT })] });
    world.clock.pass(FLUSH_MS);
    expect([told(far), told(alsoNear).sort()]).toEqual([[], ["10.7.0.1", "20.9.9.9"]]);
    expect(told(near)).toEqual(["20.9.9.9"]);
  });

  test("P-29: a flood of addresses is taken up to its rate, and passed on no further", () => {
    const world = new RelayWorld();
    const node = addGossiper(world);
    const source = world.handPeer(node);
    const other = world.handPeer(node);
    for (let round = 0; round < 1_000; round++) {
      const entries = Array.from({ length: 10 }, (_, index) =>
        entryOf(world, somewhere(round * 10 + index)),
      );
      source.send({ command: "addrv2", entries });
      world.clock.pass(20);
      expect(node.parts.gossip.size).toBeLessThan(110);
    }
    const taken = ADDRESS_RATE.burst + 20 * ADDRESS_RATE.perSecond;
    expect(node.parts.book.size).toBeLessThanOrEqual(taken);
    expect(told(other).length).toBeLessThanOrEqual(taken);
    expect([source.isClosed, other.isClosed]).toEqual([false, false]);
  });

  test("P-38: keeps nothing of peers that went", () => {
    const world = new RelayWorld();
    const node = addGossiper(world);
    const host = world.addHost();
    for (let round = 0; round < 500; round++) {
      const peer = world.handPeer(node, {}, host);
      peer.send(
        { command: "getaddr" },
        { command: "addrv2", entries: [entryOf(world, somewhere(round))] },
      );
      world.clock.pass(5);
      peer.close();
      world.clock.pass(5);
    }
    world.clock.pass(60_000);
    expect([node.parts.gossip.size, world.clock.eventsWaiting]).toEqual([0, 0]);
    const ended = dialled(world, node);
    ended.close();
    world.clock.pass(60_000);
    expect([node.parts.gossip.size, world.clock.eventsWaiting]).toEqual([0, 0]);
  });

  test("hears and says nothing on lines that are for one purpose alone", () => {
    const world = new RelayWorld();
    const node = addGossiper(world);
    const peer = new HandPeer(world, { identity: new NodeIdentity(world.random.bytes(32)) });
    peer.beDialled(node, "block-relay");
    peer.send(
      { command: "addrv2", entries: [entryOf(world, somewhere(1))] },
      { command: "getaddr" },
    );
    world.clock.pass(FLUSH_MS);
    expect([node.parts.book.size, told(peer)]).toEqual([0, []]);
  });
});
