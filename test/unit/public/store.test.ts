/** How events and answers change what the dashboard knows; no browser is needed for it. */

import { describe, expect, test } from "bun:test";
import type { LiveEvent } from "../../../public/live-feed.ts";
import { applyEvent, type DashboardState, INITIAL_STATE } from "../../../public/store.ts";
import type { StatusView } from "../../../src/api/stats-schemas.ts";

const STATUS = {
  height: 1,
  tip: "aa",
  tipTime: 100,
  time: 5_000,
  hashrate: { own: 0, network: 10 },
  mempool: { count: 0, bytes: 0, minFeerate: 1 },
  peers: { inbound: 0, outbound: 0, total: 0 },
  mining: { running: false, threads: 1, address: null, blocksFound: 0 },
  warnings: [] as string[],
} as unknown as StatusView;

function known(status: Partial<StatusView> = {}): DashboardState {
  const update = {
    update: "status",
    status: { ...STATUS, ...status },
    receivedAtMs: 4_000,
  } as const;
  return applyEvent(INITIAL_STATE, update);
}

function happens(event: string, data: unknown = {}): LiveEvent {
  return { topic: "any", seq: 1, time: 0, event, data };
}

test("the first status tells how far the node's clock is ahead, and changes no version", () => {
  expect(known().clockOffsetMs).toBe(1_000);
  expect(known().versions).toEqual(INITIAL_STATE.versions);
});

test("a connected block is the tip at once", () => {
  const next = applyEvent(
    known(),
    happens("block-connected", { height: 2, hash: "bb", time: 110 }),
  );
  expect(next.status).toMatchObject({ height: 2, tip: "bb", tipTime: 110 });
  expect(next.versions).toMatchObject({ chain: 1, mempool: 1, peers: 0, mining: 0 });
});

test.each([
  ["block-disconnected", ["chain", "mempool"]],
  ["reorg", ["chain", "mempool"]],
  ["transaction-accepted", ["mempool"]],
  ["transaction-removed", ["mempool"]],
  ["peer-connected", ["peers"]],
  ["peer-disconnected", ["peers"]],
  ["mempool-changed", ["mempool"]],
  ["mining-progress", ["mining"]],
])("%s touches %p", (event, subjects) => {
  const { versions } = applyEvent(known(), happens(event));
  const risen = Object.entries(versions).flatMap(([name, version]) => (version > 0 ? [name] : []));
  expect(risen).toEqual(subjects);
});

test("the mempool's level and the miner's progress are in the status at once", () => {
  const level = { count: 3, bytes: 900, minFeerate: 2 };
  expect(applyEvent(known(), happens("mempool-changed", level)).status?.mempool).toEqual(level);
  const progress = { running: true, threads: 2, hashrate: 7, blocksFound: 1, totalHashes: 9 };
  expect(applyEvent(known(), happens("mining-progress", progress)).status).toEqual({
    ...STATUS,
    hashrate: { own: 7, network: 10 },
    mining: { running: true, threads: 2, address: null, blocksFound: 1 },
  });
});

test("an unknown event changes nothing", () => {
  const state = known();
  expect(applyEvent(state, happens("tomorrow", { height: 9 }))).toBe(state);
});

test.each([
  { data: null },
  { data: 7 },
  { data: "x" },
  { data: [] },
  { data: { height: "2", hash: 3 } },
  { data: { hash: "bb" } },
])("data that is none, %j, spoils nothing", ({ data }) => {
  expect(applyEvent(known(), happens("block-connected", data)).status).toEqual(STATUS);
  expect(applyEvent(known(), happens("stats", data)).status?.height).toBe(1);
  expect(applyEvent(known(), happens("mining-progress", data)).status).toEqual(STATUS);
});

describe("stats", () => {
  test("replace what a status has, where it is of the same kind", () => {
    const data = { hashrate: { network: 20, other: 1 }, peers: 7, height: "9", unknown: 1 };
    const { status } = applyEvent(known(), happens("stats", data));
    expect(status).toEqual({ ...STATUS, hashrate: { own: 0, network: 20 } });
  });

  test("touch what they change", () => {
    const data = { mempool: { count: 3 }, peers: { total: 1 } };
    const { versions } = applyEvent(known(), happens("stats", data));
    expect(versions).toEqual({ chain: 0, mempool: 1, peers: 1, mining: 0 });
  });
});

test("a page that hears no events sees by the status what has changed", () => {
  const update = { update: "status", status: { ...STATUS, tip: "bb" }, receivedAtMs: 0 } as const;
  expect(applyEvent(known(), update).versions).toEqual({
    chain: 1,
    mempool: 0,
    peers: 0,
    mining: 0,
  });
  const same = { update: "status", status: { ...STATUS }, receivedAtMs: 0 } as const;
  expect(applyEvent(known(), same).versions).toEqual(INITIAL_STATE.versions);
});

test("events before the first status count, so that nothing shown is old", () => {
  const next = applyEvent(INITIAL_STATE, happens("block-connected", { height: 2, hash: "bb" }));
  expect(next.status).toBeNull();
  expect(next.versions.chain).toBe(1);
});

test("what was missed is asked for again", () => {
  const next = applyEvent(known(), { update: "stale", subjects: ["chain", "mining"] });
  expect(next.versions).toEqual({ chain: 1, mempool: 0, peers: 0, mining: 1 });
});
