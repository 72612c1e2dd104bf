/**
 * Rules that need the coins a transaction spends: existence, maturity, amounts, relative locks.
 *
 * Coins come through CoinView, declared here and implemented by storage, by caches, and by a Map in
 * tests. Running the scripts is the caller's next step, with script/verify-input.ts.
 */

import { isMoney, sumMoney } from "../primitives/amount.ts";
import {
  type Outpoint,
  outpointKey,
  type Transaction,
  type TxOutput,
} from "../primitives/transaction.ts";
import type { ConsensusParams } from "./params.ts";
import { RuleError } from "./rule-error.ts";

/** An unspent output, with what maturity and relative locks need. */
export interface Coin extends TxOutput {
  /** Of the block that made it. */
  readonly height: number;
  readonly isCoinbase: boolean;
}

/** Where unspent outputs are looked up. */
export interface CoinView {
  /** Returns the coin, or undefined if it was never made or is spent. */
  findCoin(outpoint: Outpoint): Coin | undefined;
}

/** Returns the coins that `tx` spends, in input order; RuleError if one is not there. */
export function findSpentCoins(tx: Transaction, view: CoinView): Coin[] {
  return tx.inputs.map(({ prevout }) => {
    const coin = view.findCoin(prevout);
    if (coin === undefined) {
      const outpoint = outpointKey(prevout);
      throw new RuleError(
        "bad-txns-inputs-missingorspent",
        `it spends ${outpoint}, which does not exist or is spent`,
        { outpoint },
      );
    }
    return coin;
  });
}

/**
 * Returns the fee of `tx` in a block at `height`, given the coins it spends in input order.
 * RuleError if a coinbase is immature or the amounts do not add up.
 */
export function checkInputAmounts(
  tx: Transaction,
  coins: readonly Coin[],
  height: number,
  params: ConsensusParams,
): number {
  for (const coin of coins) checkMaturity(coin, height, params);

  const { maxMoney } = params;
  const valueIn = sumMoney(
    coins.map(({ value }) => value),
    maxMoney,
  );
  if (valueIn === undefined) {
    throw new RuleError("bad-txns-inputvalues-outofrange", "its inputs exceed all money there is");
  }

  // The sum is in range: check-transaction.ts has seen to it.
  const valueOut = tx.outputs.reduce((sum, { value }) => sum + value, 0);
  if (valueIn < valueOut) {
    throw new RuleError(
      "bad-txns-in-belowout",
      `it spends ${valueIn} sat but pays out ${valueOut} sat`,
      { valueIn, valueOut },
    );
  }
  const fee = valueIn - valueOut;
  if (!isMoney(fee, maxMoney)) {
    throw new RuleError("bad-txns-fee-outofrange", "its fee exceeds all money there is", { fee });
  }
  return fee;
}

function checkMaturity(coin: Coin, height: number, { coinbaseMaturity }: ConsensusParams): void {
  const depth = height - coin.height;
  if (coin.isCoinbase && depth < coinbaseMaturity) {
    throw new RuleError(
      "bad-txns-premature-spend-of-coinbase",
      `it spends a coinbase ${depth} blocks deep, ${coinbaseMaturity} are needed`,
      { depth, needed: coinbaseMaturity, coinHeight: coin.height },
    );
  }
}

/** BIP-0068: this bit of a sequence number switches its relative lock off. */
const SEQUENCE_LOCK_DISABLE_FLAG = 0x80000000;

/** BIP-0068: this bit makes a relative lock count time, in units of 512 s, instead of blocks. */
const SEQUENCE_LOCK_TYPE_FLAG = 0x00400000;
const SEQUENCE_LOCK_MASK = 0x0000ffff;
const SEQUENCE_LOCK_GRANULARITY = 9;

/** The last height and median time at which relative locks still hold; -1: no lock. */
export interface SequenceLocks {
  readonly height: number;
  readonly time: number;
}

/**
 * Returns the relative locks of `tx` (BIP-0068). `medianTimePastAt(h)` gives the median time past
 * of the block at height h on the branch that `tx` is to be in.
 */
export function sequenceLocks(
  tx: Transaction,
  coins: readonly Coin[],
  medianTimePastAt: (height: number) => number,
): SequenceLocks {
  let height = -1;
  let time = -1;
  if (tx.version >>> 0 < 2) return { height, time };

  for (const [index, { sequence }] of tx.inputs.entries()) {
    if ((sequence & SEQUENCE_LOCK_DISABLE_FLAG) !== 0) continue;
    const coinHeight = (coins[index] as Coin).height;
    const lock = sequence & SEQUENCE_LOCK_MASK;
    if ((sequence & SEQUENCE_LOCK_TYPE_FLAG) === 0) {
      height = Math.max(height, coinHeight + lock - 1);
    } else {
      const base = medianTimePastAt(Math.max(coinHeight - 1, 0));
      time = Math.max(time, base + lock * 2 ** SEQUENCE_LOCK_GRANULARITY - 1);
    }
  }
  return { height, time };
}

/** True if the locks are open for a block at `height` whose parent has this median time past. */
export function areSequenceLocksOpen(
  locks: SequenceLocks,
  height: number,
  medianTimePast: number,
): boolean {
  return locks.height < height && locks.time < medianTimePast;
}
