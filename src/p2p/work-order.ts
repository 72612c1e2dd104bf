/**
 * Which of two known headers has more work, and whether one lies below the other.
 *
 * Pure, and blind to what is stored: by hash, since a header and the block that has since been
 * stored for it are one.
 */

import type { KnownHeader } from "./header-entries.ts";

/** True if the chain that ends in `a` has more work than that of `b`; never by height (P-15). */
export function hasMoreWork(a: KnownHeader, b: KnownHeader): boolean {
  return a.chainwork > b.chainwork;
}

/** True if `ancestor` is `header` or lies below it. */
export function isAncestor(ancestor: KnownHeader, header: KnownHeader): boolean {
  let below: KnownHeader | undefined = header;
  while (below !== undefined && below.height > ancestor.height) below = below.parent;
  return below?.hash === ancestor.hash;
}
