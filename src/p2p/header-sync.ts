/**
 * Learning which chains there are: `headers`, asked for and announced.
 *
 * Every peer is asked what follows the best chain we know of, so that no single one decides what we
 * hear. What the headers are worth is judged in header-tree.ts; which blocks to fetch is decided in
 * block-download.ts; peers' own questions are answered in chain-server.ts.
 */

import { isInvalid } from "../chain/block-index.ts";
import { RuleError } from "../consensus/rule-error.ts";
import { Emitter } from "../lib/emitter.ts";
import type { BlockHeader } from "../primitives/block-header.ts";
import { ZERO_HASH } from "../primitives/hash-id.ts";
import { MAX_HEADERS } from "../wire/header-messages.ts";
import type { Command, Message } from "../wire/message.ts";
import { PROTOCOL_VERSION } from "../wire/version-message.ts";
import type { Conversation, ConversationContext } from "./conversation.ts";
import type { KnownHeader } from "./header-entries.ts";
import {
  type HeadersVerdict,
  HeaderTree,
  MAX_HEADERS_AHEAD,
  MAX_TREE_HEADERS,
} from "./header-tree.ts";
import { buildLocator } from "./locator.ts";
import { type Carrier, penaltyFor } from "./misbehavior.ts";
import type { Peer } from "./peer.ts";
import { hasMoreWork, isAncestor } from "./work-order.ts";

/** Milliseconds in which `getheaders` has to be answered. */
export const HEADERS_TIMEOUT_MS = 15_000;

/** How often a peer is given the time anew because we had not yet read what it sent. */
const MAX_GRACES = 8;

/** Milliseconds after which a header from the future is asked for again. */
export const LATER_MS = 10_000;

/** Milliseconds without a new tip, after which all are asked whether they know of one. */
export const STALE_TIP_MS = 60_000;

/** How often a peer may show more headers than are kept that have less work than our own chain. */
const MAX_WORTHLESS_CHAINS = 3;

/** How many headers are kept of one peer's chain beyond our blocks, and of all together. */
export interface HeaderLimits {
  readonly ahead: number;
  readonly total: number;
}

const ORDINARY_LIMITS: HeaderLimits = { ahead: MAX_HEADERS_AHEAD, total: MAX_TREE_HEADERS };

/** Told once headers were taken. */
export type HeaderSyncEvents = {
  /** `peer` has shown headers; `tip` is the last of them. */
  "headers-shown": { readonly peer: Peer; readonly tip: KnownHeader };
};

/** How far we are with one peer. */
interface PeerState {
  /** Cancels the deadline of what it was asked; undefined if nothing is asked. */
  cancelDeadline: (() => void) | undefined;
  cancelLater: (() => void) | undefined;
  /** The last header that it showed. */
  last: KnownHeader | undefined;
  /** Its chain goes on where ours has to grow first. */
  hasMore: boolean;
  worthlessChains: number;
}

export class HeaderSync implements Conversation {
  readonly commands: readonly Command[] = ["headers"];
  readonly tree: HeaderTree;
  readonly events = new Emitter<HeaderSyncEvents>();
  readonly #context: ConversationContext;
  readonly #limits: HeaderLimits;
  readonly #states = new Map<Peer, PeerState>();
  readonly #unsubscribe: readonly (() => void)[];
  #cancelStaleCheck: () => void;
  #tipAtLastCheck: KnownHeader;

  constructor(context: ConversationContext, limits = ORDINARY_LIMITS) {
    const { clock, node } = context;
    const { chain, network } = node;
    this.#context = context;
    this.#limits = limits;
    const now = () => clock.now();
    this.tree = new HeaderTree({ index: chain.index, params: network.params, now, limits });
    this.#tipAtLastCheck = chain.tip;
    this.#unsubscribe = [
      chain.events.on("block-connected", ({ entry }) => this.tree.stored(entry.hash)),
      chain.events.on("tip-changed", () => this.#askThoseWithMore()),
    ];
    this.#cancelStaleCheck = this.#scheduleStaleCheck();
  }

  /** The header with the most work that is known and not known to be invalid; of equals our tip. */
  best(): KnownHeader {
    const { index, tip } = this.#context.node.chain;
    for (;;) {
      const best = this.tree.best();
      if (best === undefined || !hasMoreWork(best, tip)) return tip;
      const stored = index.find(best.hash);
      if (stored === undefined || !isInvalid(stored)) return best;
      // Somebody else than a peer has offered the block, and its faults are known since.
      this.tree.reject(best.hash, new RuleError("duplicate-invalid", "found invalid meanwhile"));
    }
  }

  /** Blocks by which our chain is behind the best one known; 0 if it is the best. */
  blocksBehind(): number {
    const { tip } = this.#context.node.chain;
    const best = this.best();
    return best === tip ? 0 : Math.max(1, best.height - tip.height);
  }

  /** Asks `peer` for what follows the best chain known, unless it is being asked already. */
  request(peer: Peer): void {
    const state = this.#states.get(peer);
    if (state === undefined || state.cancelDeadline !== undefined || !peer.isReady) return;
    const { chain } = this.#context.node;
    const from = this.#startFor(state);
    peer.send({
      command: "getheaders",
      protocolVersion: PROTOCOL_VERSION,
      locator: buildLocator(from, chain.index),
      stopHash: ZERO_HASH,
    });
    this.#setDeadline(peer, state, MAX_GRACES);
  }

  /**
   * Takes a header that came with a block, or in place of one, from `peer`. Returns where it stands;
   * undefined if it cannot be used, and then all that follows has been done.
   */
  take(peer: Peer, header: BlockHeader, carrier: Carrier): KnownHeader | undefined {
    const verdict = this.#accept(peer, [header], carrier);
    return verdict.status === "accepted" ? verdict.last : undefined;
  }

  peerReady(peer: Peer): void {
    const state: PeerState = {
      cancelDeadline: undefined,
      cancelLater: undefined,
      last: undefined,
      hasMore: false,
      worthlessChains: 0,
    };
    this.#states.set(peer, state);
    peer.send({ command: "sendheaders" });
    this.request(peer);
  }

  peerClosed(peer: Peer): void {
    const state = this.#states.get(peer);
    state?.cancelDeadline?.();
    state?.cancelLater?.();
    this.#states.delete(peer);
    this.tree.removePeer(peer.id);
  }

  receive(peer: Peer, message: Message): void {
    if (message.command !== "headers" || !this.#states.has(peer)) return;
    this.#accept(peer, message.headers, "header");
  }

  stop(): void {
    this.#cancelStaleCheck();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const peer of [...this.#states.keys()]) this.peerClosed(peer);
  }

  #accept(peer: Peer, headers: readonly BlockHeader[], carrier: Carrier): HeadersVerdict {
    const verdict = this.tree.accept(headers, peer.id);
    const state = this.#states.get(peer);
    if (state !== undefined) this.#follow(peer, state, verdict, headers.length, carrier);
    return verdict;
  }

  #follow(
    peer: Peer,
    state: PeerState,
    verdict: HeadersVerdict,
    count: number,
    carrier: Carrier,
  ): void {
    switch (verdict.status) {
      case "accepted": {
        this.#noteAnswer(state);
        const hasProgressed = verdict.last !== undefined && verdict.last.hash !== state.last?.hash;
        this.#show(peer, state, verdict.last);
        state.hasMore = false;
        for (const id of verdict.displaced) this.#noteDisplaced(id);
        if (count === MAX_HEADERS && hasProgressed) this.request(peer);
        return;
      }
      case "unconnected":
        this.#askForThoseBetween(peer, state);
        return;
      case "disordered":
        peer.punish("disordered-headers");
        return;
      case "invalid":
        this.#noteAnswer(state);
        this.#context.log.debug("invalid header", { peer: peer.id, code: verdict.error.code });
        peer.addPenalty(penaltyFor(verdict.error.code, carrier));
        return;
      case "later":
        this.#noteAnswer(state);
        this.#show(peer, state, this.tree.bestOf(peer.id));
        state.cancelLater ??= this.#context.clock.after(LATER_MS, () => {
          state.cancelLater = undefined;
          this.request(peer);
        });
        return;
      case "too-many":
        this.#noteAnswer(state);
        this.#show(peer, state, verdict.last);
        this.#noteTooMany(peer, state, verdict.last);
    }
  }

  #show(peer: Peer, state: PeerState, tip: KnownHeader | undefined): void {
    if (tip === undefined) return;
    state.last = tip;
    this.events.emit("headers-shown", { peer, tip });
  }

  /** Once for each time that nothing is being asked; who goes on like that is no use. */
  #askForThoseBetween(peer: Peer, state: PeerState): void {
    if (state.cancelDeadline !== undefined || state.hasMore) return;
    peer.punish("unconnected-headers");
    this.request(peer);
  }

  /** Worth coming back to if it has more work than our chain; else nothing more is asked (P-01). */
  #noteTooMany(peer: Peer, state: PeerState, last: KnownHeader): void {
    state.hasMore = true;
    if (hasMoreWork(last, this.#context.node.chain.tip)) return;
    state.worthlessChains += 1;
    if (state.worthlessChains >= MAX_WORTHLESS_CHAINS) peer.disconnect("misbehaving");
  }

  #noteDisplaced(id: number): void {
    const peer = this.#context.peers.find(id);
    const state = peer === undefined ? undefined : this.#states.get(peer);
    if (state !== undefined) state.hasMore = true;
  }

  /** Our chain has grown: there may be room for what follows. */
  #askThoseWithMore(): void {
    const { tip } = this.#context.node.chain;
    for (const [peer, state] of this.#states) {
      if (!state.hasMore) continue;
      const shown = this.tree.bestOf(peer.id);
      const isWorthIt = shown !== undefined && hasMoreWork(shown, tip);
      if (isWorthIt && shown.height - tip.height <= this.#limits.ahead / 2) this.request(peer);
    }
  }

  /**
   * One before the last one known, so that a peer with the same chain has something to answer with,
   * and we learn that it has it.
   */
  #startFor({ last }: PeerState): KnownHeader {
    const best = this.best();
    const isBestLine = last === undefined || isAncestor(last, best);
    const tip = isBestLine ? best : last;
    return tip.parent ?? tip;
  }

  #noteAnswer(state: PeerState): void {
    state.cancelDeadline?.();
    state.cancelDeadline = undefined;
  }

  #setDeadline(peer: Peer, state: PeerState, graces: number): void {
    state.cancelDeadline = this.#context.clock.after(HEADERS_TIMEOUT_MS, () => {
      // What it sent waits for us, not we for it.
      if (peer.hasMail && graces > 0) this.#setDeadline(peer, state, graces - 1);
      else this.#giveUp(peer, state);
    });
  }

  #giveUp(peer: Peer, state: PeerState): void {
    state.cancelDeadline = undefined;
    const { tip } = this.#context.node.chain;
    const shown = this.tree.bestOf(peer.id);
    const claimsMore =
      peer.profile.startHeight > this.best().height ||
      (shown !== undefined && hasMoreWork(shown, tip));
    if (claimsMore) peer.disconnect("stalled");
  }

  #scheduleStaleCheck(): () => void {
    return this.#context.clock.after(STALE_TIP_MS, () => {
      const { tip } = this.#context.node.chain;
      if (tip === this.#tipAtLastCheck) {
        for (const [peer, state] of this.#states) {
          if (state.worthlessChains === 0) this.request(peer);
        }
      }
      this.#tipAtLastCheck = tip;
      this.#cancelStaleCheck = this.#scheduleStaleCheck();
    });
  }
}
