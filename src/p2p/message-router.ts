/**
 * Which conversation a message belongs to.
 *
 * Lists of things by hash are cut into blocks and transactions, since one message may have both.
 */

import {
  type InventoryEntry,
  MSG_BLOCK,
  MSG_CMPCT_BLOCK,
  MSG_WITNESS_BLOCK,
} from "../wire/inventory-messages.ts";
import type { Command, Message } from "../wire/message.ts";
import type { Conversation, InventoryCommand } from "./conversation.ts";
import type { Peer } from "./peer.ts";

/** Answered by the peer itself (peer.ts), or divided here. */
const NOBODYS: readonly Command[] = [
  "version",
  "verack",
  "wtxidrelay",
  "sendaddrv2",
  "cairn",
  "cairnproof",
  "ping",
  "pong",
  "inv",
  "getdata",
  "notfound",
];

export class MessageRouter {
  readonly #conversations: readonly Conversation[];
  readonly #owners = new Map<Command, Conversation>();
  #isStopped = false;

  /** Error if two conversations claim the same, or one what is not to be had. */
  constructor(conversations: readonly Conversation[]) {
    this.#conversations = conversations;
    for (const conversation of conversations) {
      for (const command of conversation.commands) {
        if (this.#owners.has(command)) throw new Error(`two conversations claim ${command}`);
        if (NOBODYS.includes(command)) throw new Error(`a conversation claims ${command}`);
        this.#owners.set(command, conversation);
      }
    }
  }

  /** Tells all conversations of a peer, unless one of them ends it. */
  peerReady(peer: Peer): void {
    for (const conversation of this.#conversations) {
      if (peer.isReady && !this.#isStopped) conversation.peerReady(peer);
    }
  }

  /** Tells all that a peer is gone, whether they knew of it or not. */
  peerClosed(peer: Peer): void {
    if (this.#isStopped) return;
    for (const conversation of this.#conversations) conversation.peerClosed(peer);
  }

  /** Hands `message` to its conversation; what nobody claims is ignored. */
  receive(peer: Peer, message: Message): void {
    if (this.#isStopped) return;
    switch (message.command) {
      case "inv":
      case "getdata":
      case "notfound":
        this.#divide(peer, message.command, message.entries);
        return;
      default:
        this.#owners.get(message.command)?.receive(peer, message);
    }
  }

  /** Ends all conversations; they are told nothing any more. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const conversation of this.#conversations) conversation.stop();
  }

  #divide(peer: Peer, command: InventoryCommand, entries: readonly InventoryEntry[]): void {
    const halves = {
      blocks: entries.filter(isOfBlock),
      transactions: entries.filter((entry) => !isOfBlock(entry)),
    };
    for (const conversation of this.#conversations) {
      const half = conversation.inventory === undefined ? [] : halves[conversation.inventory];
      if (half.length > 0 && peer.isReady) conversation.receiveInventory?.(peer, command, half);
    }
  }
}

function isOfBlock({ type }: InventoryEntry): boolean {
  return type === MSG_BLOCK || type === MSG_WITNESS_BLOCK || type === MSG_CMPCT_BLOCK;
}
