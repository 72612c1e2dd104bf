/**
 * A branch whose first block has no more work than our tip: it is taken for the sake of the second.
 *
 * Whole nodes in a virtual world; found by the simulator, whose drill is in simulation.ts.
 */

import { describe, expect, test } from "bun:test";
import { chainOf } from "../support/chain-builder.ts";
import { P2pWorld } from "../support/p2p-world.ts";

/** Less than the time after which a node with an old tip asks by itself. */
const SOON_MS = 15_000;

describe("a branch that overtakes ours by its second block", () => {
  test("is followed as soon as that block is announced", () => {
    const world = new P2pWorld();
    const trunk = chainOf(5);
    const ours = trunk.fork().mine(1);
    const theirs = trunk.fork().mine(2);
    const [node, other] = world.addNodes(2, trunk);
    node!.submit(ours.blocks);
    other!.submit(theirs.blocks.slice(0, -1));
    world.connectAll();
    world.until(() => node!.peers.length === 1 && other!.peers.length === 1);
    world.pass(5_000);
    expect(node!.tipHash).toBe(ours.tip.hash);

    other!.submit([theirs.tip]);
    world.untilTip(theirs.tip.hash, [node!, other!], SOON_MS);
    expect(node!.height).toBe(theirs.height);
    world.stop();
  });
});
