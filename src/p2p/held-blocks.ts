/**
 * Blocks that came before those they follow, and wait for them.
 *
 * Each with its sender, so that whoever sent a bad one is known when it is tried, and so that they
 * can be tried one at a time: the chain itself would connect all that follow a block in one go.
 * Bounded in bytes by those who add.
 */

import { type Block, blockSize } from "../primitives/block.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import type { Peer } from "./peer.ts";

/** A block and who sent it. */
export interface HeldBlock {
  readonly block: Block;
  readonly peer: Peer;
}

export class HeldBlocks {
  readonly #held = new Map<BlockHash, HeldBlock>();
  readonly #children = new Map<BlockHash, Set<BlockHash>>();
  #bytes = 0;

  get count(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(hash: BlockHash): boolean {
    return this.#held.has(hash);
  }

  /** Adds `block` unless one of its hash is held. */
  add(block: Block, peer: Peer): void {
    if (this.#held.has(block.hash)) return;
    this.#held.set(block.hash, { block, peer });
    this.#bytes += blockSize(block.transactions);
    const parent = block.header.prevBlockHash;
    const siblings = this.#children.get(parent) ?? new Set();
    this.#children.set(parent, siblings.add(block.hash));
  }

  /** Takes out a block whose parent is there, as `isStored` tells. */
  takeReady(isStored: (hash: BlockHash) => boolean): HeldBlock | undefined {
    for (const [parent, [child]] of this.#children) {
      if (child !== undefined && isStored(parent)) return this.take(child);
    }
    return undefined;
  }

  /** Takes a block out. */
  take(hash: BlockHash): HeldBlock | undefined {
    const held = this.#held.get(hash);
    if (held === undefined) return undefined;
    this.#held.delete(hash);
    this.#bytes -= blockSize(held.block.transactions);
    const parent = held.block.header.prevBlockHash;
    const siblings = this.#children.get(parent);
    siblings?.delete(hash);
    if (siblings?.size === 0) this.#children.delete(parent);
    return held;
  }

  /** Drops all but those for whose hash `isWanted` is true. */
  keep(isWanted: (hash: BlockHash) => boolean): void {
    for (const hash of [...this.#held.keys()]) if (!isWanted(hash)) this.take(hash);
  }
}
