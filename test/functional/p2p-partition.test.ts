/**
 * A network of five that falls apart into two and three, both sides mining, and comes together again;
 * then loses its power.
 *
 * On hosts of their own, between which everything is lost: on loopback nodes would tell each other of
 * ways around any cut.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Transaction } from "../../src/primitives/transaction.ts";
import { NAMESPACE_PROBLEM, NamespaceNetwork } from "../support/network-namespaces.ts";
import { paymentKey } from "../support/payments.ts";
import {
  addressOf,
  coinbaseCoins,
  type PeerNode,
  PeerNodes,
  payAll,
  untilAll,
  untilOneChain,
} from "../support/peer-nodes.ts";

/** Coins that are ripe when the network falls apart. */
const COINS = 30;
const MATURITY = 100;

/** Blocks that each side mines. */
const LOSING_BLOCKS = 20;
const WINNING_BLOCKS = 24;

/** Transactions of each side. */
const PAYMENTS = 12;

/** Milliseconds in which all is one chain again. */
const HEAL_LIMIT_MS = 30_000;

const key = paymentKey(7);
const payee = paymentKey(9);

const noHosts = NAMESPACE_PROBLEM === undefined ? "" : ` (skipped: ${NAMESPACE_PROBLEM})`;

/** What is done to a network. */
interface World {
  /** Starts all five, or starts them again. */
  start(): Promise<readonly PeerNode[]>;
  split(): void;
  heal(): void;
}

describe.skipIf(NAMESPACE_PROBLEM !== undefined)(`on hosts of their own${noHosts}`, () => {
  let bridge: NamespaceNetwork;

  beforeAll(() => {
    bridge = NamespaceNetwork.create(5);
  });

  afterAll(async () => {
    await bridge?.remove();
  });

  test("two and three nodes on both sides of a cut come to one chain, and keep it", async () => {
    await using group = new PeerNodes();
    const { hosts } = bridge;
    await fallApartAndHeal(group, {
      start: async () => {
        const argv = ["--network", group.network, "--difficulty", "1", "--no-mine"];
        return await Promise.all(
          hosts.map((host) => group.start({ name: host.name, host, argv, isPlain: true })),
        );
      },
      split: () => bridge.separate(hosts.slice(0, 2)),
      heal: () => {
        for (const host of hosts.slice(0, 2)) host.heal();
      },
    });
  }, 150_000);
});

async function fallApartAndHeal(group: PeerNodes, world: World): Promise<void> {
  const nodes = await world.start();
  const [minority, majority] = [nodes.slice(0, 2), nodes.slice(2)];
  const first = nodes[0]!;
  const address = addressOf(key, group.network);
  const hashes = await first.api.mine(COINS + MATURITY, address);
  const coins = await coinbaseCoins(first.api, hashes.slice(0, COINS));
  await untilOneChain(nodes, { height: COINS + MATURITY });

  world.split();
  // The same coin, spent differently on both sides: one of the two can be.
  const lost = payAll(key, coins[0]!, key);
  const won = payAll(key, coins[0]!, payee);
  const losing = coins.slice(1, PAYMENTS).map((coin) => payAll(key, coin, payee));
  const winning = coins.slice(PAYMENTS, 2 * PAYMENTS).map((coin) => payAll(key, coin, payee));
  const [losingTip, winningTip] = await Promise.all([
    mineOn(minority, [lost, ...losing], LOSING_BLOCKS),
    mineOn(majority, [won, ...winning], WINNING_BLOCKS),
  ]);
  expect(losingTip).not.toBe(winningTip);

  const healedAt = performance.now();
  world.heal();
  expect(await untilOneChain(nodes, { limitMs: HEAL_LIMIT_MS })).toBe(winningTip);
  const healMs = performance.now() - healedAt;

  // What the losing side had mined waits again, everywhere, and whoever mines next has it.
  const kept = losing.map(({ txid }) => txid);
  await untilAll(nodes, kept, "mempool");
  await majority[1]!.api.mine(1);
  const tip = await untilOneChain(nodes, { height: COINS + MATURITY + WINNING_BLOCKS + 1 });
  const all = [won, ...losing, ...winning].map(({ txid }) => txid);
  await untilAll(nodes, all, "confirmed");
  const balances = await sameBalances(nodes, group.network);
  for (const { api } of nodes) expect(await api.whereIs(lost.txid)).not.toBe("confirmed");

  for (const node of nodes) node.process.kill("SIGKILL");
  await Promise.all(nodes.map(({ process }) => process.exited));
  const again = await world.start();
  expect(await untilOneChain(again, { height: COINS + MATURITY })).toBe(tip);
  expect(await sameBalances(again, group.network)).toBe(balances);
  await again[4]!.api.mine(1);
  expect(await untilOneChain(again, { height: COINS + MATURITY + WINNING_BLOCKS + 2 })).not.toBe(
    tip,
  );
  await sameBalances(again, group.network);
  console.log(`one chain ${(healMs / 1000).toFixed(1)} s after the cut was healed`);
}

/** Spreads `transactions` over `nodes` and mines them, a few blocks on each in turn; returns the tip. */
async function mineOn(
  nodes: readonly PeerNode[],
  transactions: readonly Transaction[],
  blocks: number,
): Promise<string> {
  for (const [index, tx] of transactions.entries()) {
    expect(await nodes[index % nodes.length]!.api.submit(tx)).toBe("accepted");
  }
  await untilAll(
    nodes,
    transactions.map(({ txid }) => txid),
    "mempool",
  );
  const { height } = await nodes[0]!.api.status();
  const share = 4;
  for (let mined = 0; mined < blocks; mined += share) {
    await nodes[(mined / share) % nodes.length]!.api.mine(share);
    await untilOneChain(nodes, { height: height + mined + share });
  }
  await untilAll(
    nodes,
    transactions.map(({ txid }) => txid),
    "confirmed",
  );
  return await untilOneChain(nodes);
}

/** What all nodes say the two keys have; they must agree. */
async function sameBalances(nodes: readonly PeerNode[], network: string): Promise<string> {
  const addresses = [key, payee].map((each) => addressOf(each, network));
  const answers = await Promise.all(
    nodes.map(async ({ api }) => {
      return JSON.stringify(await Promise.all(addresses.map((each) => api.balance(each))));
    }),
  );
  expect(new Set(answers).size).toBe(1);
  return answers[0]!;
}
