/**
 * As peer-links.test.ts, in a thousand runs each.
 */

import { test } from "bun:test";
import { checkOneLink } from "../support/one-link.ts";
import { repeatSeeded } from "../support/random.ts";

test("P-33: two nodes that dial each other at once keep exactly one connection, in 1,000 runs", () => {
  repeatSeeded(1_033, 1_000, (random) => checkOneLink(random, 50));
}, 600_000);

test("P-33: two nodes that dial each other at any moment keep one in the end, in 1,000 runs", () => {
  repeatSeeded(1_034, 1_000, (random) => checkOneLink(random, 20_000));
}, 600_000);
