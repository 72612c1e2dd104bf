/**
 * Chains by chance, from one seed: blocks that keep every rule and often stand at its limit, on forks
 * of all depths, out of order, late.
 *
 * Makes bytes and times to deliver them at, and judges nothing: it is told which block is the tip.
 * What breaks rules on purpose is in `drawn-faults.ts`.
 */

import { earliestTime } from "../../src/consensus/check-header.ts";
import {
  ancestorAt,
  type HeaderContext,
  medianTimePast,
  nextBits,
} from "../../src/consensus/difficulty.ts";
import type { Network } from "../../src/consensus/params.ts";
import { subsidyAt } from "../../src/consensus/subsidy.ts";
import { workOfBits } from "../../src/consensus/target.ts";
import { type Block, encodeBlock } from "../../src/primitives/block.ts";
import type { BlockHeader } from "../../src/primitives/block-header.ts";
import {
  encodeTransaction,
  hasWitness,
  makeTransaction,
  type Outpoint,
  type Transaction,
  type TransactionParts,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { isUnspendable } from "../../src/script/script.ts";
import { coinbaseParts, mineHeader, rootOf, withCommitment } from "./chain-builder.ts";
import { damageUnlocked, drawLock, type Lock, lockHeavy } from "./drawn-locks.ts";
import type { SeededRandom } from "./random.ts";
import { parseTransaction } from "./reference-model/block-format.ts";
import { ALL_FORKS, ScriptFailure } from "./reference-model/script-interpreter.ts";
import { verifyInput } from "./reference-model/verify-input.ts";

/** Bytes to submit, and what the node's clock shows then. */
export interface Delivery {
  /** What the maker meant, for people. */
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly nowSeconds: number;
  /** Kinds of the coins that its transactions spend. */
  readonly kinds: readonly string[];
}

/** An output that the chain's maker can spend. */
export interface OwnedCoin {
  readonly outpoint: Outpoint;
  readonly value: number;
  readonly lock: Lock;
  readonly height: number;
  readonly isCoinbase: boolean;
}

/** A block in its place, and the coins after it. */
export interface Position {
  readonly block: Block;
  readonly context: HeaderContext;
  readonly parent: Position | undefined;
  readonly coins: readonly OwnedCoin[];
  /** Some that were coins before, and no longer are. */
  readonly spent: readonly OwnedCoin[];
}

/** A transaction, the coins it spends and the fee it leaves. */
export interface Payment {
  readonly tx: Transaction;
  readonly spent: readonly OwnedCoin[];
  readonly made: readonly OwnedCoin[];
  readonly fee: number;
}

/** How a payment differs from one by chance. */
export interface PaymentChanges {
  readonly fee?: number;
  readonly outputs?: readonly TxOutput[];
  /** After everything but the scripts was filled in; they sign what it leaves. */
  readonly parts?: (parts: TransactionParts) => TransactionParts;
  /** Perhaps does not open its coins; drawn until one does not. */
  readonly isBroken?: boolean;
}

/** Operations of a heavy coin: two of them are BIP-0054's limit. */
const HEAVY_OPERATIONS = 1_250;

/** Coins above which payments gather more than they make. */
const MANY_COINS = 120;

const SEQUENCE_FINAL = 0xffffffff;
const LOCKTIME_THRESHOLD = 500_000_000;

/** Seconds between two blocks, by what a period is like. */
const PACES = { steady: 10, fast: 4, slow: 35, crawl: 0 } as const;

/** Draws chains. The same seed and the same tips give the same bytes. */
export class DrawnChain {
  readonly network: Network;
  readonly random: SeededRandom;
  readonly positions = new Map<string, Position>();
  tip: Position;
  nowSeconds: number;
  #salt = 0;

  constructor(network: Network, random: SeededRandom) {
    this.network = network;
    this.random = random;
    const { genesis } = network;
    const { time, bits } = genesis.header;
    const context = { height: 0, time, bits, parent: undefined };
    this.tip = { block: genesis, context, parent: undefined, coins: [], spent: [] };
    this.positions.set(genesis.hash, this.tip);
    this.nowSeconds = time + 1_000;
  }

  /** A number that no other coinbase of this chain has. */
  nextSalt(): number {
    return ++this.#salt;
  }

  /** A block of its own after `parent`, whose parts may still be changed. */
  draft(parent: Position = this.tip): Draft {
    return new Draft(this, parent);
  }

  /** The position `depth` blocks below the tip, or genesis. */
  below(depth: number): Position {
    let position = this.tip;
    for (let left = depth; left > 0 && position.parent !== undefined; left--) {
      position = position.parent;
    }
    return position;
  }

  /** Says that a block is the tip now. */
  follow(hash: string): void {
    const position = this.positions.get(hash);
    if (position === undefined) throw new Error(`the tip is ${hash}, which nobody made`);
    this.tip = position;
  }

  /** A delivery of bytes at a time of our clock that suits `time`. */
  deliver(what: string, block: Block, kinds: readonly string[] = []): Delivery {
    const earliest = block.header.time - this.network.params.maxFutureSeconds;
    // Now and then the block comes as early as it may.
    const isEarly = this.random.oneIn(12);
    const least = isEarly ? earliest : Math.max(earliest, block.header.time - 20);
    this.nowSeconds = Math.max(this.nowSeconds, least);
    return { what, bytes: encodeBlock(block), nowSeconds: this.nowSeconds, kinds };
  }
}

/** A block that is being made. */
export class Draft {
  readonly chain: DrawnChain;
  readonly parent: Position;
  readonly height: number;
  readonly payments: Payment[] = [];
  /** Coins that a payment may still spend. */
  available: OwnedCoin[];
  coinbaseOutputs: TxOutput[];
  /** Parts of the header instead of the right ones. */
  header: Partial<BlockHeader>;
  /** Changes of the coinbase, before the commitment is made and after. */
  beforeCommitment: (parts: TransactionParts) => TransactionParts = (parts) => parts;
  afterCommitment: (parts: TransactionParts) => TransactionParts = (parts) => parts;
  /** Changes of the list of transactions that the header commits to. */
  body: (transactions: Transaction[]) => Transaction[] = (transactions) => transactions;
  readonly #locks: Lock[];

  constructor(chain: DrawnChain, parent: Position) {
    this.chain = chain;
    this.parent = parent;
    this.height = parent.context.height + 1;
    this.available = parent.coins.filter((coin) => this.isOpen(coin));
    this.header = { time: this.#drawTime(), version: chain.random.pick([4, 0x20000000, 5]) };
    const count = 1 + chain.random.below(3);
    this.#locks = Array.from({ length: count }, () => this.drawLock());
    this.coinbaseOutputs = [];
    this.claim(0);
  }

  get random(): SeededRandom {
    return this.chain.random;
  }

  get fees(): number {
    return this.payments.reduce((sum, { fee }) => sum + fee, 0);
  }

  get subsidy(): number {
    return subsidyAt(this.height, this.chain.network.params);
  }

  get medianTime(): number {
    return medianTimePast(this.parent.context);
  }

  drawLock(): Lock {
    return drawLock(this.random, this.height, this.medianTime);
  }

  /** Lets the coinbase take the subsidy and the fees so far, and `more`. */
  claim(more: number): this {
    const value = this.subsidy + this.fees + more;
    const share = Math.floor(value / this.#locks.length);
    this.coinbaseOutputs = this.#locks.map(({ script }, index) => ({
      value: index === 0 ? value - share * (this.#locks.length - 1) : share,
      scriptPubKey: script,
    }));
    return this;
  }

  /** Whether a coin may be spent here: mature, and its own locks open. */
  isOpen({ lock, height, isCoinbase }: OwnedCoin): boolean {
    const { coinbaseMaturity } = this.chain.network.params;
    if (isCoinbase && this.height - height < coinbaseMaturity) return false;
    const { lockTime, sequence } = lock;
    if (lockTime !== undefined) {
      const reached = lockTime < LOCKTIME_THRESHOLD ? this.height : this.medianTime;
      if (lockTime >= reached) return false;
    }
    return sequence === undefined || this.isSequenceOpen(sequence, height);
  }

  /** Whether a relative lock of a coin made at `height` is open (BIP-0068). */
  isSequenceOpen(sequence: number, height: number): boolean {
    const wait = sequence & 0xffff;
    if ((sequence & 0x400000) === 0) return height + wait <= this.height;
    const { context } = this.parent;
    const before = ancestorAt(context, Math.min(Math.max(height - 1, 0), context.height));
    return medianTimePast(before) + wait * 512 <= this.medianTime;
  }

  /** Takes a coin out of those available, or undefined if none is like that. */
  take(isWanted: (coin: OwnedCoin) => boolean): OwnedCoin | undefined {
    const fitting = this.available.filter(isWanted);
    if (fitting.length === 0) return undefined;
    const coin = this.random.pick(fitting);
    this.available = this.available.filter((other) => other !== coin);
    return coin;
  }

  /** Adds up to `count` payments by chance. */
  addPayments(count: number): this {
    for (let left = count; left > 0; left--) {
      const coins = this.#drawCoins();
      if (coins.length > 0) this.addPayment(coins);
    }
    return this.claim(0);
  }

  /** Adds a payment of `coins`; undefined if chance made one of them that cannot be opened. */
  addPayment(coins: readonly OwnedCoin[], changes: PaymentChanges = {}): Payment | undefined {
    const payment = this.pay(coins, changes);
    if (payment === undefined) return undefined;
    this.payments.push(payment);
    this.available.push(...payment.made.filter((coin) => this.isOpen(coin)));
    this.claim(0);
    return payment;
  }

  /** Makes a payment without adding it. */
  pay(coins: readonly OwnedCoin[], changes: PaymentChanges = {}): Payment | undefined {
    const total = coins.reduce((sum, { value }) => sum + value, 0);
    const fee = changes.fee ?? Math.min(total, this.random.below(5_000));
    const locks: (Lock | undefined)[] = [];
    const outputs = changes.outputs ?? this.#drawOutputs(total - fee, locks);
    const drawn = this.#drawParts(coins, outputs);
    const unsigned = changes.parts?.(drawn) ?? drawn;

    const opened = this.#open(unsigned, coins, changes.isBroken ?? false);
    if (opened === undefined) return undefined;
    const tx = makeTransaction(opened);
    const made = locks.flatMap((lock, vout): OwnedCoin[] => {
      const output = tx.outputs[vout];
      if (lock === undefined || output?.scriptPubKey !== lock.script) return [];
      if (isUnspendable(lock.script)) return [];
      const { value } = output;
      const outpoint = { txid: tx.txid, vout };
      return [{ outpoint, value, lock, height: this.height, isCoinbase: false }];
    });
    return { tx, spent: coins, made, fee };
  }

  /** The block as it stands. */
  finish(): Block {
    const { network } = this.chain;
    const parts = coinbaseParts(this.height, this.coinbaseOutputs, this.chain.nextSalt());
    const payments = this.payments.map(({ tx }) => tx);
    const before = this.beforeCommitment(parts);
    const isCommitted = payments.some(hasWitness) || this.random.oneIn(4);
    const committed = isCommitted ? withCommitment(before, payments) : before;
    const coinbase = makeTransaction(this.afterCommitment(committed));
    const transactions = this.body([coinbase, ...payments]);
    return mineHeader(
      {
        version: 4,
        prevBlockHash: this.parent.block.hash,
        merkleRoot: rootOf(transactions),
        time: 0,
        bits: nextBits(this.parent.context, network.params),
        nonce: this.random.below(1_000_000),
        ...this.header,
      },
      transactions,
    );
  }

  /** The block, remembered as one that others may follow. */
  settle(block = this.finish()): Position {
    const spentKeys = new Set(this.payments.flatMap(({ spent }) => spent));
    const made = this.payments.flatMap((payment) => payment.made);
    const [coinbase] = block.transactions;
    const minted = this.#locks.flatMap((lock, vout): OwnedCoin[] => {
      const output = coinbase?.outputs[vout];
      if (coinbase === undefined || output?.scriptPubKey !== lock.script) return [];
      if (isUnspendable(lock.script)) return [];
      const outpoint = { txid: coinbase.txid, vout };
      return [{ outpoint, value: output.value, lock, height: this.height, isCoinbase: true }];
    });
    const coins = [...this.parent.coins, ...made].filter((coin) => !spentKeys.has(coin));
    const { time, bits } = block.header;
    const position: Position = {
      block,
      context: { height: this.height, time, bits, parent: this.parent.context },
      parent: this.parent,
      coins: [...coins, ...minted],
      spent: [...this.parent.spent.slice(-10), ...spentKeys],
    };
    this.chain.positions.set(block.hash, position);
    return position;
  }

  /** Kinds of the coins spent. */
  get kinds(): string[] {
    return this.payments.flatMap(({ spent }) => spent.map(({ lock }) => lock.kind));
  }

  /** A time after all that must be before it, at the pace of its period. */
  #drawTime(): number {
    const { params } = this.chain.network;
    const { context } = this.parent;
    const earliest = earliestTime(context, params);
    if (this.random.oneIn(20)) return earliest;
    const interval = params.retarget?.interval ?? 100;
    const place = this.height % interval;
    // A period may end well ahead of the median time, so that the next can begin before that.
    if (place === interval - 1 && !this.random.oneIn(4)) {
      return Math.max(earliest, this.medianTime + 110 + this.random.below(120));
    }
    const pace = this.#pace(Math.floor(this.height / interval));
    if (pace === "crawl") {
      // The first block far ahead, the others hardly moving.
      if (place === 0 || this.height === 1) return context.time + params.maxFutureSeconds;
      return earliest;
    }
    const step = Math.round(PACES[pace] * (this.random.below(400) / 200)) - this.random.below(12);
    return Math.max(earliest, context.time + step);
  }

  #pace(period: number): keyof typeof PACES {
    const { params } = this.chain.network;
    // A chain that has become hard is made easy again.
    if (params.retarget && workOfBits(this.parent.context.bits) > 60n) return "slow";
    const paces = ["crawl", "slow", "fast", "steady", "fast", "crawl", "slow"] as const;
    return paces[(period + this.random.seed) % paces.length] ?? "steady";
  }

  #drawCoins(): OwnedCoin[] {
    const isLight = (coin: OwnedCoin) => coin.lock.kind !== "heavy";
    const first = this.take(isLight);
    if (first === undefined) return [];
    const count = this.parent.coins.length > MANY_COINS ? 3 : this.random.below(3);
    const coins = [first];
    for (let left = count; left > 0; left--) {
      // One lock time a transaction.
      const other = this.take((coin) => isLight(coin) && coin.lock.lockTime === undefined);
      if (other !== undefined) coins.push(other);
    }
    return coins;
  }

  #drawOutputs(total: number, locks: (Lock | undefined)[]): TxOutput[] {
    const count = this.parent.coins.length > MANY_COINS ? 1 : 1 + this.random.below(3);
    const outputs: TxOutput[] = [];
    let rest = total;
    for (let left = count; left > 0; left--) {
      const value = left === 1 ? rest : this.random.below(Math.floor(rest / left) + 1);
      rest -= value;
      const lock = this.random.oneIn(25) ? lockHeavy(HEAVY_OPERATIONS) : this.drawLock();
      locks.push(lock);
      outputs.push({ value, scriptPubKey: lock.script });
    }
    if (this.random.oneIn(8)) {
      // Nothing that coins are made of: data, and a script too long to run.
      const length = this.random.oneIn(4) ? 10_001 : 1 + this.random.below(40);
      const first = length > 10_000 ? 0x61 : 0x6a;
      outputs.push({ value: 0, scriptPubKey: new Uint8Array(length).fill(first) });
      locks.push(undefined);
    }
    return outputs;
  }

  /** Version, lock time and sequences: what the coins ask for, and limits by chance. */
  #drawParts(coins: readonly OwnedCoin[], outputs: readonly TxOutput[]): TransactionParts {
    const { random } = this;
    const needed = coins.map(({ lock }) => lock.lockTime).find((time) => time !== undefined);
    const needsSequence = coins.some(({ lock }) => lock.sequence !== undefined);
    const version = needsSequence ? 2 : random.pick([2, 2, 2, 1, 3, 0, -1]);
    let lockTime = needed ?? 0;
    // The last that is final at this height, and at this median time.
    if (needed === undefined && random.oneIn(6)) {
      lockTime = random.oneIn(2) ? this.height - 1 : this.medianTime - 1;
    }
    const inputs = coins.map(({ outpoint, lock, height }) => {
      let sequence = lock.sequence ?? random.pick([SEQUENCE_FINAL, 0xfffffffe, 0x80000000]);
      if (lock.lockTime !== undefined && sequence === SEQUENCE_FINAL) sequence = 0xfffffffe;
      const depth = Math.min(this.height - height, 0xffff);
      // The longest wait that is over here.
      if (lock.sequence === undefined && random.oneIn(6)) sequence = depth;
      return { prevout: outpoint, scriptSig: new Uint8Array(0), sequence, witness: [] };
    });
    return { version, inputs, outputs, lockTime };
  }

  /** Fills scriptSigs and witnesses in; undefined if they are not as good, or bad, as wished. */
  #open(
    unsigned: TransactionParts,
    coins: readonly OwnedCoin[],
    isBroken: boolean,
  ): TransactionParts | undefined {
    const transaction = parseTransaction(encodeTransaction(unsigned));
    const spent = coins.map(({ value, lock }) => ({ value: BigInt(value), script: lock.script }));
    let hasFailed = false;
    const inputs = unsigned.inputs.map((input, index) => {
      const lock = coins[index]?.lock;
      if (lock === undefined) return input;
      const opened = lock.unlock({ transaction, index, spent, random: this.random });
      const used = isBroken && index === 0 ? damageUnlocked(opened, this.random) : opened;
      const own = { ...transaction.inputs[index], ...used } as (typeof transaction.inputs)[0];
      const tried = { ...transaction, inputs: transaction.inputs.with(index, own) };
      try {
        verifyInput({ transaction: tried, index, spent, forks: ALL_FORKS });
      } catch (error) {
        if (!(error instanceof ScriptFailure)) throw error;
        if (!isBroken && !lock.isUncertain) {
          throw new Error(`cannot open what it locked: ${lock.kind}`, { cause: error });
        }
        hasFailed = true;
      }
      return { ...input, ...used };
    });
    return hasFailed === isBroken ? { ...unsigned, inputs } : undefined;
  }
}
