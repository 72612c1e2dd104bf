/**
 * Many nodes on one network: below fifty everybody knows everybody, above some are enough.
 */

import { describe, expect, test } from "bun:test";
import { BLOCK_RELAY_PEERS, OUTBOUND_PEERS } from "../../src/p2p/dialer.ts";
import { type PeerNode, PeerWorld } from "../support/peer-world.ts";

/** Starts all nodes of a new world, each with the addresses of all others. */
function startAll(count: number, seed = 1): PeerWorld {
  const world = new PeerWorld(seed);
  world.addNodes(count);
  world.introduceAll();
  for (const node of world.nodes) node.service.start();
  return world;
}

function countOf(node: PeerNode, kind: "outbound" | "block-relay"): number {
  return node.peers.filter((peer) => peer.kind === kind).length;
}

/** Nodes that can be reached from the first. */
function reachable(world: PeerWorld): number {
  const links = world.links();
  const found = new Set([0]);
  for (const from of found) {
    for (const [to, count] of links[from]!.entries()) if (count > 0) found.add(to);
  }
  return found.size;
}

function startCount(world: PeerWorld): number {
  return world.nodes.reduce((sum, { starts }) => sum + starts.length, 0);
}

describe("fifty nodes", () => {
  test("connect each to each within ten seconds, and stay so", () => {
    const world = startAll(50);
    const startedAt = performance.now();
    const virtualMs = world.untilMesh(10_000);
    const realMs = performance.now() - startedAt;
    console.log(
      `a mesh of 50: ${virtualMs.toFixed(0)} virtual ms, ${world.clock.eventsRun} events, ${realMs.toFixed(0)} ms`,
    );
    world.pass(60_000);
    const starts = startCount(world);
    world.pass(120_000);
    expect([world.isFullMesh, startCount(world)]).toEqual([true, starts]);
    const reasons = new Set(world.nodes.flatMap(({ ends }) => ends));
    expect(reasons.isSubsetOf(new Set(["duplicate", "closed-by-peer"]))).toBe(true);
  }, 60_000);

  test("take one that crashed in again, and all after all have crashed", () => {
    const world = startAll(12, 2);
    world.untilMesh(10_000);
    const [first] = world.nodes;
    first!.addresses.flush();
    first!.crash();
    world.pass(1_000);
    first!.restart();
    first!.service.start();
    world.untilMesh(30_000);

    for (const node of world.nodes) {
      node.addresses.flush();
      node.crash({ losesPower: true });
    }
    world.pass(60_000);
    for (const node of world.nodes) {
      node.restart();
      node.service.start();
    }
    world.untilMesh(60_000);
  });
});

describe("sixty nodes", () => {
  test("keep eight of their choice and two for blocks alone, and hold together", () => {
    const world = startAll(60);
    world.pass(60_000);
    for (const node of world.nodes) {
      expect(countOf(node, "outbound")).toBe(OUTBOUND_PEERS);
      expect(countOf(node, "block-relay")).toBe(BLOCK_RELAY_PEERS);
    }
    expect(reachable(world)).toBe(60);
    world.pass(300_000);
    expect(world.nodes.every((node) => countOf(node, "outbound") === OUTBOUND_PEERS)).toBe(true);
    const reasons = new Set(world.nodes.flatMap(({ ends }) => ends));
    expect([...reasons].filter((reason) => /malformed|misbehav|pong|timeout/.test(reason))).toEqual(
      [],
    );
  }, 60_000);

  test("that were fewer before let go of what is too much", () => {
    const world = startAll(30);
    world.untilMesh(10_000);
    world.addNodes(30);
    world.introduceAll();
    for (const node of world.nodes.slice(30)) node.service.start();
    world.pass(120_000);
    for (const node of world.nodes) {
      expect(countOf(node, "outbound")).toBe(OUTBOUND_PEERS);
      expect(countOf(node, "block-relay")).toBe(BLOCK_RELAY_PEERS);
    }
    expect(reachable(world)).toBe(60);
  }, 60_000);
});
