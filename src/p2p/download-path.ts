/**
 * The way from our blocks to the header at the end of a chain: what is to be fetched, in order.
 *
 * Computed once for each chain's end, however many peers have it, since a way may be long. Which of
 * it to ask for, and of whom, is decided in block-download.ts.
 */

import type { BlockIndex } from "../chain/block-index.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import type { KnownHeader, TreeHeader } from "./header-entries.ts";
import { type HeaderTree, MAX_HEADERS_AHEAD } from "./header-tree.ts";

/** One way, lowest block first. */
export class DownloadPath {
  readonly headers: readonly TreeHeader[];
  readonly #index: Pick<BlockIndex, "find">;
  #first = 0;

  constructor(headers: readonly TreeHeader[], index: Pick<BlockIndex, "find">) {
    this.headers = headers;
    this.#index = index;
  }

  /** Place of the first block that is not stored; `headers.length` if all are. */
  get first(): number {
    for (; this.#first < this.headers.length; this.#first++) {
      const header = this.headers[this.#first] as TreeHeader;
      if (this.#index.find(header.hash) === undefined) break;
    }
    return this.#first;
  }
}

/** All ways in use. */
export class DownloadPaths {
  readonly #tree: Pick<HeaderTree, "unstored">;
  readonly #index: Pick<BlockIndex, "find">;
  #paths = new Map<BlockHash, DownloadPath>();

  constructor(tree: Pick<HeaderTree, "unstored">, index: Pick<BlockIndex, "find">) {
    this.#tree = tree;
    this.#index = index;
  }

  /** The way to `end`. */
  to(end: KnownHeader): DownloadPath {
    let path = this.#paths.get(end.hash);
    if (path === undefined) {
      path = new DownloadPath(this.#tree.unstored(end, MAX_HEADERS_AHEAD), this.#index);
      this.#paths.set(end.hash, path);
    }
    return path;
  }

  /** Keeps the ways to `ends` alone. */
  keep(ends: ReadonlySet<BlockHash>): void {
    for (const end of this.#paths.keys()) if (!ends.has(end)) this.#paths.delete(end);
  }
}
