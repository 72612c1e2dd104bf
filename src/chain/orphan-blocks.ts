/**
 * Blocks whose parent is not known yet, kept for when it comes.
 *
 * Bounded in bytes: the oldest goes first. Their proof of work was checked, nothing else could be.
 */

import { type Block, blockSize } from "../primitives/block.ts";
import type { BlockHash } from "../primitives/hash-id.ts";

/** Bytes of orphan blocks kept: the window in which blocks are downloaded out of order. */
export const MAX_ORPHAN_BYTES = 32 * 1024 * 1024;

export class OrphanBlocks {
  readonly #blocks = new Map<BlockHash, { block: Block; size: number }>();
  readonly #children = new Map<BlockHash, Set<BlockHash>>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_ORPHAN_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#blocks.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(hash: BlockHash): boolean {
    return this.#blocks.has(hash);
  }

  add(block: Block): void {
    if (this.#blocks.has(block.hash)) return;
    const size = blockSize(block.transactions);
    this.#blocks.set(block.hash, { block, size });
    this.#bytes += size;

    const parent = block.header.prevBlockHash;
    const siblings = this.#children.get(parent) ?? new Set();
    this.#children.set(parent, siblings.add(block.hash));

    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest);
    }
  }

  /** Takes out and returns the blocks that were waiting for `parent`. */
  takeChildrenOf(parent: BlockHash): Block[] {
    const hashes = [...(this.#children.get(parent) ?? [])];
    return hashes.map((hash) => this.#remove(hash)).filter((block) => block !== undefined);
  }

  #remove(hash: BlockHash): Block | undefined {
    const orphan = this.#blocks.get(hash);
    if (orphan === undefined) return undefined;
    this.#blocks.delete(hash);
    this.#bytes -= orphan.size;

    const parent = orphan.block.header.prevBlockHash;
    const siblings = this.#children.get(parent);
    siblings?.delete(hash);
    if (siblings?.size === 0) this.#children.delete(parent);
    return orphan.block;
  }
}
