/** How blocks spread, from what is known of them. */

import { describe, expect, test } from "bun:test";
import { groupByDistance, groupByHops } from "../../../public/propagation-figures.ts";

function came(hops: number, milliseconds: number) {
  return { propagation: { hops, milliseconds } };
}

describe("groupByHops", () => {
  test("counts by links, fewest first, and passes over what nobody has said", () => {
    const blocks = [came(2, 50), { propagation: null }, came(1, 10), came(0, 0), came(1, 30)];
    expect(groupByHops(blocks)).toEqual([
      { hops: 0, count: 1, medianMs: 0 },
      { hops: 1, count: 2, medianMs: 20 },
      { hops: 2, count: 1, medianMs: 50 },
    ]);
  });

  test("the median of an odd number is the one in the middle", () => {
    const [group] = groupByHops([came(1, 900), came(1, 5), came(1, 100)]);
    expect(group?.medianMs).toBe(100);
  });

  test("nothing is no group", () => expect(groupByHops([])).toEqual([]));
});

describe("groupByDistance", () => {
  test("tells who has the block, nearest first, and those without a known link last", () => {
    const nodes = [
      { nodeId: "far", tip: "t" },
      { nodeId: "lost", tip: null },
      { nodeId: "us", tip: "t" },
      { nodeId: "near", tip: "t" },
      { nodeId: "late", tip: "older" },
    ];
    const distances = new Map([
      ["us", 0],
      ["near", 1],
      ["late", 1],
      ["far", 2],
    ]);
    expect(groupByDistance(nodes, distances, "t")).toEqual([
      { distance: 0, count: 1, reached: 1 },
      { distance: 1, count: 2, reached: 1 },
      { distance: 2, count: 1, reached: 1 },
      { distance: null, count: 1, reached: 0 },
    ]);
  });
});
