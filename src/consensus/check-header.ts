/**
 * Rules of block headers: proof of work, and what must hold after the parent.
 *
 * Bodies and coins are unknown here. The clock arrives as an argument; a header too far ahead of it
 * is "later", not "invalid", and the caller must not remember it as bad.
 */

import type { BlockHeader } from "../primitives/block-header.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { ancestorAt, type HeaderContext, medianTimePast, nextBits } from "./difficulty.ts";
import type { ConsensusParams } from "./params.ts";
import { RuleError } from "./rule-error.ts";
import { compactToTarget } from "./target.ts";

/** Least version since BIP-0034, BIP-0066 and BIP-0065 are active from block 1 on. */
const MIN_BLOCK_VERSION = 4;

/** Throws RuleError unless `hash` meets the target that the header itself states. */
export function checkProofOfWork(hash: BlockHash, bits: number, params: ConsensusParams): void {
  const target = compactToTarget(bits);
  if (target === undefined || target > params.powLimit) {
    throw new RuleError("high-hash", "the header's bits stand for no target allowed here", {
      bits: formatBits(bits),
    });
  }
  if (BigInt(`0x${hash}`) > target) {
    throw new RuleError("high-hash", `hash ${hash} is above its target`, {
      hash,
      target: target.toString(16).padStart(64, "0"),
    });
  }
}

/** Throws RuleError unless `header` may follow `parent` when our clock shows `nowSeconds`. */
export function checkHeader(
  header: BlockHeader,
  parent: HeaderContext,
  nowSeconds: number,
  params: ConsensusParams,
): void {
  checkBits(header, parent, params);
  checkTime(header, parent, params);
  checkNotTooNew(header, nowSeconds, params);
  checkVersion(header);
}

/** Returns the earliest time that the block after `parent` may have. */
export function earliestTime(parent: HeaderContext, params: ConsensusParams): number {
  return Math.max(medianTimePast(parent) + 1, timewarpFloor(parent, params));
}

function checkBits(header: BlockHeader, parent: HeaderContext, params: ConsensusParams): void {
  const expected = nextBits(parent, params);
  if (header.bits !== expected) {
    throw new RuleError(
      "bad-diffbits",
      `bits are ${formatBits(header.bits)}, must be ${formatBits(expected)}`,
      { bits: formatBits(header.bits), expected: formatBits(expected) },
    );
  }
}

function checkTime({ time }: BlockHeader, parent: HeaderContext, params: ConsensusParams): void {
  const median = medianTimePast(parent);
  if (time <= median) {
    throw new RuleError("time-too-old", `time ${time} is not after the median time ${median}`, {
      time,
      medianTimePast: median,
    });
  }

  const earliest = timewarpFloor(parent, params);
  if (time < earliest) {
    throw new RuleError(
      "time-timewarp-attack",
      `time ${time} is before ${earliest}, the earliest allowed at this place in a period`,
      { time, earliest },
    );
  }
}

/**
 * BIP-0054, scaled: the first block of a period may hardly precede the one before it, and the last
 * block of a period may not precede its first, or the measured span could be made to lie.
 */
function timewarpFloor(parent: HeaderContext, { retarget }: ConsensusParams): number {
  if (retarget === undefined) return 0;
  const height = parent.height + 1;
  const place = height % retarget.interval;
  if (place === 0) return parent.time - retarget.timewarpGraceSeconds;
  if (place !== retarget.interval - 1) return 0;

  // In the first period the measure begins at block 1, since genesis lies long in the past.
  return ancestorAt(parent, Math.max(1, height - place)).time;
}

function checkNotTooNew(
  { time }: BlockHeader,
  nowSeconds: number,
  { maxFutureSeconds }: ConsensusParams,
): void {
  if (time > nowSeconds + maxFutureSeconds) {
    throw new RuleError(
      "time-too-new",
      `time ${time} is more than ${maxFutureSeconds} s ahead of our clock, ${nowSeconds}`,
      { time, now: nowSeconds, maxFutureSeconds },
    );
  }
}

function checkVersion({ version }: BlockHeader): void {
  if (version < MIN_BLOCK_VERSION) {
    throw new RuleError("bad-version", `version ${version} is below ${MIN_BLOCK_VERSION}`, {
      version,
      least: MIN_BLOCK_VERSION,
    });
  }
}

function formatBits(bits: number): string {
  return bits.toString(16).padStart(8, "0");
}
