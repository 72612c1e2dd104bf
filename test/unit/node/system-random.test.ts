/** The chance of this machine. */

import { describe, expect, test } from "bun:test";
import { SYSTEM_RANDOM } from "../../../src/node/system-random.ts";

describe("SYSTEM_RANDOM", () => {
  test("gives as many bytes as are asked for, and others each time", () => {
    for (const length of [0, 1, 32, 100_000]) {
      expect(SYSTEM_RANDOM.bytes(length).length).toBe(length);
    }
    expect(SYSTEM_RANDOM.bytes(32)).not.toEqual(SYSTEM_RANDOM.bytes(32));
    expect(SYSTEM_RANDOM.bytes(4)).not.toBeInstanceOf(Buffer);
  });

  test("draws every number below the limit about as often, and no other", () => {
    const counts = new Map<number, number>();
    for (let count = 0; count < 30_000; count++) {
      const drawn = SYSTEM_RANDOM.below(3);
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([0, 1, 2]);
    // Ten standard deviations: fails for a true one in less than one of 10^22 runs.
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(820);
  });

  test("draws from all of 2^32, and has but one answer below 1", () => {
    expect(SYSTEM_RANDOM.below(1)).toBe(0);
    const drawn = Array.from({ length: 200 }, () => SYSTEM_RANDOM.below(0x1_0000_0000));
    expect(drawn.some((number) => number >= 0x8000_0000)).toBe(true);
    expect(drawn.every((number) => Number.isInteger(number) && number >= 0)).toBe(true);
  });
});
