/**
 * Wallets on a real node: one with ten thousand coins, payments a second, restoring, and what a
 * password costs. `bun test/bench/wallet.bench.ts` prints it.
 */

import { deriveScryptKey } from "../../src/wallet/native-keys.ts";
import { SALT_BYTES, SCRYPT_COST } from "../../src/wallet/scrypt.ts";
import type { Wallet } from "../../src/wallet/wallet.ts";
import { paymentKey } from "../support/payments.ts";
import { MATURITY, paymentOf, WalletWorld } from "../support/wallet-world.ts";
import { median, report } from "./measure.ts";

const COINS = 10_000;
const COINS_AT_ONCE = 1_000;
const COIN_VALUE = 100_000;
const USED_ADDRESSES = 1_000;
const PAYMENTS = 200;
const RUNS = 7;
const SOMEBODY = paymentKey(9).scriptPubKey;

/** Measures for about a minute and prints a line for each figure. */
export async function run(): Promise<void> {
  await using world = await WalletWorld.start();
  await world.mine(MATURITY + 40);
  const rich = await world.make("rich", 1);
  await giveCoins(world, rich, COINS / COINS_AT_ONCE);
  const lists = { limit: 50 };
  time("balance() of 10,000 coins", () => rich.ledger.balance());
  time("first page of the history, 50 rows", () => rich.ledger.listHistory(lists));
  time("first page of the coins, 50 rows", () => rich.ledger.listCoins(lists));
  time("all coins to choose from", () => rich.ledger.selectableCoins());
  time("prepare() of 10,000 coins", () => {
    rich.payments.cancel(rich.payments.prepare(paymentOf(SOMEBODY, 5_000_000)).id);
  });
  await measurePayments(world);
  await measureRestoring(world);
  await measurePassword();
}

/** To one address each time, so that what is measured is coins and not addresses. */
async function giveCoins(world: WalletWorld, wallet: Wallet, blocks: number): Promise<void> {
  for (let block = 0; block < blocks; block++) {
    const { script } = wallet.receiveAddress(false);
    world.pay(
      Array.from({ length: COINS_AT_ONCE }, () => ({ value: COIN_VALUE, scriptPubKey: script })),
    );
    await world.mine();
  }
}

async function measurePayments(world: WalletWorld): Promise<void> {
  const busy = await world.make("busy", 2);
  await world.fund(busy, new Array<number>(2 * PAYMENTS).fill(1_000_000));
  const startedAt = performance.now();
  for (let count = 0; count < PAYMENTS; count++) {
    await world.send(busy, paymentOf(SOMEBODY, 10_000));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  report("prepared and confirmed, 400 coins", PAYMENTS / seconds, "payments/s");
  await world.mine();
}

async function measureRestoring(world: WalletWorld): Promise<void> {
  const before = await world.make("before", 3);
  for (let first = 0; first < USED_ADDRESSES; first += 20) {
    const outputs = Array.from({ length: 20 }, (_, index) => {
      return { value: COIN_VALUE, scriptPubKey: before.addresses.at(0, first + index).script };
    });
    world.pay(outputs);
  }
  await world.mine();
  await world.node.wallets.remove("before");
  const startedAt = performance.now();
  const restored = await world.make("restored", 3);
  report("restored, 1,000 used addresses", performance.now() - startedAt, "ms");
  time("its balance()", () => restored.ledger.balance());
  time("its first page of the history, 50 rows", () => restored.ledger.listHistory({ limit: 50 }));
}

async function measurePassword(): Promise<void> {
  const password = new TextEncoder().encode("correct horse battery staple");
  const times: number[] = [];
  for (let count = 0; count < RUNS; count++) {
    const startedAt = performance.now();
    await deriveScryptKey(password, new Uint8Array(SALT_BYTES).fill(count), SCRYPT_COST);
    times.push(performance.now() - startedAt);
  }
  report("key of a password (scrypt, 128 MiB)", median(times), "ms");
}

function time(name: string, work: () => unknown): void {
  const times = Array.from({ length: RUNS }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
  report(name, median(times), "ms");
}

if (import.meta.main) {
  await run();
  process.exit(0);
}
