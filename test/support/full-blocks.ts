/**
 * The blocks with the most outputs and the most inputs that a network allows, connected and taken
 * back under a page cache of any size (C-20).
 */

import { join } from "node:path";
import type { Network } from "../../src/consensus/params.ts";
import { blockWeight } from "../../src/primitives/block.ts";
import {
  ANYONE,
  Branch,
  coinOf,
  openNodeDatabase,
  spend,
  TestNode,
  temporaryFolder,
} from "./chain-builder.ts";

/** Bytes of an output to ANYONE, and of an input that spends it. */
const OUTPUT_BYTES = 10;
const INPUT_BYTES = 41;

/** Bytes left for header, coinbase and counts. */
const SPARE_BYTES = 600;

/** Blocks that fill `network`'s limit, and a branch that takes all of them back. */
export interface FullBlocks {
  readonly network: Network;
  readonly outputs: number;
  readonly inputs: number;
  /** How full the two blocks are, of 1. */
  readonly fullness: readonly number[];
  readonly trunk: Branch;
  readonly full: Branch;
  readonly rival: Branch;
}

/** Makes them; a coinbase of `network` must be ripe after two blocks. */
export function makeFullBlocks(network: Network): FullBlocks {
  const room = network.params.maxBlockWeight / 4 - SPARE_BYTES;
  const outputs = Math.floor(room / OUTPUT_BYTES);
  const inputs = Math.floor(room / INPUT_BYTES);
  const trunk = new Branch(network).mine(4);
  const split = spend([trunk.coinbaseCoin(2)], {
    parts: { outputs: Array.from({ length: outputs }, () => ({ value: 1, scriptPubKey: ANYONE })) },
  });
  const coins = Array.from({ length: inputs }, (_, vout) => coinOf(split, vout));
  const full = trunk
    .fork()
    .mine({ transactions: [split] })
    .mine({ transactions: [spend(coins)] });
  const weights = full.after(trunk.height).map(({ transactions }) => blockWeight(transactions));
  return {
    network,
    outputs,
    inputs,
    fullness: weights.map((weight) => weight / network.params.maxBlockWeight),
    trunk,
    full,
    rival: trunk.fork().mine(3),
  };
}

/** Digests of the coins: at the trunk, after each full block, and after both were taken back. */
export function digestsThrough(blocks: FullBlocks, cacheKibibytes: number): string[] {
  const { network, trunk, full, rival } = blocks;
  using folder = temporaryFolder();
  const node = new TestNode(network, openNodeDatabase(network, join(folder.path, "cairn.db")));
  node.database.run(`PRAGMA cache_size = -${cacheKibibytes}`);
  node.follow(trunk);
  const digests = [node.digest()];
  for (const block of full.after(trunk.height)) {
    if (node.offer(block) !== "connected") throw new Error("a full block is refused");
    digests.push(node.digest());
  }
  // As each step back is done: the coins before that block.
  node.chain.events.on("block-disconnected", () => digests.push(node.digest()));
  node.follow(rival);
  if (node.tipHash !== rival.tip.hash) throw new Error("the rival did not win");
  node.close();
  return digests;
}
