/**
 * Orphans: how they come back, how they go, and that nobody can push out another's.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  MAX_FULL_ORPHAN_SHARES,
  MAX_ORPHAN_SCORE,
  ORPHAN_EXPIRY_MS,
  ORPHAN_WEIGHT_PER_PEER,
  OrphanTransactions,
} from "../../../src/mempool/orphan-transactions.ts";
import { makeTransaction, type Transaction } from "../../../src/primitives/transaction.ts";
import {
  chainOf,
  MempoolHarness,
  outputOf,
  serialTxid,
  spend,
  TRUE_OUTPUT,
} from "../../support/mempool-harness.ts";

const VALUE = 1_000_000;

/** A transaction of `inputs` unknown coins; no two are alike. */
function orphan(serial: number, inputs = 1, padding = 0): Transaction {
  return makeTransaction({
    version: 2,
    inputs: Array.from({ length: inputs }, (_, vout) => ({
      prevout: { txid: serialTxid(1_000_000 + serial), vout },
      scriptSig: new Uint8Array(),
      sequence: 0xffffffff,
      witness: padding === 0 ? [] : [new Uint8Array(padding)],
    })),
    outputs: [{ value: 1_000, scriptPubKey: TRUE_OUTPUT }],
    lockTime: 0,
  });
}

describe("an orphan", () => {
  test("is kept for a peer only, and says what it misses", () => {
    const world = new MempoolHarness();
    const parent = spend([world.chain.fund(VALUE)]);
    const child = spend([outputOf(parent)]);
    expect(world.codeOf(child)).toBe("missing-inputs");
    expect(world.mempool.orphans.count).toBe(0);

    const verdict = world.mempool.submit(child, { keepOrphan: true, peer: "alice" });
    expect(verdict).toEqual({ status: "orphan", missing: [{ txid: parent.txid, vout: 0 }] });
    expect(world.mempool.orphans.has(child.wtxid)).toBe(true);
  });

  test("comes in after its parent, and so do its own orphans", () => {
    const world = new MempoolHarness();
    const [parent, child, grandchild] = chainOf(3, world.chain.fund(VALUE));
    world.mempool.submit(grandchild!, { keepOrphan: true, peer: "bob" });
    world.mempool.submit(child!, { keepOrphan: true, peer: "alice" });
    expect(world.mempool.reconsiderOrphans()).toEqual([]);

    world.accept(parent!);
    expect(world.mempool.orphans.readyCount).toBe(1);
    expect(world.mempool.reconsiderOrphans()).toMatchObject([
      { tx: { txid: child!.txid }, peers: ["alice"], verdict: { status: "accepted" } },
    ]);
    expect(world.mempool.reconsiderOrphans()).toMatchObject([
      { tx: { txid: grandchild!.txid }, peers: ["bob"], verdict: { status: "accepted" } },
    ]);
    expect(world.mempool.orphans.count).toBe(0);
    expect(world.txids()).toEqual([parent!.txid, child!.txid, grandchild!.txid]);
  });

  test("comes in after its parent was mined", () => {
    const world = new MempoolHarness();
    const [parent, child] = chainOf(2, world.chain.fund(VALUE));
    world.mempool.submit(child!, { keepOrphan: true });
    world.mine([parent!]);
    world.mempool.reconsiderOrphans();
    expect(world.txids()).toEqual([child!.txid]);
  });

  test("stays while another parent is missing", () => {
    const world = new MempoolHarness();
    const parents = [spend([world.chain.fund(VALUE)]), spend([world.chain.fund(VALUE)])];
    const child = spend(parents.map((tx) => outputOf(tx)));
    world.mempool.submit(child, { keepOrphan: true });
    world.accept(parents[0]!);
    expect(world.mempool.reconsiderOrphans()).toMatchObject([{ verdict: { status: "orphan" } }]);
    expect(world.mempool.orphans.count).toBe(1);
    world.accept(parents[1]!);
    world.mempool.reconsiderOrphans();
    expect(world.mempool.has(child.txid)).toBe(true);
  });

  test("goes when it turns out bad", () => {
    const world = new MempoolHarness();
    const parent = spend([world.chain.fund(VALUE)]);
    const child = spend([outputOf(parent)], { fee: 0 });
    world.mempool.submit(child, { keepOrphan: true, peer: "eve" });
    world.accept(parent);
    expect(world.mempool.reconsiderOrphans()).toMatchObject([
      { peers: ["eve"], verdict: { error: { code: "min-relay-fee-not-met" } } },
    ]);
    expect(world.mempool.orphans.count).toBe(0);
  });

  test("goes when a block spends its coin", () => {
    const world = new MempoolHarness();
    const [parent, child, grandchild] = chainOf(3, world.chain.fund(VALUE));
    world.mempool.submit(grandchild!, { keepOrphan: true });
    world.mine([parent!, child!, grandchild!]);
    expect(world.mempool.orphans.count).toBe(0);
  });

  test("goes when it is accepted by another way", () => {
    const world = new MempoolHarness();
    const [parent, child] = chainOf(2, world.chain.fund(VALUE));
    world.mempool.submit(child!, { keepOrphan: true });
    world.accept(parent!);
    world.accept(child!);
    expect(world.mempool.orphans.count).toBe(0);
  });

  test("is tried ten to a turn at most (P-44)", () => {
    const world = new MempoolHarness();
    const parent = spend([world.chain.fund(100 * VALUE)], { outputs: 23, fee: 2_000 });
    for (let vout = 0; vout < 23; vout++) {
      world.mempool.submit(spend([outputOf(parent, vout)]), { keepOrphan: true });
    }
    world.accept(parent);
    const turns = [1, 2, 3, 4].map(() => world.mempool.reconsiderOrphans().length);
    expect(turns).toEqual([10, 10, 3, 0]);
    expect(world.mempool.count).toBe(24);
  });
});

describe("OrphanTransactions", () => {
  function orphans() {
    const clock = { now: 0 };
    return { clock, kept: new OrphanTransactions({ now: () => clock.now }) };
  }

  test("forgets after a minute", () => {
    const { clock, kept } = orphans();
    kept.add(orphan(1), "alice");
    clock.now = ORPHAN_EXPIRY_MS - 1;
    kept.add(orphan(2), "alice");
    expect(kept.count).toBe(2);
    clock.now = ORPHAN_EXPIRY_MS;
    kept.add(orphan(3), "alice");
    expect([1, 2, 3].map((serial) => kept.has(orphan(serial).wtxid))).toEqual([false, true, true]);
  });

  test("keeps for one peer what another, who sent the same, is forgotten for", () => {
    const { kept } = orphans();
    kept.add(orphan(1), "alice");
    kept.add(orphan(1), "bob");
    kept.add(orphan(2), "alice");
    kept.forgetPeer("alice");
    expect(kept.count).toBe(1);
    kept.forgetPeer("bob");
    expect([kept.count, kept.weight, kept.score]).toEqual([0, 0, 0]);
  });

  test("counts what one peer sends twice once", () => {
    const { kept } = orphans();
    kept.add(orphan(1), "alice");
    kept.add(orphan(1), "alice");
    expect([kept.count, kept.score, kept.weight]).toEqual([1, 1, orphan(1).weight]);
  });

  test("bounds the work of all; the oldest of the busiest goes first", () => {
    const { kept } = orphans();
    for (let serial = 0; serial < MAX_ORPHAN_SCORE; serial++) {
      kept.add(orphan(serial), `eve-${serial % 3}`);
    }
    expect(kept.score).toBe(MAX_ORPHAN_SCORE);
    kept.add(orphan(MAX_ORPHAN_SCORE), "eve-1");
    expect(kept.score).toBe(MAX_ORPHAN_SCORE);
    expect(kept.has(orphan(0).wtxid)).toBe(true);
    expect(kept.has(orphan(1).wtxid)).toBe(false);
  });

  test("counts ten inputs as one more", () => {
    const { kept } = orphans();
    kept.add(orphan(1, 9), "eve");
    kept.add(orphan(2, 10), "eve");
    kept.add(orphan(3, 29), "eve");
    expect(kept.score).toBe(1 + 2 + 3);
  });

  test("bounds the weight of one peer", () => {
    const { kept } = orphans();
    const large = (serial: number) => orphan(serial, 1, 99_000);
    for (let serial = 0; serial < 4; serial++) kept.add(large(serial), "eve");
    expect(kept.count).toBe(4);
    kept.add(large(4), "eve");
    expect(kept.has(large(0).wtxid)).toBe(false);
    expect(kept.weight).toBeLessThanOrEqual(ORPHAN_WEIGHT_PER_PEER);
  });

  test("never pushes out the orphans of one who keeps to their share (M-06)", () => {
    const { kept } = orphans();
    const honest = Array.from({ length: 50 }, (_, serial) => orphan(serial));
    for (const tx of honest) kept.add(tx, "alice");
    for (let serial = 0; serial < 200; serial++) {
      kept.add(orphan(1_000 + serial, 1, 100_000), "eve");
      kept.add(orphan(2_000 + serial, 300), `mallory-${serial % 3}`);
    }
    expect(honest.every(({ wtxid }) => kept.has(wtxid))).toBe(true);
  });

  test("holds its bounds through any sequence of events", () => {
    const step = fc.record({
      act: fc.constantFrom("add", "add", "add", "add", "forget", "delete", "spent", "arrived"),
      serial: fc.nat({ max: 60 }),
      peer: fc.nat({ max: 3 }),
      shape: fc.constantFrom([1, 0], [1, 90_000], [1_000, 0], [600, 0]),
      wait: fc.nat({ max: 8_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { clock, kept } = orphans();
        const known = new Map<number, Transaction>();
        for (const { act, serial, peer, shape, wait } of steps) {
          clock.now += wait;
          const tx = known.get(serial) ?? orphan(serial, shape[0], shape[1]);
          known.set(serial, tx);
          if (act === "add") kept.add(tx, `peer-${peer}`);
          else if (act === "forget") kept.forgetPeer(`peer-${peer}`);
          else if (act === "delete") kept.delete(tx.wtxid);
          else if (act === "spent") kept.coinsSpent(tx.inputs);
          else kept.takeReady(10);
          expect(kept.score).toBeLessThanOrEqual(MAX_ORPHAN_SCORE);
          expect(kept.weight).toBeLessThanOrEqual(
            ORPHAN_WEIGHT_PER_PEER * Math.min(4, MAX_FULL_ORPHAN_SHARES),
          );
        }
        clock.now += ORPHAN_EXPIRY_MS;
        kept.takeReady(1);
        expect([kept.count, kept.weight, kept.score, kept.readyCount]).toEqual([0, 0, 0, 0]);
      }),
      { numRuns: 50 },
    );
  });
});

// Nine peers send orphans of 1,000 inputs each (P-44).
test("a flood of orphans is bounded in what all of them can cost", () => {
  const kept = new OrphanTransactions({ now: () => 0 });
  for (let serial = 0; serial < 90; serial++) kept.add(orphan(serial, 1_000), `eve-${serial % 9}`);
  expect(kept.score).toBeLessThanOrEqual(MAX_ORPHAN_SCORE);
  expect(kept.count).toBeLessThanOrEqual(MAX_ORPHAN_SCORE / 100);
  expect(kept.count).toBeGreaterThanOrEqual(9);
});
