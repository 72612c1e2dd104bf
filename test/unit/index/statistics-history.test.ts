/**
 * Time series of the chain and of what the node saw, and how difficulty is shown.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { difficultyOf } from "../../../src/index/difficulty.ts";
import { ExplorerQueries } from "../../../src/index/explorer-queries.ts";
import { recordSample } from "../../../src/index/network-stats.ts";
import { MAX_HISTORY_POINTS, STATISTICS_RANGES } from "../../../src/index/statistics-history.ts";
import { ChainWriter } from "./chain-writer.ts";
import { IndexFixture } from "./index-fixture.ts";

/** Time of block 1 in every hand-made chain. */
const FIRST_TIME = 1_780_000_000;

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

function indexOf(blocks: number, interval = 10) {
  const writer = new ChainWriter({ copiesCoins: false });
  for (let height = 1; height <= blocks; height++) writer.extend({ interval });
  const fixture = new IndexFixture(writer);
  fixture.follow();
  const queries = new ExplorerQueries(writer.indexPath);
  cleanups.push(
    () => writer.close(),
    () => fixture.close(),
    () => queries.close(),
  );
  return { writer, fixture, queries };
}

const SAMPLE = { mempoolCount: 10, mempoolBytes: 2_000, mempoolFeerate: 1.5, peers: 4 };

describe("difficultyOf", () => {
  test.each([
    [0x1d00ffff, 1],
    [0x207fffff, 4.6565423739069247e-10],
    [0x1b0404cb, 16307.420938523983],
  ])("gives what Bitcoin Core gives: %s", (bits, difficulty) => {
    expect(difficultyOf(bits) / difficulty).toBeCloseTo(1, 12);
  });
});

describe("difficultyOf, by Bitcoin Core's blockchain_tests.cpp", () => {
  test.each([
    [0x1f111111, 0.000001],
    [0x1ef88f6f, 0.000016],
    [0x1df88f6f, 0.004023],
    [0x1cf88f6f, 1.029916],
    [0x12345678, 5.913134931067755e24],
  ])("gives what it gives, as exactly as it says: %p", (bits, difficulty) => {
    expect(Math.abs(difficultyOf(bits) - difficulty)).toBeLessThan(0.00001);
  });
});

describe("statisticsHistory", () => {
  test("has a point a block while there are few", () => {
    const { queries } = indexOf(20);
    const { chain } = queries.statisticsHistory("1h", FIRST_TIME + 300);
    expect(chain.map(({ height }) => height)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(chain[0]).toMatchObject({ hashrate: null, intervalSeconds: null, transactions: 1 });
    expect(chain[19]).toMatchObject({
      intervalSeconds: 10,
      transactions: 1,
      transactionsPerSecond: 0.1,
      // Each regtest block takes two hashes.
      hashrate: 0.2,
    });
  });

  test("leaves nothing out and counts nothing twice when it is thinned", () => {
    const { queries } = indexOf(1_203);
    const { chain } = queries.statisticsHistory("all", FIRST_TIME + 20_000);
    expect(chain.length).toBeLessThanOrEqual(MAX_HISTORY_POINTS);
    expect(chain.length).toBeGreaterThan(MAX_HISTORY_POINTS / 2);
    expect(chain.at(-1)?.height).toBe(1_203);
    const steps = new Set(chain.slice(1).map(({ transactions }) => transactions));
    expect([...steps]).toEqual([3]);
  });

  test("begins where the range begins", () => {
    const { queries } = indexOf(1_000);
    const now = FIRST_TIME + 9_990;
    const { from, to, chain } = queries.statisticsHistory("1h", now);
    expect({ from, to }).toEqual({ from: now - 3_600, to: now });
    expect(chain[0]?.time).toBe(now - 3_600);
    expect(queries.statisticsHistory("1h", now + 4_000).chain).toEqual([]);
  });

  test("does not break on times that do not rise", () => {
    const { queries } = indexOf(40, -1);
    const { chain } = queries.statisticsHistory("all", FIRST_TIME);
    for (const { hashrate } of chain.slice(1)) expect(hashrate).toBeGreaterThan(0);
    expect(queries.networkHashrate()).toBe(60);
  });

  test.each([...STATISTICS_RANGES])("has at most 500 points of each kind over %s", (range) => {
    const { fixture, queries } = indexOf(2);
    fixture.database.transaction(() => {
      for (let minute = 0; minute < 3_000; minute++) {
        recordSample(fixture.database, { ...SAMPLE, time: FIRST_TIME + 60 * minute });
      }
    })();
    const { samples } = queries.statisticsHistory(range, FIRST_TIME + 60 * 3_000);
    expect(samples.length).toBeLessThanOrEqual(MAX_HISTORY_POINTS);
    expect(samples.length).toBeGreaterThan(50);
    expect(samples[0]).toMatchObject(SAMPLE);
    const times = samples.map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThan(FIRST_TIME + 60 * 3_000 - 1_000);
  });
});

describe("recordSample", () => {
  const rows = (fixture: IndexFixture) =>
    fixture.database.query<any, []>("SELECT * FROM network_stats ORDER BY time").all();

  test("joins what the node saw with where the chain stands, one row a minute", () => {
    const { fixture } = indexOf(40);
    recordSample(fixture.database, { ...SAMPLE, time: FIRST_TIME + 401 });
    recordSample(fixture.database, { ...SAMPLE, time: FIRST_TIME + 402, peers: 9 });
    expect(rows(fixture)).toEqual([
      {
        time: FIRST_TIME + 401 - ((FIRST_TIME + 401) % 60),
        height: 40,
        difficulty: 4.6565423739069247e-10,
        hashrate: 0.2,
        interval_seconds: 10,
        transactions: 41,
        transactions_per_second: 0.1,
        mempool_count: 10,
        mempool_bytes: 2_000,
        mempool_feerate: 1.5,
        peers: 9,
      },
    ]);
  });

  test("works at genesis, and does nothing before it", () => {
    const { fixture } = indexOf(0);
    recordSample(fixture.database, { ...SAMPLE, time: FIRST_TIME });
    expect(rows(fixture)).toMatchObject([{ height: 0, hashrate: 0, interval_seconds: null }]);
    const before = rows(fixture);
    fixture.index.reset();
    recordSample(fixture.database, { ...SAMPLE, time: FIRST_TIME + 60 });
    expect(rows(fixture)).toEqual(before);
  });

  test("keeps one row an hour after two weeks", () => {
    const { fixture } = indexOf(2);
    const hour = FIRST_TIME - (FIRST_TIME % 3_600);
    for (let minute = 0; minute < 120; minute++) {
      recordSample(fixture.database, { ...SAMPLE, time: hour + 60 * minute });
    }
    recordSample(fixture.database, { ...SAMPLE, time: hour + 3_600 + 14 * 24 * 3_600 });
    expect(rows(fixture).map(({ time }) => (time - hour) / 60)).toEqual([
      0,
      ...Array.from({ length: 60 }, (_, minute) => 60 + minute),
      60 + 14 * 24 * 60,
    ]);
  });
});
