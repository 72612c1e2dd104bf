/**
 * The last heights with every branch known, as the API shows them.
 *
 * All blocks are read alike, on the active chain or off it: from the block index and the first bytes
 * of each block, never whole blocks, so that branches full of large ones cost no more than others.
 */

import type { BlockIndexEntry } from "../chain/block-index.ts";
import type { Chain } from "../chain/chain.ts";
import { type MinerTag, parseMinerTag } from "../index/miner-tag.ts";
import { ByteReader } from "../lib/codec.ts";
import { HEADER_SIZE } from "../primitives/block-header.ts";
import { MAX_TREE_BLOCKS, type TreeBlockView, type TreeView } from "./chain-schemas.ts";
import { statusOf, viewReason } from "./view-block.ts";

/**
 * Bytes from the start of a block's body in which the coinbase's scriptSig ends: the count of
 * transactions, version, marker, count of inputs, outpoint, and at most 100 bytes with their length.
 */
const COINBASE_START_BYTES = 9 + 4 + 2 + 1 + 36 + 1 + 100;

/** Returns the blocks of the last `depth` heights, highest first, the active one before its rivals. */
export function viewTree(chain: Chain, depth: number): TreeView {
  const from = Math.max(0, chain.tip.height - depth + 1);
  const active: BlockIndexEntry[] = [];
  const others: BlockIndexEntry[] = [];
  for (const entry of chain.index.entries()) {
    if (entry.height >= from) (chain.index.isActive(entry) ? active : others).push(entry);
  }
  others.sort((a, b) => b.height - a.height || a.id - b.id);
  // What is cut are the lowest blocks of branches; the active chain is whole.
  const shown = [...active, ...others.slice(0, MAX_TREE_BLOCKS - active.length)];
  const isActive = (entry: BlockIndexEntry) => Number(chain.index.isActive(entry));
  shown.sort((a, b) => b.height - a.height || isActive(b) - isActive(a) || a.id - b.id);
  return {
    height: chain.tip.height,
    tip: chain.tip.hash,
    from,
    omitted: active.length + others.length - shown.length,
    blocks: shown.map((entry) => viewTreeBlock(chain, entry)),
  };
}

function viewTreeBlock(chain: Chain, entry: BlockIndexEntry): TreeBlockView {
  const details = chain.getDetails(entry);
  return {
    hash: entry.hash,
    height: entry.height,
    previousHash: details.header.prevBlockHash,
    status: statusOf(chain, entry),
    reason: viewReason(details),
    time: details.header.time,
    receivedAt: entry.receivedAt,
    transactionCount: details.transactionCount,
    size: details.size,
    miner: readMinerTag(chain.getBlockPart(entry, HEADER_SIZE, COINBASE_START_BYTES)),
  };
}

/** The block was checked when it came in, so that its coinbase is one. */
function readMinerTag(body: Uint8Array): MinerTag {
  const reader = new ByteReader(body);
  reader.compactSize();
  reader.u32();
  const hasMarker = body[reader.offset] === 0;
  reader.bytes(hasMarker ? 2 : 0);
  reader.compactSize();
  reader.bytes(36);
  return parseMinerTag(reader.variableBytes());
}
