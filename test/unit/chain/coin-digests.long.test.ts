/**
 * C-20 at length: the fullest blocks of cairn, four times those of regtest.
 */

import { expect, test } from "bun:test";
import { findNetwork } from "../../../src/consensus/networks.ts";
import { withParams } from "../../support/chain-builder.ts";
import { digestsThrough, makeFullBlocks } from "../../support/full-blocks.ts";

test("C-20: cairn's fullest blocks leave the same coins with a page cache of 1 MiB and of 256 MiB", () => {
  const blocks = makeFullBlocks(withParams(findNetwork("cairn", 1), { coinbaseMaturity: 2 }));
  expect(blocks.outputs).toBeGreaterThan(399_000);
  expect(blocks.inputs).toBeGreaterThan(97_000);
  const small = digestsThrough(blocks, 1024);
  const [trunk, split, , ...back] = small;
  expect(back).toEqual([split!, trunk!]);
  expect(digestsThrough(blocks, 256 * 1024)).toEqual(small);
}, 600_000);
