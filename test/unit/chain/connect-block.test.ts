/**
 * A block's effect on the coins, there and back, over coins in a Map.
 *
 * What a whole chain does with it is tested in the other files here; this one raises what a valid
 * chain cannot reach.
 */

import { describe, expect, test } from "bun:test";
import { CoinOverlay } from "../../../src/chain/coin-overlay.ts";
import { connectBlock, disconnectBlock } from "../../../src/chain/connect-block.ts";
import { ScriptVerifier } from "../../../src/chain/script-verifier.ts";
import type { Coin, CoinView } from "../../../src/consensus/check-inputs.ts";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import type { Block } from "../../../src/primitives/block.ts";
import {
  makeTransaction,
  type Outpoint,
  outpointKey,
} from "../../../src/primitives/transaction.ts";
import { someTxid } from "../../support/builders.ts";
import {
  ANYONE,
  chainOf,
  coinbaseParts,
  coinOf,
  NOBODY,
  QUICK,
  type SpendableCoin,
  spend,
} from "../../support/chain-builder.ts";
import { repeatSeeded, type SeededRandom } from "../../support/random.ts";

/** Coins in a Map. */
class MapCoins implements CoinView {
  readonly coins = new Map<string, Coin>();

  findCoin(outpoint: Outpoint): Coin | undefined {
    return this.coins.get(outpointKey(outpoint));
  }

  putCoin(outpoint: Outpoint, coin: Coin): void {
    this.coins.set(outpointKey(outpoint), coin);
  }

  deleteCoin(outpoint: Outpoint): void {
    this.coins.delete(outpointKey(outpoint));
  }

  /** All coins in an order of their own. */
  sorted(): readonly (readonly [string, Coin])[] {
    return [...this.coins].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Makes a coin out of nothing. */
  give(fill: number, value: number, changes: Partial<Coin> = {}): SpendableCoin {
    const outpoint = { txid: someTxid(fill), vout: 0 };
    this.putCoin(outpoint, {
      value,
      scriptPubKey: ANYONE,
      height: 1,
      isCoinbase: false,
      ...changes,
    });
    return { outpoint, value, scriptPubKey: changes.scriptPubKey ?? ANYONE };
  }
}

function contextAt(height: number) {
  return {
    height,
    params: QUICK.params,
    medianTimePast: 1_000_000,
    medianTimePastAt: () => 0,
    scripts: new ScriptVerifier(PORTABLE_SIGNATURES),
  };
}

/** Connects and writes; the coins that were spent. */
function connect(block: Block, coins: MapCoins, height: number) {
  const overlay = new CoinOverlay(coins);
  const result = connectBlock(block, overlay, contextAt(height));
  overlay.flush(coins);
  return result;
}

function disconnect(block: Block, spentCoins: readonly Coin[], coins: MapCoins): void {
  const overlay = new CoinOverlay(coins);
  disconnectBlock(block, spentCoins, overlay);
  overlay.flush(coins);
}

const branch = chainOf(9, QUICK);

describe("connectBlock", () => {
  test("replaces what is spent by what is made, and leaves out what nobody can spend", () => {
    const coins = new MapCoins();
    const coin = coins.give(1, 700);
    const paid = spend([coin], {
      parts: {
        outputs: [
          { value: 600, scriptPubKey: ANYONE },
          { value: 40, scriptPubKey: NOBODY },
          { value: 50, scriptPubKey: new Uint8Array(10_000) },
          { value: 3, scriptPubKey: new Uint8Array(10_001) },
        ],
      },
    });
    const block = branch.make({ transactions: [paid], fees: 7 });
    const { totalFees, spentCoins } = connect(block, coins, 10);

    expect(totalFees).toBe(7);
    expect(spentCoins).toEqual([
      { value: 700, scriptPubKey: ANYONE, height: 1, isCoinbase: false },
    ]);
    const [coinbase] = block.transactions;
    expect(new Set(coins.coins.keys())).toEqual(
      new Set([`${coinbase!.txid}:0`, `${paid.txid}:0`, `${paid.txid}:2`]),
    );
    expect(coins.findCoin({ txid: coinbase!.txid, vout: 0 })).toEqual({
      value: 5_000_000_007,
      scriptPubKey: ANYONE,
      height: 10,
      isCoinbase: true,
    });
    expect(coins.findCoin({ txid: paid.txid, vout: 0 })).toMatchObject({
      height: 10,
      isCoinbase: false,
    });
  });

  test("C-06: a coinbase may not overwrite one that still has a coin", () => {
    const coins = new MapCoins();
    const block = branch.make();
    connect(block, coins, 10);
    expect(() => connect(block, coins, 11)).toThrow(
      expect.objectContaining({ code: "bad-txns-bip30" }),
    );
  });

  test("C-06: a coinbase may come again once all of its coins are spent", () => {
    const coins = new MapCoins();
    const block = branch.make();
    connect(block, coins, 10);
    coins.coins.clear();
    expect(() => connect(block, coins, 11)).not.toThrow();
  });

  test("C-06: every output of the coinbase is looked at", () => {
    const coins = new MapCoins();
    const outputs = [1, 2, 3].map((value) => ({ value, scriptPubKey: ANYONE }));
    const block = branch.make({ coinbaseOutputs: outputs });
    connect(block, coins, 10);
    const txid = block.transactions[0]!.txid;
    coins.deleteCoin({ txid, vout: 0 });
    coins.deleteCoin({ txid, vout: 1 });
    expect(() => connect(block, coins, 11)).toThrow(
      expect.objectContaining({ code: "bad-txns-bip30" }),
    );
  });

  test("a refused block leaves no trace below the overlay", () => {
    const coins = new MapCoins();
    const coin = coins.give(1, 700);
    const before = coins.sorted();
    const block = branch.make({ transactions: [spend([coin])], fees: 1 });
    expect(() => connect(block, coins, 10)).toThrow(
      expect.objectContaining({ code: "bad-cb-amount" }),
    );
    expect(coins.sorted()).toEqual(before);
  });

  test("C-04: fees of many transactions add up to the sat", () => {
    const coins = new MapCoins();
    const fees = [1, 2, 3, 5, 8, 13, 21];
    const transactions = fees.map((fee, fill) => spend([coins.give(fill, 100)], { fee }));
    const total = fees.reduce((sum, fee) => sum + fee, 0);
    const block = branch.make({ transactions, fees: total });
    expect(connect(block, coins, 10).totalFees).toBe(total);
  });
});

describe("disconnectBlock", () => {
  test("C-28: refuses undo data that do not fit the block", () => {
    const coins = new MapCoins();
    const coin = coins.give(1, 700);
    const block = branch.make({ transactions: [spend([coin])] });
    const { spentCoins } = connect(block, coins, 10);
    const overlay = new CoinOverlay(coins);
    expect(() => disconnectBlock(block, [...spentCoins, ...spentCoins], overlay)).toThrow();
    expect(() => disconnectBlock(block, [], new CoinOverlay(coins))).toThrow();
  });

  test("C-28: takes back exactly what connecting did, on 300 random blocks and chains of them", () => {
    repeatSeeded(0xc28, 60, (random) => {
      const coins = new MapCoins();
      const spendable = Array.from({ length: 12 }, (_, fill) =>
        coins.give(fill + 1, 1_000 + random.below(100_000)),
      );
      const done: { block: Block; spentCoins: readonly Coin[]; before: unknown }[] = [];
      for (let height = 10; height < 15; height++) {
        const transactions = randomPayments(random, spendable);
        const block = branch.make({ transactions });
        const before = coins.sorted();
        const { spentCoins } = connect(block, coins, height);
        done.push({ block, spentCoins, before });
      }
      for (const { block, spentCoins, before } of done.toReversed()) {
        disconnect(block, spentCoins, coins);
        expect(coins.sorted()).toEqual(before as ReturnType<MapCoins["sorted"]>);
      }
    });
  });
});

/** Payments of `spendable`, which is brought up to date; some spend what another one just made. */
function randomPayments(random: SeededRandom, spendable: SpendableCoin[]) {
  return Array.from({ length: random.below(7) }, () => {
    const count = Math.min(spendable.length, 1 + random.below(3));
    const spent = Array.from({ length: count }, () =>
      spendable.splice(random.below(spendable.length), 1),
    ).flat();
    const tx = spend(spent, { count: 1 + random.below(4), fee: random.below(20) });
    for (const vout of tx.outputs.keys()) spendable.push(coinOf(tx, vout));
    return tx;
  });
}

test("coinbases of one height differ by what they carry", () => {
  const [a, b] = [0, 1].map((salt) => makeTransaction(coinbaseParts(5, [], salt)).txid);
  expect(a).not.toBe(b);
});
