/**
 * Two nodes that dial each other, and the one connection that must be left (P-33).
 */

import { expect } from "bun:test";
import type { Peer } from "../../src/p2p/peer.ts";
import type { LinkSettings } from "../simulation/virtual-link.ts";
import { type PeerNode, PeerWorld } from "./peer-world.ts";
import type { SeededRandom } from "./random.ts";

/**
 * Two nodes begin within `spreadMs` of each other, each with the other's address, and are left alone
 * for two minutes; at their end, and for five more, there is one connection.
 */
export function checkOneLink(random: SeededRandom, spreadMs: number): void {
  const world = new PeerWorld(random.u32());
  const [alice, bob] = world.addNodes(2) as [PeerNode, PeerNode];
  world.network.setLink(alice.host, bob.host, anyLine(random));
  world.network.setLink(bob.host, alice.host, anyLine(random));
  world.introduceAll();
  for (const node of [alice, bob]) {
    world.clock.after(random.below(spreadMs), () => node.service.start());
  }
  world.pass(120_000);
  expect(linksOf(alice, bob)).toEqual([1, 1]);
  const starts = [alice.starts.length, bob.starts.length];
  // Few were tried, though both sides had reason to.
  expect(Math.max(...starts)).toBeLessThanOrEqual(4);
  world.pass(300_000);
  expect([alice.starts.length, bob.starts.length]).toEqual(starts);
  expect(isOneConnection(alice.peers[0]!, bob.peers[0]!)).toBe(true);
  for (const node of [alice, bob]) node.service.stop();
  world.pass(10_000);
  expect([alice.service.heldCount, bob.service.heldCount]).toEqual([0, 0]);
  expect([alice.clock.timersWaiting, bob.clock.timersWaiting]).toEqual([0, 0]);
}

function linksOf(alice: PeerNode, bob: PeerNode): number[] {
  return [alice.peers.length, bob.peers.length];
}

/** True if the two are the ends of one connection. */
function isOneConnection(one: Peer, other: Peer): boolean {
  return one.isInbound !== other.isInbound && one.profile.dialNonce === other.profile.dialNonce;
}

function anyLine(random: SeededRandom): LinkSettings {
  const least = random.below(300);
  const latencyMs = [least, least + random.below(200)] as const;
  return { latencyMs, bytesPerSecond: 1_000_000, lossPerThousand: 0 };
}
