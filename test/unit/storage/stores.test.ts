/**
 * The stores' rows and encodings: what goes in comes out, and equal coins have equal digests.
 *
 * Undo data and coins as bytes; the mempool's rows in order.
 */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import type { Coin } from "../../../src/consensus/check-inputs.ts";
import { DecodeError } from "../../../src/lib/codec.ts";
import { encodeTransaction } from "../../../src/primitives/transaction.ts";
import { BlockStore } from "../../../src/storage/block-store.ts";
import { CoinStore } from "../../../src/storage/coin-store.ts";
import { MempoolStore } from "../../../src/storage/mempool-store.ts";
import { decodeUndo, encodeUndo } from "../../../src/storage/undo.ts";
import { damage, someTransaction, someTxid } from "../../support/builders.ts";
import { openNodeDatabase, REGTEST } from "../../support/chain-builder.ts";
import { repeatSeeded, type SeededRandom } from "../../support/random.ts";

const MAX_MONEY = 8_400_000_000_000_000;

function randomCoin(random: SeededRandom): Coin {
  return {
    value: random.pick([0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 3, MAX_MONEY]),
    height: random.pick([0, 1, 840_000, 2 ** 31, 2 ** 32 - 1]),
    isCoinbase: random.oneIn(2),
    scriptPubKey: random.bytes(random.pick([0, 1, 22, 34, 252, 253, 10_000])),
  };
}

describe("undo data", () => {
  test("C-28: come back as they were, any number of them", () => {
    expect(decodeUndo(encodeUndo([]))).toEqual([]);
    repeatSeeded(0xd28, 200, (random) => {
      const coins = Array.from({ length: random.below(300) }, () => randomCoin(random)).slice(
        0,
        40,
      );
      expect(decodeUndo(encodeUndo(coins))).toEqual(coins);
    });
  });

  test("D-04: damaged ones are a DecodeError, or coins: never another exception", () => {
    repeatSeeded(0xd04, 2_000, (random) => {
      const bytes = encodeUndo(
        Array.from({ length: 1 + random.below(3) }, () => randomCoin(random)),
      );
      try {
        decodeUndo(damage(bytes, random));
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    });
  });

  test("D-04: a coin is from a coinbase or not: no third byte stands for either", () => {
    const coin: Coin = { height: 1, value: 5, isCoinbase: true, scriptPubKey: new Uint8Array(1) };
    const bytes = encodeUndo([coin]);
    const isCoinbaseAt = 5;
    expect(bytes[isCoinbaseAt]).toBe(1);
    expect(decodeUndo(bytes.with(isCoinbaseAt, 0))).toEqual([{ ...coin, isCoinbase: false }]);
    for (const other of [2, 0x7f, 0x80, 0xff]) {
      expect(() => decodeUndo(bytes.with(isCoinbaseAt, other))).toThrow(DecodeError);
    }
  });

  test("D-04: cut off anywhere they are a DecodeError", () => {
    const coins = [1, 2].map((height) => ({
      height,
      value: 5,
      isCoinbase: true,
      scriptPubKey: new Uint8Array(3),
    }));
    const bytes = encodeUndo(coins);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeUndo(bytes.slice(0, length))).toThrow(DecodeError);
    }
  });
});

describe("CoinStore", () => {
  const coin: Coin = { value: 7, height: 3, isCoinbase: true, scriptPubKey: Uint8Array.of(0x51) };
  const outpoint = (fill: number, vout = 0) => ({ txid: someTxid(fill), vout });
  const open = () => new CoinStore(openNodeDatabase(REGTEST));

  test("finds what was put, exactly, and nothing else", () => {
    const store = open();
    repeatSeeded(0xc0, 100, (random) => {
      const place = outpoint(random.below(256), random.u32());
      const random_ = randomCoin(random);
      store.putCoin(place, random_);
      expect(store.findCoin(place)).toEqual(random_);
    });
    expect(store.findCoin(outpoint(1, 5))).toBeUndefined();
  });

  test("tells outputs of one transaction apart, the largest index too", () => {
    const store = open();
    for (const vout of [0, 1, 256, 2 ** 32 - 1])
      store.putCoin(outpoint(1, vout), { ...coin, value: vout });
    for (const vout of [0, 1, 256, 2 ** 32 - 1]) {
      expect(store.findCoin(outpoint(1, vout))?.value).toBe(vout);
    }
    store.deleteCoin(outpoint(1, 256));
    expect(store.findCoin(outpoint(1, 256))).toBeUndefined();
    expect(store.totals().count).toBe(3);
  });

  test("a coin put again takes the other's place", () => {
    const store = open();
    store.putCoin(outpoint(1), coin);
    store.putCoin(outpoint(1), { ...coin, value: 9 });
    expect(store.findCoin(outpoint(1))?.value).toBe(9);
    expect(store.totals()).toEqual({ count: 1, value: 9 });
  });

  test("adds up to all money there is without losing a sat", () => {
    const store = open();
    store.putCoin(outpoint(1), { ...coin, value: MAX_MONEY - 1 });
    store.putCoin(outpoint(2), { ...coin, value: 1 });
    expect(store.totals()).toEqual({ count: 2, value: MAX_MONEY });
  });

  test("C-28: the digest depends on the coins alone, not on how they came about", () => {
    const [a, b] = [open(), open()];
    const empty = a.digest();
    expect(empty).toEqual(new Uint8Array(32));
    for (const fill of [1, 2, 3]) a.putCoin(outpoint(fill), coin);
    for (const fill of [3, 1, 9, 2]) b.putCoin(outpoint(fill), coin);
    expect(a.digest()).not.toEqual(b.digest());
    b.deleteCoin(outpoint(9));
    expect(a.digest()).toEqual(b.digest());
    for (const fill of [1, 2, 3]) a.deleteCoin(outpoint(fill));
    expect(a.digest()).toEqual(empty);
  });

  test("C-28: the digest covers every part of a coin", () => {
    const digestOf = (changes: Partial<Coin>, place = outpoint(1)) => {
      const store = open();
      store.putCoin(place, { ...coin, ...changes });
      return store.digest().toHex();
    };
    const digests = [
      digestOf({}),
      digestOf({ value: 8 }),
      digestOf({ height: 4 }),
      digestOf({ isCoinbase: false }),
      digestOf({ scriptPubKey: Uint8Array.of(0x52) }),
      digestOf({}, outpoint(1, 1)),
      digestOf({}, outpoint(2)),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe("BlockStore", () => {
  test("what is not there is an error that says so", () => {
    const store = new BlockStore(openNodeDatabase(REGTEST));
    expect(() => store.getBody(5)).toThrow("no body");
    expect(() => store.getBodyPart(5, 0, 1)).toThrow("no body");
    expect(() => store.getUndo(5)).toThrow("no undo");
    expect(() => store.getDetails(5)).toThrow("no header");
    expect(store.loadActiveChain()).toEqual([]);
    expect([...store.loadHeaders()]).toEqual([]);
  });

  test("gives any part of a body", () => {
    const database = openNodeDatabase(REGTEST);
    const store = new BlockStore(database);
    const body = Uint8Array.from({ length: 100 }, (_, index) => index);
    const id = store.insertBlock({
      hash: REGTEST.genesis.hash,
      height: 0,
      header: new Uint8Array(80),
      status: 0,
      receivedAt: 1,
      transactionCount: 1,
      size: 100,
      weight: 400,
      body,
    });
    expect(store.getBody(id)).toEqual(body);
    expect(store.getBodyPart(id, 0, 10)).toEqual(body.slice(0, 10));
    expect(store.getBodyPart(id, 90, 10)).toEqual(body.slice(90));
    expect(store.getBodyPart(id, 95, 10)).toEqual(body.slice(95));
  });
});

describe("MempoolStore", () => {
  test("gives its rows in the order in which they were accepted, across restarts", () => {
    const database = openNodeDatabase(REGTEST);
    const [a, b, c] = [1, 2, 3].map((lockTime) => someTransaction({ lockTime }));
    const store = new MempoolStore(database);
    store.apply([{ tx: a!, acceptedAt: 10 }], []);
    store.apply(
      [
        { tx: b!, acceptedAt: 20 },
        { tx: c!, acceptedAt: 15 },
      ],
      [a!.txid],
    );
    const restarted = new MempoolStore(Database.deserialize(database.serialize()));
    expect(restarted.loadAll()).toMatchObject([
      { bytes: encodeTransaction(b!), acceptedAt: 20 },
      { bytes: encodeTransaction(c!), acceptedAt: 15 },
    ]);
  });

  test("one that is removed and added at once is there", () => {
    const store = new MempoolStore(openNodeDatabase(REGTEST));
    const tx = someTransaction();
    store.apply([{ tx, acceptedAt: 1 }], []);
    store.apply([{ tx, acceptedAt: 2 }], [tx.txid]);
    expect(store.loadAll().map(({ acceptedAt }) => acceptedAt)).toEqual([2]);
  });
});
