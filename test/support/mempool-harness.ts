/**
 * A mempool in a small world: a chain that is a Map of coins and a list of headers, a clock that is
 * turned by hand, and transactions that spend coins anybody may spend.
 *
 * The mempool, its rules and its script verifier are the real ones. Knows nothing of storage.
 */

import { CoinOverlay } from "../../src/chain/coin-overlay.ts";
import { connectBlock } from "../../src/chain/connect-block.ts";
import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import type { Coin } from "../../src/consensus/check-inputs.ts";
import { type HeaderContext, medianTimePast } from "../../src/consensus/difficulty.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import type { ConsensusParams } from "../../src/consensus/params.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { Mempool, type MempoolPolicy, type RemovalReason } from "../../src/mempool/mempool.ts";
import type { MempoolChain } from "../../src/mempool/mempool-chain.ts";
import { type Block, makeBlock } from "../../src/primitives/block.ts";
import type { BlockHeader } from "../../src/primitives/block-header.ts";
import { type Txid, ZERO_HASH } from "../../src/primitives/hash-id.ts";
import {
  isCoinbase,
  makeTransaction,
  NULL_OUTPOINT,
  type Outpoint,
  outpointKey,
  type Transaction,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { isUnspendable, pushData } from "../../src/script/script.ts";

/** The witness script OP_TRUE, and the output that it may spend. */
export const TRUE_SCRIPT = Uint8Array.of(0x51);
export const TRUE_OUTPUT = concatBytes(Uint8Array.of(0x00, 0x20), sha256(TRUE_SCRIPT));

/** Seconds since 1970 of the first block, and between two. */
const START_TIME = 1_700_000_000;
const SPACING = 10;

/** Sats of a coinbase: less than any subsidy that these tests live to see. */
const MINTED = 100_000_000;

/** Large enough that tests which are not about a bound never meet it. */
export const ROOMY_POLICY: MempoolPolicy = {
  minRelayFeerate: 1,
  maxBytes: 128 * 1024 * 1024,
  maxCount: 200_000,
  expiryMs: 24 * 60 * 60 * 1000,
};

/** A coin of known value at a known place. */
export interface Funds extends Outpoint {
  readonly value: number;
}

interface MinedBlock {
  readonly block: Block;
  readonly spent: readonly (readonly [key: string, coin: Coin])[];
}

/** The active chain: headers, coins, and enough undo data to go back. */
export class FakeChain implements MempoolChain {
  readonly network: { readonly params: ConsensusParams };
  readonly index = { findActive: (height: number) => this.#headers[height] };
  readonly coins = { findCoin: (outpoint: Outpoint) => this.#coins.get(outpointKey(outpoint)) };
  readonly #coins = new Map<string, Coin>();
  readonly #headers: HeaderContext[] = [];
  readonly #blocks: MinedBlock[] = [];
  #serial = 0;

  constructor({
    height = 200,
    params = {},
  }: { height?: number; params?: Partial<ConsensusParams> } = {}) {
    this.network = { params: { ...findNetwork("regtest").params, ...params } };
    for (let at = 0; at <= height; at++) this.#pushHeader();
  }

  get tip(): HeaderContext {
    return this.#headers.at(-1)!;
  }

  /** Makes a coin out of nothing, by default at height 1. */
  fund(value: number, coin: Partial<Coin> = {}): Funds {
    const txid = serialTxid(++this.#serial);
    const defaults = { scriptPubKey: TRUE_OUTPUT, height: 1, isCoinbase: false };
    this.#coins.set(outpointKey({ txid, vout: 0 }), { value, ...defaults, ...coin });
    return { txid, vout: 0, value };
  }

  /** Connects a block of `transactions` (its coinbase is made) without checking anything. */
  connect(transactions: readonly Transaction[]): Block {
    const block = makeBlock(this.#makeHeader(), [this.#makeCoinbase(), ...transactions]);
    this.#pushHeader();
    const spent: [string, Coin][] = [];
    for (const tx of block.transactions) this.#apply(tx, spent);
    this.#blocks.push({ block, spent });
    return block;
  }

  /** Takes the tip back. */
  disconnect(): Block {
    const { block, spent } = this.#blocks.pop()!;
    for (const { txid, outputs } of block.transactions) {
      for (const vout of outputs.keys()) this.#coins.delete(outpointKey({ txid, vout }));
    }
    const made = new Set<string>(block.transactions.map(({ txid }) => txid));
    for (const [key, coin] of spent) {
      if (!made.has(key.slice(0, 64))) this.#coins.set(key, coin);
    }
    this.#headers.pop();
    return block;
  }

  /** Throws RuleError unless the real engine would connect a block of `transactions` next. */
  checkNext(transactions: readonly Transaction[], scripts: ScriptVerifier): void {
    const block = makeBlock(this.#makeHeader(), [this.#makeCoinbase(), ...transactions]);
    connectBlock(block, new CoinOverlay(this.coins), {
      height: this.tip.height + 1,
      params: this.network.params,
      medianTimePast: medianTimePast(this.tip),
      medianTimePastAt: (height) => medianTimePast(this.#headers[height]!),
      scripts,
    });
  }

  #makeHeader(): BlockHeader {
    return {
      version: 4,
      prevBlockHash: ZERO_HASH,
      merkleRoot: ZERO_HASH,
      time: this.tip.time + SPACING,
      bits: 0x207fffff,
      nonce: ++this.#serial,
    };
  }

  #apply(tx: Transaction, spent: [string, Coin][]): void {
    for (const { prevout } of isCoinbase(tx) ? [] : tx.inputs) {
      const key = outpointKey(prevout);
      const coin = this.#coins.get(key);
      if (coin === undefined) throw new Error(`a block spends ${key}, which is not there`);
      spent.push([key, coin]);
      this.#coins.delete(key);
    }
    for (const [vout, output] of tx.outputs.entries()) {
      if (isUnspendable(output.scriptPubKey)) continue;
      const { height } = this.tip;
      const key = outpointKey({ txid: tx.txid, vout });
      this.#coins.set(key, { ...output, height, isCoinbase: isCoinbase(tx) });
    }
  }

  #makeCoinbase(): Transaction {
    const scriptSig = pushData(Uint8Array.from(serialBytes(++this.#serial)));
    return makeTransaction({
      version: 2,
      inputs: [{ prevout: NULL_OUTPOINT, scriptSig, sequence: 0xffffffff, witness: [] }],
      outputs: [{ value: MINTED, scriptPubKey: TRUE_OUTPUT }],
      lockTime: 0,
    });
  }

  #pushHeader(): void {
    const height = this.#headers.length;
    const parent = this.#headers.at(-1);
    const time = START_TIME + height * SPACING;
    this.#headers.push({ height, time, bits: 0x207fffff, parent });
  }
}

/** What the mempool told, in short: "+txid" and "-txid reason". */
export type Told = string;

/** A mempool over a fake chain, with all that it tells written down. */
export class MempoolHarness {
  readonly chain: FakeChain;
  readonly mempool: Mempool;
  readonly scripts = new ScriptVerifier(PORTABLE_SIGNATURES);
  readonly told: Told[] = [];
  /** Milliseconds since 1970. */
  now = (START_TIME + 10_000) * 1000;

  constructor({
    policy = {},
    chain = new FakeChain(),
    maxReturningBytes,
  }: {
    policy?: Partial<MempoolPolicy>;
    chain?: FakeChain;
    maxReturningBytes?: number;
  } = {}) {
    this.chain = chain;
    this.mempool = new Mempool({
      chain,
      scripts: this.scripts,
      policy: { ...ROOMY_POLICY, ...policy },
      now: () => this.now,
      log: SILENT_LOGGER,
      ...(maxReturningBytes === undefined ? {} : { maxReturningBytes }),
    });
    this.mempool.events.on("transaction-accepted", ({ entry }) => {
      this.told.push(`+${entry.tx.txid}`);
    });
    this.mempool.events.on("transaction-removed", ({ tx, reason }) => {
      this.told.push(removal(tx, reason));
    });
  }

  /** Submits `tx`, which must be accepted; returns it. */
  accept(tx: Transaction): Transaction {
    const verdict = this.mempool.submit(tx);
    if (verdict.status === "rejected") throw verdict.error;
    if (verdict.status !== "accepted") throw new Error(verdict.status);
    return tx;
  }

  /** Submits `tx`; returns the code it is rejected with, or else the verdict's status. */
  codeOf(tx: Transaction): string {
    const verdict = this.mempool.submit(tx);
    return verdict.status === "rejected" ? verdict.error.code : verdict.status;
  }

  /** A block with `transactions` arrives. */
  mine(transactions: readonly Transaction[]): Block {
    const block = this.chain.connect(transactions);
    this.mempool.blockConnected(block);
    this.mempool.settle();
    return block;
  }

  /** The chain leaves `depth` blocks for others, which hold `branch`. */
  reorganize(depth: number, branch: readonly (readonly Transaction[])[]): void {
    for (let left = depth; left > 0; left--) {
      this.mempool.blockDisconnected(this.chain.disconnect());
    }
    for (const transactions of branch) {
      this.mempool.blockConnected(this.chain.connect(transactions));
    }
    this.mempool.settle();
  }

  /** Identifiers of all entries, in order. */
  txids(): Txid[] {
    return [...this.mempool.entries()].map(({ tx }) => tx.txid);
  }
}

/** How MempoolHarness writes a removal down. */
export function removal({ txid }: Transaction, reason: RemovalReason): Told {
  return `-${txid} ${reason}`;
}

/** What a transaction of `spend` may have otherwise. */
export interface SpendOptions {
  /** Sats left to the miner; by default plenty for one input and output. */
  readonly fee?: number;
  /** The rest after the fee is shared out over so many outputs. */
  readonly outputs?: number;
  /** Added after those that share the rest. */
  readonly extraOutputs?: readonly TxOutput[];
  readonly sequence?: number;
  readonly version?: number;
  readonly lockTime?: number;
  readonly scriptPubKey?: Uint8Array;
}

/** Returns a transaction that spends `coins`, which must be of TRUE_OUTPUT. */
export function spend(coins: readonly Funds[], options: SpendOptions = {}): Transaction {
  const { fee = 1_000, outputs = 1, extraOutputs = [], scriptPubKey = TRUE_OUTPUT } = options;
  let left = -fee;
  for (const { value } of coins) left += value;
  for (const { value } of extraOutputs) left -= value;
  const share = Math.floor(left / outputs);
  const shares = Array.from({ length: outputs }, (_, index) => ({
    value: index === 0 ? left - share * (outputs - 1) : share,
    scriptPubKey,
  }));
  return makeTransaction({
    version: options.version ?? 2,
    inputs: coins.map(({ txid, vout }) => ({
      prevout: { txid, vout },
      scriptSig: new Uint8Array(),
      sequence: options.sequence ?? 0xfffffffd,
      witness: [TRUE_SCRIPT],
    })),
    outputs: [...shares, ...extraOutputs],
    lockTime: options.lockTime ?? 0,
  });
}

/** The coin that output `vout` of `tx` is. */
export function outputOf(tx: Transaction, vout = 0): Funds {
  return { txid: tx.txid, vout, value: tx.outputs[vout]!.value };
}

/** `count` transactions, each of which spends the one before; the first spends `coin`. */
export function chainOf(count: number, coin: Funds, options: SpendOptions = {}): Transaction[] {
  const chain: Transaction[] = [];
  for (let next = coin; chain.length < count; next = outputOf(chain.at(-1)!)) {
    chain.push(spend([next], options));
  }
  return chain;
}

/** A txid that no transaction has. */
export function serialTxid(serial: number): Txid {
  return `f${serial.toString(16).padStart(63, "0")}` as Txid;
}

function serialBytes(serial: number): number[] {
  return [serial >>> 24, serial >>> 16, serial >>> 8, serial].map((byte) => byte & 0xff);
}
