/**
 * The door of the mempool: what comes in, what is refused with which code, what is told.
 *
 * Replacement, eviction, reorganisation and orphans have files of their own beside this one.
 */

import { describe, expect, test } from "bun:test";
import { sha256 } from "../../../src/crypto/hash.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { SILENT_LOGGER } from "../../../src/lib/logger.ts";
import { Mempool } from "../../../src/mempool/mempool.ts";
import {
  makeTransaction,
  type Outpoint,
  outpointKey,
  type Transaction,
} from "../../../src/primitives/transaction.ts";
import {
  chainOf,
  FakeChain,
  type Funds,
  MempoolHarness,
  outputOf,
  ROOMY_POLICY,
  removal,
  serialTxid,
  spend,
  TRUE_OUTPUT,
} from "../../support/mempool-harness.ts";
import { paymentKey, signPayment } from "../../support/payments.ts";

const VALUE = 1_000_000;

/** The same transaction with another witness: same txid, other wtxid. */
function withWitness(tx: Transaction, witness: readonly Uint8Array[]): Transaction {
  return makeTransaction({ ...tx, inputs: tx.inputs.map((input) => ({ ...input, witness })) });
}

describe("submit", () => {
  test("accepts a valid transaction, says what it found, and tells", () => {
    const world = new MempoolHarness();
    const tx = spend([world.chain.fund(VALUE)], { fee: 500 });
    const verdict = world.mempool.submit(tx);
    expect(verdict).toMatchObject({ status: "accepted", replaced: [] });

    const entry = world.mempool.find(tx.txid);
    expect(entry).toMatchObject({
      fee: 500,
      virtualSize: Math.ceil(tx.weight / 4),
      acceptedAt: world.now,
      acceptedHeight: 200,
      ancestorCount: 1,
      descendantCount: 1,
    });
    expect(world.mempool.findByWtxid(tx.wtxid)).toBe(entry!);
    expect(world.told).toEqual([`+${tx.txid}`]);
  });

  test("keeps the time of a transaction that was accepted before a restart", () => {
    const world = new MempoolHarness();
    const tx = spend([world.chain.fund(VALUE)]);
    world.mempool.submit(tx, { acceptedAt: 42 + world.now - 1_000 });
    expect(world.mempool.find(tx.txid)?.acceptedAt).toBe(42 + world.now - 1_000);
  });

  test("takes a transaction once", () => {
    const world = new MempoolHarness();
    const tx = world.accept(spend([world.chain.fund(VALUE)]));
    expect(world.mempool.submit(tx)).toEqual({ status: "duplicate", txid: tx.txid });
    expect(world.told).toHaveLength(1);
  });

  test("refuses the same transaction with another witness", () => {
    const world = new MempoolHarness();
    const tx = world.accept(spend([world.chain.fund(VALUE)]));
    const twin = withWitness(tx, [Uint8Array.of(1), Uint8Array.of(0x75, 0x51)]);
    expect(world.codeOf(twin)).toBe("txn-same-nonwitness-data-in-mempool");
  });

  test("accepts the right witness after a wrong one came first (M-07)", () => {
    const world = new MempoolHarness();
    const tx = spend([world.chain.fund(VALUE)]);
    expect(world.codeOf(withWitness(tx, [Uint8Array.of(0x52)]))).toBe("script-verify-failed");
    world.accept(tx);
  });

  test("refuses what is confirmed already", () => {
    const world = new MempoolHarness();
    const tx = spend([world.chain.fund(VALUE)]);
    world.mine([tx]);
    expect(world.codeOf(tx)).toBe("txn-already-known");
  });

  test("refuses a transaction of unknown or spent coins", () => {
    const world = new MempoolHarness();
    const nowhere = { txid: serialTxid(99), vout: 0, value: VALUE };
    expect(world.codeOf(spend([nowhere]))).toBe("missing-inputs");

    const coin = world.chain.fund(VALUE);
    const tx = spend([coin]);
    world.mine([tx, spend([outputOf(tx)])]);
    expect(world.codeOf(spend([coin], { fee: 2_000 }))).toBe("missing-inputs");
  });

  test("refuses an output that an entry does not have: it can never come", () => {
    const world = new MempoolHarness();
    const tx = world.accept(spend([world.chain.fund(VALUE)]));
    const child = spend([{ ...outputOf(tx), vout: 1 }]);
    expect(world.mempool.submit(child, { keepOrphan: true })).toMatchObject({
      status: "rejected",
      error: { code: "bad-txns-inputs-missingorspent" },
    });
  });

  test("applies the rules of consensus and of form", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    expect(world.codeOf(spend([coin, coin]))).toBe("bad-txns-inputs-duplicate");
    expect(world.codeOf(spend([coin], { version: 4 }))).toBe("version");
    expect(world.codeOf(spend([coin], { fee: -1 }))).toBe("bad-txns-in-belowout");
    expect(world.codeOf(spend([coin], { fee: VALUE - 329 }))).toBe("dust");
    const odd = Uint8Array.of(0x51);
    expect(world.codeOf(spend([coin], { scriptPubKey: odd, outputs: 2 }))).toBe("scriptpubkey");
    const oddCoin = world.chain.fund(VALUE, { scriptPubKey: odd });
    expect(world.codeOf(spend([oddCoin]))).toBe("bad-txns-nonstandard-inputs");
  });

  // 96 vbytes at 1 sat.
  test.each([
    [95, "min-relay-fee-not-met"],
    [96, "accepted"],
    [97, "accepted"],
  ])("judges a fee of %d sat", (fee, code) => {
    const world = new MempoolHarness();
    expect(world.codeOf(spend([world.chain.fund(VALUE)], { fee }))).toBe(code);
  });

  // 100 operations that are not run, at 5 vbytes each, where the bytes alone would be 122.
  test.each([
    [499, "min-relay-fee-not-met"],
    [500, "accepted"],
  ])("counts signature operations as size: %d sat", (fee, code) => {
    const world = new MempoolHarness();
    const script = Uint8Array.of(0x00, 0x63, ...new Uint8Array(100).fill(0xac), 0x68, 0x51);
    const scriptPubKey = concatBytes(Uint8Array.of(0x00, 0x20), sha256(script));
    const tx = withWitness(spend([world.chain.fund(VALUE, { scriptPubKey })], { fee }), [script]);
    expect(world.codeOf(tx)).toBe(code);
  });

  // The next block is 201; a coinbase needs 100 blocks on it.
  test.each([
    [102, "bad-txns-premature-spend-of-coinbase"],
    [101, "accepted"],
    [100, "accepted"],
  ])("judges a coinbase of height %d", (height, code) => {
    const world = new MempoolHarness();
    expect(world.codeOf(spend([world.chain.fund(VALUE, { height, isCoinbase: true })]))).toBe(code);
  });

  test.each([
    [200, "accepted"],
    [201, "non-final"],
  ])("judges a lock until height %d", (lockTime, code) => {
    const world = new MempoolHarness();
    expect(world.codeOf(spend([world.chain.fund(VALUE)], { lockTime }))).toBe(code);
    expect(world.codeOf(spend([world.chain.fund(VALUE)], { lockTime, sequence: 0xffffffff }))).toBe(
      "accepted",
    );
  });

  // The median of the last eleven is five blocks of 10 s before the tip of 1,700,002,000.
  test.each([
    [1_700_001_949, "accepted"],
    [1_700_001_950, "non-final"],
  ])("judges a lock until median time %d", (lockTime, code) => {
    const world = new MempoolHarness();
    expect(world.codeOf(spend([world.chain.fund(VALUE)], { lockTime }))).toBe(code);
  });

  // A coin of height 191 is 10 deep in block 201.
  test.each([
    [9, "accepted"],
    [10, "accepted"],
    [11, "non-bip68-final"],
  ])("judges a relative lock of %d blocks", (sequence, code) => {
    const world = new MempoolHarness();
    expect(world.codeOf(spend([world.chain.fund(VALUE, { height: 191 })], { sequence }))).toBe(
      code,
    );
  });

  // Median time has moved 1,030 s since before height 98: two units of 512 s, and 6 s more.
  test.each([
    [2, 98, "accepted"],
    [3, 98, "non-bip68-final"],
    [2, 99, "non-bip68-final"],
  ])("judges a relative lock of %d times 512 s at height %d", (units, height, code) => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE, { height });
    expect(world.codeOf(spend([coin], { sequence: 0x00400000 | units }))).toBe(code);
  });

  test("refuses a relative lock on a parent in the mempool", () => {
    const world = new MempoolHarness();
    const parent = world.accept(spend([world.chain.fund(VALUE)]));
    expect(world.codeOf(spend([outputOf(parent)], { sequence: 1 }))).toBe("non-bip68-final");
    world.accept(spend([outputOf(parent)], { sequence: 0 }));
  });

  test("checks real signatures", () => {
    const world = new MempoolHarness();
    const key = paymentKey();
    const coin = world.chain.fund(VALUE, { scriptPubKey: key.scriptPubKey });
    const outputs = [{ value: VALUE - 1_000, scriptPubKey: TRUE_OUTPUT }];
    const tx = signPayment(key, [{ outpoint: coin, value: VALUE }], outputs);
    const forged = makeTransaction({ ...tx, outputs: [{ ...outputs[0]!, value: 1_000 }] });

    expect(world.codeOf(forged)).toBe("script-verify-failed");
    world.accept(tx);
    expect(world.mempool.find(tx.txid)?.sigopCost).toBe(1);
  });

  test("makes every cheap check before it runs a script (M-01)", () => {
    const world = new MempoolHarness();
    const broken = (fee: number) =>
      withWitness(spend([world.chain.fund(VALUE)], { fee }), [Uint8Array.of(0x52)]);
    expect(world.codeOf(broken(0))).toBe("min-relay-fee-not-met");
    expect(world.codeOf(broken(1_000))).toBe("script-verify-failed");
  });

  test("leaves everything as it was after a rejection", () => {
    const world = new MempoolHarness();
    world.accept(spend([world.chain.fund(VALUE)]));
    const before = [world.txids(), world.mempool.bytes, world.mempool.revision];
    world.codeOf(spend([world.chain.fund(VALUE)], { fee: 0 }));
    expect([world.txids(), world.mempool.bytes, world.mempool.revision]).toEqual(before);
  });
});

describe("package limits", () => {
  test("takes a chain of 25, not of 26", () => {
    const world = new MempoolHarness();
    const chain = chainOf(26, world.chain.fund(VALUE));
    for (const tx of chain.slice(0, 25)) world.accept(tx);
    expect(world.codeOf(chain[25]!)).toBe("too-long-mempool-chain");
    expect(world.mempool.find(chain[0]!.txid)?.descendantCount).toBe(25);
    expect(world.mempool.find(chain[24]!.txid)?.ancestorCount).toBe(25);
  });

  test("takes 24 children of one parent, not 25", () => {
    const world = new MempoolHarness();
    const parent = world.accept(spend([world.chain.fund(VALUE)], { outputs: 25, fee: 2_000 }));
    for (let vout = 0; vout < 24; vout++) world.accept(spend([outputOf(parent, vout)]));
    expect(world.codeOf(spend([outputOf(parent, 24)]))).toBe("too-long-mempool-chain");
  });

  test("takes 24 parents of one child, not 25", () => {
    const world = new MempoolHarness();
    const parents = Array.from({ length: 25 }, () =>
      outputOf(world.accept(spend([world.chain.fund(VALUE)]))),
    );
    expect(world.codeOf(spend(parents, { fee: 5_000 }))).toBe("too-long-mempool-chain");
    world.accept(spend(parents.slice(1), { fee: 5_000 }));
  });

  test.each([
    [40_999, "accepted"],
    [41_000, "accepted"],
    [41_001, "too-long-mempool-chain"],
  ])("takes 60,000 vbytes and a child of %d", (size, code) => {
    const world = new MempoolHarness();
    const parent = sized(world.chain.fund(100 * VALUE), 60_000);
    world.accept(parent);
    expect(world.codeOf(sized(outputOf(parent), size))).toBe(code);
  });

  test.each([
    [41_000, "accepted"],
    [41_001, "too-long-mempool-chain"],
  ])("takes one parent of 20,000 vbytes, a child of 40,000, and another of %d", (size, code) => {
    const world = new MempoolHarness();
    const parent = sized(world.chain.fund(100 * VALUE), 20_000, 2);
    world.accept(parent);
    world.accept(sized(outputOf(parent), 40_000));
    expect(world.codeOf(sized(outputOf(parent, 1), size))).toBe(code);
  });
});

test("a large replacement is judged without what it pushes out", () => {
  const world = new MempoolHarness();
  const parent = sized(world.chain.fund(100 * VALUE), 20_000);
  world.accept(parent);
  world.accept(sized(outputOf(parent), 60_000));
  expect(world.codeOf(sized(outputOf(parent), 60_001, 1, 200_000))).toBe("accepted");
});

/** A transaction of exactly `size` vbytes that spends `coin`. */
function sized(coin: Funds, size: number, outputs = 1, fee = 2 * size): Transaction {
  // Outputs of 43 bytes each, and one whose script of data takes up what is left.
  const others = { value: 330, scriptPubKey: TRUE_OUTPUT };
  const count = Math.floor((size - 96 - 2 - 10) / 43) - (outputs - 1);
  for (let length = 1; length <= 83; length++) {
    const data = { value: 0, scriptPubKey: Uint8Array.of(0x6a, ...new Uint8Array(length - 1)) };
    const extraOutputs = [...Array.from({ length: count }, () => others), data];
    const tx = spend([coin], { fee, outputs, extraOutputs });
    if (Math.ceil(tx.weight / 4) === size) return tx;
  }
  throw new Error(`no transaction of ${size} vbytes`);
}

describe("test", () => {
  test("answers as submit would, and changes nothing", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const tx = spend([coin], { fee: 500 });
    const virtualSize = Math.ceil(tx.weight / 4);
    expect(world.mempool.test(tx)).toEqual({
      status: "accepted",
      fee: 500,
      virtualSize,
      replaced: [],
    });
    expect(world.mempool.count).toBe(0);
    expect(world.told).toEqual([]);

    world.accept(tx);
    expect(world.mempool.test(tx).status).toBe("duplicate");
    const better = spend([coin], { fee: 5_000 });
    expect(world.mempool.test(better)).toMatchObject({ replaced: [tx.txid] });
    expect(world.txids()).toEqual([tx.txid]);
  });

  test("says what is wrong", () => {
    const world = new MempoolHarness();
    const nowhere = { txid: serialTxid(99), vout: 0, value: VALUE };
    expect(world.mempool.test(spend([nowhere]))).toMatchObject({
      status: "rejected",
      error: { code: "missing-inputs", facts: { outpoint: outpointKey(nowhere), count: 1 } },
    });
    expect(world.mempool.orphans.count).toBe(0);
  });
});

describe("coins", () => {
  test("are those of the chain and the entries, less what entries spend", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const other = world.chain.fund(VALUE);
    const parent = world.accept(spend([coin], { outputs: 2 }));
    const child = world.accept(spend([outputOf(parent)]));
    const has = (outpoint: Outpoint) => world.mempool.coins.findCoin(outpoint) !== undefined;

    expect(has(coin)).toBe(false);
    expect(has(other)).toBe(true);
    expect(has(outputOf(parent))).toBe(false);
    expect(world.mempool.coins.findCoin(outputOf(parent, 1))).toMatchObject({
      height: 201,
      isCoinbase: false,
    });
    expect(has(outputOf(child))).toBe(true);
    expect(has({ ...outputOf(child), vout: 1 })).toBe(false);
    expect(world.mempool.findSpender(coin)?.tx).toBe(parent);
    expect(world.mempool.findSpender(other)).toBeUndefined();
  });
});

describe("blockConnected", () => {
  test("takes out what the block holds and leaves the children", () => {
    const world = new MempoolHarness();
    const [parent, child, grandchild] = chainOf(3, world.chain.fund(VALUE));
    for (const tx of [parent!, child!, grandchild!]) world.accept(tx);
    world.told.length = 0;

    world.mine([parent!]);
    expect(world.told).toEqual([removal(parent!, "block")]);
    expect(world.mempool.find(child!.txid)).toMatchObject({ ancestorCount: 1, parents: [] });
    expect(world.mempool.find(grandchild!.txid)).toMatchObject({ ancestorCount: 2 });
  });

  test("takes out a family that is mined together", () => {
    const world = new MempoolHarness();
    const chain = chainOf(5, world.chain.fund(VALUE));
    for (const tx of chain) world.accept(tx);
    world.mine(chain);
    expect(world.mempool.count).toBe(0);
    expect(world.mempool.bytes).toBe(0);
  });

  test("drops what conflicts with the block, with its descendants (M-05)", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const [loser, child] = chainOf(2, coin);
    world.accept(loser!);
    world.accept(child!);
    const bystander = world.accept(spend([world.chain.fund(VALUE)]));
    world.told.length = 0;

    world.mine([spend([coin], { fee: 7_777 })]);
    expect(world.told).toEqual([removal(loser!, "conflict"), removal(child!, "conflict")]);
    expect(world.txids()).toEqual([bystander.txid]);
  });

  test("takes out an entry that was mined with another witness", () => {
    const world = new MempoolHarness();
    const tx = world.accept(spend([world.chain.fund(VALUE)]));
    world.mine([withWitness(tx, [Uint8Array.of(1), Uint8Array.of(0x75, 0x51)])]);
    expect(world.told.at(-1)).toBe(removal(tx, "block"));
  });
});

describe("expire", () => {
  test("drops an entry after its time, with its descendants (M-08)", () => {
    const world = new MempoolHarness({ policy: { expiryMs: 1_000 } });
    const parent = world.accept(spend([world.chain.fund(VALUE)]));
    world.now += 500;
    const child = world.accept(spend([outputOf(parent)]));
    const other = world.accept(spend([world.chain.fund(VALUE)]));
    world.told.length = 0;

    world.now += 499;
    world.mempool.expire();
    expect(world.mempool.count).toBe(3);
    world.now += 1;
    world.mempool.expire();
    expect(world.told).toEqual([removal(parent, "expired"), removal(child, "expired")]);
    expect(world.txids()).toEqual([other.txid]);
  });
});

describe("events", () => {
  test("find a mempool in which nothing is half-way", () => {
    const world = new MempoolHarness();
    const coin = world.chain.fund(VALUE);
    const old = world.accept(spend([coin]));
    const seen: boolean[] = [];
    world.mempool.events.on("transaction-removed", () => seen.push(world.mempool.has(old.txid)));
    const better = spend([coin], { fee: 9_000 });
    world.mempool.events.on("transaction-accepted", () =>
      seen.push(world.mempool.has(better.txid)),
    );
    world.accept(better);
    expect(seen).toEqual([false, true]);
  });

  test("may cause another submission", () => {
    const world = new MempoolHarness();
    const parent = spend([world.chain.fund(VALUE)]);
    const child = spend([outputOf(parent)]);
    world.mempool.events.on("transaction-accepted", ({ entry }) => {
      if (entry.tx === parent) world.mempool.submit(child);
    });
    world.accept(parent);
    expect(world.txids()).toEqual([parent.txid, child.txid]);
  });
});

describe("a fault of ours", () => {
  test("is not mistaken for one of the transaction", () => {
    const { chain, mempool: _, ...world } = new MempoolHarness();
    const mempool = new Mempool({
      chain,
      scripts: {
        check() {
          throw new Error("no memory");
        },
      },
      policy: ROOMY_POLICY,
      now: () => world.now,
      log: SILENT_LOGGER,
    });
    const tx = spend([chain.fund(VALUE)]);
    expect(() => mempool.submit(tx)).toThrow("no memory");
    expect(() => mempool.test(tx)).toThrow("no memory");
    expect(mempool.count).toBe(0);
  });
});

test("the rules of the network are asked too", () => {
  const chain = new FakeChain({ params: { minTransactionSize: 95 } });
  const world = new MempoolHarness({ chain });
  expect(world.codeOf(spend([chain.fund(VALUE)]))).toBe("bad-txns-undersize");
});
