/**
 * Replacement: each rule of BIP-0125 at, below and above its limit.
 *
 * Every transaction here has one input and one output of 96 vbytes, unless it says otherwise.
 */

import { describe, expect, test } from "bun:test";
import type { Transaction } from "../../../src/primitives/transaction.ts";
import {
  chainOf,
  MempoolHarness,
  outputOf,
  removal,
  spend,
} from "../../support/mempool-harness.ts";

const VALUE = 10_000_000;
const SIZE = 96;

describe("a replacement", () => {
  test("pushes out what it conflicts with and all descendants, and tells in order", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const [old, child] = chainOf(2, coin);
    world.accept(old!);
    world.accept(child!);
    world.told.length = 0;

    const better = spend([coin], { fee: 5_000 });
    expect(world.mempool.submit(better)).toMatchObject({
      status: "accepted",
      replaced: [old!.txid, child!.txid],
    });
    expect(world.told).toEqual([
      removal(old!, "replaced"),
      removal(child!, "replaced"),
      `+${better.txid}`,
    ]);
    expect(world.txids()).toEqual([better.txid]);
  });

  test("need not have been signalled", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    world.accept(spend([coin], { sequence: 0xffffffff }));
    expect(world.codeOf(spend([coin], { fee: 5_000, sequence: 0xffffffff }))).toBe("accepted");
  });

  test.each([
    [1_001, "insufficient-fee"],
    [1_000 + SIZE - 1, "insufficient-fee"],
    [1_000 + SIZE, "accepted"],
    [1_000 + SIZE + 1, "accepted"],
  ])("pays for its own relay: %d sat over 1,000", (fee, code) => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    world.accept(spend([coin], { fee: 1_000 }));
    expect(world.codeOf(spend([coin], { fee }))).toBe(code);
  });

  test("pays more than all it pushes out together, so a fat child must be outbid (M-04)", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const old = world.accept(spend([coin], { fee: 1_000 }));
    world.accept(spend([outputOf(old)], { fee: 50_000, outputs: 200 }));
    expect(world.codeOf(spend([coin], { fee: 51_000 + SIZE - 1 }))).toBe("insufficient-fee");
    expect(world.codeOf(spend([coin], { fee: 51_000 + SIZE }))).toBe("accepted");
  });

  test("has a higher feerate than each direct conflict", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    world.accept(spend([coin], { fee: 10 * SIZE }));
    // 20 outputs more make it 913 vbytes: the same feerate is 9,130 sat.
    const large = (fee: number) => spend([coin], { fee, outputs: 20 });
    expect(large(0).weight).toBe(4 * 913 - 3);
    expect(world.codeOf(large(9_130))).toBe("insufficient-fee");
    expect(world.codeOf(large(9_131))).toBe("accepted");
  });

  test.each([
    [99, "accepted"],
    [100, "accepted"],
    [101, "too-many-replacements"],
  ])("pushes out %d", (count, code) => {
    const world = new MempoolHarness();
    const coins = Array.from({ length: Math.ceil(count / 20) }, () => world.chain.fund(VALUE));
    let left = count;
    for (const coin of coins) {
      for (const tx of chainOf(Math.min(20, left), coin)) world.accept(tx);
      left -= 20;
    }
    expect(world.mempool.count).toBe(count);
    expect(world.codeOf(spend(coins, { fee: 1_000_000 }))).toBe(code);
    expect(world.mempool.count).toBe(code === "accepted" ? 1 : count);
  });

  test("spends no unconfirmed coin that its conflicts did not", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const parent = world.accept(spend([world.chain.fund(VALUE)], { outputs: 2 }));
    const stranger = world.accept(spend([world.chain.fund(VALUE)]));
    world.accept(spend([coin, outputOf(parent)]));
    expect(world.codeOf(spend([coin, outputOf(stranger)], { fee: 50_000 }))).toBe(
      "replacement-adds-unconfirmed",
    );
    expect(world.codeOf(spend([coin, outputOf(parent, 1)], { fee: 50_000 }))).toBe("accepted");
  });

  test("does not spend what it pushes out", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const [old, child] = chainOf(2, coin);
    world.accept(old!);
    world.accept(child!);
    expect(world.codeOf(spend([coin, outputOf(child!)], { fee: 50_000 }))).toBe(
      "bad-txns-spends-conflicting-tx",
    );
  });

  test("is judged by the relatives that are left, not by those it pushes out", () => {
    const world = new MempoolHarness();
    const [first, ...rest] = chainOf(25, world.chain.fund(VALUE), { outputs: 1 });
    for (const tx of [first!, ...rest]) world.accept(tx);
    expect(world.codeOf(spend([outputOf(first!)], { fee: 100_000 }))).toBe("accepted");
    expect(world.mempool.find(first!.txid)).toMatchObject({ descendantCount: 2 });
  });

  test("leaves all as it was if its script fails", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const old = world.accept(spend([coin]));
    const better = spend([coin], { fee: 50_000 });
    const forged: Transaction = {
      ...better,
      inputs: better.inputs.map((input) => ({ ...input, witness: [Uint8Array.of(0x52)] })),
    };
    expect(world.codeOf(forged)).toBe("script-verify-failed");
    expect(world.txids()).toEqual([old.txid]);
  });
});
