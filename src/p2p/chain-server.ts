/**
 * Answers to peers that ask for our chain: `getheaders`, `getblocks`.
 *
 * Gives the active chain only. A peer has one question open at a time, the last one, so that asking
 * much costs us no more than its line can take. Bodies are given by block-server.ts.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import { HEADER_SIZE } from "../primitives/block-header.ts";
import { MAX_HEADERS } from "../wire/header-messages.ts";
import { MSG_BLOCK } from "../wire/inventory-messages.ts";
import type { Command, Message, MessageOf } from "../wire/message.ts";
import type { Conversation, ConversationContext } from "./conversation.ts";
import { headersAfter } from "./locator.ts";
import type { Peer } from "./peer.ts";
import type { PeerKnowledge } from "./peer-knowledge.ts";

/** Hashes in answer to `getblocks` (Bitcoin Core's limit). */
const MAX_GETBLOCKS_ANSWER = 500;

/** Blocks behind the best chain known, from which on ours is not worth showing: as many as a day. */
const FAR_BEHIND = 144;

/** Milliseconds until a line that was full is looked at again. */
const RETRY_MS = 50;

type Question = MessageOf<"getheaders"> | MessageOf<"getblocks">;

interface OpenQuestion {
  question: Question;
  readonly cancel: () => void;
}

export class ChainServer implements Conversation {
  readonly commands: readonly Command[] = ["getheaders", "getblocks", "sendheaders"];
  readonly #context: ConversationContext;
  readonly #knowledge: PeerKnowledge;
  readonly #blocksBehind: () => number;
  readonly #open = new Map<Peer, OpenQuestion>();
  readonly #prefersHeaders = new Set<Peer>();

  constructor(
    context: ConversationContext,
    { knowledge, blocksBehind }: { knowledge: PeerKnowledge; blocksBehind: () => number },
  ) {
    this.#context = context;
    this.#knowledge = knowledge;
    this.#blocksBehind = blocksBehind;
  }

  /** True if new blocks are to be announced to `peer` by their headers (BIP-0130). */
  prefersHeaders(peer: Peer): boolean {
    return this.#prefersHeaders.has(peer);
  }

  peerReady(): void {}

  peerClosed(peer: Peer): void {
    this.#open.get(peer)?.cancel();
    this.#open.delete(peer);
    this.#prefersHeaders.delete(peer);
    this.#knowledge.removePeer(peer);
  }

  receive(peer: Peer, message: Message): void {
    if (message.command === "sendheaders") this.#prefersHeaders.add(peer);
    if (message.command !== "getheaders" && message.command !== "getblocks") return;
    const open = this.#open.get(peer);
    if (open !== undefined) open.question = message;
    else if (this.#waitMs(peer) === 0) this.#answer(peer, message);
    else this.#postpone(peer, message);
  }

  stop(): void {
    for (const peer of [...this.#open.keys()]) this.peerClosed(peer);
  }

  #postpone(peer: Peer, question: Question): void {
    const cancel = this.#context.clock.after(Math.max(RETRY_MS, this.#waitMs(peer)), () => {
      const open = this.#open.get(peer);
      this.#open.delete(peer);
      if (open !== undefined) this.receive(peer, open.question);
    });
    this.#open.set(peer, { question, cancel });
  }

  #waitMs(peer: Peer): number {
    return peer.isCongested ? RETRY_MS : peer.budget.waitMs("uploadBytes");
  }

  #answer(peer: Peer, question: Question): void {
    if (this.#blocksBehind() > FAR_BEHIND) {
      // An answer all the same, or we would seem not to respond.
      if (question.command === "getheaders") peer.send({ command: "headers", headers: [] });
      return;
    }
    const { locator, stopHash } = question;
    const entries = headersAfter(locator, stopHash, this.#context.node.chain.index);
    if (question.command === "getheaders") this.#sendHeaders(peer, entries, question);
    else if (locator.length > 0) this.#sendHashes(peer, entries, question);
  }

  #sendHeaders(peer: Peer, entries: readonly BlockIndexEntry[], { locator }: Question): void {
    const { chain } = this.#context.node;
    const headers = entries.slice(0, MAX_HEADERS).map((entry) => chain.getDetails(entry).header);
    peer.budget.charge("uploadBytes", headers.length * HEADER_SIZE);
    peer.send({ command: "headers", headers });
    // If nothing follows what it has, it has our tip.
    const last = entries[headers.length - 1] ?? chain.tip;
    if (locator.length > 0) this.#knowledge.noteTold(peer, last);
  }

  /** Up to the one before `stopHash`, as Bitcoin Core does. */
  #sendHashes(peer: Peer, entries: readonly BlockIndexEntry[], { stopHash }: Question): void {
    const hashes = entries
      .filter(({ hash }) => hash !== stopHash)
      .slice(0, MAX_GETBLOCKS_ANSWER)
      .map(({ hash }) => ({ type: MSG_BLOCK, hash }) as const);
    if (hashes.length > 0) peer.send({ command: "inv", entries: hashes });
  }
}
