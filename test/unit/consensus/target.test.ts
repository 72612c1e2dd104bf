/**
 * Targets in compact form and the work they stand for.
 *
 * Compared with the published values of Bitcoin Core's arith_uint256 tests, and with a model that
 * goes by the definition of the compact form, byte by byte, rather than by shifts.
 */

import { describe, expect, test } from "bun:test";
import { checkProofOfWork } from "../../../src/consensus/check-header.ts";
import {
  compactToTarget,
  targetToCompact,
  workOfBits,
  workOfTarget,
} from "../../../src/consensus/target.ts";
import type { BlockHash } from "../../../src/primitives/hash-id.ts";
import { REGTEST } from "../../support/chain-builder.ts";
import { repeatSeeded, type SeededRandom } from "../../support/random.ts";
import { reportCases } from "../../support/report-cases.ts";
import { expectSameOrder } from "../../support/work-order.ts";

const TWO_256 = 1n << 256n;

/** What `bits` stand for by the definition: sign, mantissa, and a power of 256. */
function decodeByDefinition(bits: number): bigint | undefined {
  const exponent = Math.floor(bits / 0x1000000);
  const word = BigInt(bits % 0x1000000);
  if (word >= 0x800000n) return undefined; // Negative, or nothing.

  const value =
    exponent >= 3 ? word * 256n ** BigInt(exponent - 3) : word / 256n ** BigInt(3 - exponent);
  return value > 0n && value < TWO_256 ? value : undefined;
}

/** The shortest compact form, made of the bytes of `target` as a signed number. */
function encodeByDefinition(target: bigint): number {
  let hex = target.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) hex = `00${hex}`;
  return (hex.length / 2) * 0x1000000 + Number.parseInt(hex.padEnd(6, "0").slice(0, 6), 16);
}

function randomTarget(random: SeededRandom): bigint {
  const length = 1 + random.below(32);
  return BigInt(`0x${random.bytes(length).toHex()}`) || 1n;
}

/** What Bitcoin Core's bignum_SetCompact hands to SetCompact, in its order. */
const ARITH_UINT256_TESTS = [
  0x00000000, 0x00123456, 0x01003456, 0x02000056, 0x03000000, 0x04000000, 0x00923456, 0x01803456,
  0x02800056, 0x03800000, 0x04800000, 0x01123456, 0x01fedcba, 0x02123456, 0x03123456, 0x04123456,
  0x04923456, 0x05009234, 0x20123456, 0xff123456,
];

describe("compactToTarget", () => {
  // Bitcoin Core, test/arith_uint256_tests.cpp, bignum_SetCompact; more of our own below.
  const EXPANDED: readonly (readonly [number, bigint, number])[] = [
    [0x01123456, 0x12n, 0x01120000],
    [0x02123456, 0x1234n, 0x02123400],
    [0x03123456, 0x123456n, 0x03123456],
    [0x04123456, 0x12345600n, 0x04123456],
    [0x05009234, 0x92340000n, 0x05009234],
    [0x20123456, 0x123456n << 232n, 0x20123456],
  ];
  test.each(EXPANDED)(
    "C-12: expands %p as Bitcoin does, and shortens it again",
    (bits, target, compact) => {
      expect(compactToTarget(bits)).toBe(target);
      expect(targetToCompact(target)).toBe(compact);
    },
  );

  const REFUSED: readonly (readonly [number, string])[] = [
    [0x00000000, "zero"],
    [0x00123456, "zero"],
    [0x01003456, "zero"],
    [0x02000056, "zero"],
    [0x03000000, "zero"],
    [0x04000000, "zero"],
    [0x00923456, "zero with a sign"],
    [0x00800000, "zero with a sign"],
    [0x01803456, "zero with a sign"],
    [0x02800056, "zero with a sign"],
    [0x03800000, "zero with a sign"],
    [0x04800000, "zero with a sign"],
    [0x01fedcba, "negative"],
    [0x04923456, "negative"],
    [0xff800001, "negative"],
    [0xff123456, "beyond 256 bits"],
    [0xff7fffff, "beyond 256 bits"],
    [0x21010000, "beyond 256 bits"],
    [0x22000100, "beyond 256 bits"],
    [0x23000001, "beyond 256 bits"],
  ];
  test.each(REFUSED)("C-12: finds no target in %p: %s", (bits) => {
    expect(compactToTarget(bits)).toBeUndefined();
  });

  test("is given every compact number of Bitcoin Core's arith_uint256_tests.cpp", () => {
    const given = new Set([...EXPANDED, ...REFUSED].map(([bits]) => bits));
    const ran = ARITH_UINT256_TESTS.filter((bits) => given.has(bits));
    reportCases(
      "arith_uint256_tests.cpp",
      { "compact numbers": ran.length },
      { "compact numbers": 20 },
    );
  });

  test.each([
    [0x2100ffff, 0xffffn << 240n],
    [0x220000ff, 0xffn << 248n],
    [0x20ffffff & 0x207fffff, 0x7fffffn << 232n],
  ])("C-12: %p still fits into 256 bits", (bits, target) => {
    expect(compactToTarget(bits)).toBe(target);
  });

  test("C-12: agrees with the definition at every edge of the mantissa under all exponents", () => {
    const edges = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffff];
    const mantissas = edges.flatMap((edge) => [edge, edge | 0x800000, 0x7fffff - edge]);
    for (let exponent = 0; exponent < 256; exponent++) {
      for (const mantissa of mantissas) {
        const bits = exponent * 0x1000000 + mantissa;
        if (compactToTarget(bits) !== decodeByDefinition(bits)) {
          throw new Error(`differs at ${bits.toString(16)}`);
        }
      }
    }
  });

  test("C-12: agrees with the definition on 100,000 random bits, back and forth", () => {
    repeatSeeded(0xc12, 100_000, (random) => {
      // Most random exponents stand for nothing: keep half of them in range.
      const bits = random.oneIn(2) ? random.u32() : random.u32() % 0x23000000;
      const target = compactToTarget(bits);
      if (target !== decodeByDefinition(bits)) throw new Error(`decodes ${bits.toString(16)}`);
      if (target === undefined) return;

      const compact = targetToCompact(target);
      if (compact !== encodeByDefinition(target)) throw new Error(`encodes ${target}`);
      if (compactToTarget(compact) !== target) throw new Error(`loses bits of ${target}`);
    });
  });
});

describe("targetToCompact", () => {
  test("C-12: cuts off low bits of 100,000 random targets, and never rounds up", () => {
    repeatSeeded(0xc121, 100_000, (random) => {
      const target = randomTarget(random);
      const compact = targetToCompact(target);
      if (compact !== encodeByDefinition(target)) throw new Error(`encodes ${target}`);

      const cut = compactToTarget(compact) as bigint;
      if (cut > target) throw new Error(`rounds ${target} up`);
      if (targetToCompact(cut) !== compact) throw new Error(`${target} is not stable`);
    });
  });

  test.each([
    [0x7fn, 0x017f0000],
    [0x80n, 0x02008000],
    [0xffn, 0x0200ff00],
    [0x7fffffn, 0x037fffff],
    [0x800000n, 0x04008000],
    [TWO_256 - 1n, 0x2100ffff],
  ])("gives %p another byte where its top bit would read as a sign", (target, compact) => {
    expect(targetToCompact(target)).toBe(compact);
  });

  test.each([0n, -1n, TWO_256, TWO_256 << 8n])("refuses %p, which is no target", (target) => {
    expect(() => targetToCompact(target)).toThrow(RangeError);
  });
});

describe("checkProofOfWork", () => {
  const bits = 0x1f123456;
  const target = compactToTarget(bits) as bigint;
  const hashOf = (value: bigint) => value.toString(16).padStart(64, "0") as BlockHash;

  test("C-14: a hash equal to the target is work enough, one above is not", () => {
    expect(() => checkProofOfWork(hashOf(0n), bits, REGTEST.params)).not.toThrow();
    expect(() => checkProofOfWork(hashOf(target - 1n), bits, REGTEST.params)).not.toThrow();
    expect(() => checkProofOfWork(hashOf(target), bits, REGTEST.params)).not.toThrow();
    expect(() => checkProofOfWork(hashOf(target + 1n), bits, REGTEST.params)).toThrow(
      expect.objectContaining({ code: "high-hash" }),
    );
  });

  test.each([0, 0x01003456, 0x04923456, 0x00800000, 0xff7fffff, 0x01fedcba, 0x20800000])(
    "C-12: not even a hash of zero meets %p, which is no target",
    (noTarget) => {
      expect(() => checkProofOfWork(hashOf(0n), noTarget, REGTEST.params)).toThrow(
        expect.objectContaining({ code: "high-hash" }),
      );
    },
  );

  test("a target above the network's limit is refused, the limit itself is not", () => {
    const { params } = REGTEST;
    expect(() => checkProofOfWork(hashOf(1n), 0x207fffff, params)).not.toThrow();
    expect(() => checkProofOfWork(hashOf(1n), 0x21008000, params)).toThrow(
      expect.objectContaining({ code: "high-hash" }),
    );
  });
});

describe("workOfTarget", () => {
  test.each([
    [1n, TWO_256 / 2n],
    [TWO_256 - 1n, 1n],
    [TWO_256 / 2n - 1n, 2n],
    [0x7fffffn << 232n, 2n],
    [0xffffn << 208n, 0x100010001n],
  ])("of %p is %p expected hashes", (target, work) => {
    expect(workOfTarget(target)).toBe(work);
  });

  test("equals Bitcoin Core's form, ~target / (target + 1) + 1, on 10,000 random targets", () => {
    repeatSeeded(0xc13, 10_000, (random) => {
      const target = randomTarget(random);
      const complement = TWO_256 - 1n - target;
      expect(workOfTarget(target)).toBe(complement / (target + 1n) + 1n);
    });
  });

  test("never grows with the target", () => {
    repeatSeeded(0xc131, 10_000, (random) => {
      const [low, high] = [randomTarget(random), randomTarget(random)].sort((a, b) =>
        a < b ? -1 : 1,
      ) as [bigint, bigint];
      expect(workOfTarget(low) >= workOfTarget(high)).toBe(true);
    });
  });

  test("C-13: of 100,000 pairs of sums of work, those written as 32 bytes are ordered alike", () => {
    expect(expectSameOrder(0xc132, 100_000)).toBeGreaterThan(1_000);
  });
});

describe("workOfBits", () => {
  test("is the work of the target", () => {
    expect(workOfBits(0x1d00ffff)).toBe(0x100010001n);
    expect(workOfBits(0x207fffff)).toBe(2n);
  });

  test.each([0, 0x04923456, 0xff7fffff])("refuses %p, which stands for no target", (bits) => {
    expect(() => workOfBits(bits)).toThrow(RangeError);
  });
});
