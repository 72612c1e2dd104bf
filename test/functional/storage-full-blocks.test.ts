/**
 * C-20: no limit of the store is a rule. The fullest blocks connect and disconnect to the same coins
 * however little of them it may hold in memory. Those of cairn are in the long tier.
 */

import { describe, expect, test } from "bun:test";
import { QUICK } from "../support/chain-builder.ts";
import { digestsThrough, makeFullBlocks } from "../support/full-blocks.ts";

describe("blocks as full as can be", () => {
  test("C-20: connect and disconnect to the same coins with a page cache of 1 MiB and of 256 MiB", () => {
    const blocks = makeFullBlocks(QUICK);
    expect(blocks.outputs).toBeGreaterThan(99_000);
    expect(blocks.inputs).toBeGreaterThan(24_000);
    for (const fullness of blocks.fullness) expect(fullness).toBeGreaterThan(0.999);

    const small = digestsThrough(blocks, 1024);
    expect(small).toHaveLength(5);
    const [trunk, split, joined, ...back] = small;
    expect(back).toEqual([split!, trunk!]);
    expect(joined).not.toBe(split!);
    expect(digestsThrough(blocks, 256 * 1024)).toEqual(small);
  });
});
