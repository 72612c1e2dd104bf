/**
 * The engine: the one door for blocks, the choice of the chain with the most work, and its coins.
 *
 * Everything runs to completion without awaiting, so nobody ever sees a chain half-way between two
 * tips. Knows storage and rules; does not know who sent a block nor who listens. Mempool, miner,
 * peers and explorer follow by events.
 */

import { checkBlock, checkBlockInContext } from "../consensus/check-block.ts";
import { checkHeader, checkProofOfWork } from "../consensus/check-header.ts";
import type { Coin } from "../consensus/check-inputs.ts";
import { medianTimePast } from "../consensus/difficulty.ts";
import type { ConsensusParams, Network } from "../consensus/params.ts";
import { isMutation, RuleError } from "../consensus/rule-error.ts";
import { BoundedSet } from "../lib/bounded.ts";
import { Emitter } from "../lib/emitter.ts";
import type { Logger } from "../lib/logger.ts";
import { type Block, blockSize, blockWeight, encodeBlock } from "../primitives/block.ts";
import { encodeHeader } from "../primitives/block-header.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { BlockStore, type StoredBlockDetails } from "../storage/block-store.ts";
import { CoinStore } from "../storage/coin-store.ts";
import type { ChainDatabase } from "../storage/database.ts";
import { decodeUndo, encodeUndo } from "../storage/undo.ts";
import {
  BLOCK_STATUS,
  BlockIndex,
  type BlockIndexEntry,
  forkPoint,
  isInvalid,
  makeEntry,
} from "./block-index.ts";
import { CoinOverlay } from "./coin-overlay.ts";
import { type ConnectResult, connectBlock, disconnectBlock } from "./connect-block.ts";
import { OrphanBlocks } from "./orphan-blocks.ts";
import type { ScriptVerifier } from "./script-verifier.ts";

/** What became of a block handed to `Chain.submitBlock`. */
export type BlockVerdict =
  | { readonly status: "connected"; readonly entry: BlockIndexEntry }
  | { readonly status: "side-branch"; readonly entry: BlockIndexEntry }
  | { readonly status: "orphan"; readonly missingParent: BlockHash }
  | { readonly status: "duplicate"; readonly entry: BlockIndexEntry | undefined }
  | { readonly status: "invalid"; readonly error: RuleError };

/** A block that entered the active chain. */
export interface ConnectedBlock {
  readonly entry: BlockIndexEntry;
  readonly block: Block;
  readonly totalFees: number;
}

/** A block that left the active chain. */
export interface DisconnectedBlock {
  readonly entry: BlockIndexEntry;
  readonly block: Block;
}

/** The active chain left one branch for another. */
export interface Reorg {
  readonly forkPoint: BlockIndexEntry;
  /** From the old tip downward. */
  readonly disconnected: readonly BlockIndexEntry[];
  /** Upward to the new tip. */
  readonly connected: readonly BlockIndexEntry[];
}

/** A block that may be connected after the tip, and the changes to the coins that would make. */
interface Connection extends ConnectResult {
  readonly overlay: CoinOverlay;
}

/** Each is emitted after its commit; `tip-changed` last, once all is settled. */
export type ChainEvents = {
  "block-connected": ConnectedBlock;
  "block-disconnected": DisconnectedBlock;
  reorg: Reorg;
  "tip-changed": { readonly tip: BlockIndexEntry };
};

/** Hashes of blocks that failed before they were stored, remembered so as not to check again. */
const MAX_REJECTED_HASHES = 10_000;

export class Chain {
  readonly network: Network;
  readonly coins: CoinStore;
  readonly index = new BlockIndex();
  readonly orphans = new OrphanBlocks();
  readonly events = new Emitter<ChainEvents>();

  readonly #params: ConsensusParams;
  readonly #database: ChainDatabase;
  readonly #blocks: BlockStore;
  readonly #scripts: ScriptVerifier;
  readonly #now: () => number;
  readonly #log: Logger;
  /** True if a block was connected or disconnected since the last `tip-changed`. */
  #hasMoved = false;
  readonly #rejected = new BoundedSet<BlockHash>(MAX_REJECTED_HASHES);

  /** Opens the chain in `database`, making genesis if it is empty. `now` is in milliseconds. */
  constructor({
    network,
    database,
    scripts,
    now,
    log,
  }: {
    network: Network;
    database: ChainDatabase;
    scripts: ScriptVerifier;
    now: () => number;
    log: Logger;
  }) {
    this.network = network;
    this.coins = new CoinStore(database);
    this.#params = network.params;
    this.#database = database;
    this.#blocks = new BlockStore(database);
    this.#scripts = scripts;
    this.#now = now;
    this.#log = log;
    this.#load();
  }

  get tip(): BlockIndexEntry {
    return this.index.tip;
  }

  /** Reads the block of `entry` from storage. */
  getBlock(entry: BlockIndexEntry): Block {
    return this.#blocks.getBlock(entry.id, entry.hash);
  }

  /** Reads the encoded block of `entry` from storage. */
  getBlockBytes(entry: BlockIndexEntry): Uint8Array {
    return this.#blocks.getBody(entry.id);
  }

  /** Reads `length` bytes of the encoded block of `entry` from `offset` on. */
  getBlockPart(entry: BlockIndexEntry, offset: number, length: number): Uint8Array {
    return this.#blocks.getBodyPart(entry.id, offset, length);
  }

  /** Reads what the index does not keep of `entry`. */
  getDetails(entry: BlockIndexEntry): StoredBlockDetails {
    return this.#blocks.getDetails(entry.id);
  }

  /** Reads the coins that the block of `entry` spent; throws if it was never connected. */
  getSpentCoins(entry: BlockIndexEntry): Coin[] {
    return decodeUndo(this.#blocks.getUndo(entry.id));
  }

  /**
   * The one door for blocks: mined, gossiped, submitted and imported ones all enter here.
   *
   * Runs to completion without awaiting. Anything thrown from here is a fault of this node, not of
   * the block, and must stop it.
   */
  submitBlock(block: Block): BlockVerdict {
    this.#hasMoved = false;
    const verdict = this.#accept(block);
    if (this.#isSettled(block.hash)) this.#acceptOrphansOf(block.hash);
    // Also after a walk to a bad branch and back: listeners have seen blocks come and go.
    if (this.#hasMoved) this.events.emit("tip-changed", { tip: this.tip });
    return verdict;
  }

  /**
   * Throws RuleError unless `block` would be valid as the next one, its proof of work aside. Changes
   * nothing: a template is tried with it before anybody works on it.
   */
  checkNextBlock(block: Block): void {
    const parent = this.tip;
    const { prevBlockHash } = block.header;
    if (prevBlockHash !== parent.hash) {
      throw new RuleError("bad-prevblk", `it follows ${prevBlockHash}, not the tip`, {
        parent: prevBlockHash,
        tip: parent.hash,
      });
    }
    checkHeader(block.header, parent, this.#nowSeconds(), this.#params);
    checkBlock(block, this.#params);
    checkBlockInContext(block, parent, this.#params);
    this.#connect(block, parent, new CoinOverlay(this.coins));
  }

  #accept(block: Block): BlockVerdict {
    const known = this.index.find(block.hash);
    if (known !== undefined && isInvalid(known)) return this.#knownInvalid(block.hash);
    if (known !== undefined) return { status: "duplicate", entry: known };
    if (this.#rejected.has(block.hash)) return this.#knownInvalid(block.hash);
    if (this.orphans.has(block.hash)) return { status: "duplicate", entry: undefined };

    const parent = this.index.find(block.header.prevBlockHash);
    try {
      checkProofOfWork(block.hash, block.header.bits, this.#params);
      if (parent === undefined) return this.#keepOrphan(block);
      this.#checkChild(block, parent);
    } catch (error) {
      if (error instanceof RuleError) return { status: "invalid", error };
      throw error;
    }
    // Listeners are called from here on: a RuleError of theirs would be their fault, not the block's.
    return this.#acceptChild(block, parent);
  }

  /** Keeps a block until its parent comes. A false body must not stand in the true one's place. */
  #keepOrphan(block: Block): BlockVerdict {
    const { prevBlockHash } = block.header;
    if (this.#rejected.has(prevBlockHash)) this.#refuseDescendant(block);
    this.#checkBody(block, undefined);
    this.orphans.add(block);
    return { status: "orphan", missingParent: prevBlockHash };
  }

  #checkChild(block: Block, parent: BlockIndexEntry): void {
    if (isInvalid(parent)) this.#refuseDescendant(block);
    // Nothing is remembered of a refused header: its own time may be what was wrong with it.
    checkHeader(block.header, parent, this.#nowSeconds(), this.#params);
    this.#checkBody(block, parent);
  }

  #acceptChild(block: Block, parent: BlockIndexEntry): BlockVerdict {
    const invalid = parent === this.tip ? this.#extend(block) : this.#branch(block, parent);
    if (invalid !== undefined) return { status: "invalid", error: invalid };
    const entry = this.index.find(block.hash) as BlockIndexEntry;
    return { status: this.index.isActive(entry) ? "connected" : "side-branch", entry };
  }

  /** Checks what a body shows without coins, and remembers the hash that a false one cannot have. */
  #checkBody(block: Block, parent: BlockIndexEntry | undefined): void {
    try {
      checkBlock(block, this.#params);
      if (parent !== undefined) checkBlockInContext(block, parent, this.#params);
    } catch (error) {
      if (error instanceof RuleError && !isMutation(error)) this.#rejected.add(block.hash);
      throw error;
    }
  }

  /** Whatever its body: the header itself names the invalid parent. */
  #refuseDescendant({ hash, header }: Block): never {
    this.#rejected.add(hash);
    const parent = header.prevBlockHash;
    throw new RuleError("bad-prevblk", `its parent ${parent} is invalid`, { parent });
  }

  #knownInvalid(hash: BlockHash): BlockVerdict {
    const error = new RuleError("duplicate-invalid", `block ${hash} was found invalid before`, {
      hash,
    });
    return { status: "invalid", error };
  }

  /** True once it is known for good what to think of a block, so that its children can be judged. */
  #isSettled(hash: BlockHash): boolean {
    return this.index.find(hash) !== undefined || this.#rejected.has(hash);
  }

  #acceptOrphansOf(hash: BlockHash): void {
    const ready = [hash];
    for (let parent = ready.shift(); parent !== undefined; parent = ready.shift()) {
      for (const child of this.orphans.takeChildrenOf(parent)) {
        this.#accept(child);
        if (this.#isSettled(child.hash)) ready.push(child.hash);
      }
    }
  }

  /** The common case: stores and connects a child of the tip in one commit. */
  #extend(block: Block): RuleError | undefined {
    const connection = this.#tryConnect(block);
    if (connection instanceof RuleError) {
      this.#database.transaction(() => {
        const entry = this.#insert(block, this.tip);
        this.index.add(entry);
        this.#markInvalid(entry, connection);
      })();
      return connection;
    }
    this.#commitConnect(block, connection, () => this.#insert(block, this.tip));
    return undefined;
  }

  /** Stores a block off the tip, and moves to its branch if that has more work. */
  #branch(block: Block, parent: BlockIndexEntry): RuleError | undefined {
    const entry = this.#database.transaction(() => this.#insert(block, parent))();
    this.index.add(entry);
    if (entry.chainwork <= this.tip.chainwork) return undefined;
    return this.#activateBest(entry);
  }

  /**
   * Moves to `candidate`; if it or a block before it turns out invalid, to the best branch left.
   * Returns what was wrong with `candidate`'s branch, if anything was.
   */
  #activateBest(candidate: BlockIndexEntry): RuleError | undefined {
    let wrong: RuleError | undefined;
    let target: BlockIndexEntry | undefined = candidate;
    while (target !== undefined && target !== this.tip) {
      const error = this.#moveTo(target);
      if (target === candidate) wrong = error;
      target = error === undefined ? undefined : this.#findBest();
    }
    return wrong;
  }

  /** Walks from the tip to `target`; stops at the first block that breaks a rule, and returns why. */
  #moveTo(target: BlockIndexEntry): RuleError | undefined {
    const fork = forkPoint(this.tip, target);
    const disconnected: BlockIndexEntry[] = [];
    const connected: BlockIndexEntry[] = [];
    let error: RuleError | undefined;

    while (this.tip !== fork) {
      disconnected.push(this.tip);
      this.#commitDisconnect();
    }
    for (const entry of pathBetween(fork, target)) {
      error = this.#advanceTo(entry);
      if (error !== undefined) break;
      connected.push(entry);
    }

    if (disconnected.length > 0) {
      this.events.emit("reorg", { forkPoint: fork, disconnected, connected });
      this.#log.debug("reorg", { depth: disconnected.length, to: this.tip.hash });
    }
    return error;
  }

  /** Connects a stored child of the tip, or marks it and returns the rule that it breaks. */
  #advanceTo(entry: BlockIndexEntry): RuleError | undefined {
    const block = this.getBlock(entry);
    const connection = this.#tryConnect(block);
    if (connection instanceof RuleError) {
      this.#database.transaction(() => this.#markInvalid(entry, connection))();
      return connection;
    }
    this.#commitConnect(block, connection, () => entry);
    return undefined;
  }

  /** Returns what connecting `block` after the tip changes, or the rule that it breaks. */
  #tryConnect(block: Block): Connection | RuleError {
    const overlay = new CoinOverlay(this.coins);
    try {
      return { overlay, ...this.#connect(block, this.tip, overlay) };
    } catch (error) {
      if (error instanceof RuleError) return error;
      throw error;
    }
  }

  /** Connects a checked block after the tip: coins, undo data, status and tip in one commit. */
  #commitConnect(
    block: Block,
    { overlay, spentCoins, totalFees }: Connection,
    entryOf: () => BlockIndexEntry,
  ): void {
    const entry = this.#database.transaction(() => {
      const inserted = entryOf();
      overlay.flush(this.coins);
      this.#blocks.putUndo(inserted.id, encodeUndo(spentCoins));
      this.#blocks.putStatus(inserted.id, inserted.status | BLOCK_STATUS.connected);
      this.#blocks.putActive(inserted.height, inserted.id);
      return inserted;
    })();

    entry.status |= BLOCK_STATUS.connected;
    this.index.add(entry);
    this.index.pushActive(entry);
    this.#hasMoved = true;
    this.events.emit("block-connected", { entry, block, totalFees });
  }

  #commitDisconnect(): void {
    const entry = this.tip;
    const block = this.getBlock(entry);
    const overlay = new CoinOverlay(this.coins);
    disconnectBlock(block, this.getSpentCoins(entry), overlay);
    this.#database.transaction(() => {
      overlay.flush(this.coins);
      this.#blocks.deleteActive(entry.height);
    })();

    this.index.popActive();
    this.#hasMoved = true;
    this.events.emit("block-disconnected", { entry, block });
  }

  #connect(block: Block, parent: BlockIndexEntry, overlay: CoinOverlay): ConnectResult {
    return connectBlock(block, overlay, {
      height: parent.height + 1,
      params: this.#params,
      medianTimePast: medianTimePast(parent),
      medianTimePastAt: (height) => this.index.medianTimePastAt(parent, height),
      scripts: this.#scripts,
    });
  }

  /** Writes a block below `parent` (none for genesis); the entry is not in the index yet. */
  #insert(block: Block, parent: BlockIndexEntry | undefined, status = 0): BlockIndexEntry {
    const { hash, header, transactions } = block;
    const height = parent === undefined ? 0 : parent.height + 1;
    const receivedAt = this.#now();
    const id = this.#blocks.insertBlock({
      hash,
      height,
      header: encodeHeader(header),
      status,
      receivedAt,
      transactionCount: transactions.length,
      size: blockSize(transactions),
      weight: blockWeight(transactions),
      body: encodeBlock(block),
    });
    const { time, bits } = header;
    return makeEntry({ id, hash, height, time, bits, parent, receivedAt, status });
  }

  /** Marks `entry` and all that descend from it; to be called within a transaction. */
  #markInvalid(entry: BlockIndexEntry, { code, message }: RuleError): void {
    entry.status |= BLOCK_STATUS.invalid;
    this.#blocks.putInvalid(entry.id, entry.status, code, message);
    // Parents come before their children in the index, so one pass finds all descendants.
    for (const other of this.index.entries()) {
      if (other.parent === undefined || !isInvalid(other.parent) || isInvalid(other)) continue;
      other.status |= BLOCK_STATUS.invalidAncestor;
      this.#blocks.putStatus(other.id, other.status);
    }
    this.#log.warn("invalid block", { hash: entry.hash, height: entry.height, code });
  }

  /** The valid entry with the most work; of equals the one that came first. */
  #findBest(): BlockIndexEntry {
    let best = this.tip;
    for (const entry of this.index.entries()) {
      if (isInvalid(entry) || entry.chainwork < best.chainwork) continue;
      if (entry.chainwork > best.chainwork || entry.id < best.id) best = entry;
    }
    return best;
  }

  #load(): void {
    const byId = new Map<number, BlockIndexEntry>();
    for (const stored of this.#blocks.loadHeaders()) {
      const { id, hash, height, status, receivedAt, header } = stored;
      const parent = this.index.find(header.prevBlockHash);
      const { time, bits } = header;
      const entry = makeEntry({ id, hash, height, time, bits, parent, receivedAt, status });
      this.index.add(entry);
      byId.set(id, entry);
    }
    if (byId.size === 0) this.#storeGenesis();
    for (const id of this.#blocks.loadActiveChain()) {
      const entry = byId.get(id);
      if (entry !== undefined) this.index.pushActive(entry);
    }

    // A reorganisation may have been cut short.
    this.#activateBest(this.#findBest());
  }

  /** Its outputs never become coins, as in Bitcoin. */
  #storeGenesis(): void {
    const entry = this.#database.transaction(() => {
      const inserted = this.#insert(this.network.genesis, undefined, BLOCK_STATUS.connected);
      this.#blocks.putUndo(inserted.id, encodeUndo([]));
      this.#blocks.putActive(0, inserted.id);
      return inserted;
    })();
    this.index.add(entry);
    this.index.pushActive(entry);
  }

  #nowSeconds(): number {
    return Math.floor(this.#now() / 1000);
  }
}

/** Entries after `from` up to `to`, upward. */
function pathBetween(from: BlockIndexEntry, to: BlockIndexEntry): BlockIndexEntry[] {
  const path: BlockIndexEntry[] = [];
  for (
    let entry: BlockIndexEntry | undefined = to;
    entry !== undefined && entry !== from;
    entry = entry.parent
  ) {
    path.push(entry);
  }
  return path.reverse();
}
