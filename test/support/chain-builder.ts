/**
 * Blocks that follow one another, and a node's chain to offer them to.
 *
 * A `Branch` makes real blocks and knows no node; a plan for one of them may break a single rule. A
 * `TestNode` is the true Chain over a true database, with a clock that the test turns. Proof of work
 * is a plain loop over nonces: two hashes a block on regtest, sixteen at cairn's difficulty 1.
 */

import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BlockVerdict, Chain } from "../../src/chain/chain.ts";
import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import { coinbaseHeightPush } from "../../src/consensus/check-block.ts";
import { type HeaderContext, nextBits } from "../../src/consensus/difficulty.ts";
import { findNetwork } from "../../src/consensus/networks.ts";
import type { ConsensusParams, Network } from "../../src/consensus/params.ts";
import type { RuleCode } from "../../src/consensus/rule-error.ts";
import { subsidyAt } from "../../src/consensus/subsidy.ts";
import { compactToTarget } from "../../src/consensus/target.ts";
import { commitmentScript, witnessCommitment } from "../../src/consensus/witness-commitment.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { concatBytes, toHex } from "../../src/lib/bytes.ts";
import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { type Block, makeBlock } from "../../src/primitives/block.ts";
import { type BlockHeader, hashHeader } from "../../src/primitives/block-header.ts";
import { hashToId, idToHash, type Txid } from "../../src/primitives/hash-id.ts";
import { merkleRoot } from "../../src/primitives/merkle.ts";
import {
  hasWitness,
  isCoinbase,
  makeTransaction,
  NULL_OUTPOINT,
  type Outpoint,
  outpointKey,
  SEQUENCE_FINAL,
  type Transaction,
  type TransactionParts,
  type TxInput,
  type TxOutput,
} from "../../src/primitives/transaction.ts";
import { isUnspendable, pushData } from "../../src/script/script.ts";
import {
  type ChainDatabase,
  closeChainDatabase,
  openChainDatabase,
} from "../../src/storage/database.ts";

export const REGTEST = findNetwork("regtest");

/** Regtest with coinbases that may be spent two blocks later: no hundred blocks before each test. */
export const QUICK = withParams(REGTEST, { coinbaseMaturity: 2 });

/** A script that anybody may satisfy with nothing: OP_TRUE. */
export const ANYONE = Uint8Array.of(0x51);

/** Pays to the hash of OP_TRUE: anybody may spend it with that script as the witness (BIP-0141). */
export const ANYONE_BY_WITNESS = concatBytes(Uint8Array.of(0x00, 0x20), sha256(ANYONE));

/** A script that nobody can ever satisfy, and that the coins leave out: OP_RETURN. */
export const NOBODY = Uint8Array.of(0x6a);

/** Seconds between the blocks of a branch, unless a plan says otherwise. */
export const SPACING_SECONDS = 10;

/** `network` with other numbers to compare with; genesis stays the same. */
export function withParams(network: Network, changes: Partial<ConsensusParams>): Network {
  return { ...network, params: { ...network.params, ...changes } };
}

/** How one block differs from a plain one. */
export interface BlockPlan {
  /** Behind the coinbase. */
  readonly transactions?: readonly Transaction[];
  /** Sats that the coinbase takes beyond the subsidy; negative to take less. */
  readonly fees?: number;
  /** Instead of one output of subsidy and fees to ANYONE. */
  readonly coinbaseOutputs?: readonly TxOutput[];
  /** Any part of the coinbase, after everything else was filled in. */
  readonly coinbase?: Partial<TransactionParts>;
  /** Instead of the coinbase and `transactions`; the header commits to them. */
  readonly body?: readonly Transaction[];
  readonly header?: Partial<BlockHeader>;
}

/** A sequence of blocks after genesis that grows at its end. */
export class Branch {
  readonly network: Network;
  readonly #blocks: Block[];
  readonly #contexts: HeaderContext[];
  /** Shared by all branches of one trunk, so that no two of them make the same coinbase. */
  readonly #salt: { last: number };

  constructor(
    network: Network,
    contexts: readonly HeaderContext[] = [contextOf(network.genesis, undefined)],
    blocks: readonly Block[] = [network.genesis],
    salt = { last: 0 },
  ) {
    this.network = network;
    this.#contexts = [...contexts];
    this.#blocks = [...blocks];
    this.#salt = salt;
  }

  get height(): number {
    return this.#blocks.length - 1;
  }

  get tip(): Block {
    return this.at(this.height);
  }

  /** What header rules need of the tip. */
  get context(): HeaderContext {
    return this.#contexts.at(-1)!;
  }

  /** The blocks above genesis, from height 1. */
  get blocks(): readonly Block[] {
    return this.#blocks.slice(1);
  }

  /** The block at `height`. */
  at(height: number): Block {
    const block = this.#blocks[height];
    if (block === undefined) throw new RangeError(`no block at height ${height}`);
    return block;
  }

  /** The blocks above `height`. */
  after(height: number): readonly Block[] {
    return this.#blocks.slice(height + 1);
  }

  /** The output that the coinbase at `height` pays first, ready to be spent. */
  coinbaseCoin(height: number): SpendableCoin {
    return coinOf(this.at(height).transactions[0]!);
  }

  /** Grows by `count` plain blocks, or by one block for each plan. */
  mine(...plans: readonly [number] | readonly BlockPlan[]): this {
    const [first] = plans;
    const planned = plans as readonly BlockPlan[];
    const all = typeof first === "number" ? new Array<BlockPlan>(first).fill({}) : planned;
    for (const plan of all) this.append(this.make(plan));
    return this;
  }

  /** Makes the next block without growing by it. */
  make(plan: BlockPlan = {}): Block {
    const transactions = plan.body ?? this.#body(plan);
    return mineHeader(
      {
        version: 0x20000000,
        prevBlockHash: this.tip.hash,
        merkleRoot: rootOf(transactions),
        time: this.context.time + SPACING_SECONDS,
        bits: nextBits(this.context, this.network.params),
        nonce: 0,
        ...plan.header,
      },
      transactions,
    );
  }

  /** Grows by `block`, whatever it is. */
  append(block: Block): this {
    this.#contexts.push(contextOf(block, this.context));
    this.#blocks.push(block);
    return this;
  }

  /** A branch of its own that shares all blocks but the last `depth`. */
  fork(depth = 0): Branch {
    const length = this.#blocks.length - depth;
    return new Branch(
      this.network,
      this.#contexts.slice(0, length),
      this.#blocks.slice(0, length),
      this.#salt,
    );
  }

  #body({ transactions = [], fees = 0, coinbaseOutputs, coinbase }: BlockPlan): Transaction[] {
    this.#salt.last += 1;
    const height = this.height + 1;
    const value = subsidyAt(height, this.network.params) + fees;
    const outputs = coinbaseOutputs ?? [{ value, scriptPubKey: ANYONE }];
    const parts = coinbaseParts(height, outputs, this.#salt.last);
    const committed = transactions.some(hasWitness) ? withCommitment(parts, transactions) : parts;
    return [makeTransaction({ ...committed, ...coinbase }), ...transactions];
  }
}

/** A branch of `count` plain blocks after genesis. */
export function chainOf(count: number, network: Network = REGTEST): Branch {
  return new Branch(network).mine(count);
}

/** `header` with the first nonce that meets its bits; with the first one if no target is allowed. */
export function mineHeader(header: BlockHeader, transactions: readonly Transaction[]): Block {
  const target = compactToTarget(header.bits);
  for (let nonce = header.nonce; ; nonce++) {
    const candidate = { ...header, nonce };
    if (target === undefined || BigInt(`0x${hashHeader(candidate)}`) <= target) {
      return makeBlock(candidate, transactions);
    }
  }
}

/** The Merkle root that a header with this body states. */
export function rootOf(transactions: readonly Transaction[]): Txid {
  return hashToId<Txid>(merkleRoot(transactions.map(({ txid }) => idToHash(txid))).root);
}

/** The parts of a coinbase; another `salt` gives another txid. */
export function coinbaseParts(
  height: number,
  outputs: readonly TxOutput[],
  salt = 0,
): TransactionParts {
  const extranonce = new Uint8Array(8);
  new DataView(extranonce.buffer).setUint32(0, salt);
  const scriptSig = concatBytes(coinbaseHeightPush(height), pushData(extranonce));
  const input = { prevout: NULL_OUTPOINT, scriptSig, sequence: SEQUENCE_FINAL, witness: [] };
  return { version: 2, inputs: [input], outputs, lockTime: 0 };
}

/** `parts` of a coinbase with the commitment to the witnesses of `transactions` (BIP-0141). */
export function withCommitment(
  parts: TransactionParts,
  transactions: readonly Transaction[],
  nonce = new Uint8Array(32),
): TransactionParts {
  const commitment = witnessCommitment([makeTransaction(parts), ...transactions], nonce);
  const [input] = parts.inputs;
  return {
    ...parts,
    inputs: [{ ...(input as TxInput), witness: [nonce] }],
    outputs: [...parts.outputs, { value: 0, scriptPubKey: commitmentScript(commitment) }],
  };
}

/** An output that exists, with what spending it must add up to. */
export interface SpendableCoin {
  readonly outpoint: Outpoint;
  readonly value: number;
  readonly scriptPubKey: Uint8Array;
}

/** Output `vout` of `tx`, ready to be spent. */
export function coinOf({ txid, outputs }: Transaction, vout = 0): SpendableCoin {
  const output = outputs[vout];
  if (output === undefined) throw new RangeError(`no output ${vout}`);
  return { outpoint: { txid, vout }, ...output };
}

/** How a payment differs from one output to ANYONE of all that it spends. */
export interface PaymentPlan {
  readonly fee?: number;
  /** Into how many equal outputs the rest is divided; what is left over goes to the first. */
  readonly count?: number;
  readonly script?: Uint8Array;
  readonly sequence?: number;
  /** Any part, after everything else was filled in. */
  readonly parts?: Partial<TransactionParts>;
}

/** A valid payment of `coins`, which pay to ANYONE or ANYONE_BY_WITNESS. */
export function spend(coins: readonly SpendableCoin[], plan: PaymentPlan = {}): Transaction {
  const { fee = 0, count = 1, script = ANYONE, sequence = SEQUENCE_FINAL, parts } = plan;
  const rest = coins.reduce((sum, { value }) => sum + value, 0) - fee;
  const share = Math.floor(rest / count);
  const outputs = Array.from({ length: count }, (_, index) => ({
    value: index === 0 ? rest - share * (count - 1) : share,
    scriptPubKey: script,
  }));
  const inputs = coins.map(({ outpoint, scriptPubKey }) => ({
    prevout: outpoint,
    scriptSig: new Uint8Array(0),
    sequence,
    witness: scriptPubKey === ANYONE_BY_WITNESS ? [ANYONE] : [],
  }));
  return makeTransaction({ version: 2, inputs, outputs, lockTime: 0, ...parts });
}

/** What became of a block: the verdict's status, or the code of the rule that it broke. */
export type Outcome = Exclude<BlockVerdict["status"], "invalid"> | RuleCode;

/** All that a node must know again after a restart. */
export interface NodeState {
  readonly tip: string;
  readonly height: number;
  /** Digest of the coins. */
  readonly coins: string;
  /** Hashes of the active chain, from genesis on. */
  readonly active: readonly string[];
  /** Status bits of every header by hash. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Whether a block was connected or disconnected, and its hash. */
export type NodeEvent = readonly ["+" | "-", hash: string];

/** A chain over a database, in memory unless another one is given. */
export class TestNode {
  readonly network: Network;
  readonly database: ChainDatabase;
  readonly chain: Chain;
  /** Blocks as they were connected and disconnected. */
  readonly events: NodeEvent[] = [];
  /** Of each reorganisation, how many blocks left and how many came. */
  readonly reorgs: (readonly [disconnected: number, connected: number])[] = [];
  /** The tip after each submission that changed it. */
  readonly tips: string[] = [];
  /** What the node's clock shows: long after any block, until a test turns it. */
  nowSeconds: number;

  constructor(network: Network = REGTEST, database = openNodeDatabase(network)) {
    this.network = network;
    this.database = database;
    this.nowSeconds = network.genesis.header.time + 100_000_000;
    this.chain = new Chain({
      network,
      database,
      scripts: new ScriptVerifier(PORTABLE_SIGNATURES),
      now: () => this.nowSeconds * 1000,
      log: SILENT_LOGGER,
    });

    const { events } = this.chain;
    events.on("block-connected", ({ entry }) => this.events.push(["+", entry.hash]));
    events.on("block-disconnected", ({ entry }) => this.events.push(["-", entry.hash]));
    events.on("reorg", ({ disconnected, connected }) =>
      this.reorgs.push([disconnected.length, connected.length]),
    );
    events.on("tip-changed", ({ tip }) => this.tips.push(tip.hash));
  }

  get tipHash(): string {
    return this.chain.tip.hash;
  }

  get height(): number {
    return this.chain.tip.height;
  }

  /** Submits one block. */
  offer(block: Block): Outcome {
    const verdict = this.chain.submitBlock(block);
    return verdict.status === "invalid" ? verdict.error.code : verdict.status;
  }

  /** Submits blocks one after the other. */
  offerAll(blocks: Iterable<Block>): Outcome[] {
    return [...blocks].map((block) => this.offer(block));
  }

  /** Submits the blocks of a branch that are not known yet, and returns itself. */
  follow({ blocks }: Branch): this {
    this.offerAll(blocks.filter(({ hash }) => this.chain.index.find(hash) === undefined));
    return this;
  }

  /** The digest of all coins. */
  digest(): string {
    return toHex(this.chain.coins.digest());
  }

  /** The status bits of `block`, or undefined if its header is not known. */
  statusOf(block: Block): number | undefined {
    return this.chain.index.find(block.hash)?.status;
  }

  state(): NodeState {
    const { index } = this.chain;
    const heights = Array.from({ length: this.height + 1 }, (_, height) => height);
    return {
      tip: this.tipHash,
      height: this.height,
      coins: this.digest(),
      active: heights.map((height) => index.findActive(height)!.hash),
      statuses: Object.fromEntries([...index.entries()].map(({ hash, status }) => [hash, status])),
    };
  }

  /** Another node that starts over a copy of the database, as after the power failed here. */
  restartedCopy(): TestNode {
    return new TestNode(this.network, Database.deserialize(this.database.serialize()));
  }

  /** Stops in an orderly manner. */
  close(): void {
    closeChainDatabase(this.database);
  }
}

/** Opens the chain database of `network` at `path`. */
export function openNodeDatabase(network: Network, path = ":memory:"): ChainDatabase {
  return openChainDatabase(path, { network: network.name, genesis: network.genesis.hash });
}

/** A new folder that goes away at the end of the scope that declares it with `using`. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "cairn-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * The coins that `blocks` (genesis left out) leave, computed with nothing but a Map: what `Chain`
 * must hold after any detour. Throws if something is spent that does not exist.
 */
export function coinsAfter(blocks: readonly Block[]): Map<string, TxOutput> {
  const coins = new Map<string, TxOutput>();
  for (const tx of blocks.flatMap(({ transactions }) => transactions)) {
    for (const { prevout } of isCoinbase(tx) ? [] : tx.inputs) {
      if (!coins.delete(outpointKey(prevout))) throw new Error("spends what does not exist");
    }
    for (const [vout, output] of tx.outputs.entries()) {
      const key = outpointKey({ txid: tx.txid, vout });
      if (!isUnspendable(output.scriptPubKey)) coins.set(key, output);
    }
  }
  return coins;
}

function contextOf({ header }: Block, parent: HeaderContext | undefined): HeaderContext {
  const height = parent === undefined ? 0 : parent.height + 1;
  return { height, time: header.time, bits: header.bits, parent };
}
