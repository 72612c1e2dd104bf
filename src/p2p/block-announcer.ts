/**
 * Telling peers of new tips: compact blocks, headers or hashes, whichever each has asked for.
 *
 * Nobody is told what it has, and while we are far behind, nobody is told anything. What is asked
 * for in answer is given by block-server.ts.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import { MSG_BLOCK } from "../wire/inventory-messages.ts";
import type { BlockIntake } from "./block-intake.ts";
import type { ConversationContext } from "./conversation.ts";
import type { Peer } from "./peer.ts";
import type { PeerKnowledge } from "./peer-knowledge.ts";
import type { Propagation } from "./propagation.ts";
import type { RecentBlock } from "./recent-block.ts";

/** Blocks announced at once by their headers (Bitcoin Core's MAX_BLOCKS_TO_ANNOUNCE); more by hash. */
export const MAX_ANNOUNCED_HEADERS = 8;

/** Blocks behind the best chain known, beyond which our tip is no news. */
export const MAX_BEHIND_TO_ANNOUNCE = 8;

/** Milliseconds by which the time of a block just made may differ from our clock. */
const FRESH_MS = 120_000;

/** What this is made of. */
export interface AnnouncerParts {
  readonly knowledge: PeerKnowledge;
  readonly propagation: Propagation;
  readonly recent: RecentBlock;
  readonly intake: Pick<BlockIntake, "source">;
  readonly blocksBehind: () => number;
  /** True if the peer wants new blocks by `cmpctblock`, unasked. */
  readonly wantsCompact: (peer: Peer) => boolean;
  /** True if the peer wants new blocks by `headers`. */
  readonly prefersHeaders: (peer: Peer) => boolean;
}

export class BlockAnnouncer {
  readonly #context: ConversationContext;
  readonly #parts: AnnouncerParts;
  readonly #unsubscribe: () => void;

  constructor(context: ConversationContext, parts: AnnouncerParts) {
    this.#context = context;
    this.#parts = parts;
    this.#unsubscribe = context.node.chain.events.on("tip-changed", ({ tip }) =>
      this.#announce(tip),
    );
  }

  stop(): void {
    this.#unsubscribe();
  }

  #announce(tip: BlockIndexEntry): void {
    const { blocksBehind, knowledge } = this.#parts;
    this.#noteHowItCame(tip);
    if (blocksBehind() > MAX_BEHIND_TO_ANNOUNCE) return;
    for (const peer of this.#context.peers) {
      if (!peer.isReady || knowledge.knows(peer, tip)) continue;
      this.#tell(peer, tip);
      knowledge.noteTold(peer, tip);
    }
  }

  #noteHowItCame(tip: BlockIndexEntry): void {
    const { propagation, intake } = this.#parts;
    const isFresh = Math.abs(this.#context.clock.now() - tip.time * 1000) <= FRESH_MS;
    if (intake.source !== undefined) propagation.noteAccepted(tip.hash, intake.source);
    else if (isFresh) propagation.noteOrigin(tip.hash);
  }

  #tell(peer: Peer, tip: BlockIndexEntry): void {
    const { propagation, prefersHeaders, recent, wantsCompact } = this.#parts;
    propagation.announce(peer, [tip.hash]);
    const news = this.#newsFor(peer, tip);
    if (news?.length === 1 && wantsCompact(peer) && !peer.isCongested) {
      peer.sendFrame("cmpctblock", recent.getCompactPayload(tip));
    } else if (news !== undefined && prefersHeaders(peer)) {
      const { chain } = this.#context.node;
      const headers = news.map((entry) => chain.getDetails(entry).header);
      peer.send({ command: "headers", headers });
    } else {
      peer.send({ command: "inv", entries: [{ type: MSG_BLOCK, hash: tip.hash }] });
    }
  }

  /** Blocks up to `tip` after the last one that `peer` knows; undefined if they are too many. */
  #newsFor(peer: Peer, tip: BlockIndexEntry): readonly BlockIndexEntry[] | undefined {
    const news: BlockIndexEntry[] = [];
    let entry: BlockIndexEntry | undefined = tip;
    while (entry !== undefined && news.length <= MAX_ANNOUNCED_HEADERS) {
      if (this.#parts.knowledge.knows(peer, entry)) return news.reverse();
      news.push(entry);
      entry = entry.parent;
    }
    return undefined;
  }
}
