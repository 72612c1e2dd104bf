/**
 * What people pay in a simulated world, and what has to become of it.
 *
 * A payment is safe if nothing else ever spends its coins, and if they come from the base that no
 * reorganisation undoes: such a one must end in the chain. Others (spent twice, or of young
 * coinbases) may or may not, and are there to be in the way.
 */

import type { Network } from "../../src/consensus/params.ts";
import type { Txid } from "../../src/primitives/hash-id.ts";
import { isCoinbase, type Transaction } from "../../src/primitives/transaction.ts";
import { ANYONE_BY_WITNESS, coinOf, type SpendableCoin, spend } from "../support/chain-builder.ts";
import type { SeededRandom } from "../support/random.ts";
import { BASE_COINS, baseOf } from "./scenario.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** Sats that a payment leaves to the miner, more or less. */
const LEAST_FEE = 500;

/** Payments of payments are not longer than this, far below what the mempool allows. */
const MAX_CHAIN = 6;

/** Coins worth less are not spent any more. */
const LEAST_VALUE = 20_000;

interface Coin extends SpendableCoin {
  /** How many payments stand between it and the base. */
  readonly depth: number;
}

export class Payments {
  readonly #random: SeededRandom;
  readonly #free: Coin[];
  /** Those that must be mined. */
  readonly safe = new Map<Txid, Transaction>();
  /** How many were offered that need not be. */
  unsafeCount = 0;

  constructor(network: Network, random: SeededRandom) {
    this.#random = random;
    const coinbase = baseOf(network).at(1).transactions[0] as Transaction;
    this.#free = Array.from({ length: BASE_COINS }, (_, vout) => ({
      ...coinOf(coinbase, vout),
      depth: 0,
    }));
  }

  /** Offers a safe payment to `node`; returns it if it was taken. */
  pay(node: SimulatedNode): Transaction | undefined {
    const coin = this.#take();
    if (coin === undefined) return undefined;
    const tx = this.#spend(coin);
    const verdict = node.submitTransaction(tx);
    if (verdict.status !== "accepted") {
      // Its parent has not come to this node.
      this.#free.push(coin);
      return undefined;
    }
    this.#keep(tx, coin.depth);
    return tx;
  }

  /** Two payments, the second of what the first pays, that nobody has been given yet. */
  makeStrayPair(): readonly [Transaction, Transaction] | undefined {
    const coin = this.#take((depth) => depth === 0);
    if (coin === undefined) return undefined;
    const parent = this.#spend(coin);
    const child = spend([coinOf(parent)], { fee: LEAST_FEE, script: ANYONE_BY_WITNESS });
    this.unsafeCount += 2;
    return [parent, child];
  }

  /** Offers one coin to two nodes at once, twice. */
  payTwice(one: SimulatedNode, other: SimulatedNode): void {
    const [left, right] = this.makeConflict() ?? [];
    if (left === undefined || right === undefined) return;
    one.submitTransaction(left);
    other.submitTransaction(right);
  }

  /** Two payments of one coin. */
  makeConflict(): readonly [Transaction, Transaction] | undefined {
    const coin = this.#take((depth) => depth === 0);
    if (coin === undefined) return undefined;
    this.unsafeCount += 2;
    return [this.#spend(coin, 2 * LEAST_FEE), this.#spend(coin)];
  }

  /** Payments of base coins that have `count` outputs between them, or a few more. */
  makeFunding(count: number): Transaction[] {
    const perCoin = 500;
    return Array.from({ length: Math.ceil(count / perCoin) }, () => {
      const coin = this.#free.pop();
      if (coin === undefined) throw new RangeError("no coins are left");
      return spend([coin], { fee: 50_000, count: perCoin, script: ANYONE_BY_WITNESS });
    });
  }

  /** Spends a coinbase of the node's chain that is young enough to be abandoned. */
  spendCoinbase(node: SimulatedNode): void {
    const { chain } = node;
    const entry = chain.index.findActive(chain.tip.height - 1 - this.#random.below(3));
    if (entry === undefined || entry.height <= 3) return;
    const [coinbase] = chain.getBlock(entry).transactions;
    if (coinbase === undefined || !isCoinbase(coinbase)) return;
    const tx = spend([coinOf(coinbase)], {
      fee: LEAST_FEE * 4,
      count: 2,
      script: ANYONE_BY_WITNESS,
    });
    this.unsafeCount += 1;
    node.submitTransaction(tx);
  }

  #take(isFit: (depth: number) => boolean = () => true): Coin | undefined {
    if (this.#free.length === 0) return undefined;
    const at = this.#random.below(this.#free.length);
    const coin = this.#free[at] as Coin;
    if (!isFit(coin.depth)) return undefined;
    this.#free[at] = this.#free.at(-1) as Coin;
    this.#free.pop();
    return coin;
  }

  #spend(coin: Coin, leastFee = LEAST_FEE): Transaction {
    const fee = leastFee + this.#random.below(1_000);
    const count = coin.depth + 1 < MAX_CHAIN ? 1 + this.#random.below(3) : 1;
    return spend([coin], { fee, count, script: ANYONE_BY_WITNESS });
  }

  #keep(tx: Transaction, depth: number): void {
    this.safe.set(tx.txid, tx);
    if (depth + 1 >= MAX_CHAIN) return;
    for (const [vout, { value }] of tx.outputs.entries()) {
      if (value >= LEAST_VALUE) this.#free.push({ ...coinOf(tx, vout), depth: depth + 1 });
    }
  }
}
