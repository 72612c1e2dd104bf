/**
 * Followers: whatever is derived from the chain, pulls its blocks, and can be dropped and rebuilt.
 *
 * A follower remembers its own tip, so it may be stopped, killed or left behind at any moment. Where
 * blocks come from and what is made of them are told by two interfaces; nothing here touches a
 * database.
 */

import type { Coin } from "../consensus/check-inputs.ts";
import type { Block } from "../primitives/block.ts";
import { type BlockHash, ZERO_HASH } from "../primitives/hash-id.ts";

/** A block as followers see it. */
export interface FollowedBlock {
  /** In the chain database. */
  readonly id: number;
  readonly hash: BlockHash;
  readonly height: number;
  readonly block: Block;
  /** Bytes of the encoded block. */
  readonly size: number;
  readonly weight: number;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** The coins it spent, in order of its inputs. */
  readonly spentCoins: readonly Coin[];
}

/** Where a follower stands. */
export interface FollowerTip {
  readonly hash: BlockHash;
  readonly height: number;
}

export interface Follower {
  /** The last block connected; undefined before genesis. */
  readonly tip: FollowerTip | undefined;
  /** Takes in the child of the tip. */
  connect(block: FollowedBlock): void;
  /** Takes the tip back: leaves everything as it was before it was connected. */
  disconnect(block: FollowedBlock): void;
  /** Forgets everything that it followed. */
  reset(): void;
  /** Runs `work` so that all it changed is kept, or nothing of it. */
  transaction<T>(work: () => T): T;
}

/** Where followers read the chain. It may move on between two calls. */
export interface BlockSource {
  /** The block of the active chain at `height`, if there is one. */
  findActive(height: number): FollowedBlock | undefined;
  findActiveHash(height: number): BlockHash | undefined;
  /** A block that was connected once, active or not; undefined if it is unknown. */
  find(hash: BlockHash): FollowedBlock | undefined;
}

/** Ends a batch as soon as either is reached. */
export interface CatchUpBudget {
  readonly blocks: number;
  /** Of encoded blocks. */
  readonly bytes: number;
}

/** `behind`: call again. */
export type CatchUpResult = "caught-up" | "behind";

/**
 * Moves `follower` towards the tip of the active chain by one batch, in one transaction. A follower
 * of a chain that the source does not know starts again from genesis.
 */
export function catchUp(
  source: BlockSource,
  follower: Follower,
  budget: CatchUpBudget,
): CatchUpResult {
  if (isLost(source, follower)) follower.reset();
  return follower.transaction(() => {
    let bytes = 0;
    for (let blocks = 0; blocks < budget.blocks && bytes < budget.bytes; blocks++) {
      const moved = step(source, follower);
      if (moved === undefined) return "caught-up";
      bytes += moved.size;
    }
    return "behind";
  });
}

function isLost(source: BlockSource, { tip }: Follower): boolean {
  if (tip === undefined || source.findActiveHash(tip.height) === tip.hash) return false;
  return source.find(tip.hash) === undefined;
}

/** Returns the block that was connected or disconnected; undefined at the tip. */
function step(source: BlockSource, follower: Follower): FollowedBlock | undefined {
  for (;;) {
    const { tip } = follower;
    const next = source.findActive(tip === undefined ? 0 : tip.height + 1);
    if (next !== undefined && next.block.header.prevBlockHash === (tip?.hash ?? ZERO_HASH)) {
      follower.connect(next);
      return next;
    }
    if (tip === undefined) return undefined;

    if (source.findActiveHash(tip.height) !== tip.hash) return disconnectTip(source, follower, tip);
    if (next === undefined) return undefined;
    // The chain moved between two reads: what was read does not belong together.
  }
}

function disconnectTip(
  source: BlockSource,
  follower: Follower,
  { hash }: FollowerTip,
): FollowedBlock {
  const block = source.find(hash);
  if (block === undefined) throw new Error(`block ${hash} has left the chain database`);
  follower.disconnect(block);
  return block;
}
