/**
 * Pages of lists that are in memory: every row once, whatever the limit.
 */

import { describe, expect, test } from "bun:test";
import { CursorError, slicePage } from "../../../src/lib/paging.ts";

const ROWS = Array.from({ length: 7 }, (_, index) => index);

describe("slicePage", () => {
  test.each([1, 2, 3, 6, 7, 8])("gives every row once, %i at a time", (limit) => {
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const { rows, nextCursor } = slicePage(ROWS, { limit, cursor });
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.length).toBeLessThanOrEqual(limit);
      seen.push(...rows);
      cursor = nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(ROWS);
  });

  test("of nothing, or beyond the end, is empty and the last", () => {
    expect(slicePage([], { limit: 5 })).toEqual({ rows: [], nextCursor: undefined });
    expect(slicePage(ROWS, { limit: 5, cursor: "99" })).toEqual({
      rows: [],
      nextCursor: undefined,
    });
  });

  test("takes no cursor that no page gave", () => {
    for (const cursor of ["", "x", "-1", "1:2", "1.5"]) {
      expect(() => slicePage(ROWS, { limit: 5, cursor })).toThrow(CursorError);
    }
  });
});
