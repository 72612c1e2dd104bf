/**
 * Collections with a bound: the oldest goes, and nothing else does.
 */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { BoundedMap } from "../../../src/lib/bounded.ts";

const ANY_STEPS = fc.array(
  fc.record({
    act: fc.constantFrom("set", "set", "set", "delete", "get"),
    key: fc.nat({ max: 12 }),
    value: fc.nat(),
  }),
  { maxLength: 100 },
);

test("property 13: holds the latest that were set, in their order, whatever is done to it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), ANY_STEPS, (capacity, steps) => {
      const map = new BoundedMap<number, number>(capacity);
      let model: (readonly [number, number])[] = [];
      for (const { act, key, value } of steps) {
        const known = model.find(([other]) => other === key);
        expect([map.get(key)]).toEqual([known?.[1]]);
        expect(map.has(key)).toBe(known !== undefined);
        const others = model.filter(([other]) => other !== key);
        if (act === "set") {
          map.set(key, value);
          model = [...others, [key, value] as const].slice(-capacity);
        }
        if (act === "delete") {
          expect(map.delete(key)).toBe(known !== undefined);
          model = others;
        }
        expect(map.size).toBe(model.length);
        expect([...map.entries()]).toEqual(model.map(([other, held]) => [other, held]));
      }
    }),
  );
});
