/**
 * What routes are made from: the node, and the few things that only its owner knows.
 *
 * Also the two ways in which routes ask: once the explorer index shows the present tip, and for a
 * block by what a path says of it.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import type { Node } from "../node/node.ts";
import { type BlockHash, parseId, type Txid } from "../primitives/hash-id.ts";
import { ApiError } from "./problem.ts";
import type { RecentReorgs } from "./recent-reorgs.ts";

export interface ApiContext {
  readonly node: Node;
  readonly version: string;
  /** What blocks mined here say. */
  readonly name: string;
  readonly reorgs: RecentReorgs;
}

/** Milliseconds for which an answer waits until the index shows the tip. */
export const INDEX_TIMEOUT_MS = 5_000;

/** Most digits of a height: any more is beyond all chains. */
const HEIGHT_PATTERN = /^(?:0|[1-9][0-9]{0,9})$/;

/** Resolves once the explorer index shows the chain's tip; ApiError if that takes too long. */
export async function indexCaughtUp({ node }: ApiContext): Promise<void> {
  const isCaughtUp = await node.index.caughtUp(node.chain.tip.hash, INDEX_TIMEOUT_MS);
  if (!isCaughtUp) {
    throw new ApiError({
      status: 503,
      code: "index-behind",
      detail: "The explorer index does not show the tip yet.",
      facts: { tipHeight: node.chain.tip.height },
      headers: { "retry-after": "2" },
    });
  }
}

/** Returns the block that `text` names by height on the active chain or by hash; ApiError if none. */
export function findBlock({ node }: ApiContext, text: string): BlockIndexEntry {
  const hash = parseId<BlockHash>(text);
  if (hash === undefined && !HEIGHT_PATTERN.test(text)) {
    throw new ApiError({
      status: 400,
      code: "bad-block-id",
      detail: "A block is named by its height in plain digits or by its hash.",
    });
  }
  const { index } = node.chain;
  const entry = hash === undefined ? index.findActive(Number(text)) : index.find(hash);
  if (entry === undefined) {
    throw new ApiError({
      status: 404,
      code: "block-not-found",
      detail: `There is no block ${text} here; the chain has height ${node.chain.tip.height}.`,
      facts: { height: node.chain.tip.height },
    });
  }
  return entry;
}

/** Returns the identifier that `text` is; ApiError if it is not 64 hexadecimal digits. */
export function parseTxid(text: string): Txid {
  const txid = parseId<Txid>(text);
  if (txid === undefined) {
    throw new ApiError({
      status: 400,
      code: "bad-txid",
      detail: "A transaction is named by the 64 hexadecimal digits of its txid.",
    });
  }
  return txid;
}
