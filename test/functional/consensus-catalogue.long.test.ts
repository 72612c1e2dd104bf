/**
 * The consensus catalogue at length: C-09, C-13, C-16 and C-20 with the figures that take minutes.
 */

import { expect, test } from "bun:test";
import { findNetwork } from "../../src/consensus/networks.ts";
import { withParams } from "../support/chain-builder.ts";
import { digestsThrough, makeFullBlocks } from "../support/full-blocks.ts";
import { searchLies } from "../support/lying-miners.ts";
import { SPEND_KINDS } from "../support/signed-spends.ts";
import { expectNoValidMutation } from "../support/signed-world.ts";
import { expectSameOrder } from "../support/work-order.ts";

test("C-09: the best of 81 lies in 100 draws of 10,000 blocks gains next to nothing over 5,000", () => {
  const gains = searchLies(Array.from({ length: 100 }, (_, index) => index + 1));
  console.log(`60% liars, best of 81 lies in 100 draws: ${JSON.stringify(gains)}`);
  expect(gains.over5000).toBeLessThan(1.05);
  expect(gains.over9999).toBeLessThan(1.03);
  expect(gains.lowestAfter).toBeGreaterThan(1 / 1.1);
}, 1_200_000);

test("C-13: a million pairs of sums of work are ordered as their 32 bytes are", () => {
  expect(expectSameOrder(0xc13, 1_000_000)).toBeGreaterThan(10_000);
}, 600_000);

test.each(SPEND_KINDS.map((kind) => [kind.name, kind] as const))(
  "C-16: none of 100,000 changes of a byte leaves a signed %s transaction valid",
  (_name, kind) => {
    expect(() => expectNoValidMutation(kind, 0xc160, 100_000)).not.toThrow();
  },
  600_000,
);

test("C-20: cairn's fullest blocks leave the same coins with a page cache of 1 MiB and of 256 MiB", () => {
  const blocks = makeFullBlocks(withParams(findNetwork("cairn", 1), { coinbaseMaturity: 2 }));
  expect(blocks.outputs).toBeGreaterThan(399_000);
  expect(blocks.inputs).toBeGreaterThan(97_000);
  const small = digestsThrough(blocks, 1024);
  const [trunk, split, , ...back] = small;
  expect(back).toEqual([split!, trunk!]);
  expect(digestsThrough(blocks, 256 * 1024)).toEqual(small);
}, 600_000);
