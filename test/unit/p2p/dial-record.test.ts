/**
 * The record of dials: the last end of each, bounded, and nothing else changed.
 */

import { describe, expect, test } from "bun:test";
import { DialRecord, MAX_DIALS_REMEMBERED } from "../../../src/p2p/dial-record.ts";
import { type Connection, type Transport, TransportError } from "../../../src/p2p/transport.ts";
import type { NetAddress } from "../../../src/wire/net-address.ts";

const ADDRESS: NetAddress = { host: "10.0.0.1", port: 8_333 };

const HANDLER = { onData() {}, onDrain() {}, onClose() {} };

/** A transport whose next dial ends as a test says. */
function recordOver(dial: () => Promise<Connection>) {
  let now = 1_000;
  const transport: Transport = { listen: () => Promise.reject(new Error()), connect: dial };
  const record = new DialRecord(transport, { now: () => now++ });
  return { record, dial: (address = ADDRESS) => record.connect(address, () => HANDLER, 1) };
}

describe("DialRecord", () => {
  test("remembers the last end of each dial", async () => {
    const ends = [
      () => Promise.reject(new TransportError("ECONNREFUSED", "refused")),
      () => Promise.resolve({} as Connection),
    ];
    const { record, dial } = recordOver(() => ends.shift()?.() ?? Promise.reject(new Error()));
    expect(record.lastOf(ADDRESS)).toBeUndefined();
    expect(dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await dial().catch(() => {});
    expect(record.lastOf({ ...ADDRESS })).toEqual({ at: 1_001, code: undefined });
    expect(record.lastOf({ ...ADDRESS, port: 1 })).toBeUndefined();
  });

  test("hands on a fault of ours without taking it for an end", async () => {
    const fault = new Error("broken");
    const { record, dial } = recordOver(() => Promise.reject(fault));
    expect(dial()).rejects.toBe(fault);
    await dial().catch(() => {});
    expect(record.lastOf(ADDRESS)).toBeUndefined();
  });

  test("forgets the oldest beyond its bound", async () => {
    const { record, dial } = recordOver(() => Promise.resolve({} as Connection));
    for (let port = 1; port <= MAX_DIALS_REMEMBERED + 1; port++) {
      await dial({ host: "10.0.0.1", port });
    }
    expect(record.lastOf({ host: "10.0.0.1", port: 1 })).toBeUndefined();
    expect(record.lastOf({ host: "10.0.0.1", port: 2 })).toBeDefined();
  });
});
