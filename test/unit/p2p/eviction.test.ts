/**
 * Who goes when another wants in: never one that is protected, and rather those of a crowded group.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type EvictionCandidate, selectEviction } from "../../../src/p2p/eviction.ts";

/** A peer with nothing to be said for it; the higher `id`, the younger. */
function peer(id: number, changes: Partial<EvictionCandidate> = {}): EvictionCandidate {
  return {
    id,
    group: "private",
    groupRank: 0,
    connectedAt: id * 1_000,
    minPingMs: 100,
    lastTransactionAt: 0,
    lastBlockAt: 0,
    relaysTransactions: true,
    isDiscouraged: false,
    ...changes,
  };
}

/** `count` peers of which the function tells what is special. */
function crowd(
  count: number,
  changesOf: (id: number) => Partial<EvictionCandidate> = () => ({}),
): EvictionCandidate[] {
  return Array.from({ length: count }, (_, id) => peer(id, changesOf(id)));
}

/** Those that go one after the other, until all left are protected. */
function evictAll(candidates: readonly EvictionCandidate[]): number[] {
  const gone: number[] = [];
  let left = [...candidates];
  for (;;) {
    const id = selectEviction(left);
    if (id === undefined) return gone;
    gone.push(id);
    left = left.filter((candidate) => candidate.id !== id);
  }
}

describe("selectEviction", () => {
  test("spares a handful altogether", () => {
    expect(selectEviction([])).toBeUndefined();
    expect(selectEviction(crowd(16))).toBeUndefined();
  });

  test("of many that are alike, takes the youngest", () => {
    expect(selectEviction(crowd(60))).toBe(59);
  });

  test.each<[string, number, (isSpecial: boolean) => Partial<EvictionCandidate>]>([
    ["the best pings", 8, (is) => ({ minPingMs: is ? 1 : 100 })],
    ["the latest transactions", 4, (is) => ({ lastTransactionAt: is ? 9 : 1 })],
    ["the latest blocks", 4, (is) => ({ lastBlockAt: is ? 9 : 1 })],
    ["groups nobody can foresee", 4, (is) => ({ groupRank: is ? 9 : 1 })],
    [
      "the latest blocks among those that want only blocks",
      8,
      (is) => ({ relaysTransactions: !is, lastBlockAt: 1 }),
    ],
  ])("P-31: protects %s (%d)", (_name, count, changesOf) => {
    // The youngest are the special ones, which would otherwise go first.
    const candidates = crowd(120, (id) => changesOf(id >= 120 - count));
    const gone = evictAll(candidates);
    expect(gone.length).toBeGreaterThan(50);
    for (let id = 120 - count; id < 120; id++) expect(gone).not.toContain(id);
  });

  test("P-31: protects the half that has been here longest, crowded as its group may be", () => {
    const candidates = crowd(100, (id) => ({ group: id < 55 ? "6.6" : `${id}.1` }));
    expect(selectEviction(candidates)).toBe(99);
  });

  test("of two groups as large, takes the youngest peer", () => {
    const candidates = crowd(60, (id) => ({ group: id % 2 === 0 ? "6.6" : "7.7" }));
    expect(selectEviction(candidates)).toBe(59);
  });

  test("takes from the group that has most, and not its oldest", () => {
    const candidates = crowd(90, (id) => ({ group: id % 3 === 0 ? "8.8" : `${id}.1` }));
    expect(selectEviction(candidates)).toBe(87);
  });

  test("takes those that misbehaved before any other", () => {
    const candidates = crowd(90, (id) => ({ isDiscouraged: id === 60 }));
    expect(selectEviction(candidates)).toBe(60);
  });

  test("P-31: one honest peer outlives any crowd of strangers of one group that bring nothing", () => {
    const honest = peer(1, { group: "8.8", lastBlockAt: 50, minPingMs: 5, groupRank: 3 });
    let connected = [
      honest,
      ...crowd(124, () => ({ group: "6.6" })).map((other) => ({ ...other, id: other.id + 10 })),
    ];
    for (let arrival = 1_000; arrival < 2_000; arrival++) {
      const id = selectEviction(connected);
      expect(id).not.toBe(honest.id);
      connected = connected.filter((candidate) => candidate.id !== id);
      connected.push(peer(arrival, { group: "6.6" }));
    }
  });

  test("gives the same whatever the order, and one of those given", () => {
    const ANY = fc.array(
      fc.record({
        group: fc.constantFrom("a", "b", "c"),
        groupRank: fc.nat({ max: 3 }),
        connectedAt: fc.nat({ max: 1_000 }),
        minPingMs: fc.constantFrom(1, 50, Number.POSITIVE_INFINITY),
        lastTransactionAt: fc.nat({ max: 3 }),
        lastBlockAt: fc.nat({ max: 3 }),
        relaysTransactions: fc.boolean(),
        isDiscouraged: fc.boolean(),
      }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(ANY, (records) => {
        // Of two that are alike in every way, either may go: so no two joined at one moment.
        const candidates = records.map((record, id) =>
          peer(id, { ...record, connectedAt: record.connectedAt * 100 + id }),
        );
        const id = selectEviction(candidates);
        expect(id === undefined || id < candidates.length).toBe(true);
        expect(selectEviction([...candidates].reverse())).toBe(id);
        if (candidates.length <= 16) expect(id).toBeUndefined();
        if (candidates.length >= 30) expect(id).toBeDefined();
      }),
    );
  });
});
