/**
 * The links between headers whose blocks we do not have: which follows which, and what keeps each.
 *
 * An entry stays while somebody holds it or it has a child; the rest goes by itself. What may be
 * added, and who holds what, is decided in header-tree.ts.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import type { HeaderContext } from "../consensus/difficulty.ts";
import { workOfBits } from "../consensus/target.ts";
import type { BlockHeader } from "../primitives/block-header.ts";
import type { BlockHash } from "../primitives/hash-id.ts";

/** A header beyond the block index, its parent on either side of that line. */
export interface TreeHeader extends HeaderContext {
  readonly hash: BlockHash;
  /** Hashes expected for this block and all before it. */
  readonly chainwork: bigint;
  readonly parent: KnownHeader;
}

/** A header whose place in a chain is known, with its block or without. */
export type KnownHeader = BlockIndexEntry | TreeHeader;

/** What is kept of a header: no more than the rules of headers need, some 250 bytes. */
class TreeEntry implements TreeHeader {
  readonly hash: BlockHash;
  readonly height: number;
  readonly time: number;
  readonly bits: number;
  readonly chainwork: bigint;
  parent: KnownHeader;
  holders = 0;
  firstChild: TreeEntry | undefined = undefined;
  nextSibling: TreeEntry | undefined = undefined;

  constructor(hash: BlockHash, { time, bits }: BlockHeader, parent: KnownHeader, work: bigint) {
    this.hash = hash;
    this.height = parent.height + 1;
    this.time = time;
    this.bits = bits;
    this.chainwork = parent.chainwork + work;
    this.parent = parent;
  }
}

export class HeaderEntries {
  readonly #entries = new Map<BlockHash, TreeEntry>();
  /** Most headers have the bits of those before them. */
  #lastWork: { readonly bits: number; readonly work: bigint } | undefined;

  get size(): number {
    return this.#entries.size;
  }

  find(hash: BlockHash): TreeHeader | undefined {
    return this.#entries.get(hash);
  }

  /** True if `header` is one of these, and not of the block index or gone. */
  has(header: KnownHeader): boolean {
    return this.#own(header) !== undefined;
  }

  /** Adds the child `header` of `parent`. It goes with the first release unless it is held. */
  add(hash: BlockHash, header: BlockHeader, parent: KnownHeader): TreeHeader {
    const entry = new TreeEntry(hash, header, parent, this.#workOf(header.bits));
    const above = this.#own(parent);
    if (above !== undefined) {
      entry.nextSibling = above.firstChild;
      above.firstChild = entry;
    }
    this.#entries.set(hash, entry);
    return entry;
  }

  /** Keeps `header`, and with it all before it, until it is released as often. */
  hold(header: KnownHeader): void {
    const entry = this.#own(header);
    if (entry !== undefined) entry.holders += 1;
  }

  /** Takes back one `hold`; what nobody needs any more goes. */
  release(header: KnownHeader): void {
    const entry = this.#own(header);
    if (entry === undefined) return;
    entry.holders -= 1;
    this.#prune(entry);
  }

  /** Takes back one `hold` of what will be held again before anything else is released. */
  unhold(header: KnownHeader): void {
    const entry = this.#own(header);
    if (entry !== undefined) entry.holders -= 1;
  }

  /** How many of the headers from `header` downward are not stored, and the stored one below. */
  depthOf(header: KnownHeader): { readonly depth: number; readonly root: BlockIndexEntry } {
    let depth = 0;
    let below = header;
    while (below instanceof TreeEntry) {
      depth += 1;
      below = below.parent;
    }
    return { depth, root: below as BlockIndexEntry };
  }

  /**
   * The block of `stored` is in the index: its header leaves, and its children hang there. Returns
   * the header that left, for those who hold it; undefined if it was not here.
   */
  replace(stored: BlockIndexEntry): TreeHeader | undefined {
    const entry = this.#entries.get(stored.hash);
    if (entry === undefined) return undefined;
    for (const child of childrenOf(entry)) {
      child.parent = stored;
      child.nextSibling = undefined;
    }
    entry.firstChild = undefined;
    this.#unlink(entry);
    this.#pruneAbove(entry);
    return entry;
  }

  /** The headers that follow `header` here. */
  childrenOf(header: TreeHeader): readonly TreeHeader[] {
    const entry = this.#entries.get(header.hash);
    return entry === undefined ? [] : childrenOf(entry);
  }

  /** Removes `header` and all that descend from it, whoever holds them. */
  removeBranch(header: TreeHeader): void {
    const root = this.#own(header);
    if (root === undefined) return;
    const open = [root];
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      open.push(...childrenOf(entry));
      this.#unlink(entry);
    }
    this.#pruneAbove(root);
  }

  /** All headers, parents before children. */
  all(): IterableIterator<TreeHeader> {
    return this.#entries.values();
  }

  #own(header: KnownHeader): TreeEntry | undefined {
    const isOwn = header instanceof TreeEntry && this.#entries.get(header.hash) === header;
    return isOwn ? header : undefined;
  }

  #pruneAbove({ parent }: TreeEntry): void {
    const entry = this.#own(parent);
    if (entry !== undefined) this.#prune(entry);
  }

  #prune(entry: TreeEntry): void {
    let unneeded: TreeEntry | undefined = entry;
    while (unneeded?.holders === 0 && unneeded.firstChild === undefined) {
      const { parent }: TreeEntry = unneeded;
      this.#unlink(unneeded);
      unneeded = this.#own(parent);
    }
  }

  #unlink(entry: TreeEntry): void {
    this.#entries.delete(entry.hash);
    const parent = this.#own(entry.parent);
    if (parent === undefined) return;
    if (parent.firstChild === entry) {
      parent.firstChild = entry.nextSibling;
    } else {
      // As many siblings as there are chains, of which each peer has two.
      const before = childrenOf(parent).find(({ nextSibling }) => nextSibling === entry);
      if (before !== undefined) before.nextSibling = entry.nextSibling;
    }
    entry.nextSibling = undefined;
  }

  #workOf(bits: number): bigint {
    if (this.#lastWork?.bits !== bits) this.#lastWork = { bits, work: workOfBits(bits) };
    return this.#lastWork.work;
  }
}

function childrenOf(entry: TreeEntry): TreeEntry[] {
  const children: TreeEntry[] = [];
  for (let child = entry.firstChild; child !== undefined; child = child.nextSibling) {
    children.push(child);
  }
  return children;
}
