/**
 * What the node tells the clients of the push API: its events, each after it happened.
 *
 * A listener of the engine may not throw, so that a view that cannot be made is a gap to clients
 * and a line in the log, and nothing to the engine.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import type { Reorg } from "../chain/chain.ts";
import type { Emitter } from "../lib/emitter.ts";
import type { RemovalReason } from "../mempool/mempool.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import type { Node } from "../node/node.ts";
import type { PeerNetwork } from "../p2p/peer-network.ts";
import { viewPeer as copyPeer } from "../p2p/peer-view.ts";
import type { Block } from "../primitives/block.ts";
import type { Txid } from "../primitives/hash-id.ts";
import { isCoinbase, type Transaction } from "../primitives/transaction.ts";
import type { LiveHub } from "./live-hub.ts";
import {
  ADDRESS_TOPIC_PREFIX,
  type AddressTouchView,
  type LiveData,
  MAX_LIVE_ITEMS,
} from "./live-schemas.ts";
import { type Touch, touchesOf, viewAccepted, viewLiveStats, viewProgress } from "./live-views.ts";
import { RecentReorgs } from "./recent-reorgs.ts";
import { viewBlockInHand } from "./view-block.ts";
import { viewPeer } from "./view-peer.ts";

/** Milliseconds between two events of the mempool as a whole. */
export const MEMPOOL_INTERVAL_MS = 250;

/** Milliseconds between two events of figures that change all the time. */
export const FIGURES_INTERVAL_MS = 1_000;

/** Transactions of blocks that left whose fate is followed. */
const MAX_DISPLACED = 100_000;

/** What a touch of an address says beside its amounts. */
type TouchPlace = Omit<AddressTouchView, "address" | "txid" | "received" | "sent">;

export class LiveFeed {
  /** What was told of them, for whoever asks later. */
  readonly reorgs = new RecentReorgs();
  readonly #node: Node;
  readonly #hub: LiveHub;
  readonly #endings: (() => void)[] = [];
  /** What transactions that wait do to watched scripts: their coins may be gone when they are. */
  readonly #touchesOfWaiting = new Map<Txid, Map<string, Touch>>();
  #reorgs: Reorg[] = [];
  /** Transactions of blocks that left the chain, until it has come to rest. */
  readonly #displaced = new Set<Txid>();
  #confirmedAgain = 0;
  #unknownDisplaced = 0;
  #wasMining = false;
  #cancelMempool: (() => void) | undefined;
  #cancelFigures = () => {};

  /** Follows `node` from here on. */
  constructor(node: Node, hub: LiveHub) {
    this.#node = node;
    this.#hub = hub;
    this.#followChain();
    this.#followMempool();
    if (node.peers !== undefined) this.#followPeers(node.peers);
    else this.#listen(node.events, "joined", ({ peers }) => this.#followPeers(peers));
    this.#scheduleFigures();
  }

  /** Follows the node no longer. */
  stop(): void {
    for (const end of this.#endings) end();
    this.#cancelMempool?.();
    this.#cancelFigures();
  }

  #followChain(): void {
    const { events } = this.#node.chain;
    this.#listen(events, "block-connected", ({ entry, block, totalFees }) => {
      const view = viewBlockInHand(this.#node, entry, { block, totalFees });
      this.#hub.publish("blocks", "block-connected", view);
      for (const { txid } of block.transactions) {
        if (this.#displaced.delete(txid)) this.#confirmedAgain += 1;
      }
      this.#tellBlockTouches("confirmed", entry, block);
    });
    this.#listen(events, "block-disconnected", ({ entry, block }) => {
      const view = viewBlockInHand(this.#node, entry, { block, totalFees: null });
      this.#hub.publish("blocks", "block-disconnected", view);
      this.#noteDisplaced(block);
      this.#tellBlockTouches("abandoned", entry, block);
    });
    this.#listen(events, "reorg", (reorg) => this.#reorgs.push(reorg));
    // Only now it is known what became of the transactions.
    this.#listen(events, "tip-changed", () => this.#tellReorgs());
  }

  #followMempool(): void {
    const { mempool, network } = this.#node;
    this.#listen(mempool.events, "transaction-accepted", ({ entry }) => {
      const view = viewAccepted(entry, network.addressPrefixes);
      this.#hub.publish("transactions", "transaction-accepted", view);
      this.#scheduleMempool();
      this.#tellAcceptedTouches(entry);
    });
    this.#listen(mempool.events, "transaction-removed", ({ tx, reason }) => {
      const { txid, wtxid } = tx;
      this.#hub.publish("transactions", "transaction-removed", { txid, wtxid, reason });
      this.#scheduleMempool();
      this.#tellRemovedTouches(tx, reason);
    });
  }

  #followPeers(network: PeerNetwork): void {
    const view = (peer: Parameters<typeof copyPeer>[0]) =>
      viewPeer(network, copyPeer(peer, this.#node.clock.monotonic()));
    const { peers } = network.manager;
    for (const peer of peers) this.#hub.publish("peers", "peer-connected", view(peer));
    this.#listen(peers.events, "peer-connected", ({ peer }) =>
      this.#hub.publish("peers", "peer-connected", view(peer)),
    );
    this.#listen(peers.events, "peer-disconnected", ({ peer, reason }) =>
      this.#hub.publish("peers", "peer-disconnected", { ...view(peer), reason }),
    );
  }

  #tellReorgs(): void {
    const reorgs = this.#reorgs;
    this.#reorgs = [];
    const displaced = this.#takeDisplaced();
    for (const { forkPoint, disconnected, connected } of reorgs) {
      const view = {
        oldTip: placeOf(disconnected[0] ?? forkPoint),
        newTip: placeOf(connected.at(-1) ?? forkPoint),
        ancestor: placeOf(forkPoint),
        depth: disconnected.length,
        disconnected: disconnected.slice(0, MAX_LIVE_ITEMS).map(({ hash }) => hash),
        connected: connected.slice(-MAX_LIVE_ITEMS).map(({ hash }) => hash),
        displaced,
      };
      this.reorgs.add(view, this.#node.clock.now());
      this.#hub.publish("reorgs", "reorg", view);
    }
  }

  #noteDisplaced({ transactions }: Block): void {
    for (const tx of transactions) {
      if (isCoinbase(tx)) continue;
      if (this.#displaced.size < MAX_DISPLACED) this.#displaced.add(tx.txid);
      else this.#unknownDisplaced += 1;
    }
  }

  #takeDisplaced(): LiveData["reorg"]["displaced"] {
    const gone = [...this.#displaced].filter((txid) => !this.#node.mempool.has(txid));
    const displaced = {
      confirmed: this.#confirmedAgain,
      waiting: this.#displaced.size - gone.length,
      dropped: gone.length,
      unknown: this.#unknownDisplaced,
      droppedTxids: gone.slice(0, MAX_LIVE_ITEMS),
    };
    this.#displaced.clear();
    this.#confirmedAgain = 0;
    this.#unknownDisplaced = 0;
    return displaced;
  }

  #tellAcceptedTouches({ tx }: MempoolEntry): void {
    if (this.#hub.addresses.size === 0) return;
    const touches = this.#touchesOf(tx);
    if (!this.#tellTouches(tx.txid, touches, { ...NOWHERE, status: "mempool" })) return;
    this.#touchesOfWaiting.set(tx.txid, touches);
  }

  /** Those that a block took are told of with the block. */
  #tellRemovedTouches(tx: Transaction, reason: RemovalReason): void {
    const known = this.#touchesOfWaiting.get(tx.txid);
    this.#touchesOfWaiting.delete(tx.txid);
    if (reason === "block" || this.#hub.addresses.size === 0) return;
    const touches = known ?? this.#touchesOf(tx);
    this.#tellTouches(tx.txid, touches, { ...NOWHERE, status: "removed", reason });
  }

  #tellBlockTouches(status: "confirmed" | "abandoned", entry: BlockIndexEntry, block: Block): void {
    if (this.#hub.addresses.size === 0) return;
    const coins = this.#node.chain.getSpentCoins(entry);
    const place = { status, blockHash: entry.hash, blockHeight: entry.height, reason: null };
    let next = 0;
    for (const tx of block.transactions) {
      const count = isCoinbase(tx) ? 0 : tx.inputs.length;
      this.#tellTouches(tx.txid, touchesOf(tx, coins.slice(next, next + count)), place);
      next += count;
    }
  }

  #touchesOf(tx: Transaction): Map<string, Touch> {
    const spent = tx.inputs.map(({ prevout }) => this.#node.mempool.findOutput(prevout));
    return touchesOf(tx, spent);
  }

  /** Tells those who watch one of the scripts; false if nobody does. */
  #tellTouches(txid: Txid, touches: ReadonlyMap<string, Touch>, place: TouchPlace): boolean {
    let isWatched = false;
    for (const [script, { received, sent }] of touches) {
      const address = this.#hub.addresses.find(script);
      if (address === undefined) continue;
      isWatched = true;
      const data = { address, txid, received, sent, ...place };
      this.#hub.publish(ADDRESS_TOPIC_PREFIX + address, "address-touched", data);
    }
    return isWatched;
  }

  #scheduleMempool(): void {
    this.#cancelMempool ??= this.#node.clock.after(MEMPOOL_INTERVAL_MS, () => {
      this.#cancelMempool = undefined;
      this.#soundly(() => this.#tellMempool());
    });
  }

  #tellMempool(): void {
    const { mempool } = this.#node;
    const { count, bytes } = mempool;
    const minFeerate = mempool.minFeerate();
    this.#hub.publish("mempool", "mempool-changed", { count, bytes, minFeerate });
  }

  #scheduleFigures(): void {
    this.#cancelFigures = this.#node.clock.after(FIGURES_INTERVAL_MS, () => {
      this.#soundly(() => this.#tellFigures());
      this.#scheduleFigures();
    });
  }

  /** Old figures are of no use to whoever comes back, so that none are made for nobody. */
  #tellFigures(): void {
    if (this.#hub.isWanted("stats")) {
      this.#hub.publish("stats", "stats", viewLiveStats(this.#node));
    }
    const progress = viewProgress(this.#node);
    const isMining = progress.streams.some(({ working }) => working);
    // Once more when it rests, or the last rate would stand for ever.
    if ((isMining || this.#wasMining) && this.#hub.isWanted("mining")) {
      this.#hub.publish("mining", "mining-progress", progress);
    }
    this.#wasMining = isMining;
  }

  #listen<Events extends Record<string, unknown>, Name extends keyof Events>(
    events: Emitter<Events>,
    name: Name,
    listener: (data: Events[Name]) => void,
  ): void {
    const ending = events.on(name, (data) => {
      // Never silence: whoever listens is told to ask anew.
      if (!this.#soundly(() => listener(data))) this.#hub.lose();
    });
    this.#endings.push(ending);
  }

  /** Runs `tell`; false, and a line in the log, if it fails. */
  #soundly(tell: () => void): boolean {
    try {
      tell();
      return true;
    } catch (error) {
      this.#node.log.for("api").error("an event could not be told", {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      return false;
    }
  }
}

/** What is said of a transaction that is in no block. */
const NOWHERE = { blockHash: null, blockHeight: null, reason: null } as const;

function placeOf({ hash, height }: BlockIndexEntry): { hash: string; height: number } {
  return { hash, height };
}
