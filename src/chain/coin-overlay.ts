/**
 * Changes to the coins that are not written yet, over a view of those that are.
 *
 * Coins made and spent within one block never reach the store. Knows nothing of blocks.
 */

import type { Coin, CoinView } from "../consensus/check-inputs.ts";
import { type Outpoint, outpointKey } from "../primitives/transaction.ts";

/** Where changed coins are written. */
export interface CoinSink {
  putCoin(outpoint: Outpoint, coin: Coin): void;
  deleteCoin(outpoint: Outpoint): void;
}

interface Change {
  readonly outpoint: Outpoint;
  /** Undefined: spent. */
  readonly coin: Coin | undefined;
  /** True if the view below does not have it, so that spending it leaves nothing to write. */
  readonly isFresh: boolean;
}

export class CoinOverlay implements CoinView {
  readonly #base: CoinView;
  readonly #changes = new Map<string, Change>();

  constructor(base: CoinView) {
    this.#base = base;
  }

  findCoin(outpoint: Outpoint): Coin | undefined {
    const change = this.#changes.get(outpointKey(outpoint));
    return change === undefined ? this.#base.findCoin(outpoint) : change.coin;
  }

  /** Adds a coin that the view below does not have. */
  addCoin(outpoint: Outpoint, coin: Coin): void {
    const key = outpointKey(outpoint);
    const isFresh = this.#changes.get(key)?.isFresh ?? true;
    this.#changes.set(key, { outpoint, coin, isFresh });
  }

  /** Takes a coin away that findCoin gave. */
  spendCoin(outpoint: Outpoint): void {
    const key = outpointKey(outpoint);
    if (this.#changes.get(key)?.isFresh === true) this.#changes.delete(key);
    else this.#changes.set(key, { outpoint, coin: undefined, isFresh: false });
  }

  /** Writes all changes. */
  flush(sink: CoinSink): void {
    for (const { outpoint, coin } of this.#changes.values()) {
      if (coin === undefined) sink.deleteCoin(outpoint);
      else sink.putCoin(outpoint, coin);
    }
  }
}
