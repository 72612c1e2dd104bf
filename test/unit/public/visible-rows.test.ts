/**
 * Which rows of a long list are drawn.
 */

import { describe, expect, test } from "bun:test";
import { rowsInSight } from "../../../public/visible-rows.ts";

const LIST = { count: 1_000, rowHeight: 40 };

describe("rowsInSight", () => {
  test("has those in the window with a margin, in steps", () => {
    expect(rowsInSight(-4_000, 800, LIST)).toEqual({ first: 80, end: 140 });
    expect(rowsInSight(-4_100, 800, LIST)).toEqual({ first: 80, end: 150 });
  });

  test("never goes beyond the list", () => {
    expect(rowsInSight(300, 800, LIST)).toEqual({ first: 0, end: 40 });
    expect(rowsInSight(-39_800, 800, LIST)).toEqual({ first: 970, end: 1_000 });
    expect(rowsInSight(-90_000, 800, LIST)).toEqual({ first: 1_000, end: 1_000 });
    expect(rowsInSight(90_000, 800, LIST)).toEqual({ first: 0, end: 0 });
    expect(rowsInSight(0, 800, { count: 0, rowHeight: 40 })).toEqual({ first: 0, end: 0 });
  });

  test("every row in sight is among them, wherever the page is", () => {
    for (let top = 500; top > -41_000; top -= 37) {
      const { first, end } = rowsInSight(top, 700, LIST);
      for (let row = 0; row < LIST.count; row++) {
        const y = top + row * LIST.rowHeight;
        const isSeen = y + LIST.rowHeight > 0 && y < 700;
        if (isSeen && (row < first || row >= end)) throw new Error(`row ${row} at ${top}`);
      }
    }
  });
});
