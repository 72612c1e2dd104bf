/**
 * How fast a new node catches up with another, as processes: 2,000 blocks of 10 payments, and how soon
 * the APIs of both answer meanwhile.
 */

import { catchUp } from "../support/catch-up.ts";
import { grownChain } from "../support/grown-chain.ts";
import { PeerNodes } from "../support/peer-nodes.ts";
import { report } from "./measure.ts";

const BLOCKS = 2_000;
const PAYMENTS_PER_BLOCK = 10;

/** Measures for some ten seconds and prints the figures. */
export async function run(): Promise<void> {
  await using group = new PeerNodes();
  using chain = grownChain({
    network: group.network,
    blocks: BLOCKS,
    paymentsPerBlock: PAYMENTS_PER_BLOCK,
  });
  const { seconds, answersMs } = await catchUp(group, chain);
  report("blocks of 10 payments fetched from a peer", chain.height / seconds, "blocks/s");
  report("payments fetched from a peer", chain.payments / seconds, "tx/s");
  report("longest answer of an API meanwhile", Math.max(...answersMs), "ms");
}

if (import.meta.main) await run();
