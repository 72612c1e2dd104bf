/**
 * New blocks as peers announce them: compact blocks put together from the mempool, and hashes.
 *
 * Any message in any order leads to a defined state: whatever does not fit is left alone, and a block
 * that cannot be put together is fetched whole (P-06). What is said of new blocks to others is
 * block-announcer.ts's; what is fetched of older ones, block-download.ts's.
 */

import { BoundedSet } from "../lib/bounded.ts";
import type { Block } from "../primitives/block.ts";
import { hashHeader } from "../primitives/block-header.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import type { Transaction } from "../primitives/transaction.ts";
import type { CompactBlock } from "../wire/compact-block.ts";
import { type InventoryEntry, MSG_WITNESS_BLOCK } from "../wire/inventory-messages.ts";
import type { Command, Message, MessageOf } from "../wire/message.ts";
import type { BlockDownload } from "./block-download.ts";
import type { BlockIntake } from "./block-intake.ts";
import {
  type BlockRequests,
  MAX_IN_TRANSIT_PER_PEER,
  MAX_PARALLEL_REQUESTS,
} from "./block-requests.ts";
import type { Conversation, ConversationContext, InventoryCommand } from "./conversation.ts";
import type { HeaderSync } from "./header-sync.ts";
import { type PartialBlock, reconstruct } from "./partial-block.ts";
import type { Peer } from "./peer.ts";
import { RecentTransactions } from "./recent-transactions.ts";
import { hasMoreWork } from "./work-order.ts";

/** Version of compact blocks with witnesses, the only one spoken. */
const COMPACT_VERSION = 2n;

/** Peers asked to send new blocks unasked (BIP-0152). */
export const MAX_FAST_PEERS = 3;

/** Milliseconds in which the missing transactions have to come. */
export const TRANSACTIONS_TIMEOUT_MS = 2_000;

/** Blocks of one peer that wait for transactions. */
const MAX_PARTIAL_BLOCKS = 3;

/** What this is made of. */
export interface BlockRelayParts {
  readonly headers: HeaderSync;
  readonly requests: BlockRequests;
  readonly intake: BlockIntake;
  readonly download: Pick<BlockDownload, "schedule" | "noteStored">;
}

/** A block that waits for transactions. */
interface Waiting {
  readonly partial: PartialBlock;
  readonly cancel: () => void;
}

interface PeerState {
  /** It has said that it speaks our version. */
  supportsCompact: boolean;
  /** It wants new blocks unasked. */
  wantsCompact: boolean;
  readonly waiting: Map<BlockHash, Waiting>;
  /** Blocks that were asked for whole: no compact one of them is looked at again. */
  readonly askedWhole: BoundedSet<BlockHash>;
}

export class BlockRelay implements Conversation {
  readonly commands: readonly Command[] = ["sendcmpct", "cmpctblock", "blocktxn"];
  readonly inventory = "blocks";
  readonly #context: ConversationContext;
  readonly #parts: BlockRelayParts;
  readonly #recent: RecentTransactions;
  readonly #states = new Map<Peer, PeerState>();
  /** Those asked to send new blocks unasked, who lately did so last. */
  readonly #fast: Peer[] = [];
  readonly #unsubscribe: readonly (() => void)[];

  constructor(context: ConversationContext, parts: BlockRelayParts) {
    const { chain, mempool } = context.node;
    this.#context = context;
    this.#parts = parts;
    this.#recent = new RecentTransactions(mempool);
    this.#unsubscribe = [
      parts.intake.events.on("tip-brought", ({ peer }) => this.#prefer(peer)),
      chain.events.on("block-connected", ({ entry }) => this.#forget(entry.hash)),
    ];
  }

  /** True if `peer` can be asked for compact blocks. */
  supportsCompact(peer: Peer): boolean {
    return this.#states.get(peer)?.supportsCompact ?? false;
  }

  /** True if `peer` wants new blocks as compact ones, unasked. */
  wantsCompact(peer: Peer): boolean {
    return this.#states.get(peer)?.wantsCompact ?? false;
  }

  /** Blocks that wait for transactions. */
  get waitingCount(): number {
    let count = 0;
    for (const { waiting } of this.#states.values()) count += waiting.size;
    return count;
  }

  peerReady(peer: Peer): void {
    this.#states.set(peer, {
      supportsCompact: false,
      wantsCompact: false,
      waiting: new Map(),
      askedWhole: new BoundedSet(MAX_IN_TRANSIT_PER_PEER),
    });
    peer.send({ command: "sendcmpct", highBandwidth: false, version: COMPACT_VERSION });
  }

  peerClosed(peer: Peer): void {
    for (const { cancel } of this.#states.get(peer)?.waiting.values() ?? []) cancel();
    this.#states.delete(peer);
    const place = this.#fast.indexOf(peer);
    if (place >= 0) this.#fast.splice(place, 1);
  }

  receive(peer: Peer, message: Message): void {
    const state = this.#states.get(peer);
    if (state === undefined) return;
    switch (message.command) {
      case "sendcmpct":
        this.#receiveWish(peer, state, message);
        return;
      case "cmpctblock":
        this.#receiveCompact(peer, state, message.compactBlock);
        return;
      case "blocktxn":
        this.#receiveTransactions(peer, state, message.blockHash, message.transactions);
        return;
      default:
        return;
    }
  }

  receiveInventory(
    peer: Peer,
    command: InventoryCommand,
    entries: readonly InventoryEntry[],
  ): void {
    if (command !== "inv") return;
    const { index } = this.#context.node.chain;
    // Headers first, whatever is announced, and one question however many there are (P-02).
    const hasNews = entries.some(({ hash }) => index.find(hash as BlockHash) === undefined);
    if (hasNews) this.#parts.headers.request(peer);
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const peer of [...this.#states.keys()]) this.peerClosed(peer);
    this.#recent.stop();
  }

  #receiveWish(peer: Peer, state: PeerState, message: MessageOf<"sendcmpct">): void {
    if (message.version !== COMPACT_VERSION) return;
    state.supportsCompact = true;
    state.wantsCompact = message.highBandwidth;
    // The first ones need not have shown that they are fast.
    if (this.#fast.length < MAX_FAST_PEERS && peer.profile.cairn !== undefined) this.#prefer(peer);
  }

  #receiveCompact(peer: Peer, state: PeerState, compactBlock: CompactBlock): void {
    const { headers, requests, download } = this.#parts;
    const { chain } = this.#context.node;
    const hash = hashHeader(compactBlock.header);
    const header = headers.take(peer, compactBlock.header, "compact-block");
    if (state.waiting.has(hash) || state.askedWhole.has(hash)) return;
    const isMissing = header !== undefined && chain.index.find(hash) === undefined;
    const isAsked = requests.has(peer, hash);
    // One that was asked for may be the first of a branch, and the branch alone has more.
    const isNext =
      isMissing &&
      chain.index.find(compactBlock.header.prevBlockHash) !== undefined &&
      (isAsked || hasMoreWork(header, chain.tip));
    if (!isNext) {
      if (isMissing && isAsked) this.#requestWhole(peer, hash);
      else requests.remove(peer, hash);
      download.schedule();
    } else if (this.#mayWork(peer, state, hash)) {
      this.#putTogether(peer, state, compactBlock, hash);
    }
  }

  /** Books the block as on its way from `peer`, unless enough bring it already. */
  #mayWork(peer: Peer, { waiting }: PeerState, hash: BlockHash): boolean {
    const { requests } = this.#parts;
    if (requests.has(peer, hash)) return true;
    const isFree =
      requests.of(hash).length < MAX_PARALLEL_REQUESTS &&
      requests.roomOf(peer) > 0 &&
      waiting.size < MAX_PARTIAL_BLOCKS;
    if (isFree) requests.add(peer, hash, this.#context.clock.monotonic());
    return isFree;
  }

  #putTogether(peer: Peer, state: PeerState, compact: CompactBlock, hash: BlockHash): void {
    const found = reconstruct(compact, this.#candidates());
    switch (found.status) {
      case "complete":
        this.#submit(peer, found.block);
        return;
      case "unusable":
        this.#requestWhole(peer, hash);
        return;
      case "missing":
        this.#requestMissing(peer, state, found.partial, hash);
    }
  }

  *#candidates(): Generator<Transaction> {
    for (const { tx } of this.#context.node.mempool.entries()) yield tx;
    yield* this.#recent;
  }

  #requestMissing(peer: Peer, state: PeerState, partial: PartialBlock, hash: BlockHash): void {
    const cancel = this.#context.clock.after(TRANSACTIONS_TIMEOUT_MS, () => {
      state.waiting.delete(hash);
      this.#requestWhole(peer, hash);
      // Others may be asked as well by now.
      this.#parts.download.schedule();
    });
    state.waiting.set(hash, { partial, cancel });
    peer.send({ command: "getblocktxn", blockHash: hash, indexes: partial.missing });
    // Sees to it that somebody looks at the time.
    this.#parts.download.schedule();
  }

  #receiveTransactions(
    peer: Peer,
    state: PeerState,
    hash: BlockHash,
    transactions: readonly Transaction[],
  ): void {
    const waiting = state.waiting.get(hash);
    if (waiting === undefined) {
      // One that is late, or comes twice, is nothing: who was never asked speaks out of turn.
      if (this.#parts.requests.askedAt(peer, hash) === undefined) peer.punish("unrequested-block");
      return;
    }
    waiting.cancel();
    state.waiting.delete(hash);
    const block = waiting.partial.complete(transactions);
    if (block === undefined) this.#requestWhole(peer, hash);
    else this.#submit(peer, block);
  }

  #submit(peer: Peer, block: Block): void {
    const { intake, requests, download } = this.#parts;
    switch (intake.submit(block, peer, "compact-block")) {
      case "stored":
        download.noteStored(peer, block.hash);
        return;
      case "mutated":
        // Short ids may have led to other witnesses than the block's.
        this.#requestWhole(peer, block.hash);
        return;
      case "invalid":
      case "later":
        requests.remove(peer, block.hash);
    }
  }

  /** The block stays on its way from `peer`, since when it was. */
  #requestWhole(peer: Peer, hash: BlockHash): void {
    if (!this.#parts.requests.has(peer, hash)) return;
    this.#states.get(peer)?.askedWhole.add(hash);
    peer.send({ command: "getdata", entries: [{ type: MSG_WITNESS_BLOCK, hash }] });
  }

  /** The block has come, from whomever. */
  #forget(hash: BlockHash): void {
    for (const { waiting } of this.#states.values()) {
      waiting.get(hash)?.cancel();
      waiting.delete(hash);
    }
  }

  /** Asks `peer` to send new blocks unasked, in place of one that did not bring the last ones. */
  #prefer(peer: Peer): void {
    const place = this.#fast.indexOf(peer);
    if (place >= 0) this.#fast.splice(place, 1);
    else if (!this.supportsCompact(peer) || !this.#makePlaceFor(peer)) return;
    else peer.send({ command: "sendcmpct", highBandwidth: true, version: COMPACT_VERSION });
    this.#fast.push(peer);
  }

  /** Nodes with our extension go before others, and one that we dialled ourselves stays (P-31). */
  #makePlaceFor(peer: Peer): boolean {
    if (this.#fast.length < MAX_FAST_PEERS) return true;
    const dialled = this.#fast.filter(({ isInbound }) => !isInbound);
    const isSpared = (other: Peer) =>
      peer.isInbound && dialled.length === 1 && other === dialled[0];
    const candidates = this.#fast.filter((other) => !isSpared(other));
    const victim = candidates.find(({ profile }) => profile.cairn === undefined) ?? candidates[0];
    const isBetter = victim?.profile.cairn === undefined || peer.profile.cairn !== undefined;
    if (victim === undefined || !isBetter) return false;
    victim.send({ command: "sendcmpct", highBandwidth: false, version: COMPACT_VERSION });
    this.#fast.splice(this.#fast.indexOf(victim), 1);
    return true;
  }
}
