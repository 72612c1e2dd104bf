/**
 * The heap against a sorted list, through any sequence of additions, moves and removals.
 */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Heap } from "../../../src/lib/heap.ts";

interface Member {
  rank: number;
  heapIndex: number;
}

const lowestFirst = (a: Member, b: Member) => a.rank < b.rank;

test("gives what was put into it in order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (ranks) => {
      const heap = new Heap<Member>(
        lowestFirst,
        ranks.map((rank) => ({ rank, heapIndex: -1 })),
      );
      const given = ranks.map(() => heap.pop()!.rank);
      expect(given).toEqual(ranks.toSorted((a, b) => a - b));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});

test("keeps the lowest on top while members are added, moved and removed", () => {
  const step = fc.record({
    act: fc.constantFrom("add", "update", "remove", "pop"),
    which: fc.nat(),
    rank: fc.integer({ min: 0, max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const heap = new Heap<Member>(lowestFirst);
      const members: Member[] = [];
      for (const { act, which, rank } of steps) {
        const member = members[which % Math.max(members.length, 1)];
        if (act === "add" || member === undefined) {
          const added = { rank, heapIndex: -1 };
          heap.add(added);
          members.push(added);
        } else if (act === "update") {
          member.rank = rank;
          heap.update(member);
        } else {
          const gone = act === "remove" ? member : heap.peek()!;
          heap.remove(gone);
          expect(gone.heapIndex).toBe(-1);
          members.splice(members.indexOf(gone), 1);
        }
        expect(heap.size).toBe(members.length);
        expect(heap.peek()?.rank).toBe(
          members.length === 0 ? undefined : Math.min(...members.map((other) => other.rank)),
        );
      }
    }),
  );
});
