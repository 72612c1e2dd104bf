/**
 * Which waiting transactions touch which script, as the mempool changes.
 */

import { expect, test } from "bun:test";
import { MempoolAddresses } from "../../../src/index/mempool-addresses.ts";
import { MempoolHarness, outputOf, spend, TRUE_OUTPUT } from "../../support/mempool-harness.ts";

test("knows what waits before and after it was made, and forgets what is gone", () => {
  const world = new MempoolHarness();
  const [coin, other] = [world.chain.fund(100_000), world.chain.fund(100_000)];
  const parent = spend([coin], { fee: 1_000 });
  const child = spend([outputOf(parent), other], { fee: 2_000 });
  world.mempool.submit(parent);
  const waiting = new MempoolAddresses(world.mempool);
  world.mempool.submit(child);

  const told = () =>
    waiting.find(TRUE_OUTPUT).map(({ entry, received, sent, sentConfirmed }) => {
      return { txid: entry.tx.txid, received, sent, sentConfirmed };
    });
  const ofParent = { txid: parent.txid, received: 99_000, sent: 100_000, sentConfirmed: 100_000 };
  expect(told()).toEqual([
    { txid: child.txid, received: 197_000, sent: 199_000, sentConfirmed: 100_000 },
    ofParent,
  ]);
  expect(waiting.find(Uint8Array.of(1))).toEqual([]);

  world.mempool.submit(spend([other], { fee: 50_000 }));
  expect(told().map(({ txid }) => txid)).not.toContain(child.txid);
  expect(told()).toContainEqual(ofParent);
});

test("the mempool finds the output of a coin and of what waits, spent by others or not", () => {
  const world = new MempoolHarness();
  const coin = world.chain.fund(100_000);
  const tx = spend([coin], { fee: 1_000 });
  world.mempool.submit(tx);
  expect(world.mempool.findOutput(coin)?.value).toBe(100_000);
  expect(world.mempool.findOutput(outputOf(tx))?.value).toBe(99_000);
  expect(world.mempool.findOutput({ txid: tx.txid, vout: 9 })).toBeUndefined();
});
