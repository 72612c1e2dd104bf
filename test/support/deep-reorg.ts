/**
 * A reorganisation of any depth over a real file, back to genesis, and what it costs.
 *
 * Blocks are made and handed over one by one, so that the memory seen is the chain's own.
 */

import { join } from "node:path";
import { mineBusy } from "./busy-blocks.ts";
import {
  Branch,
  openNodeDatabase,
  QUICK,
  TestNode,
  temporaryFolder,
  withParams,
} from "./chain-builder.ts";

/** Regtest's subsidy is gone after 5,000 blocks, and then there is nothing to spend. */
const NETWORK = withParams(QUICK, { halvingInterval: 840_000 });

/** What a reorganisation left, and what it took. */
export interface DeepReorg {
  readonly reorgs: TestNode["reorgs"];
  /** Of the node that went the long way, and of one that only ever saw the winner. */
  readonly digests: readonly [detour: string, fresh: string];
  /** Tips of the same two, and of the first one started again. */
  readonly tips: readonly string[];
  /** Blocks as they were announced during the reorganisation: so many left, so many came. */
  readonly announced: { readonly left: number; readonly came: number };
  /** Most resident memory during the reorganisation beyond what there was before, and in all. */
  readonly growthMebibytes: number;
  readonly residentMebibytes: number;
  readonly seconds: number;
}

const MEBIBYTE = 1024 * 1024;

/** Leaves `depth` blocks, all there are, for a branch of one more. */
export function runDeepReorg(depth: number): DeepReorg {
  using folder = temporaryFolder();
  const path = join(folder.path, "cairn.db");
  const left = branchOf(depth, 600);
  const node = new TestNode(NETWORK, openNodeDatabase(NETWORK, path));
  // The file is thrown away at the end: only what is in it counts, not when it reached the disk.
  node.database.run("PRAGMA synchronous = OFF");
  node.follow(left);
  const right = branchOf(depth + 1, 601);
  node.follow(right.fork(1));
  node.events.length = 0;

  Bun.gc(true);
  const before = process.memoryUsage.rss();
  let most = before;
  const sample = () => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  node.chain.events.on("block-disconnected", sample);
  node.chain.events.on("block-connected", sample);
  const start = performance.now();
  node.follow(right);
  const seconds = (performance.now() - start) / 1000;

  const fresh = new TestNode(NETWORK).follow(right);
  const detourDigest = node.digest();
  const announced = {
    left: node.events.filter(([kind]) => kind === "-").length,
    came: node.events.filter(([kind]) => kind === "+").length,
  };
  node.close();
  const again = new TestNode(NETWORK, openNodeDatabase(NETWORK, path));
  const tips = [node.tipHash, fresh.tipHash, again.tipHash];
  again.close();
  return {
    reorgs: node.reorgs,
    digests: [detourDigest, fresh.digest()],
    tips,
    announced,
    growthMebibytes: (most - before) / MEBIBYTE,
    residentMebibytes: most / MEBIBYTE,
    seconds,
  };
}

/** A branch `height` blocks high, full of spends where it can be; each first time is another one. */
function branchOf(height: number, firstSeconds: number): Branch {
  const plain = Math.min(height, 2);
  const branch = new Branch(NETWORK).mine({
    header: { time: NETWORK.genesis.header.time + firstSeconds },
  });
  if (plain === 2) branch.mine(1);
  return mineBusy(branch, height - plain);
}
