/**
 * Nodes that dial each other at any moment over lines of any length, and what is left of them: one
 * connection while they are there, and nothing once they are gone.
 */

import { describe, expect, test } from "bun:test";
import { checkOneLink } from "../support/one-link.ts";
import { LooseEnd, type PeerNode, PeerWorld } from "../support/peer-world.ts";
import { repeatSeeded } from "../support/random.ts";

/** As many runs as fit an ordinary test; peer-links.long.test.ts has more. */
const RUNS = 100;

describe("P-33: two nodes that dial each other", () => {
  test(`at once keep exactly one connection, the same on both sides, in ${RUNS} runs`, () => {
    repeatSeeded(33, RUNS, (random) => checkOneLink(random, 50));
  });

  test(`at any moment keep exactly one in the end, in ${RUNS} runs`, () => {
    repeatSeeded(34, RUNS, (random) => checkOneLink(random, 20_000));
  });
});

describe("P-38: nothing is left", () => {
  test("of 10,000 connections that came and went in every way", () => {
    const world = new PeerWorld(38, {
      link: { latencyMs: [1, 1], bytesPerSecond: 1e9, lossPerThousand: 0 },
    });
    const [node, ...others] = world.addNodes(9) as [PeerNode, ...PeerNode[]];
    const loose = Array.from({ length: 200 }, (_, index) => world.addHost(`10.7.0.${index + 1}`));
    world.pass(10);
    let connections = 0;
    let largest = 0;
    for (let round = 0; connections < 10_000; round++) {
      // True nodes, whose hand is shaken.
      for (const [place, other] of others.entries()) {
        void other.service.connect(node.address);
        if (place % 2 === 0) void node.service.connect(other.address, "outbound");
        connections += 1;
      }
      world.pass(20);
      // Others, that say nothing, or what is wrong.
      const ends = loose.map((host) => new LooseEnd(host).dial(node.address));
      connections += ends.length;
      world.pass(20);
      for (const [place, { connection }] of ends.entries()) {
        const way = (place + round) % 4;
        if (way === 0) connection?.close();
        else if (way === 1) connection?.write(new Uint8Array(30));
        else if (way === 2) connection?.write(Uint8Array.of(0xfa, 0xbf, 0xb5, 0xda, 1));
      }
      world.pass(100);
      for (const [place, peer] of node.peers.entries()) {
        if (place % 3 === 0) peer.punish("malformed-message");
        else if (place % 3 === 1) peer.disconnect("by-hand");
        else peer.send({ command: "verack" });
      }
      world.pass(1_000);
      largest = Math.max(largest, node.service.heldCount);
      for (const other of others) for (const peer of other.peers) peer.disconnect("by-hand");
      for (const other of others) node.service.manager.unban(other.host.address);
      world.pass(1_000);
    }
    world.pass(20_000);
    expect(largest).toBeGreaterThan(50);
    expect([node, ...others].map(({ service }) => service.heldCount)).toEqual(
      [node, ...others].map(() => 0),
    );
    expect(node.clock.timersWaiting).toBe(0);
    expect(node.starts.length).toBeGreaterThan(200);
    expect(node.ends.length).toBe(node.starts.length);
  }, 60_000);
});
