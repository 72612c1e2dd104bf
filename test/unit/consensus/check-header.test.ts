/**
 * Rules of headers: what must hold after the parent, at the limit and one beyond it.
 *
 * Proof of work against a target is in target.test.ts.
 */

import { describe, expect, test } from "bun:test";
import { checkHeader, earliestTime } from "../../../src/consensus/check-header.ts";
import { type HeaderContext, medianTimePast, nextBits } from "../../../src/consensus/difficulty.ts";
import { findNetwork } from "../../../src/consensus/networks.ts";
import type { ConsensusParams } from "../../../src/consensus/params.ts";
import type { BlockHeader } from "../../../src/primitives/block-header.ts";
import { someHeader } from "../../support/builders.ts";

const CAIRN = findNetwork("cairn").params;
const REGTEST = findNetwork("regtest").params;
const BITS = 0x1e0fffff;
const START = 1_800_000_000;
const LONG_AFTER = START + 1_000_000;

/** The last of `count` headers with heights up to `height`, `spacing` seconds apart. */
function parentAt(height: number, { spacing = 10, count = 120, bits = BITS } = {}): HeaderContext {
  let parent: HeaderContext | undefined;
  for (let at = Math.max(0, height - count + 1); at <= height; at++) {
    parent = { height: at, time: START + at * spacing, bits, parent };
  }
  return parent!;
}

/** The code with which a header is refused, or "valid". */
function codeOf(
  changes: Partial<BlockHeader>,
  parent: HeaderContext,
  { now = LONG_AFTER, params = CAIRN }: { now?: number; params?: ConsensusParams } = {},
): string {
  const bits = nextBits(parent, params);
  const header = someHeader({ bits, time: parent.time + 10, ...changes });
  try {
    checkHeader(header, parent, now, params);
    return "valid";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("bits", () => {
  const parent = parentAt(50);

  test("must be the parent's within a period, to the bit", () => {
    expect(codeOf({}, parent)).toBe("valid");
    expect(codeOf({ bits: BITS - 1 }, parent)).toBe("bad-diffbits");
    expect(codeOf({ bits: BITS + 1 }, parent)).toBe("bad-diffbits");
  });

  test("C-12: another form of the same target is refused", () => {
    const same = parentAt(50, { bits: 0x1e010000 });
    expect(codeOf({ bits: 0x1e010000 }, same)).toBe("valid");
    expect(codeOf({ bits: 0x1f000100 }, same)).toBe("bad-diffbits");
  });

  test("must be the new ones at the first block of a period", () => {
    const last = parentAt(199, { spacing: 5 });
    expect(codeOf({ bits: BITS }, last)).toBe("bad-diffbits");
    expect(codeOf({ bits: 0x1e07ffff }, last)).toBe("valid");
  });
});

describe("time", () => {
  test("C-10: must be above the median time past", () => {
    const parent = parentAt(50);
    const median = medianTimePast(parent);
    expect(median).toBe(parent.time - 50);
    expect(codeOf({ time: median - 1 }, parent)).toBe("time-too-old");
    expect(codeOf({ time: median }, parent)).toBe("time-too-old");
    expect(codeOf({ time: median + 1 }, parent)).toBe("valid");
  });

  test.each([0, 1, 2, 9])("C-10: must be above the short median after block %p too", (height) => {
    const parent = parentAt(height);
    const median = medianTimePast(parent);
    expect(codeOf({ time: median }, parent)).toBe("time-too-old");
    expect(codeOf({ time: median + 1 }, parent)).toBe("valid");
  });

  test.each([
    ["cairn", 120, CAIRN],
    ["regtest", 7_200, REGTEST],
  ] as const)("C-10: on %s it may be %i s ahead of our clock, and no more", (_, limit, params) => {
    const parent = parentAt(50);
    const now = parent.time + 5;
    const options = { now, params };
    expect(params.maxFutureSeconds).toBe(limit);
    expect(codeOf({ time: now + limit - 1 }, parent, options)).toBe("valid");
    expect(codeOf({ time: now + limit }, parent, options)).toBe("valid");
    expect(codeOf({ time: now + limit + 1 }, parent, options)).toBe("time-too-new");
    expect(codeOf({ time: now + limit + 1 }, parent, { params, now: now + 1 })).toBe("valid");
  });

  test("a clock that runs far behind makes blocks too new, never invalid for another reason", () => {
    expect(codeOf({}, parentAt(50), { now: 0 })).toBe("time-too-new");
  });
});

describe("timewarp", () => {
  const grace = 120;

  // Times long apart, so that the median is far below and does not hide the rule.
  test.each([100, 200, 1_000])(
    "C-09: block %p, the first of a period, may precede the one before it by 120 s",
    (height) => {
      const parent = parentAt(height - 1, { spacing: 100 });
      expect(codeOf({ time: parent.time - grace + 1 }, parent)).toBe("valid");
      expect(codeOf({ time: parent.time - grace }, parent)).toBe("valid");
      expect(codeOf({ time: parent.time - grace - 1 }, parent)).toBe("time-timewarp-attack");
    },
  );

  test.each([199, 299])(
    "C-09: block %p, the last of a period, may not precede the period's first",
    (height) => {
      // The period's first block claims a late time; the others go on from the one before it.
      const first = { ...parentAt(height - 99, { spacing: 100 }) };
      first.time += 500;
      let parent: HeaderContext = first;
      for (let at = first.height + 1; at < height; at++) {
        parent = {
          height: at,
          time: START + first.height * 100 + at - first.height,
          bits: BITS,
          parent,
        };
      }
      expect(medianTimePast(parent)).toBeLessThan(first.time - 100);
      expect(codeOf({ time: first.time - 1 }, parent)).toBe("time-timewarp-attack");
      expect(codeOf({ time: first.time }, parent)).toBe("valid");
      expect(codeOf({ time: first.time + 1 }, parent)).toBe("valid");
    },
  );

  test("C-09: block 99 is compared with block 1, since genesis lies long in the past", () => {
    let parent: HeaderContext = { height: 0, time: START, bits: BITS, parent: undefined };
    for (let at = 1; at < 99; at++) {
      parent = { height: at, time: START + (at === 1 ? 5_000 : 1_000 + at), bits: BITS, parent };
    }
    expect(codeOf({ time: START + 4_999 }, parent)).toBe("time-timewarp-attack");
    expect(codeOf({ time: START + 5_000 }, parent)).toBe("valid");
  });

  test.each([98, 101, 150, 198, 201])(
    "C-09: block %p may go back as far as the median",
    (height) => {
      const parent = parentAt(height - 1, { spacing: 100 });
      expect(codeOf({ time: medianTimePast(parent) + 1 }, parent)).toBe("valid");
    },
  );

  test("C-09: there is no such rule where the target never changes", () => {
    const parent = parentAt(99, { spacing: 100 });
    expect(codeOf({ time: medianTimePast(parent) + 1 }, parent, { params: REGTEST })).toBe("valid");
  });
});

describe("version", () => {
  const parent = parentAt(50);

  test.each([-0x80000000, -1, 0, 1, 2, 3])("%p is too old", (version) => {
    expect(codeOf({ version }, parent)).toBe("bad-version");
  });

  test.each([4, 5, 0x20000000, 0x7fffffff])("%p will do", (version) => {
    expect(codeOf({ version }, parent)).toBe("valid");
  });
});

describe("earliestTime", () => {
  test.each([0, 1, 10, 50, 98, 99, 100, 150, 198, 199, 200, 299])(
    "C-09: is valid after block %p, and one second less is not",
    (height) => {
      for (const spacing of [0, 1, 10, 100]) {
        const parent = parentAt(height, { spacing });
        const time = earliestTime(parent, CAIRN);
        expect(codeOf({ time }, parent)).toBe("valid");
        expect(codeOf({ time: time - 1 }, parent)).toMatch(/^time-(too-old|timewarp-attack)$/);
      }
    },
  );

  test("is the grace before the parent at the first block of a period", () => {
    const parent = parentAt(199, { spacing: 100 });
    expect(earliestTime(parent, CAIRN)).toBe(parent.time - 120);
    expect(earliestTime(parent, REGTEST)).toBe(medianTimePast(parent) + 1);
  });
});

test("the facts of a refusal are the numbers that were compared", () => {
  const parent = parentAt(50);
  const refuse = () =>
    checkHeader(someHeader({ bits: BITS, time: parent.time + 500 }), parent, parent.time, CAIRN);
  expect(refuse).toThrow(
    expect.objectContaining({
      code: "time-too-new",
      facts: { time: parent.time + 500, now: parent.time, maxFutureSeconds: 120 },
    }),
  );
});
