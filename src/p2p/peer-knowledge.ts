/**
 * Which blocks of our chain each peer has: those it has shown us, and those we have told it of.
 *
 * So that nobody is told what it knows, and headers are sent only where they connect. Changed by
 * whoever tells; bounded by one header a peer.
 */

import type { BlockIndex, BlockIndexEntry } from "../chain/block-index.ts";
import type { KnownHeader } from "./header-entries.ts";
import type { HeaderTree } from "./header-tree.ts";
import type { Peer } from "./peer.ts";

export class PeerKnowledge {
  readonly #tree: Pick<HeaderTree, "bestOf">;
  readonly #index: Pick<BlockIndex, "find" | "isActive">;
  /** The last block of our chain that a peer was told of. */
  readonly #told = new Map<Peer, BlockIndexEntry>();

  constructor(tree: Pick<HeaderTree, "bestOf">, index: Pick<BlockIndex, "find" | "isActive">) {
    this.#tree = tree;
    this.#index = index;
  }

  /** `peer` has been told of `entry`, and so of all before it. */
  noteTold(peer: Peer, entry: BlockIndexEntry): void {
    this.#told.set(peer, entry);
  }

  /** True if `peer` knows of `entry`, a block of the active chain. */
  knows(peer: Peer, entry: BlockIndexEntry): boolean {
    const told = this.#told.get(peer);
    if (told !== undefined && this.#isAtOrBelow(entry, told)) return true;
    const shown = this.#tree.bestOf(peer.id);
    return shown !== undefined && this.#isAtOrBelow(entry, shown);
  }

  /** The peer is gone. */
  removePeer(peer: Peer): void {
    this.#told.delete(peer);
  }

  #isAtOrBelow(entry: BlockIndexEntry, header: KnownHeader): boolean {
    let above: KnownHeader | undefined = header;
    while (above !== undefined && above.height > entry.height) {
      // All that is below a block of the active chain is on it.
      if (this.#isActive(above)) return true;
      above = above.parent;
    }
    return above?.hash === entry.hash;
  }

  #isActive({ hash }: KnownHeader): boolean {
    const stored = this.#index.find(hash);
    return stored !== undefined && this.#index.isActive(stored);
  }
}
