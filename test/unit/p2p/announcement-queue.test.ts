/**
 * The list that all announcements are read from: order, bounds, and what it costs.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AnnouncementQueue, type QueueReader } from "../../../src/p2p/announcement-queue.ts";

const STEP = fc.oneof(
  fc.record({ act: fc.constant("push" as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    act: fc.constant("take" as const),
    count: fc.integer({ min: 1, max: 40 }),
    of: fc.nat(),
  }),
  fc.record({ act: fc.constant("open" as const) }),
  fc.record({ act: fc.constant("close" as const), of: fc.nat() }),
  fc.record({ act: fc.constant("trim" as const) }),
);

/** A reader beside the plain list that it must agree with. */
interface Modelled {
  readonly reader: QueueReader;
  readonly expected: number[];
}

describe("AnnouncementQueue", () => {
  test("gives every reader, in order and once, all that came since it was opened", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
        const queue = new AnnouncementQueue<number>(1_000_000);
        let readers: Modelled[] = [];
        let last = 0;
        for (const step of steps) {
          const chosen = "of" in step ? readers[step.of % Math.max(1, readers.length)] : undefined;
          if (step.act === "open") readers.push({ reader: queue.open(), expected: [] });
          if (step.act === "trim") queue.trim();
          for (let count = 0; step.act === "push" && count < step.count; count++) {
            queue.push(++last);
            for (const { expected } of readers) expected.push(last);
          }
          for (let count = 0; step.act === "take" && chosen && count < step.count; count++) {
            expect(queue.take(chosen.reader)).toBe(chosen.expected.shift());
          }
          if (step.act === "close" && chosen !== undefined) {
            queue.close(chosen.reader);
            readers = readers.filter((other) => other !== chosen);
          }
          for (const { reader, expected } of readers) {
            expect(queue.backlog(reader)).toBe(expected.length);
          }
          if (readers.length === 0) expect(queue.size).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("never holds more than its capacity; whoever is behind loses the oldest alone", () => {
    fc.assert(
      fc.property(
        fc.array(STEP, { maxLength: 60 }),
        fc.integer({ min: 1, max: 50 }),
        (steps, capacity) => {
          const queue = new AnnouncementQueue<number>(capacity);
          const reader = queue.open();
          const other = queue.open();
          let last = 0;
          let taken = 0;
          for (const step of steps) {
            for (let count = 0; step.act === "push" && count < step.count; count++) {
              queue.push(++last);
              expect(queue.size).toBeLessThanOrEqual(capacity);
            }
            for (let count = 0; step.act === "take" && count < step.count; count++) {
              const item = queue.take(reader);
              if (item === undefined) break;
              expect(item).toBeGreaterThan(taken);
              taken = item;
            }
            if (step.act === "trim") queue.trim();
          }
          for (let item = queue.take(reader); item !== undefined; item = queue.take(reader)) {
            expect(item).toBeGreaterThan(taken);
            taken = item;
          }
          expect(taken).toBe(last);
          expect(queue.backlog(other)).toBeLessThanOrEqual(capacity);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("holds nothing that all have read, and nothing at all without readers", () => {
    const queue = new AnnouncementQueue<number>(10_000);
    queue.push(1);
    expect(queue.size).toBe(0);
    const [fast, slow] = [queue.open(), queue.open()];
    for (let item = 0; item < 5_000; item++) queue.push(item);
    while (queue.take(fast) !== undefined);
    queue.trim();
    expect(queue.size).toBe(5_000);
    for (let item = 0; item < 4_000; item++) queue.take(slow);
    queue.trim();
    expect(queue.size).toBe(1_000);
    queue.close(slow);
    queue.trim();
    expect(queue.size).toBe(0);
    queue.push(1);
    queue.close(fast);
    queue.close(fast);
    expect([queue.size, queue.readerCount]).toEqual([0, 0]);
  });

  test("M-10: a turn for 100 peers with 100,000 announcements each waiting takes no time to speak of", () => {
    const queue = new AnnouncementQueue<string>(200_000);
    const readers = Array.from({ length: 100 }, () => queue.open());
    for (let item = 0; item < 100_000; item++) queue.push(`transaction ${item}`);
    expect(readers.map((reader) => queue.backlog(reader))).toEqual(new Array(100).fill(100_000));
    expect(queue.size).toBe(100_000);
    let slowestMs = 0;
    for (let turn = 0; turn < 20; turn++) {
      const start = performance.now();
      for (const reader of readers) {
        for (let count = 0; count < 1_000; count++) queue.take(reader);
        queue.trim();
      }
      slowestMs = Math.max(slowestMs, performance.now() - start);
    }
    console.log(
      `100 peers, 1,000 of 100,000 announcements each: ${slowestMs.toFixed(1)} ms at most`,
    );
    expect(slowestMs).toBeLessThan(100);
  });
});
