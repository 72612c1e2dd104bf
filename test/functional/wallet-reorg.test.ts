/**
 * K-12, M-05, P-14: what a wallet shows of money that a reorganisation takes back, and that explorer
 * and mempool say the same.
 */

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { Transaction } from "../../src/primitives/transaction.ts";
import type { Wallet } from "../../src/wallet/wallet.ts";
import { coinOf, temporaryFolder } from "../support/chain-builder.ts";
import { paymentKey, signPayment } from "../support/payments.ts";
import { lineOf, MATURITY, paymentOf, WalletWorld } from "../support/wallet-world.ts";

const COIN = 5_000_000;

setDefaultTimeout(60_000);

let world: WalletWorld;
let wallet: Wallet;

beforeEach(async () => {
  world = await WalletWorld.start();
  wallet = await world.make("owner");
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

/** A payment to the wallet, and another of the same coin to the stranger. */
function rivals(): { payment: Transaction; rival: Transaction; address: string } {
  const at = wallet.receiveAddress(false);
  const coin = world.takeCoin();
  const payment = world.makePayment([coin], [{ value: COIN, scriptPubKey: at.script }]);
  const rival = world.makePayment([coin], [{ value: 7_000, scriptPubKey: world.key.scriptPubKey }]);
  return { payment, rival, address: at.address };
}

/** What index and mempool say of an address, as its page in the explorer shows it. */
function explorerSays(address: string) {
  const { explorer, waiting } = world.node;
  const { script } = wallet.addresses.findByText(address)!;
  return {
    confirmed: explorer.findAddress(address, MATURITY)?.balance ?? 0,
    pending: waiting.find(script).reduce((sum, { received, sent }) => sum + received - sent, 0),
  };
}

test("K-12: a received payment is confirmed, pending again, and conflicted when spent elsewhere", async () => {
  const { payment, rival, address } = rivals();
  world.submit(payment);
  const expectState = (status: string, confirmed: number, pending: number) => {
    expect(lineOf(wallet, payment.txid)).toMatchObject({ status, amount: COIN, kind: "received" });
    expect(wallet.ledger.balance()).toMatchObject({ confirmed, pending });
    expect(explorerSays(address)).toEqual({ confirmed, pending });
    expect(world.node.mempool.has(payment.txid)).toBe(status === "pending");
  };
  expectState("pending", 0, COIN);
  await world.mine(3);
  expectState("confirmed", COIN, 0);
  expect(lineOf(wallet, payment.txid).confirmations).toBe(3);

  await world.reorganise(3);
  expectState("pending", 0, COIN);
  await world.reorganise(2, [rival]);
  expectState("conflicted", 0, 0);
  expect(lineOf(wallet, payment.txid).conflictsWith).toBe(rival.txid);
  expect(wallet.ledger.listCoins({ limit: 10 }).rows).toEqual([]);

  // The branch with the payment wins after all.
  const { chain } = world.node;
  const fork = chain.index.findActive(chain.tip.height - 3)!;
  let { hash } = world.mineOn(fork.hash, [payment]);
  for (let more = 0; more < 3; more++) hash = world.mineOn(hash).hash;
  await world.settled();
  expectState("confirmed", COIN, 0);
});

test("K-12: a block that takes back a payment and spends its coin makes it conflicted at once", async () => {
  const { payment, rival } = rivals();
  world.submit(payment);
  const child = signChild(payment);
  await world.mine();
  world.submit(child);
  await world.reorganise(1, [rival]);
  expect(lineOf(wallet, payment.txid)).toMatchObject({
    status: "conflicted",
    conflictsWith: rival.txid,
  });
  expect(wallet.ledger.balance()).toMatchObject({ total: 0, spendable: 0 });
});

test("M-05: what a wallet paid from conflicted money is conflicted too, with its own amount", async () => {
  const { payment, rival } = rivals();
  world.submit(payment);
  await world.mine();
  const sent = await world.send(wallet, paymentOf(paymentKey(9).scriptPubKey, 1_000_000));
  const next = await world.send(wallet, paymentOf(paymentKey(9).scriptPubKey, 500_000));
  await world.reorganise(1, [rival]);
  for (const { txid, leaving } of [sent, next]) {
    expect(lineOf(wallet, txid)).toMatchObject({
      status: "conflicted",
      conflictsWith: rival.txid,
      kind: "sent",
      amount: -leaving,
    });
  }
  expect(wallet.ledger.balance()).toMatchObject({ total: 0, reserved: 0, spendable: 0 });
  world.node.wallets.resend();
  expect(world.node.mempool.count).toBe(0);

  // Only when nothing is expected to undo it, the payments have failed for good.
  await world.mine(98);
  world.node.wallets.resend();
  expect(wallet.payments.find(next.id).state).toBe("sent");
  await world.mine();
  world.node.wallets.resend();
  expect(wallet.payments.find(sent.id).state).toBe("failed");
  expect(wallet.payments.find(next.id).state).toBe("failed");
});

test("P-14: what was mined in an abandoned block is orphaned, and mined again when it is back", async () => {
  const { script } = wallet.receiveAddress(false);
  await world.mine(2);
  const block = await world.mine(1, script);
  const [coinbase] = block.transactions;
  expect(lineOf(wallet, coinbase!.txid)).toMatchObject({ status: "confirmed", kind: "mined" });
  expect(wallet.ledger.balance()).toMatchObject({
    immature: coinOf(coinbase!).value,
    spendable: 0,
  });

  await world.reorganise(1);
  expect(lineOf(wallet, coinbase!.txid)).toMatchObject({
    status: "orphaned",
    kind: "mined",
    amount: coinOf(coinbase!).value,
    time: block.header.time * 1_000,
  });
  expect(wallet.ledger.balance()).toMatchObject({ total: 0, immature: 0 });

  let { hash } = block;
  for (let more = 0; more < 2; more++) hash = world.mineOn(hash).hash;
  await world.settled();
  expect(world.node.chain.tip.hash).toBe(hash);
  expect(lineOf(wallet, coinbase!.txid).status).toBe("confirmed");
});

test("a payment that came before its wallet was there is in its ledger, also once it is lost", async () => {
  const { payment, rival } = rivals();
  await using other = await WalletWorld.start();
  other.follow(world.node.chain);
  other.submit(payment);
  await other.settled();
  const late = await other.make("late");
  expect(late.ledger.balance()).toMatchObject({ pending: COIN });
  expect(lineOf(late, payment.txid).status).toBe("pending");
  other.mineOn(other.node.chain.tip.hash, [rival]);
  await other.settled();
  expect(lineOf(late, payment.txid)).toMatchObject({
    status: "conflicted",
    conflictsWith: rival.txid,
  });
});

test("a payment that waited when the node ended is there before the wallet is loaded", async () => {
  using folder = temporaryFolder();
  const { payment } = rivals();
  {
    await using first = await WalletWorld.start({ directory: folder.path });
    first.follow(world.node.chain);
    await first.make("owner");
    first.submit(payment);
  }
  await using second = await WalletWorld.start({ directory: folder.path });
  await second.settled();
  expect(second.node.wallets.get("owner").ledger.balance().pending).toBe(COIN);
});

function signChild(payment: Transaction): Transaction {
  const coin = coinOf(payment, 1);
  const scriptPubKey = world.key.scriptPubKey;
  return signPayment(world.key, [coin], [{ value: coin.value - 1_000, scriptPubKey }]);
}
