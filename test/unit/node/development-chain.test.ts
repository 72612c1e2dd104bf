/**
 * Blocks at once: real ones, for each turn's transactions, every so often, or when asked.
 */

import { describe, expect, test } from "bun:test";
import { mineAtOnce, startDevelopmentMining } from "../../../src/node/development-chain.ts";
import type { Node } from "../../../src/node/node.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { paymentKey, signPayment } from "../../support/payments.ts";
import { startTestNode } from "../../support/test-node.ts";

const MATURITY = 100;
const SECOND_MS = 1_000;

/** A node of the development network whose time stands still. */
async function startWorld() {
  const clock = new HandClock(Date.now());
  const running = await startTestNode({ network: "dev", clock });
  return { ...running, clock };
}

/** Mines until the first block's coins can be spent, and returns payments of them. */
function matureAndPay({ node, key }: { node: Node; key: ReturnType<typeof paymentKey> }) {
  const blocks = Array.from({ length: MATURITY + 2 }, () => mineAtOnce(node));
  return blocks
    .slice(0, 3)
    .map(({ transactions: [coinbase] }) =>
      signPayment(
        key,
        [{ outpoint: { txid: coinbase!.txid, vout: 0 }, value: coinbase!.outputs[0]!.value }],
        [{ value: 4_999_990_000, scriptPubKey: paymentKey(9).scriptPubKey }],
      ),
    );
}

describe("mineAtOnce", () => {
  test("makes blocks that the chain's one door takes, paying whom it is told", async () => {
    await using world = await startWorld();
    const { node, key } = world;
    const other = paymentKey(9).scriptPubKey;
    const [first, second] = [mineAtOnce(node), mineAtOnce(node, other)];
    expect(node.chain.tip.hash).toBe(second.hash);
    expect(first.transactions[0]!.outputs[0]!.scriptPubKey).toEqual(key.scriptPubKey);
    expect(second.transactions[0]!.outputs[0]!.scriptPubKey).toEqual(other);
  });

  test("mines a thousand blocks within one moment, since their times may run ahead", async () => {
    await using world = await startWorld();
    for (let count = 0; count < 1_000; count++) mineAtOnce(world.node);
    expect(world.node.chain.tip.height).toBe(1_000);
  });
});

describe("startDevelopmentMining", () => {
  test("auto: one block for all the transactions of a turn, and none without", async () => {
    await using world = await startWorld();
    const { node, clock } = world;
    const payments = matureAndPay(world);
    const height = node.chain.tip.height;
    const stop = startDevelopmentMining(node, "auto");
    clock.pass(10 * SECOND_MS);
    expect(node.chain.tip.height).toBe(height);

    for (const tx of payments.slice(0, 2)) {
      expect(node.submitTransaction(tx).status).toBe("accepted");
    }
    expect(node.chain.tip.height).toBe(height);
    clock.pass(1);
    expect(node.chain.tip.height).toBe(height + 1);
    expect(node.mempool.count).toBe(0);

    stop();
    expect(node.submitTransaction(payments[2]!).status).toBe("accepted");
    clock.pass(10 * SECOND_MS);
    expect(node.mempool.count).toBe(1);
  });

  test("auto: mines what waited already when it began", async () => {
    await using world = await startWorld();
    const { node, clock } = world;
    const [payment] = matureAndPay(world);
    node.submitTransaction(payment!);
    const stop = startDevelopmentMining(node, "auto");
    clock.pass(1);
    expect(node.mempool.count).toBe(0);
    stop();
  });

  test("seconds: a block every so often, whatever waits", async () => {
    await using world = await startWorld();
    const { node, clock } = world;
    const stop = startDevelopmentMining(node, 10);
    clock.pass(9 * SECOND_MS);
    expect(node.chain.tip.height).toBe(0);
    clock.pass(21 * SECOND_MS);
    expect(node.chain.tip.height).toBe(3);
    stop();
    clock.pass(60 * SECOND_MS);
    expect(node.chain.tip.height).toBe(3);
  });

  test("manual: nothing by itself", async () => {
    await using world = await startWorld();
    const { node, clock } = world;
    const [payment] = matureAndPay(world);
    const stop = startDevelopmentMining(node, "manual");
    node.submitTransaction(payment!);
    clock.pass(60 * SECOND_MS);
    expect(node.mempool.count).toBe(1);
    stop();
  });
});
