/**
 * Changes over a view of coins: what is found, and what is written in the end.
 *
 * A random walk is compared with a plain Map that is changed directly.
 */

import { describe, expect, test } from "bun:test";
import { CoinOverlay } from "../../../src/chain/coin-overlay.ts";
import type { Coin } from "../../../src/consensus/check-inputs.ts";
import { type Outpoint, outpointKey } from "../../../src/primitives/transaction.ts";
import { someOutput, someTxid } from "../../support/builders.ts";
import { repeatSeeded } from "../../support/random.ts";

const coinAt = (height: number): Coin => ({ ...someOutput(), height, isCoinbase: false });
const outpointAt = (vout: number): Outpoint => ({ txid: someTxid(), vout });

/** Coins in a Map that counts how often it is written to. */
function mapCoins(entries: readonly (readonly [number, Coin])[] = []) {
  const coins = new Map(entries.map(([vout, coin]) => [outpointKey(outpointAt(vout)), coin]));
  return {
    coins,
    writes: 0,
    findCoin: (outpoint: Outpoint) => coins.get(outpointKey(outpoint)),
    putCoin(outpoint: Outpoint, coin: Coin) {
      this.writes += 1;
      coins.set(outpointKey(outpoint), coin);
    },
    deleteCoin(outpoint: Outpoint) {
      this.writes += 1;
      coins.delete(outpointKey(outpoint));
    },
  };
}

describe("CoinOverlay", () => {
  test("shows the view below until something changes, and leaves it alone until the flush", () => {
    const base = mapCoins([[0, coinAt(1)]]);
    const overlay = new CoinOverlay(base);
    expect(overlay.findCoin(outpointAt(0))).toEqual(coinAt(1));
    overlay.spendCoin(outpointAt(0));
    overlay.addCoin(outpointAt(1), coinAt(2));
    expect(overlay.findCoin(outpointAt(0))).toBeUndefined();
    expect(overlay.findCoin(outpointAt(1))).toEqual(coinAt(2));
    expect(base.coins.size).toBe(1);
    expect(base.writes).toBe(0);
    overlay.flush(base);
    expect([...base.coins.keys()]).toEqual([outpointKey(outpointAt(1))]);
  });

  test("writes nothing for a coin that was made and spent above", () => {
    const base = mapCoins();
    const overlay = new CoinOverlay(base);
    overlay.addCoin(outpointAt(0), coinAt(1));
    overlay.spendCoin(outpointAt(0));
    expect(overlay.findCoin(outpointAt(0))).toBeUndefined();
    overlay.flush(base);
    expect(base.writes).toBe(0);
  });

  test("a coin that was spent and made again takes the old one's place below", () => {
    const base = mapCoins([[0, coinAt(1)]]);
    const overlay = new CoinOverlay(base);
    overlay.spendCoin(outpointAt(0));
    overlay.addCoin(outpointAt(0), coinAt(2));
    expect(overlay.findCoin(outpointAt(0))).toEqual(coinAt(2));
    overlay.flush(base);
    expect(base.findCoin(outpointAt(0))).toEqual(coinAt(2));
  });

  test("a coin that was spent, made again and spent again is gone below", () => {
    const base = mapCoins([[0, coinAt(1)]]);
    const overlay = new CoinOverlay(base);
    overlay.spendCoin(outpointAt(0));
    overlay.addCoin(outpointAt(0), coinAt(2));
    overlay.spendCoin(outpointAt(0));
    expect(overlay.findCoin(outpointAt(0))).toBeUndefined();
    overlay.flush(base);
    expect(base.coins.size).toBe(0);
  });

  test("C-28: does to the view below what the same changes do to a Map", () => {
    repeatSeeded(0xc0b, 500, (random) => {
      const start = [0, 1, 2, 3].map((vout) => [vout, coinAt(vout)] as const);
      const base = mapCoins(start);
      const model = mapCoins(start);
      const overlay = new CoinOverlay(base);
      for (let step = 0; step < 30; step++) {
        const outpoint = outpointAt(random.below(8));
        const known = model.findCoin(outpoint);
        expect(overlay.findCoin(outpoint)).toEqual(known as Coin);
        if (known === undefined) {
          const coin = coinAt(100 + step);
          overlay.addCoin(outpoint, coin);
          model.putCoin(outpoint, coin);
        } else {
          overlay.spendCoin(outpoint);
          model.deleteCoin(outpoint);
        }
      }
      overlay.flush(base);
      expect(new Map([...base.coins].sort())).toEqual(new Map([...model.coins].sort()));
    });
  });
});
