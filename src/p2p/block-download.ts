/**
 * Fetching the blocks of the best chains that peers have shown, from several of them at once.
 *
 * Each peer is asked for what its own chain has and ours lacks, lowest first, within a window beyond
 * our blocks. Whoever holds up the window is replaced; whoever is merely late is overtaken. Blocks
 * go to the chain one at a time, in order, so that catching up never keeps the thread for long.
 * Which chains there are is known from header-sync.ts.
 */

import { type Block, blockSize } from "../primitives/block.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import {
  type InventoryEntry,
  MSG_CMPCT_BLOCK,
  MSG_WITNESS_BLOCK,
} from "../wire/inventory-messages.ts";
import type { Command, Message } from "../wire/message.ts";
import { NODE_NETWORK, NODE_WITNESS } from "../wire/services.ts";
import type { BlockIntake } from "./block-intake.ts";
import { type BlockRequests, MAX_PARALLEL_REQUESTS } from "./block-requests.ts";
import type { Conversation, ConversationContext, InventoryCommand } from "./conversation.ts";
import { type DownloadPath, DownloadPaths } from "./download-path.ts";
import type { TreeHeader } from "./header-entries.ts";
import type { HeaderSync } from "./header-sync.ts";
import { HeldBlocks } from "./held-blocks.ts";
import type { Peer } from "./peer.ts";
import { PEER_RATES } from "./rate-budget.ts";
import { hasMoreWork } from "./work-order.ts";

/** Blocks beyond our last one that may be on their way or waiting, in number and in bytes. */
export const MAX_WINDOW_BLOCKS = 1_024;
export const MAX_WINDOW_BYTES = 32 * 1024 * 1024;

/** Blocks asked for at least, however large they are. */
const MIN_WINDOW_BLOCKS = 2;

/** Bytes of a block, before any has come. */
const FIRST_MEAN_BYTES = 64 * 1024;

/** Milliseconds without a block after which another peer is asked as well. */
export const SOFT_TIMEOUT_MS = 2_000;

/** Milliseconds after which one of those asked in parallel gives way to another. */
const REPLACE_MS = 3_000;

/** Milliseconds without any block after which a peer is dropped. */
export const HARD_TIMEOUT_MS = 20_000;

/** Milliseconds for which a peer may hold up the window; doubles each time, and recovers. */
export const LEAST_STALL_MS = 2_000;
export const MOST_STALL_MS = 64_000;

/** By this much all of these are longer for a peer that is at it, or that we have not read. */
const PATIENCE = 3;

/** Milliseconds between two looks at them, and bytes that a peer that is at it sends meanwhile. */
const TICK_MS = 500;
const TICK_BYTES = 32 * 1024;

/** Milliseconds of one turn of trying blocks, and how many, where time does not pass. */
const TURN_MS = 8;
const TURN_BLOCKS = 16;

/** Blocks behind, up to which a block is asked for as a compact one. */
const COMPACT_DEPTH = 2;

const OFFERS_BLOCKS = NODE_NETWORK | NODE_WITNESS;

/** What this is made of. */
export interface BlockDownloadParts {
  readonly headers: HeaderSync;
  readonly requests: BlockRequests;
  readonly intake: BlockIntake;
  /** True if the peer can be asked for compact blocks. */
  readonly supportsCompact: (peer: Peer) => boolean;
}

export class BlockDownload implements Conversation {
  readonly commands: readonly Command[] = ["block"];
  readonly inventory = "blocks";
  readonly #context: ConversationContext;
  readonly #parts: BlockDownloadParts;
  readonly #paths: DownloadPaths;
  readonly #held = new HeldBlocks();
  /** Peers that hold up the window, since when. */
  readonly #stalling = new Map<Peer, number>();
  /** Bytes that had come from each peer at the last look, and whether it is at it. */
  readonly #traffic = new Map<Peer, { bytes: number; isBusy: boolean }>();
  readonly #unsubscribe: readonly (() => void)[];
  #meanBytes = FIRST_MEAN_BYTES;
  #stallMs = LEAST_STALL_MS;
  #cancelTurn: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;

  constructor(context: ConversationContext, parts: BlockDownloadParts) {
    const { chain } = context.node;
    const { headers, intake } = parts;
    this.#context = context;
    this.#parts = parts;
    this.#paths = new DownloadPaths(headers.tree, chain.index);
    this.#unsubscribe = [
      headers.events.on("headers-shown", () => this.schedule()),
      chain.events.on("tip-changed", () => this.schedule()),
      intake.events.on("block-rejected", () => this.#forgetRejected()),
    ];
  }

  /** Blocks that wait for those before them. */
  get held(): Pick<HeldBlocks, "count" | "bytes"> {
    return this.#held;
  }

  /** `peer` has brought the block `hash` another way, and it is stored. */
  noteStored(peer: Peer, hash: BlockHash): void {
    const { requests } = this.#parts;
    if (requests.remove(peer, hash)) requests.noteBlock(peer, this.#now());
    this.#settle(hash);
    this.schedule();
  }

  /** Sees before long what there is to be asked for, and of whom. */
  schedule(): void {
    this.#cancelTurn ??= this.#context.clock.after(0, () => {
      this.#cancelTurn = undefined;
      this.#turn(false);
    });
  }

  peerReady(peer: Peer): void {
    this.#parts.requests.addPeer(peer);
  }

  peerClosed(peer: Peer): void {
    this.#parts.requests.removePeer(peer);
    this.#stalling.delete(peer);
    this.#traffic.delete(peer);
    this.schedule();
  }

  receive(peer: Peer, message: Message): void {
    if (message.command !== "block") return;
    const { block } = message;
    const wasAsked = this.#noteArrival(peer, block);
    const isNew = !this.#isStored(block.hash) && !this.#held.has(block.hash);
    const isWanted = isNew && this.#isWanted(peer, block, wasAsked);
    if (!isWanted && !wasAsked) peer.punish("unrequested-block");
    if (isWanted) this.#take(block, peer);
    this.schedule();
  }

  receiveInventory(
    peer: Peer,
    command: InventoryCommand,
    entries: readonly InventoryEntry[],
  ): void {
    if (command !== "notfound") return;
    const { requests } = this.#parts;
    for (const { hash } of entries as readonly { hash: BlockHash }[]) {
      if (requests.remove(peer, hash)) requests.noteFailure(peer);
      else if (requests.askedAt(peer, hash) === undefined) peer.punish("useless-notfound");
    }
    this.schedule();
  }

  stop(): void {
    this.#cancelTurn?.();
    this.#cancelTick?.();
    // Nothing is to be scheduled any more.
    this.#cancelTurn = () => {};
    this.#cancelTick = () => {};
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /** Returns whether `peer` was asked for `block` and has not sent it before. */
  #noteArrival(peer: Peer, { hash, transactions }: Block): boolean {
    const { requests } = this.#parts;
    // One that comes when nobody waits any more renews nobody's patience.
    if (requests.remove(peer, hash)) {
      requests.noteBlock(peer, this.#now());
      this.#stalling.delete(peer);
    }
    const wasAsked = requests.noteSent(peer, hash);
    if (wasAsked) this.#meanBytes += (blockSize(transactions) - this.#meanBytes) / 16;
    return wasAsked;
  }

  /** True if the block is on a known chain; one that nobody asked for must make a better tip. */
  #isWanted(peer: Peer, block: Block, wasAsked: boolean): boolean {
    const { headers } = this.#parts;
    if (wasAsked && headers.tree.find(block.hash) !== undefined) return true;
    const header = headers.take(peer, block.header, "block");
    const { tip } = this.#context.node.chain;
    const isParentStored = this.#isStored(block.header.prevBlockHash);
    return header !== undefined && isParentStored && hasMoreWork(header, tip);
  }

  #take(block: Block, peer: Peer): void {
    if (this.#isStored(block.header.prevBlockHash)) {
      this.#submit(block, peer);
    } else if (this.#held.bytes + blockSize(block.transactions) <= MAX_WINDOW_BYTES) {
      // A false body must not stand in the true one's place until it is tried (P-05).
      if (this.#parts.intake.examine(block, peer, "block") !== "stored") return;
      this.#held.add(block, peer);
      this.#settle(block.hash);
    }
  }

  #submit(block: Block, peer: Peer): void {
    if (this.#parts.intake.submit(block, peer, "block") !== "stored") return;
    this.#stallMs = Math.max(LEAST_STALL_MS, this.#stallMs * 0.85);
    this.#settle(block.hash);
  }

  /** The block is there: who was asked for it and had the time is not as good as others. */
  #settle(hash: BlockHash): void {
    const { requests } = this.#parts;
    for (const request of requests.of(hash)) {
      if (this.#isLate(request.peer, requests.waitingSince(request), SOFT_TIMEOUT_MS)) {
        requests.noteFailure(request.peer);
      }
    }
    requests.removeAll(hash);
  }

  /** Headers have left the tree: their blocks are not waited for, nor anybody blamed for them. */
  #forgetRejected(): void {
    const { tree } = this.#parts.headers;
    this.#parts.requests.keep((hash) => tree.find(hash) !== undefined && !this.#isStored(hash));
  }

  #turn(isTick: boolean): void {
    this.#tryHeld();
    const { peers, node } = this.#context;
    const { headers, requests } = this.#parts;
    const ends = new Set<BlockHash>();
    const able = [...peers].filter((peer) => peer.isReady && offersBlocks(peer));
    able.sort((a, b) => requests.failuresOf(a) - requests.failuresOf(b));
    for (const peer of able) {
      const end = headers.tree.bestOf(peer.id);
      if (end === undefined || !hasMoreWork(end, node.chain.tip)) continue;
      ends.add(end.hash);
      this.#assign(peer, this.#paths.to(end), isTick);
    }
    this.#paths.keep(ends);
    if (ends.size > 0) this.#scheduleTick();
  }

  /** Tries what waited for a block that has come, for a short while. */
  #tryHeld(): void {
    if (this.#held.count === 0) return;
    const { tree } = this.#parts.headers;
    this.#held.keep((hash) => tree.find(hash) !== undefined && !this.#isStored(hash));
    const endsAt = this.#now() + TURN_MS;
    for (let count = 0; ; count++) {
      if (count === TURN_BLOCKS || this.#now() > endsAt) {
        this.schedule();
        return;
      }
      const ready = this.#held.takeReady((hash) => this.#isStored(hash));
      if (ready === undefined) return;
      this.#submit(ready.block, ready.peer);
    }
  }

  #assign(peer: Peer, path: DownloadPath, isTick: boolean): void {
    const room = this.#parts.requests.roomOf(peer);
    if (room <= 0) return;
    const { first } = path;
    const end = Math.min(path.headers.length, first + this.#windowBlocks());
    const free = this.#findFree(peer, path, first, end).slice(0, room);
    if (free.length > 0) {
      this.#request(peer, free);
    } else if (end < path.headers.length) {
      this.#noteStall(path.headers[first] as TreeHeader);
    } else if (isTick) {
      this.#request(peer, this.#findLate(peer, path, first, end).slice(0, room));
    }
  }

  /** What nobody is asked for; beyond the window's bytes no more than the block needed first. */
  #findFree(peer: Peer, path: DownloadPath, first: number, end: number): TreeHeader[] {
    const { requests } = this.#parts;
    let spare = MAX_WINDOW_BYTES - this.#held.bytes - requests.count * this.#meanBytes;
    const free: TreeHeader[] = [];
    for (let place = first; place < end; place++) {
      const header = path.headers[place] as TreeHeader;
      if (spare < this.#meanBytes && place > first) break;
      if (this.#held.has(header.hash) || this.#isStored(header.hash)) continue;
      if (requests.of(header.hash).length > 0 || this.#wasAskedLately(peer, header)) continue;
      free.push(header);
      spare -= this.#meanBytes;
    }
    return free;
  }

  /** What others were asked for and have not brought (P-04); those who are too late give way. */
  #findLate(peer: Peer, path: DownloadPath, first: number, end: number): TreeHeader[] {
    const { requests } = this.#parts;
    return path.headers.slice(first, end).filter((header) => {
      const [oldest, ...others] = requests.of(header.hash);
      const isAsked = requests.has(peer, header.hash) || this.#wasAskedLately(peer, header);
      if (oldest === undefined || isAsked) return false;
      const since = requests.waitingSince(oldest);
      if (others.length + 1 < MAX_PARALLEL_REQUESTS) {
        return this.#isLate(oldest.peer, since, SOFT_TIMEOUT_MS);
      }
      if (!this.#isLate(oldest.peer, since, REPLACE_MS)) return false;
      requests.remove(oldest.peer, header.hash);
      requests.noteFailure(oldest.peer);
      return true;
    });
  }

  #wasAskedLately(peer: Peer, { hash }: TreeHeader): boolean {
    const askedAt = this.#parts.requests.askedAt(peer, hash);
    return askedAt !== undefined && this.#now() - askedAt < HARD_TIMEOUT_MS;
  }

  #request(peer: Peer, headers: readonly TreeHeader[]): void {
    if (headers.length === 0) return;
    const { requests, supportsCompact } = this.#parts;
    const isNearTip = this.#parts.headers.blocksBehind() <= COMPACT_DEPTH;
    const entries = headers.map(({ hash, parent }) => {
      const isFirst = requests.of(hash).length === 0 && this.#isStored(parent.hash);
      const asCompact = isNearTip && isFirst && supportsCompact(peer);
      return { type: asCompact ? MSG_CMPCT_BLOCK : MSG_WITNESS_BLOCK, hash } as const;
    });
    for (const { hash } of headers) requests.add(peer, hash, this.#now());
    peer.send({ command: "getdata", entries });
  }

  /** A peer has nothing to do because of those who are to bring the block needed first. */
  #noteStall({ hash }: TreeHeader): void {
    for (const { peer } of this.#parts.requests.of(hash)) {
      if (!this.#stalling.has(peer)) this.#stalling.set(peer, this.#now());
    }
  }

  #scheduleTick(): void {
    this.#cancelTick ??= this.#context.clock.after(TICK_MS, () => {
      this.#cancelTick = undefined;
      this.#measureTraffic();
      this.#dropStallers();
      this.#turn(true);
    });
  }

  #measureTraffic(): void {
    for (const peer of this.#context.peers) {
      const bytes = peer.statistics.bytesReceived;
      const before = this.#traffic.get(peer)?.bytes ?? bytes;
      this.#traffic.set(peer, { bytes, isBusy: bytes - before >= TICK_BYTES });
    }
  }

  #dropStallers(): void {
    const { requests } = this.#parts;
    // Who has sent much may be paying off its budget before the next block.
    const sendingMs = (this.#meanBytes * 1_000) / PEER_RATES.historicalBytes.perSecond;
    for (const [peer, since] of [...this.#stalling]) {
      if (requests.countOf(peer) === 0) this.#stalling.delete(peer);
      else if (this.#isLate(peer, since, this.#stallMs + sendingMs)) {
        this.#stallMs = Math.min(MOST_STALL_MS, this.#stallMs * 2);
        peer.disconnect("stalled");
      }
    }
    for (const peer of [...this.#context.peers]) {
      const oldest = requests.oldestOf(peer);
      if (oldest === undefined) continue;
      const since = requests.waitingSince(oldest);
      if (this.#isLate(peer, since, HARD_TIMEOUT_MS)) peer.disconnect("stalled");
    }
  }

  /** True if `peer` has had its time; more of it if it is at it, or if we have not read all. */
  #isLate(peer: Peer, since: number, limitMs: number): boolean {
    const isAtIt = peer.hasMail || this.#traffic.get(peer)?.isBusy === true;
    return this.#now() - since >= limitMs * (isAtIt ? PATIENCE : 1);
  }

  #windowBlocks(): number {
    const blocks = Math.floor(MAX_WINDOW_BYTES / this.#meanBytes);
    return Math.max(MIN_WINDOW_BLOCKS, Math.min(MAX_WINDOW_BLOCKS, blocks));
  }

  #isStored(hash: BlockHash): boolean {
    return this.#context.node.chain.index.find(hash) !== undefined;
  }

  #now(): number {
    return this.#context.clock.monotonic();
  }
}

function offersBlocks(peer: Peer): boolean {
  return (peer.profile.services & OFFERS_BLOCKS) === OFFERS_BLOCKS;
}
