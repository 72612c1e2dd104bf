/**
 * D-01 without killing anybody: a write-ahead log cut off anywhere opens at a commit.
 *
 * The chain found after that must be one that the node was at, with exactly its coins. The loop that
 * kills real processes is among the slower tests.
 */

import { describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
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
import { SeededRandom } from "../../support/random.ts";

const SEED = 0xd01;
const CUTS = 120;

/** Grows by blocks that each spend a coinbase. */
function mineSpends(branch: Branch, count: number): Branch {
  for (let index = 0; index < count; index++) {
    const coin = branch.coinbaseCoin(branch.height - 1);
    branch.mine({ transactions: [spend([coin], { count: 2 })] });
  }
  return branch;
}

/** Digests of the coins by the hash of every tip that the node was at. */
function follow(path: string, branches: readonly Branch[]) {
  const node = new TestNode(QUICK, openNodeDatabase(QUICK, path));
  // Nothing is copied into the database: all of it is in the log.
  node.database.run("PRAGMA wal_autocheckpoint = 0");
  const digests = new Map([[node.tipHash, node.digest()]]);
  const note = () => digests.set(node.tipHash, node.digest());
  node.chain.events.on("block-connected", note);
  node.chain.events.on("block-disconnected", note);
  for (const branch of branches) node.follow(branch);
  return { node, digests };
}

describe("a log that was cut off", () => {
  test("D-01: opens at a commit, with a consistent chain, wherever it was cut", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    const left = mineSpends(chainOf(4, QUICK), 6);
    const right = mineSpends(left.fork(3), 4);
    const { node, digests } = follow(path, [left, right]);
    expect(node.reorgs).toEqual([[3, 4]]);
    const log = readFileSync(`${path}-wal`);

    const random = new SeededRandom(SEED);
    const frame = 4096 + 24;
    const frames = Math.floor((log.length - 32) / frame);
    const cuts = Array.from({ length: CUTS }, (_, index) => {
      if (index === 0) return 0;
      if (index === 1) return log.length;
      // Every second cut is exactly between two pages.
      return index % 2 === 0 ? random.below(log.length) : 32 + frame * random.below(frames);
    });
    const heights = new Set<number>();
    for (const [index, length] of cuts.entries()) {
      const copy = join(folder.path, `cut-${index}.db`);
      copyFileSync(path, copy);
      writeFileSync(`${copy}-wal`, log.subarray(0, length));

      const message = `seed ${SEED}, log of ${log.length} bytes cut to ${length}`;
      const cut = new TestNode(QUICK, openNodeDatabase(QUICK, copy));
      expect(digests.get(cut.tipHash), message).toBe(cut.digest());
      heights.add(cut.height);
      cut.follow(left).follow(right);
      expect(cut.tipHash, message).toBe(right.tip.hash);
      expect(cut.digest(), message).toBe(node.digest());
      cut.database.close();
    }
    // The cuts fell all over the history, not into one place.
    expect(heights.size).toBeGreaterThan(6);
    node.close();
  });

  test("D-01: what was acknowledged is in the log: a copy of the files at any moment has it", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    const branch = mineSpends(chainOf(4, QUICK), 4);
    const node = new TestNode(QUICK, openNodeDatabase(QUICK, path));
    for (const [index, block] of branch.blocks.entries()) {
      node.offer(block);
      const copy = join(folder.path, `copy-${index}.db`);
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      const restarted = new TestNode(QUICK, openNodeDatabase(QUICK, copy));
      expect(restarted.state()).toEqual(node.state());
      restarted.database.close();
    }
    node.close();
  });
});
