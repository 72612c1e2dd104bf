/**
 * Giving blocks to peers that ask: `getdata` and `getblocktxn`.
 *
 * What is asked for waits in a line of hashes and is read from storage as the peer's connection
 * drains, one block at a time, within the peer's budget: neither memory nor others pay for it
 * (P-40, P-43). Announcing is block-announcer.ts's.
 */

import { BLOCK_STATUS, type BlockIndexEntry, isInvalid } from "../chain/block-index.ts";
import { workOfBits } from "../consensus/target.ts";
import { ByteWriter } from "../lib/codec.ts";
import { type Block, blockSize } from "../primitives/block.ts";
import { encodeHeader } from "../primitives/block-header.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { encodeTransaction, hasWitness, type Transaction } from "../primitives/transaction.ts";
import {
  type InventoryEntry,
  MAX_INVENTORY_ENTRIES,
  MSG_BLOCK,
  MSG_CMPCT_BLOCK,
  MSG_WITNESS_BLOCK,
} from "../wire/inventory-messages.ts";
import { type Command, encodeMessage, type Message } from "../wire/message.ts";
import type { Conversation, ConversationContext, InventoryCommand } from "./conversation.ts";
import type { Peer } from "./peer.ts";
import type { RecentBlock } from "./recent-block.ts";

/** Blocks below the tip, up to which a block is given compact, and by its transactions. */
export const COMPACT_DEPTH = 10;

/** Blocks below the tip from which on a block is history: a week of Bitcoin's, as Core has it. */
export const HISTORY_DEPTH = 1_008;

/** Blocks of work, and milliseconds, by which a side branch given away may be behind (P-41). */
const STALE_BLOCKS = 1_008;
const STALE_MS = 30 * 24 * 60 * 60 * 1000;

/** Questions by place that one peer may have waiting, each of up to 65,535 places. */
const MAX_WAITING_PLACES = 8;

/** Milliseconds until a line that was full is looked at again. */
const RETRY_MS = 20;

/** Something that a peer waits for; with `places`, transactions of a block. */
interface Order {
  readonly type: typeof MSG_BLOCK | typeof MSG_WITNESS_BLOCK | typeof MSG_CMPCT_BLOCK;
  readonly hash: BlockHash;
  readonly places: readonly number[] | undefined;
}

interface Line {
  readonly orders: Order[];
  cancel: (() => void) | undefined;
}

export class BlockServer implements Conversation {
  readonly commands: readonly Command[] = ["getblocktxn"];
  readonly inventory = "blocks";
  readonly #context: ConversationContext;
  readonly #recent: RecentBlock;
  readonly #lines = new Map<Peer, Line>();

  constructor(context: ConversationContext, recent: RecentBlock) {
    this.#context = context;
    this.#recent = recent;
  }

  /** What `peer` still waits for. */
  waitingOf(peer: Peer): number {
    return this.#lines.get(peer)?.orders.length ?? 0;
  }

  peerReady(peer: Peer): void {
    this.#lines.set(peer, { orders: [], cancel: undefined });
  }

  peerClosed(peer: Peer): void {
    this.#lines.get(peer)?.cancel?.();
    this.#lines.delete(peer);
  }

  receive(peer: Peer, message: Message): void {
    if (message.command !== "getblocktxn") return;
    const entry = this.#findServable(message.blockHash);
    if (entry === undefined) return;
    const isRecent = this.#depthOf(entry) < COMPACT_DEPTH;
    const places = isRecent ? message.indexes : undefined;
    this.#add(peer, [{ type: MSG_WITNESS_BLOCK, hash: entry.hash, places }]);
  }

  receiveInventory(
    peer: Peer,
    command: InventoryCommand,
    entries: readonly InventoryEntry[],
  ): void {
    if (command !== "getdata") return;
    const orders = entries.flatMap((entry) =>
      isOfBlock(entry) ? [{ ...entry, places: undefined }] : [],
    );
    this.#add(peer, orders);
  }

  stop(): void {
    for (const peer of [...this.#lines.keys()]) this.peerClosed(peer);
  }

  #add(peer: Peer, orders: readonly Order[]): void {
    const line = this.#lines.get(peer);
    if (line === undefined) return;
    for (const order of orders) {
      const hasRoom =
        line.orders.length < MAX_INVENTORY_ENTRIES &&
        (order.places === undefined || placesIn(line) < MAX_WAITING_PLACES);
      if (!hasRoom) {
        peer.punish("inventory-flood");
        break;
      }
      line.orders.push(order);
    }
    if (line.cancel === undefined) this.#serve(peer, line);
  }

  /** Gives what is first in line, and comes back for the rest. */
  #serve(peer: Peer, line: Line): void {
    const missing: InventoryEntry[] = [];
    let waitMs = this.#waitMs(peer, line.orders[0]);
    while (waitMs === 0) {
      const order = line.orders.shift();
      if (order === undefined) break;
      const entry = this.#findServable(order.hash);
      if (entry === undefined) {
        missing.push({ type: order.type, hash: order.hash });
        continue;
      }
      this.#give(peer, order, entry);
      // A block at a time, so that others have the thread in between.
      waitMs = this.#waitMs(peer, line.orders[0]);
      break;
    }
    if (missing.length > 0) peer.send({ command: "notfound", entries: missing });
    if (line.orders.length === 0 || !this.#lines.has(peer)) return;
    line.cancel = this.#context.clock.after(waitMs, () => {
      line.cancel = undefined;
      this.#serve(peer, line);
    });
  }

  #waitMs(peer: Peer, next: Order | undefined): number {
    if (next === undefined) return 0;
    if (peer.isCongested) return RETRY_MS;
    const { budget } = peer;
    const waitMs = budget.waitMs("uploadBytes");
    const isHistory = this.#isHistory(next.hash);
    return isHistory ? Math.max(waitMs, budget.waitMs("historicalBytes")) : waitMs;
  }

  #give(peer: Peer, { type, hash, places }: Order, entry: BlockIndexEntry): void {
    if (places !== undefined) this.#giveTransactions(peer, entry, places);
    else if (type === MSG_CMPCT_BLOCK && this.#depthOf(entry) < COMPACT_DEPTH) {
      this.#sendFrame(peer, hash, "cmpctblock", this.#recent.getCompactPayload(entry));
    } else {
      this.#sendFrame(peer, hash, "block", this.#encode(entry, type !== MSG_BLOCK));
    }
  }

  #giveTransactions(peer: Peer, entry: BlockIndexEntry, places: readonly number[]): void {
    // Few bytes may cost a whole block's reading, and are counted as it.
    const isKept = this.#recent.has(entry);
    const block = this.#recent.get(entry);
    if (!isKept) peer.budget.charge("uploadBytes", blockSize(block.transactions));
    const transactions = places
      .map((place) => block.transactions[place])
      .filter((tx): tx is Transaction => tx !== undefined);
    if (transactions.length < places.length) {
      peer.punish("malformed-message");
      return;
    }
    const blockHash = entry.hash;
    const payload = encodeMessage({ command: "blocktxn", blockHash, transactions });
    this.#sendFrame(peer, blockHash, "blocktxn", payload);
  }

  #sendFrame(peer: Peer, hash: BlockHash, command: Command, payload: Uint8Array): void {
    peer.budget.charge("uploadBytes", payload.length);
    if (this.#isHistory(hash)) peer.budget.charge("historicalBytes", payload.length);
    peer.sendFrame(command, payload);
  }

  /** As it is stored, or without witnesses for those who do not know them. */
  #encode(entry: BlockIndexEntry, withWitness: boolean): Uint8Array {
    const { chain } = this.#context.node;
    if (withWitness) return chain.getBlockBytes(entry);
    const block = this.#recent.get(entry);
    return block.transactions.some(hasWitness) ? encodeStripped(block) : chain.getBlockBytes(entry);
  }

  /** A block of our chain, or one that was on it lately: old branches would tell who we are. */
  #findServable(hash: BlockHash): BlockIndexEntry | undefined {
    const { index, tip } = this.#context.node.chain;
    const entry = index.find(hash);
    if (entry === undefined || isInvalid(entry) || index.isActive(entry)) {
      return entry !== undefined && !isInvalid(entry) ? entry : undefined;
    }
    const wasConnected = (entry.status & BLOCK_STATUS.connected) !== 0;
    const isYoung = this.#context.clock.now() - entry.time * 1000 < STALE_MS;
    const workBehind = tip.chainwork - entry.chainwork;
    const isNear = workBehind < BigInt(STALE_BLOCKS) * workOfBits(tip.bits);
    return wasConnected && isYoung && isNear ? entry : undefined;
  }

  #isHistory(hash: BlockHash): boolean {
    const entry = this.#context.node.chain.index.find(hash);
    return entry !== undefined && this.#depthOf(entry) >= HISTORY_DEPTH;
  }

  #depthOf({ height }: BlockIndexEntry): number {
    return this.#context.node.chain.tip.height - height;
  }
}

function placesIn({ orders }: Line): number {
  return orders.filter(({ places }) => places !== undefined).length;
}

function isOfBlock(entry: InventoryEntry): entry is Omit<Order, "places"> {
  const { type } = entry;
  return type === MSG_BLOCK || type === MSG_WITNESS_BLOCK || type === MSG_CMPCT_BLOCK;
}

function encodeStripped({ header, transactions }: Block): Uint8Array {
  const writer = new ByteWriter(blockSize(transactions));
  writer.bytes(encodeHeader(header)).compactSize(transactions.length);
  for (const tx of transactions) writer.bytes(encodeTransaction(tx, false));
  return writer.finish();
}
