/**
 * Blocks as the API shows them.
 *
 * Headers come from the chain, so that every branch can be shown; what the explorer index adds is
 * there for the active chain only. Waiting for the index is the caller's business.
 */

import { BLOCK_STATUS, type BlockIndexEntry, forkPoint, isInvalid } from "../chain/block-index.ts";
import type { Chain } from "../chain/chain.ts";
import { subsidyAt } from "../consensus/subsidy.ts";
import { compactToTarget } from "../consensus/target.ts";
import { difficultyOf } from "../index/difficulty.ts";
import type { BlockRow, ExplorerQueries } from "../index/explorer-queries.ts";
import { parseMinerTag } from "../index/miner-tag.ts";
import { toHex } from "../lib/bytes.ts";
import { formatAddress } from "../primitives/address.ts";
import { type Block, blockSize, blockWeight } from "../primitives/block.ts";
import { type BlockHeader, encodeHeader } from "../primitives/block-header.ts";
import type { StoredBlockDetails } from "../storage/block-store.ts";
import type { BlockSummaryView, BranchTipView, HeaderViewType } from "./chain-schemas.ts";
import { type PeerSource, viewPropagation } from "./view-peer.ts";

/** What blocks are shown from. */
export interface BlockSources extends PeerSource {
  readonly chain: Chain;
  readonly explorer: ExplorerQueries;
}

/** What a block measures. */
interface BlockMeasures {
  readonly header: BlockHeader;
  readonly size: number;
  readonly weight: number;
  readonly transactionCount: number;
}

/** Confirmations from which on a block counts as settled. */
export const SETTLED_DEPTH = 6;

/** Returns the summary of any block known. */
export function viewBlock(sources: BlockSources, entry: BlockIndexEntry) {
  const { chain, explorer } = sources;
  const row = chain.index.isActive(entry) ? explorer.findBlockByHash(entry.hash) : undefined;
  return {
    ...viewPlace(sources, entry, chain.getDetails(entry)),
    ...(row === undefined ? viewUnindexed(chain, entry) : viewIndexed(row)),
  } satisfies BlockSummaryView;
}

/** Returns the summary of a block in hand, without asking the index; unknown fees are null. */
export function viewBlockInHand(
  sources: Pick<BlockSources, "chain" | "peers">,
  entry: BlockIndexEntry,
  { block, totalFees }: { block: Block; totalFees: number | null },
) {
  const { header, transactions } = block;
  const details = {
    header,
    size: blockSize(transactions),
    weight: blockWeight(transactions),
    transactionCount: transactions.length,
  };
  return {
    ...viewPlace(sources, entry, details),
    totalFees,
    ...viewClaims(sources.chain, entry, block),
  } satisfies BlockSummaryView;
}

/** What is known of a block whatever the index has: its header, its size, where it stands. */
function viewPlace(
  sources: Pick<BlockSources, "chain" | "peers">,
  entry: BlockIndexEntry,
  { header, size, weight, transactionCount }: BlockMeasures,
) {
  const { chain } = sources;
  const { bits } = header;
  return {
    ...viewHeaderFields(entry, header),
    difficulty: difficultyOf(bits),
    target: formatTarget(bits),
    chainwork: formatWork(entry.chainwork),
    size,
    weight,
    transactionCount,
    confirmations: confirmationsOf(chain, entry),
    status: statusOf(chain, entry),
    receivedAt: entry.receivedAt,
    propagation: viewPropagation(sources, entry.hash),
    nextHash: nextHashOf(chain, entry),
  };
}

/** Returns the 80 bytes of a block, and what they say. */
export function viewHeader(chain: Chain, entry: BlockIndexEntry): HeaderViewType {
  const { header } = chain.getDetails(entry);
  return {
    ...viewHeaderFields(entry, header),
    hex: toHex(encodeHeader(header)),
  };
}

/** What a header says, as every view of a block begins. */
function viewHeaderFields({ hash, height }: BlockIndexEntry, header: BlockHeader) {
  return {
    hash,
    height,
    version: header.version,
    previousHash: header.prevBlockHash,
    merkleRoot: header.merkleRoot,
    time: header.time,
    bits: formatBits(header.bits),
    nonce: header.nonce,
  };
}

/** Returns the end of a branch: how far it goes, where it left the active chain, and why. */
export function viewTip(chain: Chain, entry: BlockIndexEntry): BranchTipView {
  const fork = forkPoint(entry, chain.tip);
  return {
    hash: entry.hash,
    height: entry.height,
    status: statusOf(chain, entry),
    branchLength: entry.height - fork.height,
    forkHash: fork.hash,
    forkHeight: fork.height,
    chainwork: formatWork(entry.chainwork),
    receivedAt: entry.receivedAt,
    reason: viewReason(chain.getDetails(entry)),
  };
}

/** Returns which rule a block breaks; null if it breaks none itself. */
export function viewReason({ invalidCode, invalidReason }: StoredBlockDetails) {
  if (invalidCode === undefined) return null;
  return { code: invalidCode, detail: invalidReason ?? invalidCode };
}

/** Returns how many blocks of the active chain confirm `entry`: 1 for the tip, 0 off it. */
export function confirmationsOf(chain: Chain, entry: BlockIndexEntry): number {
  return chain.index.isActive(entry) ? chain.tip.height - entry.height + 1 : 0;
}

/** Returns where `entry` stands. */
export function statusOf(chain: Chain, entry: BlockIndexEntry): BlockSummaryView["status"] {
  if (isInvalid(entry)) return "invalid";
  if (chain.index.isActive(entry)) return "active";
  return wasConnected(entry) ? "stale" : "side-branch";
}

/** True if the block was once connected, so that its undo data is there. */
export function wasConnected({ status }: BlockIndexEntry): boolean {
  return (status & BLOCK_STATUS.connected) !== 0;
}

/** Returns compact bits as 8 hex digits. */
export function formatBits(bits: number): string {
  return bits.toString(16).padStart(8, "0");
}

/** Returns the target of `bits` as 64 hex digits. */
export function formatTarget(bits: number): string {
  return (compactToTarget(bits) ?? 0n).toString(16).padStart(64, "0");
}

/** Returns an amount of work as 64 hex digits. */
export function formatWork(work: bigint): string {
  return work.toString(16).padStart(64, "0");
}

function viewIndexed({ fees, subsidy, minerTag, minerStream, minerAddress }: BlockRow) {
  return {
    totalFees: fees,
    subsidy,
    miner: { tag: minerTag, stream: minerStream, address: minerAddress },
  };
}

/** Off the active chain, coins and so fees are unknown; what the coinbase says is in the block. */
function viewUnindexed(chain: Chain, entry: BlockIndexEntry) {
  return { totalFees: null, ...viewClaims(chain, entry, chain.getBlock(entry)) };
}

function viewClaims(chain: Chain, entry: BlockIndexEntry, block: Block) {
  return {
    subsidy: subsidyAt(entry.height, chain.network.params),
    miner: viewMiner(chain, block),
  };
}

function viewMiner({ network }: Chain, { transactions }: Block) {
  const coinbase = transactions[0];
  const paid = coinbase?.outputs[0]?.scriptPubKey ?? new Uint8Array(0);
  return {
    ...parseMinerTag(coinbase?.inputs[0]?.scriptSig ?? new Uint8Array(0)),
    address: formatAddress(paid, network.addressPrefixes) ?? null,
  };
}

function nextHashOf({ index }: Chain, entry: BlockIndexEntry): string | null {
  if (!index.isActive(entry)) return null;
  return index.findActive(entry.height + 1)?.hash ?? null;
}
