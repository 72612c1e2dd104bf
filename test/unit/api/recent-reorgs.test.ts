/**
 * How many reorganisations are remembered, and in which order.
 */

import { describe, expect, test } from "bun:test";
import type { ReorganisationView } from "../../../src/api/live-schemas.ts";
import { MAX_RECENT_REORGS, RecentReorgs } from "../../../src/api/recent-reorgs.ts";

describe("RecentReorgs", () => {
  test("keeps the newest, newest first, and no more than its bound", () => {
    const recent = new RecentReorgs();
    expect(recent.list).toEqual([]);
    for (let depth = 1; depth <= MAX_RECENT_REORGS + 5; depth++) {
      recent.add({ depth } as ReorganisationView, 1_000 * depth);
    }
    expect(recent.list).toHaveLength(MAX_RECENT_REORGS);
    expect(recent.list[0]).toMatchObject({ depth: MAX_RECENT_REORGS + 5 });
    expect(recent.list.at(-1)).toMatchObject({ depth: 6, time: 6_000 });
  });
});
