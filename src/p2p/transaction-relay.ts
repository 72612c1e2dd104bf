/**
 * The conversation about transactions: hears of them, asks for them, hands them to the mempool, and
 * tells others of what it took.
 *
 * How each of that is done is in the files beside: whom to ask in request-tracker.ts, what need not be
 * asked for in transaction-memory.ts, telling in transaction-announcer.ts, giving in
 * transaction-server.ts. What is valid is the mempool's business, and so are orphans; who sent one is
 * known here.
 */

import type { RuleCode } from "../consensus/rule-error.ts";
import { type Rate, TokenBucket } from "../lib/token-bucket.ts";
import type { Mempool, MempoolVerdict, ReconsideredOrphan } from "../mempool/mempool.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import type { Txid, Wtxid } from "../primitives/hash-id.ts";
import type { Transaction } from "../primitives/transaction.ts";
import {
  type InventoryEntry,
  MSG_TX,
  MSG_WITNESS_TX,
  MSG_WTX,
} from "../wire/inventory-messages.ts";
import type { Command, Message } from "../wire/message.ts";
import type { Conversation, ConversationContext, InventoryCommand } from "./conversation.ts";
import { roundFeeFilter } from "./fee-filter.ts";
import { penaltyFor } from "./misbehavior.ts";
import type { Peer } from "./peer.ts";
import { RequestTracker, type TrackedRequest } from "./request-tracker.ts";
import { TransactionAnnouncer, type TransactionHops } from "./transaction-announcer.ts";
import { MAX_MISSING_PARENTS, TransactionMemory } from "./transaction-memory.ts";
import { TransactionServer } from "./transaction-server.ts";

/** Hashes that one peer may tell us of: ten times what an honest one has to say. */
export const INVENTORY_RATE: Rate = { perSecond: 20_000, burst: 100_000 };

/** What a transaction that nobody asked for takes of its sender's budget (P-28). */
export const UNREQUESTED_COST = 10;

/** Milliseconds between two looks at whether the fees to tell of have changed; some more by chance. */
const FEE_FILTER_INTERVAL_MS = 30_000;
const FEE_FILTER_JITTER_MS = 10_000;

/** Milliseconds until peers whose budgets were used up are looked at again. */
const RETRY_MS = 100;

/** Returned transactions of one reorganisation that are told of again. */
const MAX_RETURNING = 100_000;

/** The account on which the mempool keeps the orphans of `peer`. */
export function orphanAccountOf(peer: Peer): string {
  return String(peer.id);
}

/** What the relay needs beside the context. */
export interface TransactionRelayParts {
  readonly hops: TransactionHops;
  /** Sats per vbyte that the mempool asks for at least, full or not. */
  readonly leastFeerate: number;
  /**
   * True while the chain is far behind, so that most transactions cannot be judged: none is asked
   * for then.
   */
  readonly isCatchingUp?: () => boolean;
}

interface Neighbor {
  readonly inventory: TokenBucket;
  /** What it was told of our fees. */
  feeFilter: bigint;
}

export class TransactionRelay implements Conversation {
  readonly commands: readonly Command[] = ["tx", "feefilter", "mempool"];
  readonly inventory = "transactions";

  readonly #context: ConversationContext;
  readonly #parts: TransactionRelayParts;
  readonly #tracker: RequestTracker<Peer>;
  readonly #memory: TransactionMemory;
  readonly #announcer: TransactionAnnouncer;
  readonly #server: TransactionServer;
  readonly #neighbors = new Map<Peer, Neighbor>();
  readonly #unsubscribe: readonly (() => void)[];
  /** Who sent what is being submitted. */
  #sender: Peer | undefined;
  #isReconsidering = false;
  /** Txids that abandoned blocks held, until this turn of the event loop ends. */
  readonly #returning = new Set<Txid>();
  #cancelReturning: (() => void) | undefined;
  #cancelOrphans: (() => void) | undefined;
  #cancelFeeFilter: (() => void) | undefined;
  #askAt = Number.POSITIVE_INFINITY;
  #cancelAsk: (() => void) | undefined;

  constructor(context: ConversationContext, parts: TransactionRelayParts) {
    const { clock, node, random } = context;
    this.#context = context;
    this.#parts = parts;
    this.#tracker = new RequestTracker(random);
    this.#memory = new TransactionMemory(node.mempool, random);
    const { mempool } = node;
    this.#announcer = new TransactionAnnouncer({ mempool, clock, random, hops: parts.hops });
    this.#server = new TransactionServer(clock, (peer, entry) => this.#find(peer, entry));
    this.#unsubscribe = this.#subscribe();
  }

  /** Everything kept for peers: 0 when none is left. */
  get size(): number {
    const requests = this.#tracker.size + this.#tracker.peerCount;
    return requests + this.#announcer.size + this.#server.size + this.#neighbors.size;
  }

  /** Announcements that wait or were asked for. */
  get announcementCount(): number {
    return this.#tracker.size;
  }

  peerReady(peer: Peer): void {
    if (!isForTransactions(peer)) return;
    const now = this.#context.clock.monotonic();
    this.#tracker.addPeer(peer, { isPreferred: !peer.isInbound });
    if (peer.profile.wantsTransactions) this.#announcer.addPeer(peer);
    const neighbor = { inventory: new TokenBucket(INVENTORY_RATE, now), feeFilter: -1n };
    this.#neighbors.set(peer, neighbor);
    this.#sendFeeFilter(peer, neighbor);
    this.#scheduleFeeFilters();
  }

  peerClosed(peer: Peer): void {
    this.#tracker.removePeer(peer);
    this.#announcer.removePeer(peer);
    this.#server.removePeer(peer);
    this.#neighbors.delete(peer);
    this.#context.node.mempool.orphans.forgetPeer(orphanAccountOf(peer));
    if (this.#neighbors.size === 0) {
      this.#cancelFeeFilter?.();
      this.#cancelFeeFilter = undefined;
    }
    if (this.#tracker.isWaiting) this.#scheduleAsk(0);
  }

  receive(peer: Peer, message: Message): void {
    switch (message.command) {
      case "tx":
        this.#receiveTransaction(peer, message.transaction);
        return;
      case "feefilter":
        // What is beyond every fee there can be is as good as that.
        this.#announcer.setFeeFilter(peer, Number(message.feeRate));
        return;
      default:
      // `mempool` is for nodes that say they have bloom filters (BIP-0035, BIP-0111).
    }
  }

  receiveInventory(
    peer: Peer,
    command: InventoryCommand,
    entries: readonly InventoryEntry[],
  ): void {
    switch (command) {
      case "inv":
        this.#receiveAnnouncement(peer, entries);
        return;
      case "getdata":
        this.#server.request(peer, entries);
        return;
      case "notfound":
        this.#receiveNotFound(peer, entries);
    }
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#announcer.stop();
    this.#server.stop();
    this.#cancelAsk?.();
    this.#cancelFeeFilter?.();
    this.#cancelOrphans?.();
    this.#cancelReturning?.();
  }

  #subscribe(): readonly (() => void)[] {
    const { chain, mempool } = this.#context.node;
    return [
      mempool.events.on("transaction-accepted", ({ entry }) => this.#noteAccepted(entry)),
      chain.events.on("block-connected", ({ block }) => {
        this.#memory.blockConnected(block);
        for (const { txid, wtxid } of block.transactions) this.#forget(txid, wtxid);
      }),
      chain.events.on("block-disconnected", ({ block }) => {
        this.#memory.blockDisconnected();
        for (const { txid } of block.transactions) this.#noteReturning(txid);
      }),
      chain.events.on("tip-changed", () => {
        this.#memory.tipChanged();
        this.#scheduleOrphans();
      }),
    ];
  }

  #receiveAnnouncement(peer: Peer, entries: readonly InventoryEntry[]): void {
    const neighbor = this.#neighbors.get(peer);
    if (neighbor === undefined) return;
    const now = this.#context.clock.monotonic();
    if (!neighbor.inventory.take(entries.length, now)) {
      peer.punish("inventory-flood");
      return;
    }
    const { wantsWtxids } = peer.profile;
    for (const { type, hash } of entries) {
      // Each peer has said by which of the two it announces (BIP-0339).
      if ((type === MSG_WTX) !== wantsWtxids) continue;
      this.#announcer.noteHas(peer, hash);
      if (!this.#memory.has(hash, wantsWtxids)) {
        this.#tracker.announce(peer, hash, { isWtxid: wantsWtxids, now });
      } else if (type === MSG_WTX) {
        // Whoever has the child has the parents, too.
        this.#askForParents(peer, this.#memory.parentsOf(hash));
      }
    }
    this.#scheduleAsk(0);
  }

  #receiveNotFound(peer: Peer, entries: readonly InventoryEntry[]): void {
    let isUseless = false;
    for (const { hash } of entries) {
      if (!this.#tracker.fail(peer, hash)) isUseless = true;
    }
    // Once a message: what an honest peer could not answer in time, it may answer all at once.
    if (isUseless) peer.punish("useless-notfound");
    this.#scheduleAsk(0);
  }

  #receiveTransaction(peer: Peer, tx: Transaction): void {
    const { txid, wtxid } = tx;
    if (!this.#neighbors.has(peer)) return;
    const isRequested =
      this.#tracker.wasRequested(peer, wtxid) || this.#tracker.wasRequested(peer, txid);
    if (isRequested) {
      this.#tracker.noteAnswer(peer);
    } else if (!peer.budget.take("transactions", UNREQUESTED_COST)) {
      peer.punish("transaction-flood");
      return;
    }
    this.#announcer.noteHas(peer, txid);
    this.#announcer.noteHas(peer, wtxid);
    this.#scheduleAsk(0);
    if (this.#memory.has(wtxid, true)) {
      this.#tracker.forget(wtxid);
      // A bad copy says nothing of the others of the same txid.
      this.#tracker.fail(peer, txid);
      this.#noteOrphanAgain(peer, tx);
      return;
    }
    this.#sender = peer;
    const verdict = this.#context.node.submitTransaction(tx, peer);
    this.#sender = undefined;
    if (verdict.status === "accepted") peer.noteTransaction();
    this.#settle(tx, [peer], verdict);
  }

  /** Draws the consequences of a verdict on `tx`, which `peers` have sent. */
  #settle(tx: Transaction, peers: readonly Peer[], verdict: MempoolVerdict): void {
    const { txid, wtxid } = tx;
    switch (verdict.status) {
      case "accepted":
      case "duplicate":
        this.#forget(txid, wtxid);
        this.#scheduleOrphans();
        return;
      case "orphan": {
        const parents = this.#memory.noteOrphan(wtxid, verdict.missing);
        const isHopeless =
          parents.length > MAX_MISSING_PARENTS ||
          parents.some((parent) => this.#memory.wasRejected(parent));
        if (isHopeless) {
          this.#context.node.mempool.orphans.delete(wtxid);
          this.#memory.noteRejected(wtxid);
        }
        this.#tracker.forget(wtxid);
        for (const peer of peers) {
          this.#tracker.fail(peer, txid);
          if (!isHopeless) this.#askForParents(peer, parents);
        }
        return;
      }
      case "rejected":
        this.#memory.noteRejected(wtxid);
        this.#tracker.forget(wtxid);
        for (const peer of peers) {
          this.#tracker.fail(peer, txid);
          this.#punish(peer, verdict.error.code);
        }
    }
  }

  #punish(peer: Peer, code: RuleCode): void {
    peer.addPenalty(penaltyFor(code, "transaction"));
    if (code === "script-verify-failed" && !peer.budget.take("badSignatures")) {
      peer.punish("bad-signature-flood");
    }
  }

  /** An orphan that another peer sent before is kept on account of this one, too. */
  #noteOrphanAgain(peer: Peer, tx: Transaction): void {
    const { orphans } = this.#context.node.mempool;
    if (!orphans.has(tx.wtxid)) return;
    orphans.add(tx, orphanAccountOf(peer));
    this.#askForParents(peer, this.#memory.parentsOf(tx.wtxid));
  }

  #askForParents(peer: Peer, parents: readonly Txid[]): void {
    const now = this.#context.clock.monotonic();
    for (const parent of parents) {
      if (this.#memory.has(parent, false)) continue;
      this.#tracker.announce(peer, parent, { isWtxid: false, now, isUrgent: true });
    }
    if (parents.length > 0) this.#scheduleAsk(0);
  }

  #forget(txid: Txid, wtxid: string): void {
    this.#tracker.forget(txid);
    this.#tracker.forget(wtxid);
  }

  #noteAccepted(entry: MempoolEntry): void {
    const { txid, wtxid } = entry.tx;
    const isAgain = this.#returning.delete(txid);
    if (this.#sender !== undefined) this.#parts.hops.noteAccepted(txid, this.#sender);
    else if (!isAgain && !this.#isReconsidering) this.#parts.hops.noteOrigin(txid);
    this.#forget(txid, wtxid);
    this.#announcer.push(entry, isAgain);
    this.#scheduleOrphans();
  }

  #noteReturning(txid: Txid): void {
    if (this.#returning.size < MAX_RETURNING) this.#returning.add(txid);
    // They come back before anything else happens, or not at all.
    this.#cancelReturning ??= this.#context.clock.after(0, () => {
      this.#cancelReturning = undefined;
      this.#returning.clear();
    });
  }

  /** Tries orphans whose parents came, a few in each turn of the event loop (P-44). */
  #scheduleOrphans(): void {
    this.#cancelOrphans ??= this.#context.clock.after(0, () => {
      this.#cancelOrphans = undefined;
      this.#reconsiderOrphans();
    });
  }

  #reconsiderOrphans(): void {
    const { mempool } = this.#context.node;
    if (mempool.orphans.readyCount === 0) return;
    this.#isReconsidering = true;
    const reconsidered = mempool.reconsiderOrphans();
    this.#isReconsidering = false;
    for (const orphan of reconsidered) {
      const senders = this.#sendersOf(orphan);
      const [first] = senders;
      const isAccepted = orphan.verdict.status === "accepted";
      if (isAccepted && first !== undefined) this.#parts.hops.noteAccepted(orphan.tx.txid, first);
      this.#settle(orphan.tx, senders, orphan.verdict);
    }
    if (mempool.orphans.readyCount > 0) this.#scheduleOrphans();
  }

  #sendersOf({ peers }: ReconsideredOrphan): Peer[] {
    return peers
      .map((account) => this.#context.peers.find(Number(account)))
      .filter((peer) => peer !== undefined);
  }

  /** What `entry` names, if `peer` may have it. */
  #find(peer: Peer, entry: InventoryEntry): Transaction | undefined {
    const { mempool } = this.#context.node;
    const found = findNamed(mempool, entry);
    return found !== undefined && this.#announcer.mayServe(peer, found) ? found.tx : undefined;
  }

  #ask(): void {
    const { clock } = this.#context;
    const now = clock.monotonic();
    if (this.#parts.isCatchingUp?.() === true) {
      if (this.#tracker.hashCount > 0) this.#scheduleAsk(1_000);
      return;
    }
    const requests = this.#tracker.takeRequests(
      now,
      (peer) => !peer.isCongested && peer.budget.waitMs("transactions") === 0,
    );
    for (const [peer, entries] of byPeer(requests)) {
      peer.budget.charge("transactions", entries.length);
      peer.send({ command: "getdata", entries });
    }
    const nextAt = this.#tracker.nextChangeAt();
    if (nextAt !== undefined) this.#scheduleAsk(nextAt - now);
    if (this.#tracker.isWaiting) this.#scheduleAsk(RETRY_MS);
  }

  #scheduleAsk(waitMs: number): void {
    const { clock } = this.#context;
    const at = clock.monotonic() + Math.max(0, waitMs);
    if (at >= this.#askAt) return;
    this.#cancelAsk?.();
    this.#askAt = at;
    this.#cancelAsk = clock.after(waitMs, () => {
      this.#askAt = Number.POSITIVE_INFINITY;
      this.#cancelAsk = undefined;
      this.#ask();
    });
  }

  #scheduleFeeFilters(): void {
    const { clock, random } = this.#context;
    const waitMs = FEE_FILTER_INTERVAL_MS + random.below(FEE_FILTER_JITTER_MS);
    this.#cancelFeeFilter ??= clock.after(waitMs, () => {
      this.#cancelFeeFilter = undefined;
      for (const [peer, neighbor] of this.#neighbors) this.#sendFeeFilter(peer, neighbor);
      this.#scheduleFeeFilters();
    });
  }

  #sendFeeFilter(peer: Peer, neighbor: Neighbor): void {
    const { node, random } = this.#context;
    const feerate = node.mempool.minFeerate();
    const feeRate = roundFeeFilter(feerate, this.#parts.leastFeerate, random);
    if (feeRate === neighbor.feeFilter) return;
    neighbor.feeFilter = feeRate;
    peer.send({ command: "feefilter", feeRate });
  }
}

/** False for connections on which transactions are never spoken of, so that they cannot be traced. */
function isForTransactions({ kind }: Peer): boolean {
  return kind !== "block-relay" && kind !== "feeler";
}

function byPeer(requests: readonly TrackedRequest<Peer>[]): Map<Peer, InventoryEntry[]> {
  const grouped = new Map<Peer, InventoryEntry[]>();
  for (const { peer, hash, isWtxid } of requests) {
    const entries = grouped.get(peer) ?? [];
    grouped.set(peer, entries);
    if (isWtxid) entries.push({ type: MSG_WTX, hash: hash as Wtxid });
    else entries.push({ type: MSG_WITNESS_TX, hash: hash as Txid });
  }
  return grouped;
}

function findNamed(mempool: Mempool, entry: InventoryEntry): MempoolEntry | undefined {
  switch (entry.type) {
    case MSG_TX:
    case MSG_WITNESS_TX:
      return mempool.find(entry.hash);
    case MSG_WTX:
      return mempool.findByWtxid(entry.hash);
    default:
      return undefined;
  }
}
