/**
 * Many wallets of one node that pay each other at random, and what must be true of all of them
 * together.
 */

import { expect } from "bun:test";
import { outpointKey } from "../../src/primitives/transaction.ts";
import type { Wallet } from "../../src/wallet/wallet.ts";
import { paymentKey } from "./payments.ts";
import { SeededRandom } from "./random.ts";
import { MATURITY, paymentOf, readAll, WalletWorld } from "./wallet-world.ts";

const FUNDS = 10_000_000;
const PAID_AT_ONCE = 250;
const MINED_EVERY = 20;

/** What was seen of a crowd. */
export interface CrowdReport {
  readonly payments: number;
  /** Of all wallets restored from their words, one after the other. */
  readonly restoreMs: number;
}

/** Has `count` wallets make `payments` payments; fails unless sums are kept and words bring all back. */
export async function runWalletCrowd(
  count: number,
  payments: number,
  seed: number,
): Promise<CrowdReport> {
  await using world = await WalletWorld.start();
  const random = new SeededRandom(seed);
  const wallets: Wallet[] = [];
  for (let number = 0; number < count; number++) {
    wallets.push(await world.make(`wallet-${number}`, number));
  }
  await world.mine(MATURITY + Math.ceil(count / PAID_AT_ONCE));
  for (let first = 0; first < count; first += PAID_AT_ONCE) {
    world.pay(
      wallets.slice(first, first + PAID_AT_ONCE).map((wallet) => {
        return { value: FUNDS, scriptPubKey: wallet.receiveAddress(false).script };
      }),
    );
  }
  await world.mine();

  const spent = new Set<string>();
  let fees = 0;
  let given = 0;
  for (let made = 0; made < payments; ) {
    const payer = random.pick(wallets);
    if (payer.ledger.balance().spendable < 100_000) continue;
    const isLeaving = random.oneIn(50);
    const script = isLeaving
      ? paymentKey(9).scriptPubKey
      : random.pick(wallets).receiveAddress(false).script;
    const amount = 10_000 + random.below(60_000);
    const { inputs, fee } = await world.send(payer, paymentOf(script, amount));
    for (const input of inputs) {
      expect(spent.has(outpointKey(input))).toBe(false);
      spent.add(outpointKey(input));
    }
    fees += fee;
    given += isLeaving ? amount : 0;
    made += 1;
    if (made % MINED_EVERY === 0) await world.mine();
  }
  await world.mine();
  const total = wallets.reduce((sum, { ledger }) => sum + ledger.balance().total, 0);
  expect(total + fees + given).toBe(count * FUNDS);
  return { payments, restoreMs: await restoreAll(world, wallets) };
}

async function restoreAll(world: WalletWorld, wallets: readonly Wallet[]): Promise<number> {
  await using second = await WalletWorld.start();
  second.follow(world.node.chain);
  await second.settled();
  const startedAt = performance.now();
  for (const [number, wallet] of wallets.entries()) {
    const restored = await second.make(wallet.name, number);
    expect(restored.ledger.balance()).toEqual(wallet.ledger.balance());
    expect(readAll((page) => restored.ledger.listHistory(page))).toEqual(
      readAll((page) => wallet.ledger.listHistory(page)),
    );
    expect(readAll((page) => restored.ledger.listCoins(page))).toEqual(
      readAll((page) => wallet.ledger.listCoins(page)),
    );
  }
  return performance.now() - startedAt;
}
