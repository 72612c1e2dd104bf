/**
 * The newest block as it is given to many: kept decoded, and encoded once as a compact block.
 *
 * All others are read from storage. Holds one block, whichever was connected last.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import type { Block } from "../primitives/block.ts";
import { makeCompactBlock } from "../wire/compact-block.ts";
import { encodeMessage } from "../wire/message.ts";
import type { ConversationContext } from "./conversation.ts";

export class RecentBlock {
  readonly #context: ConversationContext;
  readonly #unsubscribe: () => void;
  #block: Block | undefined;
  #compact: { readonly entry: BlockIndexEntry; readonly payload: Uint8Array } | undefined;

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

  /** The payload of a `cmpctblock` with the block of `entry`. */
  getCompactPayload(entry: BlockIndexEntry): Uint8Array {
    if (this.#compact?.entry !== entry) {
      // By the nonce, no two nodes have the same collisions of short ids.
      const nonce = new DataView(this.#context.random.bytes(8).buffer).getBigUint64(0);
      const compactBlock = makeCompactBlock(this.get(entry), nonce);
      this.#compact = { entry, payload: encodeMessage({ command: "cmpctblock", compactBlock }) };
    }
    return this.#compact.payload;
  }

  stop(): void {
    this.#unsubscribe();
  }
}
