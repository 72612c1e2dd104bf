/**
 * A branch with more work that arrives late, on a whole node: the tip moves, displaced transactions
 * return and are mined again, and every balance is what a replay from genesis gives.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { chooseSignatureVerifier } from "../../src/node/signature-verifier.ts";
import { openStoredChain } from "../../src/node/stored-chain.ts";
import { verifyChain } from "../../src/node/verify-chain.ts";
import { formatAddress } from "../../src/primitives/address.ts";
import type { Transaction, TxOutput } from "../../src/primitives/transaction.ts";
import { paymentKey, signPayment } from "../support/payments.ts";
import { type RunningNode, startTestNode } from "../support/test-node.ts";

const FEE = 1_000;
const INDEX_TIMEOUT_MS = 10_000;

const key = paymentKey();
const friend = paymentKey(0x33);
let ours: RunningNode;
let theirs: RunningNode;

beforeAll(async () => {
  ours = await startTestNode();
  theirs = await startTestNode();
  await ours.node.miner.mine(101);
  copyBlocks(ours, theirs, 1);
});

afterAll(async () => {
  await ours[Symbol.asyncDispose]();
  await theirs[Symbol.asyncDispose]();
});

test("displaced transactions return to the mempool, are mined again, and balances are right", async () => {
  const { chain, mempool, miner } = ours.node;
  const fork = chain.tip.height;
  const payment = payFriend(1);
  const child = payOn(payment);
  expect(ours.node.submitTransaction(payment).status).toBe("accepted");
  expect(ours.node.submitTransaction(child).status).toBe("accepted");
  await miner.mine(1);
  expect(mempool.count).toBe(0);
  const abandoned = chain.tip;
  await expectBalances();

  await theirs.node.miner.mine(2);
  copyBlocks(theirs, ours, fork + 1);
  expect(chain.tip.hash).toBe(theirs.node.chain.tip.hash);
  expect(chain.index.isActive(abandoned)).toBe(false);
  expect([...mempool.entries()].map(({ tx }) => tx.txid)).toEqual([payment.txid, child.txid]);
  await expectBalances();

  const [hash] = await miner.mine(1);
  const mined = chain.getBlock(chain.tip);
  expect(mined.hash).toBe(hash as never);
  expect(mined.transactions.slice(1).map(({ txid }) => txid)).toEqual([payment.txid, child.txid]);
  await expectBalances();
});

test("a transaction that the new branch contradicts does not return", async () => {
  const { chain, mempool, miner } = ours.node;
  copyBlocks(ours, theirs, 1);
  const fork = chain.tip.height;
  const here = payFriend(2, FEE);
  const there = payFriend(2, 2 * FEE);
  expect(ours.node.submitTransaction(here).status).toBe("accepted");
  expect(theirs.node.submitTransaction(there).status).toBe("accepted");
  await miner.mine(1);
  await theirs.node.miner.mine(2);

  copyBlocks(theirs, ours, fork + 1);
  expect(chain.tip.hash).toBe(theirs.node.chain.tip.hash);
  expect(mempool.has(here.txid)).toBe(false);
  const verdict = ours.node.submitTransaction(here);
  expect(verdict.status).toBe("rejected");
  await expectBalances();
});

test("what an abandoned block held is still there after a restart", async () => {
  const { chain } = ours.node;
  copyBlocks(ours, theirs, 1);
  const fork = chain.tip.height;
  const payment = payFriend(3);
  expect(ours.node.submitTransaction(payment).status).toBe("accepted");
  await ours.node.miner.mine(1);
  await theirs.node.miner.mine(2);
  copyBlocks(theirs, ours, fork + 1);

  const { directory } = ours;
  await ours.node.stop();
  const again = await startTestNode({ directory });
  expect(again.node.mempool.has(payment.txid)).toBe(true);
  await again.node.miner.mine(1);
  expect(again.node.mempool.count).toBe(0);
  // The first node's end also removes the folder that this one goes on in.
  const first = ours;
  ours = {
    ...again,
    async [Symbol.asyncDispose]() {
      await again.node.stop();
      await first[Symbol.asyncDispose]();
    },
  };
  await expectBalances();
});

/** Every block of `from` from `height` on, offered to `to`. */
function copyBlocks(from: RunningNode, to: RunningNode, height: number): void {
  const { chain } = from.node;
  for (let next = height; next <= chain.tip.height; next++) {
    const entry = chain.index.findActive(next);
    if (entry !== undefined) to.node.submitBlock(chain.getBlock(entry));
  }
}

/** Spends the coinbase at `height` to a friend, with change. */
function payFriend(height: number, fee = FEE): Transaction {
  const { chain } = ours.node;
  const entry = chain.index.findActive(height);
  if (entry === undefined) throw new Error("no such block");
  const coinbase = chain.getBlock(entry).transactions[0] as Transaction;
  const { value } = coinbase.outputs[0] as TxOutput;
  const outputs = [
    { value: 70_000, scriptPubKey: friend.scriptPubKey },
    { value: value - 70_000 - fee, scriptPubKey: key.scriptPubKey },
  ];
  return signPayment(key, [{ outpoint: { txid: coinbase.txid, vout: 0 }, value }], outputs);
}

function payOn(parent: Transaction): Transaction {
  const { value } = parent.outputs[1] as TxOutput;
  const coin = { outpoint: { txid: parent.txid, vout: 1 }, value };
  return signPayment(key, [coin], [{ value: value - FEE, scriptPubKey: key.scriptPubKey }]);
}

/** The index, the coins and a replay from genesis say the same. */
async function expectBalances(): Promise<void> {
  const { chain, index, explorer, network } = ours.node;
  expect(await index.caughtUp(chain.tip.hash, INDEX_TIMEOUT_MS)).toBe(true);
  const stored = openStoredChain(ours.directory, network);
  const result = await verifyChain({
    stored,
    network,
    signatures: chooseSignatureVerifier(),
    now: () => Date.now(),
    onProgress: () => {},
  });
  stored.close();
  expect(result).toEqual({ status: "valid", blocks: chain.tip.height });

  const balances = new Map<string, number>();
  for (let height = 1; height <= chain.tip.height; height++) {
    const entry = chain.index.findActive(height);
    if (entry === undefined) throw new Error("no such block");
    for (const tx of chain.getBlock(entry).transactions) {
      for (const { scriptPubKey, value } of tx.outputs) add(scriptPubKey, value);
    }
    for (const { scriptPubKey, value } of chain.getSpentCoins(entry)) add(scriptPubKey, -value);
  }
  for (const { scriptPubKey } of [key, friend]) {
    const address = formatAddress(scriptPubKey, network.addressPrefixes) ?? "";
    const summary = explorer.findAddress(address, network.params.coinbaseMaturity);
    expect(summary?.balance ?? 0).toBe(balances.get(address) ?? 0);
  }

  function add(script: Uint8Array, value: number): void {
    const address = formatAddress(script, network.addressPrefixes) ?? "none";
    balances.set(address, (balances.get(address) ?? 0) + value);
  }
}
