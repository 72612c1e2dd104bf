/**
 * C-13 at length: a million pairs.
 */

import { expect, test } from "bun:test";
import { expectSameOrder } from "./work-order.ts";

test("C-13: a million pairs of sums of work are ordered as their 32 bytes are", () => {
  expect(expectSameOrder(0xc13, 1_000_000)).toBeGreaterThan(10_000);
}, 600_000);
