/**
 * The explorer's questions: what they answer, page by page, and that each goes by an index.
 */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { ExplorerQueries } from "../../../src/index/explorer-queries.ts";
import { recordSample } from "../../../src/index/network-stats.ts";
import { CursorError, type Page, type PageRequest } from "../../../src/lib/paging.ts";
import { formatAddress } from "../../../src/primitives/address.ts";
import { encodeBlock } from "../../../src/primitives/block.ts";
import type { Txid } from "../../../src/primitives/hash-id.ts";
import { encodeTransaction } from "../../../src/primitives/transaction.ts";
import { ChainWriter, NETWORK, pay, payTo, type WrittenBlock } from "./chain-writer.ts";
import { IndexFixture, transactionsOf } from "./index-fixture.ts";
import { computeTables } from "./naive-explorer.ts";

const MATURITY = 100;

/** Blocks of the chain asked about: enough for mature coins, pages and immature ones. */
const BLOCKS = 130;

let writer: ChainWriter;
let fixture: IndexFixture;
let queries: ExplorerQueries;

const addressOf = (who: number) => formatAddress(payTo(who), NETWORK.addressPrefixes)!;

beforeAll(() => {
  writer = new ChainWriter();
  for (let height = 1; height <= BLOCKS; height++) {
    const transactions =
      height % 4 === 0 ? transactionsOf(writer.tip.coins, [height, 3 * height]) : [];
    const coinbaseOutputs = [
      { value: 5_000_000_000, scriptPubKey: payTo(height % 3 === 0 ? 9 : 0) },
    ];
    writer.extend({ transactions, coinbaseOutputs, tag: `miner${height % 3}` });
  }
  fixture = new IndexFixture(writer);
  fixture.follow();
  queries = new ExplorerQueries(writer.indexPath);
});

afterAll(() => {
  queries.close();
  fixture.close();
  writer.close();
});

function listAll<Row>(list: (page: PageRequest) => Page<Row>, limit: number): Row[] {
  const rows: Row[] = [];
  for (let cursor: string | undefined, pages = 0; pages < 10_000; pages++) {
    const page = list({ limit, cursor });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    if (page.nextCursor === undefined) return rows;
    cursor = page.nextCursor;
  }
  throw new Error("the pages do not end");
}

const allTransactions = () =>
  writer.active.flatMap(({ block, height }) =>
    block.transactions.map((tx, position) => ({ tx, height, position, block })),
  );

describe("blocks", () => {
  test("finds the tip, a block by height and by hash, and none that is not there", () => {
    const { block, height } = writer.tip;
    expect(queries.findTip()).toMatchObject({ height, hash: block.hash });
    expect(queries.findBlock(height)).toEqual(queries.findBlockByHash(block.hash)!);
    expect(queries.findBlock(height + 1)).toBeUndefined();
    expect(queries.findBlockByHash("00" as never)).toBeUndefined();
  });

  test("tells a block's own numbers", () => {
    const { block, receivedAt } = writer.active[8] as WrittenBlock;
    expect(queries.findBlock(8)).toMatchObject({
      previous: block.header.prevBlockHash,
      time: block.header.time,
      receivedAt,
      intervalSeconds: 10,
      bits: 0x207fffff,
      chainwork: 18,
      size: encodeBlock(block).length,
      transactionCount: block.transactions.length,
      subsidy: 5_000_000_000 - queries.findBlock(8)!.fees,
      minerTag: "miner2",
      minerStream: "A",
      minerAddress: addressOf(0),
    });
  });

  test.each([1, 7, 100, 1_000])("lists all, newest first, in pages of %i", (limit) => {
    const heights = listAll((page) => queries.listBlocks(page), limit).map(({ height }) => height);
    expect(heights).toEqual(writer.active.map(({ height }) => height).reverse());
  });

  test("lists a range upward, however far it reaches", () => {
    expect(queries.listBlockRange(3, 5).map(({ height }) => height)).toEqual([3, 4, 5]);
    expect(queries.listBlockRange(0, Number.MAX_SAFE_INTEGER)).toHaveLength(BLOCKS + 1);
    expect(queries.listBlockRange(5, 3)).toEqual([]);
  });

  test("lists a block's transactions in order", () => {
    for (const { block, height } of writer.active) {
      const rows = listAll((page) => queries.listBlockTransactions(height, page), 1);
      expect(rows.map(({ txid }) => txid)).toEqual(block.transactions.map(({ txid }) => txid));
    }
    expect(queries.listBlockTransactions(BLOCKS + 1, { limit: 5 }).rows).toEqual([]);
  });
});

describe("transactions", () => {
  test("says where each one's bytes are", () => {
    for (const { tx, height, position, block } of allTransactions()) {
      const row = queries.findTransaction(tx.txid)!;
      expect(row).toMatchObject({
        height,
        position,
        blockHash: block.hash,
        time: block.header.time,
      });
      const bytes = encodeBlock(block).subarray(row.offset, row.offset + row.size);
      expect(bytes).toEqual(encodeTransaction(tx));
    }
    expect(queries.findTransaction("ff".repeat(32) as Txid)).toBeUndefined();
  });

  test.each([1, 13])("lists all, newest first, in pages of %i", (limit) => {
    const txids = listAll((page) => queries.listTransactions(page), limit).map(({ txid }) => txid);
    expect(txids).toEqual(
      allTransactions()
        .map(({ tx }) => tx.txid)
        .reverse(),
    );
  });

  test("tells the outputs that inputs spend, and the inputs that spend outputs", () => {
    for (const { tx, position } of allTransactions()) {
      const inputs = listAll((page) => queries.listInputs(tx.txid, page), 1);
      expect(inputs.map(({ txid, vout }) => ({ txid, vout }))).toEqual(
        position === 0 ? [] : tx.inputs.map(({ prevout }) => prevout),
      );
      for (const [vin, input] of inputs.entries()) {
        const spent = queries.listOutputs(input.txid, { limit: 100 }).rows[input.vout]!;
        expect(spent).toMatchObject({ spentByTxid: tx.txid, spentByVin: vin, value: input.value });
        expect(spent.address).toBe(input.address);
      }
      const outputs = listAll((page) => queries.listOutputs(tx.txid, page), 1);
      expect(outputs.map(({ value }) => value)).toEqual(tx.outputs.map(({ value }) => value));
    }
  });

  test("names the kinds of output", () => {
    const tx = allTransactions().find(({ tx: { outputs } }) => outputs.length === 4)!.tx;
    const { rows } = queries.listOutputs(tx.txid, { limit: 10 });
    expect(rows[0]).toMatchObject({ scriptType: "witness_v0_keyhash", isCoin: true });
    expect(rows[3]).toMatchObject({ scriptType: "nulldata", isCoin: false, address: null });
  });
});

describe("addresses", () => {
  test("agrees with the chain's coins on balance, coins and what is immature", () => {
    for (const who of [0, 1, 4, 9]) {
      const coins = [...writer.tip.coins.values()].filter(
        ({ scriptPubKey }) =>
          formatAddress(scriptPubKey, NETWORK.addressPrefixes) === addressOf(who),
      );
      const sum = (list: typeof coins) => list.reduce((total, { value }) => total + value, 0);
      const immature = coins.filter(
        ({ isCoinbase, height }) => isCoinbase && writer.tip.height + 1 - height < MATURITY,
      );
      expect({ who, ...queries.findAddress(addressOf(who), MATURITY) }).toMatchObject({
        balance: sum(coins),
        immature: sum(immature),
        coinCount: coins.length,
      });
      const listed = listAll((page) => queries.listCoins([addressOf(who)], page), 3);
      expect(listed).toHaveLength(coins.length);
      expect(sum(listed as never)).toBe(sum(coins));
      expect(listed.filter(({ isCoinbase }) => isCoinbase)).toHaveLength(
        coins.filter(({ isCoinbase }) => isCoinbase).length,
      );
    }
  });

  test("counts a coinbase as immature up to the last block before it may be spent", () => {
    const { height } = writer.tip;
    const depths = [1, height, height + 1, height + 2].map(
      (maturity) => queries.findAddress(addressOf(0), maturity)!.immature,
    );
    expect(depths[0]).toBe(0);
    expect(depths[3]).toBeGreaterThanOrEqual(depths[2]!);
    const single = new ChainWriter();
    single.extend();
    const own = new IndexFixture(single);
    own.follow();
    const reader = new ExplorerQueries(single.indexPath);
    // One block deep for the next block: spendable there only if the maturity is 1.
    expect(reader.findAddress(addressOf(0), 1)!.immature).toBe(0);
    expect(reader.findAddress(addressOf(0), 2)!.immature).toBe(5_000_000_000);
    reader.close();
    own.close();
    single.close();
  });

  test.each([1, 5, 50])("lists the history with running balance in pages of %i", (limit) => {
    const { history } = computeTables(writer.active);
    for (const who of [0, 1, 9]) {
      const address = addressOf(who);
      const rows = listAll((page) => queries.listHistory([address], page), limit);
      const lines = rows.map((row) =>
        [address, `${row.height}:${row.position}`, row.txid, row.delta, row.balance].join(" "),
      );
      expect(lines.toSorted()).toEqual(history.filter((line) => line.startsWith(address)));
      expect(rows[0]?.balance).toBe(queries.findAddress(address, MATURITY)!.balance);
    }
  });

  test("knows nothing of an address that was never paid", () => {
    expect(queries.findAddress("nobody", MATURITY)).toBeUndefined();
    expect(queries.listCoins(["nobody"], { limit: 1 })).toEqual({
      rows: [],
      nextCursor: undefined,
    });
    expect(queries.listHistory(["nobody"], { limit: 1 }).rows).toEqual([]);
  });
});

describe("miners and totals", () => {
  test("lists miners, the busiest first, with shares that make up the whole", () => {
    const miners = listAll((page) => queries.listMiners(page), 1);
    expect(miners.map(({ tag }) => tag).toSorted()).toEqual(["miner0", "miner1", "miner2"]);
    const counts = miners.map(({ blocks }) => blocks);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(miners.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  test("lists the miners of the last blocks", () => {
    const recent = queries.listRecentMiners(10, 100);
    expect(recent.reduce((sum, { blocks }) => sum + blocks, 0)).toBe(10);
    expect(recent.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(Math.min(...recent.map(({ firstHeight }) => firstHeight))).toBe(BLOCKS - 9);
    expect(queries.listRecentMiners(10, 1)).toHaveLength(1);
  });

  test("adds up the chain", () => {
    const { unspent_outputs, ...rest } = computeTables(writer.active).totals;
    expect(queries.totals()).toEqual({ ...rest, unspentOutputs: unspent_outputs });
  });
});

describe("paging", () => {
  test.each(["", "x", "1:2", "-1", "1e3", "0x10", " 1", "99999999999999999"])(
    "refuses the cursor %j",
    (cursor) => {
      expect(() => queries.listBlocks({ limit: 1, cursor })).toThrow(CursorError);
    },
  );

  test("refuses a limit below one", () => {
    expect(() => queries.listBlocks({ limit: 0 })).toThrow(RangeError);
    expect(() => queries.listBlocks({ limit: 1.5 })).toThrow(RangeError);
  });
});

describe("an empty index", () => {
  test("answers every question", () => {
    const empty = new ChainWriter();
    const own = new IndexFixture(empty);
    const reader = new ExplorerQueries(empty.indexPath);
    expect(reader.findTip()).toBeUndefined();
    askEverything(reader);
    own.follow();
    expect(reader.findTip()?.height).toBe(0);
    expect(reader.networkHashrate()).toBe(0);
    expect(reader.statisticsHistory("24h", 1_780_000_000)).toMatchObject({
      chain: [],
      samples: [],
    });
    askEverything(reader);
    reader.close();
    own.close();
    empty.close();
  });
});

describe("query plans", () => {
  test("every statement, read or write, goes by an index", () => {
    const statements = new Set<string>();
    const query = Database.prototype.query;
    const spy = spyOn(Database.prototype, "query").mockImplementation(function (
      this: Database,
      sql: string,
    ) {
      statements.add(sql);
      return query.call(this, sql);
    } as never);
    const own = new ChainWriter();
    own.extend();
    own.extend({ transactions: transactionsOf(own.tip.coins, [1, 2]) });
    const index = new IndexFixture(own);
    index.follow();
    recordSample(index.database, { ...SAMPLE, time: 3_600_000 });
    const reader = new ExplorerQueries(own.indexPath);
    askEverything(reader);
    const tip = index.source.find(own.tip.block.hash)!;
    index.index.transaction(() => index.index.disconnect(tip));
    spy.mockRestore();
    reader.close();
    index.close();

    const database = new Database(own.indexPath);
    let explained = 0;
    for (const sql of statements) {
      if (
        !/\b(?:blocks|transactions|outputs|addresses|address_history|mining_pool|network_stats)\b/.test(
          sql,
        )
      ) {
        continue;
      }
      const plan = database.query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`).all();
      explained += 1;
      // Subqueries have names of their own; what they read has been searched for, or given.
      const scans = plan.filter(({ detail }) =>
        /^SCAN (?!\(|(?:made|spent|members|firsts|common|CONSTANT ROW|edges|page|young|given VIRTUAL TABLE.*)$)/.test(
          detail,
        ),
      );
      expect({ sql, scans }).toEqual({ sql, scans: [] });
      expect(plan.map(({ detail }) => detail).join()).not.toContain("AUTOMATIC");
    }
    expect(explained).toBeGreaterThan(35);
    database.close();
    own.close();
  });
});

const SAMPLE = { time: 0, mempoolCount: 1, mempoolBytes: 2, mempoolFeerate: 3, peers: 4 };

function askEverything(reader: ExplorerQueries): void {
  const page = { limit: 5 };
  const { block } = writer.tip;
  const { txid } = pay([{ txid: block.transactions[0]!.txid, vout: 0 }], []);
  reader.snapshot(() => reader.findTip());
  reader.findBlock(1);
  reader.findBlockByHash(block.hash);
  reader.listBlocks(page);
  reader.listBlockRange(0, 5);
  reader.listBlockTransactions(0, page);
  reader.findTransaction(txid);
  reader.listTransactions(page);
  reader.listInputs(txid, page);
  reader.listOutputs(txid, page);
  reader.findAddress("nobody", MATURITY);
  reader.listCoins(["nobody"], page);
  reader.listHistory(["nobody"], page);
  reader.findUsedAddresses(["nobody"]);
  reader.listOldestCoins(["nobody"]);
  reader.totals();
  reader.listMiners(page);
  reader.listRecentMiners(5, 5);
  reader.networkHashrate();
  reader.statisticsHistory("all", 1_790_000_000);
  reader.statisticsHistory("1h", 3_600_100);
}
