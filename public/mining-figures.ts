/**
 * What mining comes to: hashes that a block takes, how long that is at a rate, when the difficulty
 * changes.
 *
 * Pure. Expectations are means of a draw of lots: nothing here says when a block will come.
 */

/** All hashes there are. */
const ALL_HASHES = 2n ** 256n;

/** A share of the newest blocks. */
export interface MinerShare {
  readonly address: string | null;
  readonly blocks: number;
  readonly share: number;
}

/** Returns how many hashes a block takes on average at `target`, as hex; 0 if it is no target. */
export function hashesPerBlock(target: string): number {
  if (!/^[0-9a-f]{1,64}$/.test(target)) return 0;
  return Number(ALL_HASHES / (BigInt(`0x${target}`) + 1n));
}

/** Returns the mean seconds until a block at `hashrate`; null where nobody searches. */
export function expectedSeconds(hashes: number, hashrate: number): number | null {
  return hashrate > 0 ? hashes / hashrate : null;
}

/** Returns the blocks until the difficulty changes; null where it never does. */
export function blocksToRetarget(height: number, interval: number | null): number | null {
  return interval === null || interval < 1 ? null : interval - (height % interval);
}

/** Returns the indexes of `points` with another difficulty than the one before them. */
export function findRetargets(points: readonly { readonly difficulty: number }[]): number[] {
  return points.flatMap(({ difficulty }, index) => {
    const before = points[index - 1];
    return before === undefined || before.difficulty === difficulty ? [] : [index];
  });
}

/** Returns the part of the newest blocks that paid `address`. */
export function shareOf(address: string | null, miners: readonly MinerShare[]): number {
  return miners
    .filter((miner) => address !== null && miner.address === address)
    .reduce((sum, { share }) => sum + share, 0);
}
