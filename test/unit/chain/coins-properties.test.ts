/**
 * What holds of the coins whatever blocks come and go: disconnecting takes back exactly what
 * connecting did, they are what a fold over the active chain leaves, and none is made out of nothing.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CoinOverlay, type CoinSink } from "../../../src/chain/coin-overlay.ts";
import {
  type ConnectContext,
  connectBlock,
  disconnectBlock,
} from "../../../src/chain/connect-block.ts";
import { ScriptVerifier } from "../../../src/chain/script-verifier.ts";
import type { Coin, CoinView } from "../../../src/consensus/check-inputs.ts";
import { ancestorAt, medianTimePast } from "../../../src/consensus/difficulty.ts";
import { PORTABLE_SIGNATURES } from "../../../src/crypto/signature-verifier.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { type Outpoint, outpointKey } from "../../../src/primitives/transaction.ts";
import { decodeUndo, encodeUndo } from "../../../src/storage/undo.ts";
import { type Branch, TestNode } from "../../support/chain-builder.ts";
import { Ledger } from "../../support/ledger.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";
import {
  anyBlockRecipe,
  anyTreeRecipe,
  type BlockRecipe,
  BRISK,
  growTree,
  RandomChain,
} from "../../support/random-chain.ts";

/** Coins in a Map, which refuses what the engine must never ask of it. */
class CoinMap implements CoinView, CoinSink {
  readonly coins = new Map<string, Coin>();

  findCoin(outpoint: Outpoint): Coin | undefined {
    return this.coins.get(outpointKey(outpoint));
  }

  putCoin(outpoint: Outpoint, coin: Coin): void {
    const key = outpointKey(outpoint);
    if (this.coins.has(key)) throw new Error(`${key} is there already`);
    this.coins.set(key, coin);
  }

  deleteCoin(outpoint: Outpoint): void {
    const key = outpointKey(outpoint);
    if (!this.coins.delete(key)) throw new Error(`${key} is not there`);
  }

  /** All coins, in order of their keys. */
  list(): [string, Coin][] {
    return [...this.coins].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** A CoinMap that may be told what it knows, as a database may. */
class LaxSink implements CoinSink {
  readonly #map: CoinMap;

  constructor(map: CoinMap) {
    this.#map = map;
  }

  putCoin(outpoint: Outpoint, coin: Coin): void {
    this.#map.coins.set(outpointKey(outpoint), coin);
  }

  deleteCoin(outpoint: Outpoint): void {
    this.#map.coins.delete(outpointKey(outpoint));
  }
}

/** The coins of a ledger in the same form. */
function listOf({ coins }: Ledger): [string, Coin][] {
  return [...coins]
    .map(([key, { value, scriptPubKey, height, isCoinbase }]): [string, Coin] => [
      key,
      { value, scriptPubKey, height, isCoinbase },
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Where the next block of `branch` is to be connected. */
function contextOf({ context, height, network }: Branch, scripts: ScriptVerifier): ConnectContext {
  return {
    height: height + 1,
    params: network.params,
    medianTimePast: medianTimePast(context),
    medianTimePastAt: (at) => medianTimePast(ancestorAt(context, at)),
    scripts,
  };
}

/** Grows `chain` by one block and writes what that does to `store`. */
function connectNext(chain: RandomChain, recipe: BlockRecipe, store: CoinMap): void {
  const context = contextOf(chain.branch, newVerifier());
  const overlay = new CoinOverlay(store);
  connectBlock(chain.grow(recipe), overlay, context);
  overlay.flush(store);
}

function newVerifier(): ScriptVerifier {
  return new ScriptVerifier(PORTABLE_SIGNATURES);
}

const ANY_RECIPES = fc.array(anyBlockRecipe(8), { minLength: 1, maxLength: 10, size: "max" });

describe("connectBlock and disconnectBlock", () => {
  test(
    "C-28: take each other's changes back, coin by coin, over the undo data's bytes",
    () => {
      let spent = 0;
      fc.assert(
        fc.property(ANY_RECIPES, (recipes) => {
          const chain = new RandomChain(BRISK);
          const store = new CoinMap();
          const states = [store.list()];
          const undo: Uint8Array[] = [];
          const scripts = newVerifier();
          for (const recipe of recipes) {
            const context = contextOf(chain.branch, scripts);
            const overlay = new CoinOverlay(store);
            const { spentCoins } = connectBlock(chain.grow(recipe), overlay, context);
            // Until they are written down, the changes are nobody's.
            expect(store.list()).toEqual(states.at(-1)!);
            overlay.flush(store);
            expect(store.list()).toEqual(listOf(chain.ledger));
            states.push(store.list());
            undo.push(encodeUndo(spentCoins));
            spent += spentCoins.length;
          }
          for (const block of chain.branch.blocks.toReversed()) {
            expect(store.list()).toEqual(states.pop()!);
            const overlay = new CoinOverlay(store);
            disconnectBlock(block, decodeUndo(undo.pop()!), overlay);
            overlay.flush(store);
          }
          expect(store.list()).toEqual([]);
        }),
        runs(40),
      );
      expect(spent).toBeGreaterThan(100);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "C-28: leave the stored coins as they were, by digest and by total",
    () => {
      fc.assert(
        fc.property(ANY_RECIPES, anyBlockRecipe(8), (recipes, last) => {
          const chain = new RandomChain(BRISK);
          for (const recipe of recipes) chain.grow(recipe);
          const node = new TestNode(BRISK).follow(chain.branch);
          const { coins } = node.chain;
          const before = [node.digest(), coins.totals()];
          expect(before[0]).toBe(chain.ledger.digest());

          const context = contextOf(chain.branch, newVerifier());
          const block = chain.grow(last);
          const there = new CoinOverlay(coins);
          const { spentCoins } = connectBlock(block, there, context);
          there.flush(coins);
          expect(node.digest()).toBe(chain.ledger.digest());

          const back = new CoinOverlay(coins);
          disconnectBlock(block, spentCoins, back);
          back.flush(coins);
          expect([node.digest(), coins.totals()]).toEqual(before);
          node.close();
        }),
        runs(25),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "C-28: there, back and there again in one overlay write what going there once does",
    () => {
      fc.assert(
        fc.property(ANY_RECIPES, ANY_RECIPES, (first, then) => {
          const chain = new RandomChain(BRISK);
          const store = new CoinMap();
          for (const recipe of first) connectNext(chain, recipe, store);
          const before = store.list();

          const overlay = new CoinOverlay(store);
          const steps = then.map((recipe) => {
            const context = contextOf(chain.branch, newVerifier());
            const block = chain.grow(recipe);
            return { block, context, spent: connectBlock(block, overlay, context).spentCoins };
          });
          for (const { block, spent } of steps.toReversed()) disconnectBlock(block, spent, overlay);
          for (const { block, context } of steps) connectBlock(block, overlay, context);
          expect(store.list()).toEqual(before);
          overlay.flush(new LaxSink(store));
          expect(store.list()).toEqual(listOf(chain.ledger));
        }),
        runs(25),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "C-28: in one overlay, there and back, leave nothing to write",
    () => {
      fc.assert(
        fc.property(ANY_RECIPES, (recipes) => {
          const chain = new RandomChain(BRISK);
          const overlay = new CoinOverlay(new CoinMap());
          const spent = recipes.map((recipe) => {
            const context = contextOf(chain.branch, newVerifier());
            return connectBlock(chain.grow(recipe), overlay, context).spentCoins;
          });
          for (const block of chain.branch.blocks.toReversed()) {
            disconnectBlock(block, spent.pop()!, overlay);
          }
          // A CoinMap throws if a coin is put twice, or taken that is not there.
          const empty = new CoinMap();
          overlay.flush(empty);
          expect(empty.list()).toEqual([]);
        }),
        runs(25),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

describe("the stored coins", () => {
  test(
    "C-04: are what was minted, less what was not claimed and what was burnt, after every step",
    () => {
      let walkedBack = 0;
      fc.assert(
        fc.property(anyTreeRecipe(3, 14), (recipe) => {
          const tree = growTree(BRISK, recipe);
          const ledgers = new Map(tree.map(({ block, chain }) => [block.hash, chain.ledger]));
          const node = new TestNode(BRISK);
          const check = () => {
            const ledger = ledgers.get(node.chain.tip.hash) ?? new Ledger(BRISK.params);
            const { count, value } = node.chain.coins.totals();
            expect(ledger.total()).toBe(ledger.supply);
            expect([count, value]).toEqual([ledger.coins.size, ledger.supply]);
          };
          // In the middle of a reorganisation too.
          node.chain.events.on("block-connected", check);
          node.chain.events.on("block-disconnected", check);
          for (const { block } of tree) {
            node.offer(block);
            check();
            expect(node.digest()).toBe(ledgers.get(node.chain.tip.hash)!.digest());
          }
          walkedBack += node.events.filter(([sign]) => sign === "-").length;
          node.close();
        }),
        runs(30),
      );
      expect(walkedBack).toBeGreaterThan(0);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "C-05: grow by subsidy and fees and by no sat more, at any height",
    () => {
      fc.assert(
        fc.property(ANY_RECIPES, anyBlockRecipe(3), (recipes, last) => {
          const chain = new RandomChain(BRISK);
          for (const recipe of recipes) chain.grow(recipe);
          const node = new TestNode(BRISK).follow(chain.branch);
          const plan = chain.plan({ ...last, unclaimed: 0 });
          const [first, ...rest] = plan.coinbaseOutputs ?? [];
          const greedy = [{ ...first!, value: first!.value + 1 }, ...rest];
          const tooMuch = chain.branch.make({ ...plan, coinbaseOutputs: greedy });
          expect(node.offer(tooMuch)).toBe("bad-cb-amount");
          expect(node.digest()).toBe(chain.ledger.digest());
          expect(node.offer(chain.add(chain.branch.make(plan)))).toBe("connected");
          expect(node.chain.coins.totals().value).toBe(chain.ledger.supply);
          node.close();
        }),
        runs(25),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  test(
    "C-28: are found one by one, each with its script, height and origin",
    () => {
      fc.assert(
        fc.property(ANY_RECIPES, (recipes) => {
          const chain = new RandomChain(BRISK);
          for (const recipe of recipes) chain.grow(recipe);
          const node = new TestNode(BRISK).follow(chain.branch);
          expect(node.tipHash).toBe(chain.tip.hash);
          for (const { outpoint, ...coin } of chain.ledger.coins.values()) {
            const found = node.chain.coins.findCoin(outpoint)!;
            expect({ ...found, scriptPubKey: toHex(found.scriptPubKey) }).toEqual({
              ...coin,
              scriptPubKey: toHex(coin.scriptPubKey),
            });
          }
          expect(node.chain.coins.totals().count).toBe(chain.ledger.coins.size);
          node.close();
        }),
        runs(20),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});
