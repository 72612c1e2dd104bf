/**
 * The door through which peers' blocks reach the chain, and what follows for whoever sent them.
 *
 * A verdict is held against the sender of the body alone: those who have only announced it may have
 * been deceived themselves (P-16). Nothing is taken for known before it has been judged here (P-08).
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import type { BlockVerdict } from "../chain/chain.ts";
import { checkBlock } from "../consensus/check-block.ts";
import { isMutation, RuleError } from "../consensus/rule-error.ts";
import { Emitter } from "../lib/emitter.ts";
import type { Block } from "../primitives/block.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import type { ConversationContext } from "./conversation.ts";
import type { HeaderTree } from "./header-tree.ts";
import { type Carrier, penaltyFor } from "./misbehavior.ts";
import type { Peer } from "./peer.ts";

/**
 * What became of a block. "stored": it is in the index. "mutated": this body is not the header's, so
 * that another may be. "invalid": no body of this hash can be right. "later": not by our clock.
 */
export type IntakeVerdict = "stored" | "mutated" | "invalid" | "later";

/** Told after the chain has judged. */
export type IntakeEvents = {
  /** `peer` was the first to bring the block of `entry`, which is the tip now. */
  "tip-brought": { readonly peer: Peer; readonly entry: BlockIndexEntry };
  /** The block `hash` can never be valid, nor what follows it. */
  "block-rejected": { readonly hash: BlockHash };
};

export class BlockIntake {
  readonly events = new Emitter<IntakeEvents>();
  readonly #context: ConversationContext;
  readonly #tree: HeaderTree;
  #source: Peer | undefined;

  constructor(context: ConversationContext, tree: HeaderTree) {
    this.#context = context;
    this.#tree = tree;
  }

  /** Whose block is being judged: what the chain tells of meanwhile came from there. */
  get source(): Peer | undefined {
    return this.#source;
  }

  /** Offers `block`, which `peer` has sent as `carrier`, to the chain. */
  submit(block: Block, peer: Peer, carrier: Carrier): IntakeVerdict {
    const { node } = this.#context;
    const verdict = this.#offer(block, peer);
    if (verdict.status === "invalid") return this.#refuse(block.hash, verdict.error, peer, carrier);

    this.#tree.stored(block.hash);
    const { tip } = node.chain;
    const isNew = verdict.status === "connected" || verdict.status === "side-branch";
    if (isNew && tip.hash === block.hash) {
      peer.noteBlock();
      this.events.emit("tip-brought", { peer, entry: tip });
    }
    return "stored";
  }

  /**
   * Judges what a body shows by itself, before the block that it follows is there. "stored" stands
   * for nothing wrong so far.
   */
  examine(block: Block, peer: Peer, carrier: Carrier): IntakeVerdict {
    try {
      checkBlock(block, this.#context.node.network.params);
      return "stored";
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      return this.#refuse(block.hash, error, peer, carrier);
    }
  }

  #offer(block: Block, peer: Peer): BlockVerdict {
    this.#source = peer;
    try {
      return this.#context.node.submitBlock(block);
    } finally {
      this.#source = undefined;
    }
  }

  #refuse(hash: BlockHash, error: RuleError, peer: Peer, carrier: Carrier): IntakeVerdict {
    this.#context.log.debug("block refused", { hash, code: error.code, peer: peer.id, carrier });
    peer.addPenalty(penaltyFor(error.code, carrier));
    if (error.code === "time-too-new") return "later";
    if (isMutation(error)) return "mutated";
    this.#tree.reject(hash, error);
    this.events.emit("block-rejected", { hash });
    return "invalid";
  }
}
