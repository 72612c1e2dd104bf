/**
 * Hashes met of late: what is remembered for sure, and the bound.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toHex } from "../../../src/lib/bytes.ts";
import { RecentHashes } from "../../../src/p2p/recent-hashes.ts";
import { SeededRandom } from "../../support/random.ts";

describe("RecentHashes", () => {
  test("has the last half of its capacity, and never more than its capacity", () => {
    const hash = fc.nat({ max: 40 }).map((number) => number.toString(16).repeat(64).slice(0, 64));
    fc.assert(
      fc.property(
        fc.array(hash, { maxLength: 200 }),
        fc.integer({ min: 2, max: 30 }),
        fc.nat(),
        (hashes, capacity, seed) => {
          const recent = new RecentHashes(capacity, new SeededRandom(seed));
          for (const [index, added] of hashes.entries()) {
            recent.add(added);
            expect(recent.size).toBeLessThanOrEqual(capacity);
            const last = new Set<string>();
            for (let back = index; back >= 0 && last.size < Math.floor(capacity / 2); back--) {
              last.add(hashes[back]!);
            }
            for (const remembered of last) expect(recent.has(remembered)).toBe(true);
          }
        },
      ),
    );
  });

  test("takes no random hash for another one", () => {
    const random = new SeededRandom(1);
    const recent = new RecentHashes(20_000, random);
    for (let count = 0; count < 9_000; count++) recent.add(toHex(random.bytes(32)));
    expect(recent.size).toBe(9_000);
    let found = 0;
    for (let count = 0; count < 20_000; count++) if (recent.has(toHex(random.bytes(32)))) found++;
    expect(found).toBe(0);
    recent.clear();
    expect(recent.size).toBe(0);
  });
});
