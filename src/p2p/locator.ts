/**
 * How two nodes find the last block they have in common: hashes of one's chain, ever further apart.
 *
 * Bitcoin's locators, for `getheaders` and `getblocks`. Reads the block index and changes nothing;
 * what headers are worth is the business of header-tree.ts.
 */

import type { BlockIndex, BlockIndexEntry } from "../chain/block-index.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { MAX_HEADERS, MAX_LOCATOR_HASHES } from "../wire/header-messages.ts";
import type { KnownHeader } from "./header-entries.ts";

/** Hashes after which the steps begin to double, as in Bitcoin Core. */
const DENSE_HASHES = 10;

/** Returns the locator of the chain that ends in `tip`: `tip` first, genesis last. */
export function buildLocator(tip: KnownHeader, index: BlockIndex): BlockHash[] {
  const locator: BlockHash[] = [];
  let step = 1;
  let header: KnownHeader = tip;
  for (;;) {
    locator.push(header.hash);
    if (header.height === 0) return locator;
    header = ancestorOf(header, Math.max(0, header.height - step), index);
    if (locator.length > DENSE_HASHES) step *= 2;
  }
}

/**
 * Returns at most 2,000 blocks of the active chain after the first of `locator` that is on it, or
 * after genesis, up to `stopHash` if that is among them. An empty locator asks for the block
 * `stopHash` alone. A locator's hashes beyond the 101st are not looked at.
 */
export function headersAfter(
  locator: readonly BlockHash[],
  stopHash: BlockHash,
  index: BlockIndex,
): BlockIndexEntry[] {
  if (locator.length === 0) {
    const only = findActive(stopHash, index);
    return only === undefined ? [] : [only];
  }

  const headers: BlockIndexEntry[] = [];
  let entry = index.findActive(forkHeight(locator, index) + 1);
  while (entry !== undefined && headers.length < MAX_HEADERS) {
    headers.push(entry);
    if (entry.hash === stopHash) break;
    entry = index.findActive(entry.height + 1);
  }
  return headers;
}

/** The ancestor at `height`; straight from the active chain once the branch is on it. */
function ancestorOf(header: KnownHeader, height: number, index: BlockIndex): KnownHeader {
  let ancestor = header;
  while (ancestor.height > height) {
    const active = index.findActive(ancestor.height)?.hash === ancestor.hash;
    const next = active ? index.findActive(height) : ancestor.parent;
    if (next === undefined) throw new Error("a chain that does not reach genesis");
    ancestor = next;
  }
  return ancestor;
}

function forkHeight(locator: readonly BlockHash[], index: BlockIndex): number {
  for (const hash of locator.slice(0, MAX_LOCATOR_HASHES)) {
    const entry = findActive(hash, index);
    if (entry !== undefined) return entry.height;
  }
  return 0;
}

function findActive(hash: BlockHash, index: BlockIndex): BlockIndexEntry | undefined {
  const entry = index.find(hash);
  return entry !== undefined && index.isActive(entry) ? entry : undefined;
}
