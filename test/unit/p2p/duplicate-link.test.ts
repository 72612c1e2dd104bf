/**
 * Two ends that see two connections in different order keep the same one.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isNewLinkBetter, type Link, SIMULTANEOUS_MS } from "../../../src/p2p/duplicate-link.ts";
import type { NodeId } from "../../../src/wire/node-id.ts";

const LOW = `02${"1".repeat(64)}` as NodeId;
const HIGH = `03${"1".repeat(64)}` as NodeId;

/** A connection, as both ends see it. */
interface Shared {
  readonly dialNonce: bigint;
  readonly isDialledByLow: boolean;
  /** When each end has shaken hands. */
  readonly readyAt: Record<NodeId, number>;
}

function seenBy(id: NodeId, { dialNonce, isDialledByLow, readyAt }: Shared): Link {
  const isInbound = isDialledByLow !== (id === LOW);
  return { isInbound, readyAt: readyAt[id] ?? 0, profile: { dialNonce } };
}

/** Which of `links` is left at the end `id`, by comparing them in the order in which they came. */
function keptBy(id: NodeId, links: readonly Shared[]): Shared | undefined {
  const inOrder = links.toSorted((a, b) => (a.readyAt[id] ?? 0) - (b.readyAt[id] ?? 0));
  const ids = { ourId: id, theirId: id === LOW ? HIGH : LOW };
  return inOrder.reduce((other, peer) => {
    const isBetter = isNewLinkBetter({ ...ids, peer: seenBy(id, peer), other: seenBy(id, other) });
    return isBetter ? peer : other;
  });
}

describe("isNewLinkBetter", () => {
  const readyAt = fc.integer({ min: 0, max: SIMULTANEOUS_MS - 1 });
  const link = fc.record({
    dialNonce: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    isDialledByLow: fc.boolean(),
    readyAt: fc.record({ [LOW]: readyAt, [HIGH]: readyAt }) as fc.Arbitrary<Shared["readyAt"]>,
  });

  test("P-33: of any number made at once both ends keep the same", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(link, { minLength: 2, selector: (one) => one.dialNonce }),
        (links) => {
          expect(keptBy(LOW, links)).toBe(keptBy(HIGH, links)!);
        },
      ),
      { numRuns: 2_000, seed: 9 },
    );
  });

  test("keeps the one that the node with the greater id has dialled", () => {
    const [low, high] = [true, false].map((isDialledByLow, place) => ({
      dialNonce: BigInt(place),
      isDialledByLow,
      readyAt: { [LOW]: place, [HIGH]: place },
    }));
    for (const id of [LOW, HIGH]) {
      expect(keptBy(id, [low!, high!])).toBe(high!);
      expect(keptBy(id, [high!, low!])).toBe(high!);
    }
  });

  test("leaves what has stood for a while", () => {
    const old = { isInbound: true, readyAt: 0, profile: { dialNonce: 9n } };
    for (const isInbound of [true, false]) {
      const fresh = { isInbound, readyAt: SIMULTANEOUS_MS, profile: { dialNonce: 1n } };
      for (const [ourId, theirId] of [
        [LOW, HIGH],
        [HIGH, LOW],
      ] as const) {
        expect(isNewLinkBetter({ ourId, theirId, peer: fresh, other: old })).toBe(false);
      }
    }
  });
});
