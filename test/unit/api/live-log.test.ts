/**
 * The log of events and the addresses that are watched: their numbers and their bounds.
 */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_IDLE_ADDRESSES, WatchedAddresses } from "../../../src/api/live-addresses.ts";
import { LiveLog } from "../../../src/api/live-log.ts";

const append = (log: LiveLog, length = 10) =>
  log.append("stats", (seq) => String(seq).padEnd(length, "x"));

describe("LiveLog", () => {
  test("numbers events from the start it is given, without holes", () => {
    const log = new LiveLog(1_000);
    expect({ first: log.first, last: log.last, count: log.count }).toEqual({
      first: 1_000,
      last: 999,
      count: 0,
    });
    for (let index = 0; index < 3; index++) append(log);
    expect({ first: log.first, last: log.last }).toEqual({ first: 1_000, last: 1_002 });
    for (const seq of [1_000, 1_001, 1_002]) expect(log.at(seq).seq).toBe(seq);
    expect(() => log.at(999)).toThrow(RangeError);
    expect(() => log.at(1_003)).toThrow(RangeError);
  });

  test("keeps neither more events nor more bytes than it may", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 200 }), (lengths) => {
        const log = new LiveLog(7, { maxEvents: 20, maxBytes: 1_000 });
        for (const length of lengths) append(log, length);
        expect(log.count).toBeLessThanOrEqual(20);
        expect(log.bytes).toBeLessThanOrEqual(1_000);
        expect(log.last).toBe(6 + lengths.length);
        let bytes = 0;
        for (let seq = log.first; seq <= log.last; seq++) {
          expect(log.at(seq).text).toStartWith(String(seq));
          bytes += log.at(seq).text.length;
        }
        expect(log.bytes).toBe(bytes);
        // The next older one would not have fitted.
        const next = lengths[log.first - 8];
        if (next !== undefined) expect(log.count === 20 || bytes + next > 1_000).toBeTrue();
      }),
    );
  });

  test("goes on after tens of thousands of forgotten events", () => {
    const log = new LiveLog(0, { maxEvents: 3 });
    for (let index = 0; index < 30_000; index++) append(log);
    expect([log.first, log.last, log.at(29_998).seq]).toEqual([29_997, 29_999, 29_998]);
  });

  test("after a loss keeps nothing, and has used a number", () => {
    const log = new LiveLog(0);
    append(log);
    log.lose();
    expect({ first: log.first, last: log.last, bytes: log.bytes }).toEqual({
      first: 2,
      last: 1,
      bytes: 0,
    });
    append(log);
    expect(log.at(2).seq).toBe(2);
  });
});

describe("WatchedAddresses", () => {
  test("tells since when an address is watched, also after nobody watched it for a while", () => {
    const watched = new WatchedAddresses();
    expect(watched.watch("aa", "A", 5)).toBe(5);
    expect(watched.watch("aa", "A", 9)).toBe(5);
    watched.unwatch("aa");
    watched.unwatch("aa");
    expect(watched.find("aa")).toBe("A");
    expect(watched.watch("aa", "A", 20)).toBe(5);
  });

  test("forgets first whom nobody has watched for longest, and never who is watched", () => {
    const watched = new WatchedAddresses();
    watched.watch("kept", "K", 0);
    for (let index = 0; index <= MAX_IDLE_ADDRESSES + 10; index++) {
      watched.watch(`${index}`, `${index}`, index);
      watched.unwatch(`${index}`);
    }
    expect(watched.size).toBe(MAX_IDLE_ADDRESSES + 1);
    expect(watched.find("kept")).toBe("K");
    expect(watched.find("10")).toBeUndefined();
    expect(watched.find("11")).toBe("11");
    expect(watched.watch("10", "10", 5_000)).toBe(5_000);
    watched.unwatch("never seen");
  });
});
