/**
 * Waits between dials: twice as long each time up to five minutes, all of it jitter.
 */

import { expect, test } from "bun:test";
import {
  Backoff,
  FIRST_BACKOFF_MS,
  MAX_BACKOFF_MS,
  STABLE_CONNECTION_MS,
} from "../../../src/p2p/backoff.ts";
import { repeatSeeded, SeededRandom } from "../../support/random.ts";

/** Always draws the longest wait. */
const LONGEST = { below: (limit: number) => limit - 1 };

/** The longest waits after failures 1, 2, 3 ... */
function longestWaits(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.failed(0));
}

test("doubles from one second to five minutes, and stays there", () => {
  const seconds = longestWaits(new Backoff(LONGEST), 12).map((ms) => ms / 1000);
  expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
});

test("never overflows, however often it fails", () => {
  const waits = longestWaits(new Backoff(LONGEST), 5_000);
  expect(waits.at(-1)).toBe(MAX_BACKOFF_MS);
});

test("begins anew after a connection that lasted a minute, and after no shorter one", () => {
  const backoff = new Backoff(LONGEST);
  longestWaits(backoff, 5);
  backoff.connected(1_000);
  expect(backoff.failed(1_000 + STABLE_CONNECTION_MS - 1)).toBe(32_000);
  backoff.connected(200_000);
  expect(backoff.failed(200_000 + STABLE_CONNECTION_MS)).toBe(FIRST_BACKOFF_MS);
  // A dial that fails now has nothing to do with that connection.
  expect(backoff.failed(900_000)).toBe(2 * FIRST_BACKOFF_MS);
});

test("draws evenly between nothing and the longest", () => {
  repeatSeeded(0xbac0ff, 10, (random) => {
    const halves = [0, 0];
    for (let run = 0; run < 1_000; run++) {
      const wait = new Backoff(new SeededRandom(random.u32())).failed(0);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(FIRST_BACKOFF_MS);
      halves[wait < FIRST_BACKOFF_MS / 2 ? 0 : 1]! += 1;
    }
    expect(Math.min(...halves)).toBeGreaterThan(400);
  });
});
