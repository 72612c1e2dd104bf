/**
 * Every header known, as a tree in memory, and the active chain through it.
 *
 * Holds what fork choice and header rules need; everything else of a block is read from storage
 * when somebody asks. Decides nothing: chain.ts does.
 */

import { ancestorAt, type HeaderContext, medianTimePast } from "../consensus/difficulty.ts";
import { workOfBits } from "../consensus/target.ts";
import type { BlockHash } from "../primitives/hash-id.ts";

/** Bits of a block's status, as stored. */
export const BLOCK_STATUS = {
  /** It was connected once: its scripts and amounts are valid on its branch. */
  connected: 1,
  /** It breaks a rule. */
  invalid: 2,
  /** It descends from one that does. */
  invalidAncestor: 4,
} as const;

/** A header in its place in the tree. `status` is changed by chain.ts only. */
export interface BlockIndexEntry extends HeaderContext {
  readonly id: number;
  readonly hash: BlockHash;
  readonly parent: BlockIndexEntry | undefined;
  /** Hashes expected for this block and all before it. */
  readonly chainwork: bigint;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  status: number;
}

/** Makes the entry of a header below `parent`; it is in no index yet. */
export function makeEntry({
  parent,
  ...rest
}: Omit<BlockIndexEntry, "chainwork">): BlockIndexEntry {
  const work = workOfBits(rest.bits);
  return { ...rest, parent, chainwork: (parent?.chainwork ?? 0n) + work };
}

/** True if the block or one before it breaks a rule. */
export function isInvalid({ status }: BlockIndexEntry): boolean {
  return (status & (BLOCK_STATUS.invalid | BLOCK_STATUS.invalidAncestor)) !== 0;
}

/** The last common ancestor of two entries of one tree. */
export function forkPoint(a: BlockIndexEntry, b: BlockIndexEntry): BlockIndexEntry {
  let left = a;
  let right = b;
  while (left !== right) {
    // Both reach genesis at the latest, which every tree has once.
    if (left.height >= right.height) left = left.parent as BlockIndexEntry;
    else right = right.parent as BlockIndexEntry;
  }
  return left;
}

export class BlockIndex {
  readonly #entries = new Map<BlockHash, BlockIndexEntry>();
  readonly #active: BlockIndexEntry[] = [];

  /** Number of headers known. */
  get size(): number {
    return this.#entries.size;
  }

  /** The last block of the active chain; throws on an index that has none yet. */
  get tip(): BlockIndexEntry {
    const tip = this.#active.at(-1);
    if (tip === undefined) throw new Error("the block index is empty");
    return tip;
  }

  add(entry: BlockIndexEntry): void {
    this.#entries.set(entry.hash, entry);
  }

  find(hash: BlockHash): BlockIndexEntry | undefined {
    return this.#entries.get(hash);
  }

  /** All entries, parents before children. */
  entries(): IterableIterator<BlockIndexEntry> {
    return this.#entries.values();
  }

  /** The block of the active chain at `height`, if there is one. */
  findActive(height: number): BlockIndexEntry | undefined {
    return this.#active[height];
  }

  isActive(entry: BlockIndexEntry): boolean {
    return this.#active[entry.height] === entry;
  }

  /** Makes `entry` the tip; it must be the child of the tip. */
  pushActive(entry: BlockIndexEntry): void {
    if (entry.height !== this.#active.length) throw new Error("not the child of the tip");
    this.#active.push(entry);
  }

  /** Makes the parent of the tip the tip. */
  popActive(): void {
    if (this.#active.length <= 1) throw new Error("genesis cannot be disconnected");
    this.#active.pop();
  }

  /**
   * Median time past of the block at `height` on the branch that ends in `entry`: straight from the
   * active chain as far as the branch follows it.
   */
  medianTimePastAt(entry: BlockIndexEntry, height: number): number {
    const active = this.#active[height];
    const isOnBranch = active !== undefined && this.#isActiveBelow(entry, height);
    return medianTimePast(isOnBranch ? active : ancestorAt(entry, height));
  }

  /** Entries that no other has for its parent: the end of every branch. */
  leaves(): BlockIndexEntry[] {
    const leaves = new Set(this.#entries.values());
    for (const { parent } of this.#entries.values()) {
      if (parent !== undefined) leaves.delete(parent);
    }
    return [...leaves];
  }

  /** Blocks above `height` that were connected once and are not any more, parents first. */
  abandonedSince(height: number): BlockIndexEntry[] {
    return [...this.#entries.values()].filter(
      (entry) =>
        entry.height > height &&
        (entry.status & BLOCK_STATUS.connected) !== 0 &&
        !this.isActive(entry),
    );
  }

  #isActiveBelow(entry: BlockIndexEntry, height: number): boolean {
    let branch: BlockIndexEntry | undefined = entry;
    while (branch !== undefined && !this.isActive(branch)) branch = branch.parent;
    return branch !== undefined && branch.height >= height;
  }
}
