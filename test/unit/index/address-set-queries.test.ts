/**
 * Questions about many addresses at once, against what their rows one by one add up to.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_SET_ADDRESSES } from "../../../src/index/address-set-queries.ts";
import { ExplorerQueries } from "../../../src/index/explorer-queries.ts";
import type { Page, PageRequest } from "../../../src/lib/paging.ts";
import { formatAddress } from "../../../src/primitives/address.ts";
import { ChainWriter, NETWORK, pay, payTo } from "./chain-writer.ts";
import { IndexFixture, transactionsOf } from "./index-fixture.ts";

const MATURITY = 20;
const BLOCKS = 60;

/** Those the chain pays, and some it does not. */
const PEOPLE = 14;

let writer: ChainWriter;
let fixture: IndexFixture;
let queries: ExplorerQueries;

const addressOf = (who: number) => formatAddress(payTo(who), NETWORK.addressPrefixes)!;

beforeAll(() => {
  writer = new ChainWriter();
  for (let height = 1; height <= BLOCKS; height++) {
    const transactions =
      height % 2 === 0 ? transactionsOf(writer.tip.coins, [height, 3 * height, height + 5]) : [];
    // Some coinbases pay several people at once, and one of them twice.
    const coinbaseOutputs = [0, height % 5, height % 5].map((who) => ({
      value: 1_000_000_000 + height,
      scriptPubKey: payTo(who),
    }));
    writer.extend({ transactions, coinbaseOutputs });
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

/** The outputs of the chain that `addresses` have or had, and the transactions that moved them. */
function naive(addresses: ReadonlySet<string>) {
  const owned = new Map<string, number>();
  const coins = new Map<string, { txid: string; vout: number; value: number; height: number }>();
  const history: { txid: string; delta: number; balance: number; position: number }[] = [];
  let balance = 0;
  for (const { block, height } of writer.active.slice(1)) {
    for (const [position, tx] of block.transactions.entries()) {
      let delta = 0;
      let isTouched = false;
      for (const { prevout } of position === 0 ? [] : tx.inputs) {
        const key = `${prevout.txid}:${prevout.vout}`;
        if (!owned.has(key)) continue;
        isTouched = true;
        delta -= owned.get(key)!;
        coins.delete(key);
      }
      for (const [vout, { value, scriptPubKey }] of tx.outputs.entries()) {
        if (!addresses.has(formatAddress(scriptPubKey, NETWORK.addressPrefixes) ?? "")) continue;
        isTouched = true;
        delta += value;
        owned.set(`${tx.txid}:${vout}`, value);
        coins.set(`${tx.txid}:${vout}`, { txid: tx.txid, vout, value, height });
      }
      balance += delta;
      if (isTouched) history.push({ txid: tx.txid, delta, balance, position });
    }
  }
  return { coins: [...coins.values()], history };
}

function listAll<Row>(list: (page: PageRequest) => Page<Row>, limit: number): Row[] {
  const rows: Row[] = [];
  for (let cursor: string | undefined, pages = 0; pages < 10_000; pages++) {
    const page = list({ limit, cursor });
    rows.push(...page.rows);
    if (page.nextCursor === undefined) return rows;
    expect(page.rows.length).toBe(limit);
    cursor = page.nextCursor;
  }
  throw new Error("the pages do not end");
}

const anySet = fc.uniqueArray(fc.integer({ min: 0, max: PEOPLE }), { maxLength: PEOPLE });
const anyLimit = fc.integer({ min: 1, max: 12 });

describe("any set of addresses, in pages of any size", () => {
  test("has the history that its blocks tell, with the balance of all after each", () => {
    fc.assert(
      fc.property(anySet, anyLimit, (people, limit) => {
        const addresses = people.map(addressOf);
        const rows = listAll((page) => queries.listHistory(addresses, page), limit);
        const told = rows.map(({ txid, delta, balance, position }) => {
          return { txid, delta, balance, position };
        });
        expect(told.toReversed()).toEqual(naive(new Set(addresses)).history as never);
        for (const row of rows) {
          expect(row.isCoinbase).toBe(row.position === 0);
          expect(row.fee).toBe(queries.findTransaction(row.txid)!.fee);
        }
      }),
    );
  });

  test("has the coins that its blocks left, newest and oldest first", () => {
    fc.assert(
      fc.property(anySet, anyLimit, (people, limit) => {
        const addresses = people.map(addressOf);
        const coins = naive(new Set(addresses)).coins;
        const rows = listAll((page) => queries.listCoins(addresses, page), limit);
        const told = rows.map(({ txid, vout, value, height }) => ({ txid, vout, value, height }));
        expect(told.toReversed()).toEqual(coins as never);
        expect(queries.listOldestCoins(addresses)).toEqual(rows.toReversed());
        expect(queries.listOldestCoins(addresses, limit)).toEqual(
          rows.toReversed().slice(0, limit),
        );
        for (const { address } of rows) expect(addresses).toContain(address);
      }),
    );
  });

  test("has the balances of its addresses, each once", () => {
    fc.assert(
      fc.property(anySet, (people) => {
        const addresses = people.map(addressOf);
        const summaries = queries.findAddresses([...addresses, ...addresses], MATURITY);
        const used = queries.findUsedAddresses(addresses);
        expect(new Set(summaries.map(({ address }) => address))).toEqual(new Set(used));
        expect(summaries.length).toBe(used.size);
        for (const summary of summaries) {
          const { coins, history } = naive(new Set([summary.address]));
          const sum = (list: typeof coins) => list.reduce((total, { value }) => total + value, 0);
          const isYoung = ({ txid, height }: (typeof coins)[number]) =>
            writer.active[height]!.block.transactions[0]!.txid === txid &&
            BLOCKS + 1 - height < MATURITY;
          expect(summary).toMatchObject({
            balance: sum(coins),
            coinCount: coins.length,
            transactionCount: history.length,
            immature: sum(coins.filter(isYoung)),
          });
        }
      }),
    );
  });
});

test("the address of a set is told with each coin, and a stranger's is not among them", () => {
  const stranger = addressOf(1_000_000);
  expect(queries.findUsedAddresses([stranger, addressOf(0)])).toEqual(new Set([addressOf(0)]));
  expect(queries.findUsedAddresses([])).toEqual(new Set());
  expect(queries.listCoins([stranger], { limit: 1 }).rows).toEqual([]);
  expect(queries.listHistory([], { limit: 1 })).toEqual({ rows: [], nextCursor: undefined });
  expect(queries.listOldestCoins([stranger])).toEqual([]);
  expect(queries.findAddresses([], MATURITY)).toEqual([]);
});

test("text that is no address is none, whatever is in it", () => {
  const odd = ["", "'", '"]', "\0", "\ud800", "1e3", "null", "x".repeat(10_000)];
  expect(queries.findUsedAddresses([...odd, addressOf(0)])).toEqual(new Set([addressOf(0)]));
});

test("takes the most addresses that may be asked about, and not one more", () => {
  const most = Array.from({ length: MAX_SET_ADDRESSES }, (_, who) => addressOf(who));
  expect(queries.listHistory(most, { limit: 1_000 }).rows.length).toBe(
    new Set(writer.active.slice(1).flatMap(({ block }) => block.transactions)).size,
  );
  expect(() => queries.findUsedAddresses([...most, "one more"])).toThrow(RangeError);
});

test("a transaction of two members is one row, which tells what both have lost", () => {
  const own = new ChainWriter();
  const [first, second] = [1, 2].map((who) => {
    const coinbaseOutputs = [{ value: 1_000, scriptPubKey: payTo(who) }];
    return own.extend({ coinbaseOutputs }).block.transactions[0]!;
  });
  const inputs = [first!, second!].map(({ txid }) => ({ txid, vout: 0 }));
  const tx = pay(inputs, [{ value: 1_900, scriptPubKey: payTo(1) }]);
  own.extend({ transactions: [tx], coinbaseOutputs: [{ value: 1_100, scriptPubKey: payTo(3) }] });
  const index = new IndexFixture(own);
  index.follow();
  const reader = new ExplorerQueries(own.indexPath);
  expect(reader.listHistory([1, 2].map(addressOf), { limit: 10 }).rows).toMatchObject([
    { txid: tx.txid, delta: -100, balance: 1_900, fee: 100, isCoinbase: false },
    { txid: second!.txid, delta: 1_000, balance: 2_000, isCoinbase: true },
    { txid: first!.txid, delta: 1_000, balance: 1_000, isCoinbase: true },
  ]);
  reader.close();
  index.close();
  own.close();
});
