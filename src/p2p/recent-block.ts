/**
 * New blocks as they are given to many: the newest kept decoded, and some encoded as compact blocks.
 *
 * All else is read from storage. Holds one block, whichever was connected last.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import { BoundedMap } from "../lib/bounded.ts";
import type { Block } from "../primitives/block.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { makeCompactBlock } from "../wire/compact-block.ts";
import { encodeMessage } from "../wire/message.ts";
import type { ConversationContext } from "./conversation.ts";
import { drawNonce } from "./nonce.ts";

/** Compact blocks kept: of as many blocks as are given that way. Each is some 200 kB at most. */
const MAX_COMPACT_PAYLOADS = 10;

export class RecentBlock {
  readonly #context: ConversationContext;
  readonly #unsubscribe: () => void;
  readonly #payloads = new BoundedMap<BlockHash, Uint8Array>(MAX_COMPACT_PAYLOADS);
  #block: Block | undefined;

  constructor(context: ConversationContext) {
    this.#context = context;
    this.#unsubscribe = context.node.chain.events.on("block-connected", ({ block }) => {
      this.#block = block;
    });
  }

  /** The block of `entry`. */
  get(entry: BlockIndexEntry): Block {
    return this.#block?.hash === entry.hash
      ? this.#block
      : this.#context.node.chain.getBlock(entry);
  }

  /** True if the block of `entry` need not be read. */
  has({ hash }: BlockIndexEntry): boolean {
    return this.#block?.hash === hash;
  }

  /** The payload of a `cmpctblock` with the block of `entry`. */
  getCompactPayload(entry: BlockIndexEntry): Uint8Array {
    const kept = this.#payloads.get(entry.hash);
    if (kept !== undefined) return kept;
    // By the nonce, no two nodes have the same collisions of short ids.
    const nonce = drawNonce(this.#context.random);
    const compactBlock = makeCompactBlock(this.get(entry), nonce);
    const payload = encodeMessage({ command: "cmpctblock", compactBlock });
    this.#payloads.set(entry.hash, payload);
    return payload;
  }

  stop(): void {
    this.#unsubscribe();
  }
}
