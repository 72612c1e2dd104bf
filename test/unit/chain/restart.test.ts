/**
 * What a node knows again after it stopped, orderly or not, at any point between two commits.
 *
 * Copies of the database taken inside listeners are what a power failure at that moment leaves: each
 * event comes after its commit. Files and torn logs are tested in storage/crash-recovery.test.ts.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  type Branch,
  chainOf,
  openNodeDatabase,
  QUICK,
  spend,
  TestNode,
  temporaryFolder,
} from "../../support/chain-builder.ts";

/** Grows by blocks that each spend a coinbase. */
function mineSpends(branch: Branch, count: number): Branch {
  for (let index = 0; index < count; index++) {
    const coin = branch.coinbaseCoin(branch.height - 1);
    branch.mine({ transactions: [spend([coin], { count: 2, fee: 9 })], fees: 9 });
  }
  return branch;
}

const trunk = chainOf(4, QUICK);

describe("an orderly restart", () => {
  test("gives the same tip, coins and statuses after every kind of event", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    const left = mineSpends(trunk.fork(), 3);
    const right = mineSpends(trunk.fork(), 4);
    const invalid = right.fork().mine({ fees: 1 });
    const brokenBranch = mineSpends(trunk.fork(), 3).mine({ fees: 1 }, {});
    const steps: readonly (readonly [string, () => readonly unknown[]])[] = [
      ["an empty chain", () => []],
      ["blocks connected", () => left.blocks],
      ["a side branch", () => right.after(4).slice(0, 3)],
      ["a reorganisation", () => [right.tip]],
      ["an invalid child of the tip", () => [invalid.tip]],
      ["an invalid better branch", () => brokenBranch.after(4)],
      ["a way back", () => mineSpends(left, 2).after(7)],
      ["orphans", () => [left.fork().mine(2).tip]],
    ];
    for (const [name, blocks] of steps) {
      const node = new TestNode(QUICK, openNodeDatabase(QUICK, path));
      for (const block of blocks()) node.offer(block as never);
      const before = node.state();
      node.close();

      const restarted = new TestNode(QUICK, openNodeDatabase(QUICK, path));
      expect(restarted.state(), name).toEqual(before);
      expect(restarted.events).toEqual([]);
      restarted.close();
    }
  });

  test("goes on where it was: ties keep the first, invalid ones stay refused", () => {
    const left = trunk.fork().mine(2);
    const right = trunk.fork().mine(2);
    const bad = left.fork().mine({ fees: 1 });
    const node = new TestNode(QUICK).follow(left).follow(right);
    expect(node.offer(bad.tip)).toBe("bad-cb-amount");
    const restarted = node.restartedCopy();
    expect(restarted.tipHash).toBe(left.tip.hash);
    expect(restarted.offer(bad.tip)).toBe("duplicate-invalid");
    expect(restarted.offer(bad.mine(1).tip)).toBe("bad-prevblk");
    expect(restarted.offer(right.mine(1).tip)).toBe("connected");
    expect(restarted.reorgs).toEqual([[2, 3]]);
  });
});

describe("an interrupted reorganisation", () => {
  /** The databases that a stop at each step of going from one branch to the other leaves. */
  function interruptions(left: Branch, right: Branch): TestNode[] {
    const node = new TestNode(QUICK).follow(left).follow(right.fork(1));
    const copies: Uint8Array[] = [];
    const copy = () => copies.push(node.database.serialize());
    node.chain.events.on("block-disconnected", copy);
    node.chain.events.on("block-connected", copy);
    node.follow(right);
    return copies.map((bytes) => new TestNode(QUICK, Database.deserialize(bytes)));
  }

  test.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    "P-12: of depth %i is completed at the next start, from any step",
    (depth) => {
      const left = mineSpends(trunk.fork(), depth);
      const right = mineSpends(trunk.fork(), depth + 1);
      const expected = new TestNode(QUICK).follow(left).follow(right).state();
      const restarted = interruptions(left, right);
      expect(restarted).toHaveLength(2 * depth + 1);
      for (const node of restarted) expect(node.state()).toEqual(expected);
    },
  );

  test("P-12: to an invalid branch ends on the best valid one, from any step", () => {
    const left = mineSpends(trunk.fork(), 3);
    const right = mineSpends(trunk.fork(), 2).mine({ fees: 1 }, {});
    const expected = new TestNode(QUICK).follow(left).follow(right).state();
    expect(expected.tip).toBe(left.tip.hash);
    for (const node of interruptions(left, right)) {
      const { statuses, ...state } = node.state();
      const { statuses: expectedStatuses, ...expectedState } = expected;
      expect(state).toEqual(expectedState);
      expect(statuses).toEqual(expectedStatuses);
    }
  });

  test("P-12: by a listener that throws is completed at the next start", () => {
    const left = mineSpends(trunk.fork(), 3);
    const right = mineSpends(trunk.fork(), 4);
    const expected = new TestNode(QUICK).follow(right).digest();
    for (let failing = 1; failing <= 7; failing++) {
      const node = new TestNode(QUICK).follow(left).follow(right.fork(1));
      let seen = 0;
      const fail = () => {
        seen += 1;
        if (seen === failing) throw new Error("stop");
      };
      node.chain.events.on("block-disconnected", fail);
      node.chain.events.on("block-connected", fail);
      expect(() => node.offer(right.tip)).toThrow("stop");
      const restarted = node.restartedCopy();
      expect(restarted.tipHash).toBe(right.tip.hash);
      expect(restarted.digest()).toBe(expected);
    }
  });
});

describe("a write that fails", () => {
  /** Leaves the database no room to grow. */
  function fill({ database }: TestNode): () => void {
    const { page_count: pages } = database
      .query<{ page_count: number }, []>("PRAGMA page_count")
      .get()!;
    database.run(`PRAGMA max_page_count = ${pages}`);
    return () => database.run("PRAGMA max_page_count = 1000000");
  }

  test("D-02: on a full disk the block is not taken, and can be once there is room", () => {
    const branch = mineSpends(trunk.fork(), 2);
    const node = new TestNode(QUICK).follow(branch);
    const before = node.state();
    const makeRoom = fill(node);
    const outputs = [{ value: 1, scriptPubKey: new Uint8Array(9_999) }];
    branch.mine({ coinbaseOutputs: Array.from({ length: 40 }, () => outputs[0]!) });
    expect(() => node.offer(branch.tip)).toThrow(/full/);
    expect(node.state()).toEqual(before);
    expect(node.restartedCopy().state()).toEqual(before);

    makeRoom();
    expect(node.offer(branch.tip)).toBe("connected");
    expect(node.restartedCopy().state()).toEqual(node.state());
  });

  test.each([
    ["its header", 10],
    ["the count of its transactions", 80],
    ["an input of its coinbase", 90],
    ["an output of its coinbase", 145],
  ])("D-04: a block of which the disk changed %s is found out when it is read", (_name, offset) => {
    const branch = trunk.fork().mine(1);
    const node = new TestNode(QUICK).follow(branch);
    const entry = node.chain.tip;
    const bytes = node.chain.getBlockBytes(entry);
    bytes[offset] = bytes[offset]! ^ 4;
    node.database.run("UPDATE bodies SET block = ? WHERE header_id = ?", [bytes, entry.id]);
    expect(() => node.chain.getBlock(entry)).toThrow(/damaged/);
  });
});
