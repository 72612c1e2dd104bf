/**
 * How long a block takes to get to all of eight nodes on one machine, by their own records.
 */

import { expect, test } from "bun:test";
import type { BlockDetailsView } from "../../src/api/chain-schemas.ts";
import { grownChain, paymentsFrom } from "../support/grown-chain.ts";
import { type PeerNode, PeerNodes, untilOneChain } from "../support/peer-nodes.ts";
import { percentile, until } from "../support/until.ts";

const NODES = 8;
const BLOCKS = 12;
const PAYMENTS_PER_BLOCK = 40;

/** Milliseconds in which a block is to be with nearly everybody. */
const ARRIVAL_LIMIT_MS = 2_000;

test("a block reaches eight nodes within two seconds, transactions and all", async () => {
  await using group = new PeerNodes();
  const { network } = group;
  using chain = grownChain({ network, blocks: 1, paymentsPerBlock: BLOCKS * PAYMENTS_PER_BLOCK });
  chain.copyTo(group.directoryOf("node0"));
  const argv = ["--network", network, "--difficulty", `${chain.difficulty}`, "--no-mine"];
  const nodes = await Promise.all(
    Array.from({ length: NODES }, (_, index) =>
      group.start({ name: `node${index}`, argv, looksForOthers: true }),
    ),
  );
  await untilOneChain(nodes, { height: chain.height });

  const payments = paymentsFrom(chain);
  const delaysMs: number[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    const first = block * PAYMENTS_PER_BLOCK;
    const some = payments.slice(first, first + PAYMENTS_PER_BLOCK);
    await Promise.all(some.map((tx, place) => nodes[place % NODES]!.api.submit(tx)));
    const miner = nodes[block % NODES]!;
    await until("the miner has them", async () => {
      return (await miner.api.status()).mempool.count === PAYMENTS_PER_BLOCK;
    });
    const [hash] = await miner.api.mine(1);
    await untilOneChain(nodes, { height: chain.height + block + 1 });
    const arrivals = await Promise.all(nodes.map((node) => arrivalOf(node, hash!)));
    const bornAt = arrivals[block % NODES]!;
    delaysMs.push(...arrivals.toSpliced(block % NODES, 1).map((at) => at - bornAt));
  }
  const [median, most] = [0.5, 0.95].map((share) => percentile(delaysMs, share));
  console.log(
    `${BLOCKS} blocks of ${PAYMENTS_PER_BLOCK} payments to ${NODES - 1} other nodes: arrival ` +
      `p50 ${median} ms, p95 ${most} ms, worst ${Math.max(...delaysMs)} ms`,
  );
  expect(delaysMs.length).toBe(BLOCKS * (NODES - 1));
  expect(most!).toBeLessThan(ARRIVAL_LIMIT_MS);
}, 120_000);

/** When a node had a block of so many payments, in milliseconds since 1970. */
async function arrivalOf({ api }: PeerNode, hash: string): Promise<number> {
  const block = await api.get<BlockDetailsView>(`/api/block/${hash}?limit=1`);
  expect(block.transactionCount).toBe(PAYMENTS_PER_BLOCK + 1);
  return block.receivedAt;
}
