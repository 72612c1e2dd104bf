/**
 * What holds of targets whatever the numbers: compact forms round down and keep the order, less
 * target is more work, and blocks that came faster never make the next ones easier.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { earliestTime } from "../../../src/consensus/check-header.ts";
import { type HeaderContext, nextBits, scaleBits } from "../../../src/consensus/difficulty.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import {
  compactToTarget,
  targetToCompact,
  workOfBits,
  workOfTarget,
} from "../../../src/consensus/target.ts";
import { ANY_U32 } from "../../support/arbitraries.ts";
import { PROPERTY_TIMEOUT_MS, runs } from "../../support/property-runs.ts";

const { params, genesis } = findNetwork("cairn");
const TWO_256 = 1n << 256n;

/** Targets of every size: all numbers of so many bits are as likely. */
const ANY_TARGET = fc
  .integer({ min: 1, max: 256 })
  .chain((bits) => fc.bigInt(1n << BigInt(bits - 1), (1n << BigInt(bits)) - 1n));

/** Targets that a chain may have. */
const ANY_ALLOWED = ANY_TARGET.filter((target) => target <= params.powLimit);

describe("compact targets", () => {
  test("C-12: any 32 bits are read by the definition, or stand for no target", () => {
    const size = fc.integer({ min: 0, max: 36 });
    const bits = fc.oneof(
      ANY_U32,
      fc.tuple(size, fc.nat(0xffffff)).map(([high, low]) => high * 0x1000000 + low),
    );
    fc.assert(
      fc.property(bits, (compact) => {
        const mantissa = BigInt(compact & 0x7fffff);
        const scaled = (mantissa << (8n * BigInt(compact >>> 24))) >> 24n;
        const isNegative = (compact & 0x800000) !== 0;
        const isTarget = !isNegative && scaled > 0n && scaled < TWO_256;
        expect(compactToTarget(compact)).toBe(isTarget ? scaled : undefined);
        if (isTarget) expect(workOfBits(compact)).toBe(TWO_256 / (scaled + 1n));
        else expect(() => workOfBits(compact)).toThrow(RangeError);
      }),
      runs(2_000),
    );
  });

  test("C-12: round down, by less than one part in 32,768, and then stay", () => {
    fc.assert(
      fc.property(ANY_TARGET, (target) => {
        const compact = targetToCompact(target);
        const rounded = compactToTarget(compact)!;
        expect(rounded <= target).toBe(true);
        expect((target - rounded) * 32_768n < target || rounded === target).toBe(true);
        expect(targetToCompact(rounded)).toBe(compact);
      }),
      runs(2_000),
    );
  });

  test("C-13: keep the order of targets, and less target is more work", () => {
    fc.assert(
      fc.property(ANY_TARGET, ANY_TARGET, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const [lowBits, highBits] = [targetToCompact(low), targetToCompact(high)];
        expect(compactToTarget(lowBits)! <= compactToTarget(highBits)!).toBe(true);
        expect(lowBits).toBeLessThanOrEqual(highBits);
        expect(workOfTarget(low) >= workOfTarget(high)).toBe(true);
        expect(workOfBits(lowBits) >= workOfBits(highBits)).toBe(true);
        expect(workOfTarget(high) >= 1n).toBe(true);
      }),
      runs(2_000),
    );
  });
});

describe("a retarget", () => {
  const SPAN = fc.oneof(
    fc.integer({ min: -1_000, max: 6_000 }),
    fc.constantFrom(249, 250, 251, 999, 1_000, 1_001, 3_999, 4_000, 4_001),
    fc.integer(),
  );

  test("C-09: of a shorter span never gives an easier target, nor a harder one of a longer", () => {
    fc.assert(
      fc.property(ANY_ALLOWED, SPAN, SPAN, (target, a, b) => {
        const bits = targetToCompact(target);
        const [short, long] = a < b ? [a, b] : [b, a];
        const harder = compactToTarget(scaleBits(bits, short, 1_000, params.powLimit))!;
        const easier = compactToTarget(scaleBits(bits, long, 1_000, params.powLimit))!;
        expect(harder <= easier).toBe(true);
      }),
      runs(2_000),
    );
  });

  test("C-09: moves a target by a factor of four at most, never beyond the limit or to nothing", () => {
    fc.assert(
      fc.property(ANY_ALLOWED, SPAN, (target, span) => {
        const before = compactToTarget(targetToCompact(target))!;
        const bits = scaleBits(targetToCompact(target), span, 1_000, params.powLimit);
        const after = compactToTarget(bits)!;
        expect(after >= 1n && after <= params.powLimit).toBe(true);
        expect(after <= before * 4n).toBe(true);
        // What the compact form cuts off comes on top of the quarter.
        expect(compactToTarget(targetToCompact(before / 4n || 1n))! <= after).toBe(true);
      }),
      runs(2_000),
    );
  });

  test("C-09: of an easier target never gives a harder one, the span being the same", () => {
    fc.assert(
      fc.property(ANY_ALLOWED, ANY_ALLOWED, SPAN, (a, b, span) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const scale = (target: bigint) =>
          compactToTarget(scaleBits(targetToCompact(target), span, 1_000, params.powLimit))!;
        expect(scale(low) <= scale(high)).toBe(true);
      }),
      runs(1_000),
    );
  });

  test(
    "C-09: after blocks that came faster the target is never easier, period after period",
    () => {
      const steps = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 3, maxLength: 3 });
      const sooner = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 3, maxLength: 3 });
      fc.assert(
        fc.property(ANY_ALLOWED, steps, sooner, (target, slow, less) => {
          const fast = slow.map((step, period) => Math.max(0, step - less[period]!));
          const slowBits = bitsAfter(target, slow);
          const fastBits = bitsAfter(target, fast);
          for (const [period, bits] of fastBits.entries()) {
            expect(compactToTarget(bits)! <= compactToTarget(slowBits[period]!)!).toBe(true);
          }
        }),
        runs(50),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

/** The bits of each period after the first, where the blocks of period n are `steps[n]` s apart, or
 * as soon after each other as the rules allow. */
function bitsAfter(target: bigint, steps: readonly number[]): number[] {
  let tip: HeaderContext = {
    height: 0,
    time: genesis.header.time,
    bits: targetToCompact(target),
    parent: undefined,
  };
  const found: number[] = [];
  for (const step of steps) {
    for (let block = 0; block < 100; block++) {
      const bits = nextBits(tip, params);
      const time = Math.max(earliestTime(tip, params), tip.time + step);
      tip = { height: tip.height + 1, time, bits, parent: tip };
    }
    found.push(tip.bits);
  }
  return found;
}
