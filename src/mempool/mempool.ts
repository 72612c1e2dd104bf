/**
 * Transactions waiting for a block: who is in, who must go, and what follows from each block.
 *
 * Every transaction enters by `submit` and leaves with an event. Runs to completion without
 * awaiting. Does not know who sent a transaction nor who listens; the rules are in the files beside
 * it, each named for its act.
 */

import type { Coin, CoinView } from "../consensus/check-inputs.ts";
import { RuleError } from "../consensus/rule-error.ts";
import { Emitter } from "../lib/emitter.ts";
import type { Logger } from "../lib/logger.ts";
import type { Block } from "../primitives/block.ts";
import type { Txid, Wtxid } from "../primitives/hash-id.ts";
import {
  isCoinbase,
  type Outpoint,
  type Transaction,
  type TxOutput,
} from "../primitives/transaction.ts";
import { type ScriptFlags, STANDARD_FLAGS } from "../script/flags.ts";
import {
  type AcceptContext,
  type Candidate,
  checkOnBranch,
  examineTransaction,
  findCoinOrSpent,
  missingInputs,
} from "./accept-transaction.ts";
import { makeRoom } from "./evict.ts";
import { FeeFloor } from "./fee-floor.ts";
import { type MempoolChain, nextBlockOf } from "./mempool-chain.ts";
import type { MempoolEntry } from "./mempool-entry.ts";
import { MempoolGraph } from "./mempool-graph.ts";
import { OrphanTransactions } from "./orphan-transactions.ts";
import { MAX_RETURNING_BYTES, ReturningTransactions } from "./returning-transactions.ts";

/** What became of a transaction handed to `Mempool.submit`. */
export type MempoolVerdict =
  | {
      readonly status: "accepted";
      readonly entry: MempoolEntry;
      readonly replaced: readonly Txid[];
    }
  | { readonly status: "duplicate"; readonly txid: Txid }
  | { readonly status: "orphan"; readonly missing: readonly Outpoint[] }
  | { readonly status: "rejected"; readonly error: RuleError };

/** What would become of a transaction that is only tried: as MempoolVerdict, but with no entry. */
export type TestVerdict =
  | {
      readonly status: "accepted";
      /** Sats. */
      readonly fee: number;
      /** In vbytes, as the mempool counts them. */
      readonly virtualSize: number;
      readonly replaced: readonly Txid[];
    }
  | { readonly status: "duplicate"; readonly txid: Txid }
  | { readonly status: "rejected"; readonly error: RuleError };

/** Why a transaction left. */
export type RemovalReason = "block" | "conflict" | "replaced" | "evicted" | "expired" | "reorg";

/** What happens in a mempool; each is told once the call that caused it is done. */
export type MempoolEvents = {
  "transaction-accepted": { readonly entry: MempoolEntry };
  "transaction-removed": { readonly tx: Transaction; readonly reason: RemovalReason };
};

/** The bounds that an operator may set; defaults are in policy.ts. */
export interface MempoolPolicy {
  /** Sats per vbyte that a transaction must pay to be relayed. */
  readonly minRelayFeerate: number;
  /** Memory of all entries, overhead included. */
  readonly maxBytes: number;
  readonly maxCount: number;
  /** Milliseconds after which a transaction that no block took is dropped. */
  readonly expiryMs: number;
}

/** How a transaction is handed in. */
export interface SubmitOptions {
  /** Keeps it for later if an input is unknown; for peers, whose transactions come in any order. */
  readonly keepOrphan?: boolean;
  /** On whose account an orphan is kept. */
  readonly peer?: string;
  /** When it was first accepted, in milliseconds since 1970, if that was before a restart. */
  readonly acceptedAt?: number;
}

/** Runs the scripts of a transaction; throws RuleError if one fails. */
export interface ScriptChecker {
  check(tx: Transaction, spentOutputs: readonly TxOutput[], flags: ScriptFlags): void;
}

/** An orphan that was tried again, and by whom it had been sent. */
export interface ReconsideredOrphan {
  readonly tx: Transaction;
  readonly peers: readonly string[];
  readonly verdict: MempoolVerdict;
}

/** Orphans tried in one turn of the event loop, each as dear as a transaction (P-44). */
export const MAX_ORPHANS_RECONSIDERED = 10;

type Change =
  | { readonly accepted: MempoolEntry }
  | { readonly removed: Transaction; readonly reason: RemovalReason };

export class Mempool {
  readonly events = new Emitter<MempoolEvents>();
  /** Coins as if every entry were in the next block: made ones are there, spent ones are not. */
  readonly coins: CoinView = { findCoin: (outpoint) => this.#findCoin(outpoint) };
  readonly orphans: OrphanTransactions;

  readonly #chain: MempoolChain;
  readonly #scripts: ScriptChecker;
  readonly #policy: MempoolPolicy;
  readonly #now: () => number;
  readonly #log: Logger;
  readonly #graph = new MempoolGraph();
  readonly #floor: FeeFloor;
  readonly #returning: ReturningTransactions;
  #changes: Change[] = [];

  /** `now` is in milliseconds since 1970; `maxReturningBytes` bounds what a reorg brings back. */
  constructor({
    chain,
    scripts,
    policy,
    now,
    log,
    maxReturningBytes = MAX_RETURNING_BYTES,
  }: {
    chain: MempoolChain;
    scripts: ScriptChecker;
    policy: MempoolPolicy;
    now: () => number;
    log: Logger;
    maxReturningBytes?: number;
  }) {
    this.#chain = chain;
    this.#scripts = scripts;
    this.#policy = policy;
    this.#now = now;
    this.#log = log;
    this.#floor = new FeeFloor({ now });
    this.#returning = new ReturningTransactions({ maxBytes: maxReturningBytes });
    this.orphans = new OrphanTransactions({ now });
  }

  get count(): number {
    return this.#graph.count;
  }

  /** Estimated bytes of memory that all entries take. */
  get bytes(): number {
    return this.#graph.bytes;
  }

  /** Rises with every change, so that what was computed from the entries can be kept till then. */
  get revision(): number {
    return this.#graph.revision;
  }

  has(txid: Txid): boolean {
    return this.#graph.find(txid) !== undefined;
  }

  find(txid: Txid): MempoolEntry | undefined {
    return this.#graph.find(txid);
  }

  findByWtxid(wtxid: Wtxid): MempoolEntry | undefined {
    return this.#graph.findByWtxid(wtxid);
  }

  /** The entry that spends `outpoint`, if one does. */
  findSpender(outpoint: Outpoint): MempoolEntry | undefined {
    return this.#graph.findSpender(outpoint);
  }

  /** The output at `outpoint` if a waiting transaction makes it or the chain has it unspent. */
  findOutput(outpoint: Outpoint): Coin | undefined {
    return findCoinOrSpent(outpoint, { chain: this.#chain, graph: this.#graph });
  }

  /** All entries, parents before children. */
  entries(): IterableIterator<MempoolEntry> {
    return this.#graph.entries();
  }

  /** Sats per vbyte below which nothing is accepted at present. */
  minFeerate(): number {
    return Math.max(this.#policy.minRelayFeerate, this.#floorFeerate());
  }

  /**
   * The one door for transactions. A rejected one leaves the mempool as it was, save that one which
   * is too poor for a full mempool may have made poorer ones leave.
   */
  submit(tx: Transaction, options: SubmitOptions = {}): MempoolVerdict {
    const verdict = this.#accept(tx, this.#context(), options.acceptedAt);
    this.#logVerdict(tx, verdict);
    this.#tell();
    if (verdict.status !== "orphan") return verdict;
    if (options.keepOrphan !== true) {
      return { status: "rejected", error: missingInputs(verdict.missing) };
    }
    this.orphans.add(tx, options.peer);
    return verdict;
  }

  /** Returns what `submit` would say, short of making room in a full mempool; changes nothing. */
  test(tx: Transaction): TestVerdict {
    try {
      const examination = examineTransaction(tx, this.#context());
      if (examination.status === "duplicate") return { status: "duplicate", txid: tx.txid };
      if (examination.status === "missing") throw missingInputs(examination.missing);

      const { candidate } = examination;
      this.#checkScripts(candidate);
      const { fee, virtualSize } = candidate;
      return {
        status: "accepted",
        fee,
        virtualSize,
        replaced: [...candidate.replaced].map(txidOf),
      };
    } catch (error) {
      if (error instanceof RuleError) return { status: "rejected", error };
      throw error;
    }
  }

  /** Takes out what `block`, the new tip, holds or makes impossible. */
  blockConnected(block: Block): void {
    for (const tx of block.transactions) {
      if (isCoinbase(tx)) continue;
      this.#confirm(tx);
      this.#removeConflicts(tx);
      this.orphans.coinsSpent(tx.inputs);
    }
    for (const tx of block.transactions) this.orphans.parentArrived(tx);
    this.#floor.blockConnected();
    this.#tell();
  }

  /** Keeps the transactions of `block`, which was the tip, for `settle`. */
  blockDisconnected(block: Block): void {
    for (const tx of block.transactions) this.#displaceSpendersOf(tx);
    this.#returning.addBlock(block);
  }

  /**
   * Makes the mempool fit the tip on which the chain has come to rest: brings back what abandoned
   * blocks held, and drops what this branch makes impossible.
   */
  settle(): void {
    if (this.#returning.isPending) {
      const { transactions, displaced } = this.#returning.takeAll();
      this.#bringBack(transactions);
      this.#readmit(displaced, "reorg");
      this.#dropUnfit();
      this.#noteRemoved(this.#makeRoom(), "evicted");
      this.#log.debug("mempool settled", { returned: transactions.length, count: this.count });
    }
    this.expire();
  }

  /** Drops what has waited too long, with its descendants. */
  expire(): void {
    const limit = this.#now() - this.#policy.expiryMs;
    for (const entry of this.#graph.entries()) {
      if (entry.acceptedAt <= limit) this.#removeWithDescendants(entry, "expired");
    }
    this.#tell();
  }

  /** Tries up to `limit` orphans whose parents came; `orphans.readyCount` tells how many are left. */
  reconsiderOrphans(limit = MAX_ORPHANS_RECONSIDERED): readonly ReconsideredOrphan[] {
    const reconsidered = this.orphans.takeReady(limit).map(({ tx, peers }) => {
      const verdict = this.#accept(tx, this.#context());
      if (verdict.status !== "orphan") this.orphans.delete(tx.wtxid);
      this.#logVerdict(tx, verdict);
      return { tx, peers, verdict };
    });
    this.#tell();
    return reconsidered;
  }

  #context(): AcceptContext {
    // Whoever asks before the chain's last event must not meet a mempool with gaps.
    if (this.#returning.isPending) this.settle();
    return {
      chain: this.#chain,
      graph: this.#graph,
      nextBlock: nextBlockOf(this.#chain),
      minRelayFeerate: this.#policy.minRelayFeerate,
      floorFeerate: this.#floorFeerate(),
    };
  }

  /** For what was accepted before: it paid what was asked then. */
  #contextOfReturn(): AcceptContext {
    return { ...this.#context(), minRelayFeerate: 0, floorFeerate: 0 };
  }

  #floorFeerate(): number {
    return this.#floor.feerate(this.#graph.bytes / this.#policy.maxBytes);
  }

  #findCoin(outpoint: Outpoint): Coin | undefined {
    return this.#graph.findSpender(outpoint) === undefined ? this.findOutput(outpoint) : undefined;
  }

  /** Takes `tx` in if it breaks no rule, and makes room for it. */
  #accept(tx: Transaction, context: AcceptContext, acceptedAt = this.#now()): MempoolVerdict {
    try {
      const examination = examineTransaction(tx, context);
      if (examination.status === "duplicate") return { status: "duplicate", txid: tx.txid };
      if (examination.status === "missing") {
        return { status: "orphan", missing: examination.missing };
      }
      this.#checkScripts(examination.candidate);
      return this.#admit(examination.candidate, acceptedAt);
    } catch (error) {
      if (error instanceof RuleError) return { status: "rejected", error };
      throw error;
    }
  }

  #checkScripts({ tx, spentCoins }: Candidate): void {
    this.#scripts.check(tx, spentCoins, STANDARD_FLAGS);
  }

  #admit(candidate: Candidate, acceptedAt: number): MempoolVerdict {
    const replaced = this.#graph.removeWithDescendants(candidate.replaced);
    const entry = this.#add(candidate, acceptedAt);
    const evicted = this.#makeRoom();
    if (evicted.includes(entry)) {
      this.#noteRemoved(without(evicted, entry), "evicted");
      // Nothing has taken the place of what was replaced.
      this.#readmit(replaced, "evicted");
      throw mempoolFull(entry);
    }

    this.#noteRemoved(replaced, "replaced");
    this.#noteAccepted(entry);
    this.#noteRemoved(evicted, "evicted");
    return { status: "accepted", entry, replaced: replaced.map(txidOf) };
  }

  #add(candidate: Candidate, acceptedAt: number): MempoolEntry {
    const { tx, fee, virtualSize, sigopCost, dependsOnBranch } = candidate;
    const acceptedHeight = this.#chain.tip.height;
    const numbers = { fee, virtualSize, sigopCost, acceptedAt, acceptedHeight };
    return this.#graph.add({ tx, ...numbers, dependsOnBranch });
  }

  #makeRoom(): readonly MempoolEntry[] {
    return makeRoom(this.#graph, this.#policy, this.#floor);
  }

  #confirm(tx: Transaction): void {
    const displaced = this.#returning.confirm(tx);
    if (displaced !== undefined) this.#noteRemoved([displaced], "block");

    const entry = this.#graph.find(tx.txid);
    if (entry === undefined) return;
    this.#graph.remove(entry);
    this.#noteRemoved([entry], "block");
  }

  #removeConflicts({ inputs }: Transaction): void {
    for (const { prevout } of inputs) {
      const spender = this.#graph.findSpender(prevout);
      if (spender !== undefined) this.#removeWithDescendants(spender, "conflict");
    }
  }

  /** The coins of `tx` are gone until it is back, so that their spenders must step aside. */
  #displaceSpendersOf({ txid, outputs }: Transaction): void {
    const spenders = new Set<MempoolEntry>();
    for (const vout of outputs.keys()) {
      const spender = this.#graph.findSpender({ txid, vout });
      if (spender !== undefined) spenders.add(spender);
    }
    if (spenders.size > 0) {
      this.#returning.addDisplaced(this.#graph.removeWithDescendants(spenders));
    }
  }

  #bringBack(transactions: readonly Transaction[]): void {
    const context = this.#contextOfReturn();
    for (const tx of transactions) {
      const entry = this.#comeBack(tx, context, this.#now());
      if (entry !== undefined) this.#noteAccepted(entry);
    }
  }

  /** Puts back entries that were taken out without an event, and notes those that cannot come. */
  #readmit(entries: readonly MempoolEntry[], reason: RemovalReason): void {
    const context = this.#contextOfReturn();
    for (const entry of entries) {
      const isBack = this.#comeBack(entry.tx, context, entry.acceptedAt) !== undefined;
      if (!isBack) this.#noteRemoved([entry], reason);
    }
  }

  /** As `#accept`, but makes no room: parents must not go before their children are back. */
  #comeBack(tx: Transaction, context: AcceptContext, acceptedAt: number): MempoolEntry | undefined {
    try {
      const examination = examineTransaction(tx, context);
      if (examination.status !== "candidate") return undefined;
      const { candidate } = examination;
      if (candidate.replaced.size > 0) return undefined;
      this.#checkScripts(candidate);
      return this.#add(candidate, acceptedAt);
    } catch (error) {
      if (error instanceof RuleError) return undefined;
      throw error;
    }
  }

  #dropUnfit(): void {
    const context = this.#context();
    for (const entry of this.#graph.entries()) {
      if (entry.dependsOnBranch && !isFitForBranch(entry, context)) {
        this.#removeWithDescendants(entry, "reorg");
      }
    }
  }

  #removeWithDescendants(entry: MempoolEntry, reason: RemovalReason): void {
    this.#noteRemoved(this.#graph.removeWithDescendants([entry]), reason);
  }

  #noteAccepted(entry: MempoolEntry): void {
    this.#changes.push({ accepted: entry });
    this.orphans.delete(entry.tx.wtxid);
    this.orphans.parentArrived(entry.tx);
  }

  #noteRemoved(entries: readonly MempoolEntry[], reason: RemovalReason): void {
    for (const { tx } of entries) this.#changes.push({ removed: tx, reason });
  }

  /** Emits what was noted, once no entry is half-way in or out. */
  #tell(): void {
    if (this.#changes.length === 0) return;
    const changes = this.#changes;
    this.#changes = [];
    for (const change of changes) {
      if ("accepted" in change)
        this.events.emit("transaction-accepted", { entry: change.accepted });
      else this.events.emit("transaction-removed", { tx: change.removed, reason: change.reason });
    }
  }

  #logVerdict({ txid }: Transaction, verdict: MempoolVerdict): void {
    if (verdict.status === "rejected") {
      this.#log.debug("transaction rejected", { txid, code: verdict.error.code });
    } else {
      this.#log.debug(`transaction ${verdict.status}`, { txid });
    }
  }
}

function isFitForBranch({ tx }: MempoolEntry, context: AcceptContext): boolean {
  try {
    checkOnBranch(tx, context);
    return true;
  } catch (error) {
    if (error instanceof RuleError) return false;
    throw error;
  }
}

function mempoolFull({ fee, virtualSize }: MempoolEntry): RuleError {
  return new RuleError(
    "mempool-full",
    `the mempool is full, and all in it pay more than ${fee} sat for ${virtualSize} vbytes`,
    { fee, virtualSize },
  );
}

function without(entries: readonly MempoolEntry[], entry: MempoolEntry): MempoolEntry[] {
  return entries.filter((other) => other !== entry);
}

function txidOf({ tx }: MempoolEntry): Txid {
  return tx.txid;
}
