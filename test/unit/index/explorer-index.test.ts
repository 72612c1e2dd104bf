/**
 * The explorer index against a naive recomputation, over forks, kills and rebuilds.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import fc from "fast-check";
import { catchUp } from "../../../src/index/follower.ts";
import { openIndex } from "../../../src/index/schema.ts";
import { CoinStore } from "../../../src/storage/coin-store.ts";
import { ChainWriter, pay, payTo, type WrittenBlock } from "./chain-writer.ts";
import {
  dumpOfNewIndex,
  dumpTables,
  IDENTITY,
  IndexFixture,
  transactionsOf,
} from "./index-fixture.ts";
import { computeTables, readTables } from "./naive-explorer.ts";

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

function newChain(): ChainWriter {
  const writer = new ChainWriter();
  cleanups.push(() => writer.close());
  return writer;
}

function openFixture(writer: ChainWriter, path?: string): IndexFixture {
  const fixture = new IndexFixture(writer, path);
  cleanups.push(() => fixture.close());
  return fixture;
}

function extendWith(writer: ChainWriter, parent: WrittenBlock, choices: readonly number[]) {
  const [first = 0] = choices;
  return writer.write(parent, {
    transactions: transactionsOf(parent.coins, choices),
    tag: `miner${first % 3}`,
    salt: first,
    interval: (first % 40) - 5,
    coinbaseOutputs: [
      { value: 0, scriptPubKey: Uint8Array.of(0x6a, 1, 7) },
      { value: 5_000_000_000 - (first % 5), scriptPubKey: payTo(first % 4) },
    ],
  });
}

function build(writer: ChainWriter, plan: readonly (readonly number[])[]): void {
  for (const choices of plan) writer.activate(extendWith(writer, writer.tip, choices));
}

const PLAN = Array.from({ length: 12 }, (_, height) => [
  height * 7 + 1,
  height * 5,
  height * 3 + 2,
]);

describe("ExplorerIndex", () => {
  test("says nothing but genesis of a chain that has nothing else", () => {
    const writer = newChain();
    const fixture = openFixture(writer);
    fixture.follow();
    expect(fixture.index.tip?.height).toBe(0);
    expect(readTables(fixture.database)).toEqual(computeTables(writer.active));
    expect(readTables(fixture.database).totals.unspent_outputs).toBe(0);
  });

  test("has the tables that a naive recomputation gives", () => {
    const writer = newChain();
    build(writer, PLAN);
    const fixture = openFixture(writer);
    fixture.follow();
    expect(readTables(fixture.database)).toEqual(computeTables(writer.active));
  });

  test("counts as many unspent outputs, of the same value, as the chain's coins", () => {
    const writer = newChain();
    build(writer, PLAN);
    const coins = new CoinStore(writer.database);
    for (const [key, coin] of writer.tip.coins) {
      const [txid, vout] = key.split(":");
      coins.putCoin({ txid: txid as never, vout: Number(vout) }, coin);
    }
    const fixture = openFixture(writer);
    fixture.follow();
    const { totals } = readTables(fixture.database);
    expect({ count: totals.unspent_outputs, value: totals.supply }).toEqual(coins.totals());
  });

  test("is as it was after a block is connected and disconnected, at every height", () => {
    const writer = newChain();
    const fixture = openFixture(writer);
    fixture.follow();
    const dumps = [dumpTables(fixture.database)];
    for (const choices of PLAN) {
      writer.activate(extendWith(writer, writer.tip, choices));
      fixture.follow();
      dumps.push(dumpTables(fixture.database));
    }
    for (let height = PLAN.length; height > 0; height--) {
      const followed = fixture.source.find(writer.active[height]!.block.hash)!;
      fixture.index.transaction(() => fixture.index.disconnect(followed));
      expect(dumpTables(fixture.database)).toEqual(dumps[height - 1]!);
    }
  });

  test("after any reorganisations is as if it had been built from nothing", () => {
    const blocks = fc.array(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 5,
    });
    const moves = fc.array(fc.record({ depth: fc.nat(4), blocks, budget: fc.nat(3) }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(moves, (plan) => {
        const writer = new ChainWriter();
        const fixture = new IndexFixture(writer);
        try {
          for (const { depth, blocks: branch, budget } of plan) {
            let target = writer.active[Math.max(0, writer.tip.height - depth)]!;
            for (const choices of branch) target = extendWith(writer, target, choices);
            writer.activate(target);
            fixture.follow({ blocks: budget + 1, bytes: 1_000_000 });
          }
          expect(dumpTables(fixture.database)).toEqual(dumpOfNewIndex(writer));
          expect(readTables(fixture.database)).toEqual(computeTables(writer.active));
        } finally {
          fixture.close();
          writer.close();
        }
      }),
      { numRuns: 25 },
    );
  });

  test("goes on after a stop at any commit", () => {
    const writer = newChain();
    build(writer, PLAN.slice(0, 6));
    for (let stop = 1; stop <= 7; stop++) {
      const path = `${writer.folder}/stopped-${stop}.db`;
      const first = new IndexFixture(writer, path);
      for (let commit = 0; commit < stop; commit++) {
        catchUp(first.source, first.index, { blocks: 1, bytes: 1 });
      }
      first.close();

      const second = openFixture(writer, path);
      expect(second.index.tip?.height).toBe(stop - 1);
      second.follow();
      expect(dumpTables(second.database)).toEqual(dumpOfNewIndex(writer));
    }
  });

  test("keeps nothing of a batch that fails half-way, and can go on", () => {
    const writer = newChain();
    build(writer, PLAN.slice(0, 4));
    const fixture = openFixture(writer);
    fixture.follow();
    const before = dumpTables(fixture.database);
    build(writer, PLAN.slice(4, 8));
    const failing = {
      findActive: (height: number) => {
        if (height === 7) throw new Error("the disk is gone");
        return fixture.source.findActive(height);
      },
      findActiveHash: (height: number) => fixture.source.findActiveHash(height),
      find: (hash: never) => fixture.source.find(hash),
    };
    expect(() => catchUp(failing, fixture.index, { blocks: 9, bytes: 1e6 })).toThrow(
      "disk is gone",
    );
    expect(dumpTables(fixture.database)).toEqual(before);
    expect(fixture.index.tip?.height).toBe(4);
    fixture.follow();
    expect(dumpTables(fixture.database)).toEqual(dumpOfNewIndex(writer));
  });

  test("starts again when its file is deleted", () => {
    const writer = newChain();
    build(writer, PLAN.slice(0, 3));
    const first = new IndexFixture(writer);
    first.follow();
    first.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(writer.indexPath + suffix, { force: true });
    const second = openFixture(writer);
    expect(second.index.tip).toBeUndefined();
    second.follow();
    expect(second.index.tip?.hash).toBe(writer.tip.block.hash);
  });

  test("starts again when the chain does not know its tip", () => {
    const other = newChain();
    build(other, [[99], [98], [97]]);
    const writer = newChain();
    build(writer, PLAN.slice(0, 5));
    const first = new IndexFixture(other, writer.indexPath);
    first.follow();
    first.close();
    const fixture = openFixture(writer);
    expect(fixture.index.tip?.height).toBe(3);
    fixture.follow();
    expect(dumpTables(fixture.database)).toEqual(dumpOfNewIndex(writer));
  });

  test("credits a coinbase to the address of its first output of value, and to its tag", () => {
    const writer = newChain();
    build(writer, PLAN);
    const fixture = openFixture(writer);
    fixture.follow();
    const rows = fixture.database.query<any, []>("SELECT * FROM mining_pool ORDER BY id").all();
    expect(rows.map(({ tag }) => tag).toSorted()).toContain("miner1");
    expect(rows.reduce((sum, { blocks }) => sum + blocks, 0)).toBe(PLAN.length);
    const sums = fixture.database
      .query<any, []>(
        "SELECT sum(fees) AS fees, sum(subsidy) AS subsidy FROM blocks WHERE height > 0",
      )
      .get();
    expect(rows.reduce((sum, { fees }) => sum + fees, 0)).toBe(sums.fees);
    expect(rows.reduce((sum, { subsidy }) => sum + subsidy, 0)).toBe(sums.subsidy);
    expect(rows.every(({ address }) => address.startsWith("bcrt1"))).toBe(true);
  });

  test("says that it does not fit when a spent output is missing", () => {
    const writer = newChain();
    const { block } = writer.extend();
    const fixture = openFixture(writer);
    fixture.follow();
    fixture.database.run("DELETE FROM outputs");
    const prevout = { txid: block.transactions[0]!.txid, vout: 0 };
    writer.extend({ transactions: [pay([prevout], [{ value: 1, scriptPubKey: payTo(3) }])] });
    expect(() => fixture.follow()).toThrow("the index does not have");
  });
});

describe("openIndex", () => {
  test("empties an index of another version", () => {
    const writer = newChain();
    const first = new IndexFixture(writer);
    first.follow();
    first.database.run("PRAGMA user_version = 99");
    first.close();
    const { database, isNew } = openIndex(writer.indexPath, IDENTITY);
    expect(isNew).toBe(true);
    expect(database.query("SELECT count(*) AS count FROM blocks").get()).toEqual({ count: 0 });
    database.close();
  });

  test("empties an index of another genesis, and keeps one of its own", () => {
    const writer = newChain();
    const first = new IndexFixture(writer);
    first.follow();
    first.close();
    const kept = openIndex(writer.indexPath, IDENTITY);
    expect(kept.isNew).toBe(false);
    kept.database.close();
    const other = openIndex(writer.indexPath, { network: "other", genesis: "00".repeat(32) });
    expect(other.isNew).toBe(true);
    other.database.close();
  });

  test("replaces a file that is no database", async () => {
    const writer = newChain();
    await Bun.write(writer.indexPath, "not a database at all, but long enough to look".repeat(100));
    const { database, isNew } = openIndex(writer.indexPath, IDENTITY);
    expect(isNew).toBe(true);
    database.close();
  });

  test("leaves readers connected when it empties the index", () => {
    const writer = newChain();
    const fixture = openFixture(writer);
    writer.extend();
    fixture.follow();
    const reader = openFixture(writer);
    expect(reader.index.tip?.height).toBe(1);
    const count = reader.database.query("SELECT count(*) AS count FROM blocks");
    fixture.index.reset();
    expect(count.get()).toEqual({ count: 0 });
    fixture.follow();
    expect(count.get()).toEqual({ count: 2 });
  });
});
