/**
 * P-01 at its full size: a million cheap headers from one peer, and what is left of them in memory.
 */

import { expect, test } from "bun:test";
import { BlockIndex } from "../../../src/chain/block-index.ts";
import { HeaderTree, MAX_HEADERS_AHEAD } from "../../../src/p2p/header-tree.ts";
import { REGTEST } from "../../support/chain-builder.ts";
import { HeaderChain } from "../../support/header-chain.ts";

/** Headers of the first fork: as many as are looked at before the peer hears that it is too many. */
const FORK_LENGTH = 20_000;
const FORKS = 50;
const MEBIBYTE = 1024 * 1024;

/** Sends one fork in messages, the first the longest; returns how many of its headers were taken. */
function sendFork(tree: HeaderTree, salt: number): number {
  const fork = new HeaderChain(REGTEST, salt).mine(FORK_LENGTH - Math.min(salt, 2));
  let taken = 0;
  for (let from = 1; from <= fork.height; from += 2_000) {
    const verdict = tree.accept(fork.slice(from, from + 1_999), 1);
    if (verdict.status === "accepted") taken += verdict.newCount;
  }
  return taken;
}

test("P-01: 10^6 headers in forks at genesis leave two forks, the index as it was, no memory lost", async () => {
  const index = new HeaderChain(REGTEST).mine(200).activate(new BlockIndex());
  const now = () => (REGTEST.genesis.header.time + 100_000_000) * 1000;
  const tree = new HeaderTree({ index, params: REGTEST.params, now });
  const used = async () => {
    // What was just used may still be found on the stack; another turn has a clean one.
    await new Promise((resolve) => setImmediate(resolve));
    Bun.gc(true);
    return process.memoryUsage().heapUsed;
  };

  sendFork(tree, 0);
  tree.removePeer(1);
  const before = await used();
  let most = 0;
  let taken = 0;
  for (let salt = 1; salt <= FORKS; salt++) {
    taken += sendFork(tree, salt);
    most = Math.max(most, tree.size);
  }
  expect(taken).toBeGreaterThan(999_000);
  // The fork with the most work, and the latest.
  expect(most).toBeGreaterThan(1.9 * MAX_HEADERS_AHEAD);
  expect(most).toBeLessThanOrEqual(2 * MAX_HEADERS_AHEAD);
  expect(index.size).toBe(201);

  const held = (await used()) - before;
  console.log(`P-01: ${tree.size} headers held in ${(held / MEBIBYTE).toFixed(1)} MiB`);
  expect(held).toBeLessThan(16 * MEBIBYTE);
  tree.removePeer(1);
  expect(tree.size).toBe(0);
  expect((await used()) - before).toBeLessThan(held / 4);
}, 600_000);
