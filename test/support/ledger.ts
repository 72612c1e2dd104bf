/**
 * Coins as a fold over blocks leaves them: nothing but a Map, and sums of what was minted and lost.
 *
 * A second opinion on the engine's coins, that shares no code with it: which scripts count as lost,
 * what a block may mint and what a digest is made of are written down here once more.
 */

import { createHash } from "node:crypto";
import type { ConsensusParams } from "../../src/consensus/params.ts";
import type { Block } from "../../src/primitives/block.ts";
import type { Transaction, TxOutput } from "../../src/primitives/transaction.ts";
import type { SpendableCoin } from "./chain-builder.ts";

/** A coin with all that the engine stores of it. */
export interface LedgerCoin extends SpendableCoin {
  readonly height: number;
  readonly isCoinbase: boolean;
}

/** The coins after a chain of blocks. */
export class Ledger {
  readonly coins = new Map<string, LedgerCoin>();
  readonly #params: ConsensusParams;
  /** Of the last block applied; 0 for genesis, whose outputs are no coins. */
  height = 0;
  /** Sats that the blocks might have minted. */
  minted = 0;
  /** Sats of subsidy and fees that no coinbase took. */
  unclaimed = 0;
  /** Sats in outputs that nobody can ever spend. */
  burnt = 0;

  constructor(params: ConsensusParams) {
    this.#params = params;
  }

  /** Sats that all coins must add up to, however the blocks came to be. */
  get supply(): number {
    return this.minted - this.unclaimed - this.burnt;
  }

  /** Sats that all coins do add up to. */
  total(): number {
    let total = 0;
    for (const { value } of this.coins.values()) total += value;
    return total;
  }

  /** A ledger of its own that goes on from here. */
  fork(): Ledger {
    const fork = new Ledger(this.#params);
    for (const [key, coin] of this.coins) fork.coins.set(key, coin);
    const { height, minted, unclaimed, burnt } = this;
    return Object.assign(fork, { height, minted, unclaimed, burnt });
  }

  /** Applies the next block; throws if it spends what is not there. */
  apply({ transactions: [coinbase, ...payments] }: Block): this {
    if (coinbase === undefined) throw new Error("a block without a coinbase");
    this.height += 1;
    this.#make(coinbase, true);
    let allowed = this.subsidy(this.height);
    this.minted += allowed;
    for (const tx of payments) {
      for (const { prevout } of tx.inputs) allowed += this.#take(`${prevout.txid}:${prevout.vout}`);
      allowed -= sumOf(tx.outputs);
      this.#make(tx, false);
    }
    this.unclaimed += allowed - sumOf(coinbase.outputs);
    return this;
  }

  /** SHA-256, coin by coin in order of their outpoints, as the engine's digest. */
  digest(): string {
    const rows = [...this.coins.values()].map((coin) => ({ coin, place: placeOf(coin) }));
    rows.sort((a, b) => Buffer.compare(a.place, b.place));
    let digest: Buffer = Buffer.alloc(32);
    for (const { coin, place } of rows) {
      const numbers = Buffer.alloc(13);
      numbers.writeBigInt64LE(BigInt(coin.value), 0);
      numbers.writeUInt32LE(coin.height, 8);
      numbers.writeUInt8(coin.isCoinbase ? 1 : 0, 12);
      digest = createHash("sha256")
        .update(digest)
        .update(place)
        .update(numbers)
        .update(lengthOf(coin.scriptPubKey))
        .update(coin.scriptPubKey)
        .digest();
    }
    return digest.toString("hex");
  }

  /** Sats that the block at `height` may mint: half as many after each interval. */
  subsidy(height: number): number {
    const { subsidy, halvingInterval } = this.#params;
    return Math.floor(subsidy / 2 ** Math.floor(height / halvingInterval));
  }

  #take(key: string): number {
    const coin = this.coins.get(key);
    if (coin === undefined) throw new Error(`spends ${key}, which is not there`);
    this.coins.delete(key);
    return coin.value;
  }

  #make({ txid, outputs }: Transaction, isCoinbase: boolean): void {
    for (const [vout, { value, scriptPubKey }] of outputs.entries()) {
      if (scriptPubKey[0] === 0x6a || scriptPubKey.length > 10_000) {
        this.burnt += value;
        continue;
      }
      const coin = { outpoint: { txid, vout }, value, scriptPubKey, height: this.height };
      this.coins.set(`${txid}:${vout}`, { ...coin, isCoinbase });
    }
  }
}

function sumOf(outputs: readonly TxOutput[]): number {
  return outputs.reduce((sum, { value }) => sum + value, 0);
}

/** An outpoint in the order of bytes that the disk has. */
function placeOf({ outpoint: { txid, vout } }: LedgerCoin): Buffer {
  const place = Buffer.alloc(36);
  Buffer.from(txid, "hex").reverse().copy(place);
  place.writeUInt32LE(vout, 32);
  return place;
}

/** A compact size. */
function lengthOf({ length }: Uint8Array): Buffer {
  if (length < 0xfd) return Buffer.of(length);
  if (length > 0xffff) throw new RangeError("no script is that long here");
  return Buffer.of(0xfd, length & 0xff, length >>> 8);
}
