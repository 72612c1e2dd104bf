/**
 * How long a full block takes to all of twenty nodes, each 50 ms from every other.
 *
 * Virtual time knows the network's delays, not what checking costs: the real time that one node takes
 * for the block is added for every hop.
 */

import { expect, test } from "bun:test";
import { ANYONE_BY_WITNESS, coinOf, type SpendableCoin, spend } from "../support/chain-builder.ts";
import { drawScenario } from "./scenario.ts";
import { Simulation } from "./simulation.ts";

const NODES = 20;
const TRANSACTIONS = 5_000;
const BLOCKS = 3;
const LIMIT_MS = 2_000;
const SECOND_MS = 1_000;

test("a block of 5,000 transactions reaches 20 nodes in less than 2 s", () => {
  const simulation = new Simulation(
    drawScenario(1, {
      hasRetargets: false,
      nodeCount: NODES,
      hashShares: [1],
      skewsMs: [],
      acquaintance: "multicast",
      link: { latencyMs: [50, 50], bytesPerSecond: 12_500_000, lossPerThousand: 0 },
      splitOneIn: 0,
      foes: [],
    }),
  );
  const { clock, nodes } = simulation;
  for (const node of nodes) node.start();
  clock.pass(30 * SECOND_MS);

  const miner = nodes[0]!;
  // Coins for all blocks, in one transaction that the first block holds.
  const funding = simulation.payments.makeFunding(TRANSACTIONS * BLOCKS);
  for (const tx of funding) expect(miner.submitTransaction(tx).status).toBe("accepted");
  clock.pass(10 * SECOND_MS);
  simulation.mineAt(miner);
  clock.pass(10 * SECOND_MS);

  const coins: SpendableCoin[] = funding.flatMap((tx) =>
    tx.outputs.map((_, vout) => coinOf(tx, vout)),
  );
  const delays: number[] = [];
  let realMs = 0;
  for (let round = 0; round < BLOCKS; round++) {
    const some = coins.slice(round * TRANSACTIONS, (round + 1) * TRANSACTIONS);
    for (const coin of some) {
      const tx = spend([coin], { fee: 300, script: ANYONE_BY_WITNESS });
      for (const { mempool } of nodes) mempool.submit(tx);
    }
    const startedAt = clock.monotonic();
    const forget = nodes
      .slice(1)
      .map(({ chain }) =>
        chain.events.on("tip-changed", () => delays.push(clock.monotonic() - startedAt)),
      );
    const realStart = performance.now();
    simulation.mineAt(miner);
    expect(miner.chain.getBlock(miner.chain.tip).transactions.length).toBe(TRANSACTIONS + 1);
    clock.pass(5 * SECOND_MS);
    realMs += performance.now() - realStart;
    for (const one of forget) one();
  }
  for (const node of nodes) node.stop();

  expect(delays.length).toBe(BLOCKS * (NODES - 1));
  delays.sort((a, b) => a - b);
  const p95 = delays[Math.floor(delays.length * 0.95)]!;
  const perNodeMs = realMs / (BLOCKS * NODES);
  console.log(
    `p95 ${p95.toFixed(0)} ms on the network; ${perNodeMs.toFixed(0)} ms of work a node and block`,
  );
  // At most two hops between two nodes of a full mesh.
  expect(p95 + 2 * perNodeMs).toBeLessThan(LIMIT_MS);
}, 300_000);
