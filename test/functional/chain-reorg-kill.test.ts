/**
 * P-12 with real processes: killed in the midst of a reorganisation, over and over.
 *
 * Every commit of smaller ones is cut off in test/unit/chain/restart.test.ts; here the machine
 * decides where.
 */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { BlockStore } from "../../src/storage/block-store.ts";
import { openNodeDatabase, QUICK, TestNode, temporaryFolder } from "../support/chain-builder.ts";
import { SeededRandom } from "../support/random.ts";
import { reorgBranches } from "../support/reorg-branches.ts";

const DEPTH = 100;
const ROUNDS = 6;

/** Longest life of the process after it said that it was ready, in milliseconds. */
const MAX_LIFE_MS = 120;

const CHILD = join(import.meta.dir, "..", "support", "reorg-child.ts");

test("P-12: a process killed in the midst of a reorganisation ends it at the next start", async () => {
  const { right } = reorgBranches(DEPTH);
  const expected = new TestNode(QUICK).follow(right).digest();
  const seed = Date.now();
  const random = new SeededRandom(seed);
  const heights: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    using folder = temporaryFolder();
    const path = join(folder.path, "cairn.db");
    await killAfter(random.below(MAX_LIFE_MS), path);

    const database = openNodeDatabase(QUICK, path);
    heights.push([...new BlockStore(database).loadActiveChain()].length - 1);
    const node = new TestNode(QUICK, database);
    expect(node.tipHash, `seed ${seed}, round ${round}`).toBe(right.tip.hash);
    expect(node.digest(), `seed ${seed}, round ${round}`).toBe(expected);
    node.close();
  }
  console.log(`killed at heights ${heights.join(" ")} of ${right.height}`);
}, 120_000);

/** Starts the child, and kills it so long after it was ready. */
async function killAfter(lifeMs: number, path: string): Promise<void> {
  const child = Bun.spawn([process.execPath, CHILD, path, String(DEPTH)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  for await (const chunk of child.stdout) {
    if (new TextDecoder().decode(chunk).includes("ready")) break;
  }
  await Bun.sleep(lifeMs);
  child.kill("SIGKILL");
  await child.exited;
}
