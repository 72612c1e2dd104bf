/** The picture of the network: always the same, inside its room, and no name upon another. */

import { describe, expect, test } from "bun:test";
import { countLinksFrom, layOutNetwork, type Place } from "../../../public/network-layout.ts";

const ROOMS = [
  { width: 326, labelWidth: 104 },
  { width: 720, labelWidth: 170 },
] as const;

/** Height of a line of text of 13 pixels, with the shade around it. */
const LINE_HEIGHT = 17;

const NODE_RADIUS = 8.5;

function idsOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `node-${index}`);
}

/** How near the line from `from` to `to` comes to `place`, in pixels. */
function distanceToLink(from: Place, to: Place, place: Place): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = ((place.x - from.x) * dx + (place.y - from.y) * dy) / length;
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(place.x - from.x - share * dx, place.y - from.y - share * dy);
}

describe("layOutNetwork", () => {
  const cases = ROOMS.flatMap((room) =>
    [0, 1, 2, 3, 8, 13, 50].map((count) => [count, room] as const),
  );

  test.each(cases)("%d nodes stand inside their room %p", (count, room) => {
    const { height, places } = layOutNetwork(idsOf(count), room);
    expect(places.map(({ id }) => id)).toEqual(idsOf(count));
    for (const { x, y, side } of places) {
      expect(x).toBeGreaterThanOrEqual(side === "left" ? room.labelWidth - 0.01 : NODE_RADIUS);
      expect(x).toBeLessThanOrEqual(room.width - (side === "right" ? room.labelWidth - 0.01 : 0));
      expect(y).toBeGreaterThan(NODE_RADIUS);
      // A name below a node needs room, too.
      expect(y).toBeLessThanOrEqual(height - (side === "below" ? 30 : NODE_RADIUS));
    }
  });

  test.each(cases)("of %d nodes no two names share a row of a side in %p", (count, room) => {
    const { places } = layOutNetwork(idsOf(count), room);
    for (const side of ["left", "right"] as const) {
      const rows = places.filter((place) => place.side === side).map(({ y }) => y);
      const sorted = rows.toSorted((a, b) => a - b);
      for (const [index, y] of sorted.slice(1).entries()) {
        expect(y - (sorted[index] ?? 0)).toBeGreaterThanOrEqual(LINE_HEIGHT);
      }
    }
    expect(places.filter(({ side }) => side === "below").length).toBeLessThanOrEqual(1);
  });

  test.each([
    [2, ROOMS[0]],
    [3, ROOMS[1]],
    [8, ROOMS[0]],
    [8, ROOMS[1]],
  ])("of %d nodes no link passes through a third in %p", (count, room) => {
    const { places } = layOutNetwork(idsOf(count), room);
    for (const from of places) {
      for (const to of places) {
        for (const place of places) {
          if (from === to || place === from || place === to) continue;
          expect(distanceToLink(from, to, place)).toBeGreaterThan(NODE_RADIUS);
        }
      }
    }
  });

  test("the same nodes stand in the same places", () => {
    const room = ROOMS[1];
    expect(layOutNetwork(idsOf(20), room)).toEqual(layOutNetwork(idsOf(20), room));
  });

  test("one alone stands in the middle", () => {
    const { height, places } = layOutNetwork(["a"], ROOMS[1]);
    expect(places).toEqual([{ id: "a", x: 360, y: height / 2, side: "below" }]);
  });

  test("a room narrower than its names still gives numbers", () => {
    const { places } = layOutNetwork(idsOf(4), { width: 100, labelWidth: 104 });
    for (const { x } of places) expect(x).toBe(50);
  });
});

describe("countLinksFrom", () => {
  test("counts the fewest links, both ways, nearest first", () => {
    const links = [
      { from: "c", to: "b" },
      { from: "a", to: "b" },
      { from: "c", to: "d" },
      { from: "a", to: "d" },
      { from: "e", to: "c" },
      { from: "x", to: "y" },
    ];
    expect([...countLinksFrom("a", links)]).toEqual([
      ["a", 0],
      ["b", 1],
      ["d", 1],
      ["c", 2],
      ["e", 3],
    ]);
  });

  test("without links there is only the start", () => {
    expect([...countLinksFrom("a", [])]).toEqual([["a", 0]]);
  });
});
