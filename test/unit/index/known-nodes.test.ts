/**
 * The `nodes` table: one row a node, bounded, and kept when the index is built again.
 */

import { afterEach, describe, expect, test } from "bun:test";
import type { NodeRecord } from "../../../src/index/index-messages.ts";
import { disconnectNodes, recordNodes } from "../../../src/index/known-nodes.ts";
import { recordSample } from "../../../src/index/network-stats.ts";
import { openIndex } from "../../../src/index/schema.ts";
import { ChainWriter } from "./chain-writer.ts";
import { IDENTITY, IndexFixture } from "./index-fixture.ts";

const cleanups: (() => unknown)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

function newFixture() {
  const writer = new ChainWriter();
  cleanups.push(() => writer.close());
  const fixture = new IndexFixture(writer);
  cleanups.push(() => fixture.close());
  fixture.follow();
  return { writer, fixture };
}

function recordOf(number: number, changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    nodeId: `02${number.toString(16).padStart(64, "0")}`,
    name: `node ${number}`,
    isSelf: false,
    isConnected: true,
    host: "10.0.0.1",
    port: 8_333,
    apiPort: null,
    height: 5,
    tip: "ab".repeat(32),
    peerCount: 3,
    hashrate: 1_000,
    mempoolCount: 2,
    mempoolBytes: 500,
    lastSeen: 1_000 * number,
    ...changes,
  };
}

const rows = ({ database }: Pick<IndexFixture, "database">) =>
  database.query<Record<string, unknown>, []>("SELECT * FROM nodes ORDER BY node_id").all();

describe("recordNodes", () => {
  test("writes a row a node, and what is new over what was", () => {
    const { fixture } = newFixture();
    recordNodes(fixture.database, [recordOf(1), recordOf(2, { isSelf: true, host: null })]);
    recordNodes(fixture.database, [recordOf(1, { name: "new", height: 9, lastSeen: 7_000 })]);
    expect(rows(fixture)).toMatchObject([
      { name: "new", height: 9, first_seen: 1_000, last_seen: 7_000, is_self: 0 },
      { name: "node 2", is_self: 1, host: null },
    ]);
  });

  test("keeps what a node that came back has not said again", () => {
    const { fixture } = newFixture();
    recordNodes(fixture.database, [recordOf(1)]);
    const silent = { height: null, tip: null, port: null, hashrate: null, peerCount: null };
    recordNodes(fixture.database, [recordOf(1, { ...silent, isConnected: false })]);
    expect(rows(fixture)).toMatchObject([
      { is_connected: 0, height: 5, port: 8_333, hashrate: 1_000, peer_count: 3 },
    ]);
  });

  test("forgets those not seen for longest, and never this node", () => {
    const { fixture } = newFixture();
    const self = recordOf(0, { isSelf: true, lastSeen: 0 });
    recordNodes(fixture.database, [self, recordOf(1), recordOf(2), recordOf(3)], 3);
    expect(rows(fixture).map(({ name }) => name)).toEqual(["node 0", "node 2", "node 3"]);
  });

  test("knows after a start that nobody is connected", () => {
    const { fixture } = newFixture();
    recordNodes(fixture.database, [recordOf(1)]);
    disconnectNodes(fixture.database);
    expect(rows(fixture)).toMatchObject([{ is_connected: 0 }]);
  });
});

describe("the logs of what a node saw", () => {
  const sample = { time: 3_600, mempoolCount: 0, mempoolBytes: 0, mempoolFeerate: 1, peers: 2 };
  const countLogs = ({ database }: Pick<IndexFixture, "database">) =>
    database
      .query<{ nodes: number; stats: number }, []>(
        "SELECT (SELECT count(*) FROM nodes) AS nodes, (SELECT count(*) FROM network_stats) AS stats",
      )
      .get();

  function withLogs() {
    const { writer, fixture } = newFixture();
    recordNodes(fixture.database, [recordOf(1)]);
    recordSample(fixture.database, sample);
    return { writer, fixture };
  }

  test("stay when the index is built again", () => {
    const { fixture } = withLogs();
    fixture.index.reset();
    expect(countLogs(fixture)).toEqual({ nodes: 1, stats: 1 });
    expect(fixture.database.query("SELECT * FROM blocks").all()).toEqual([]);
  });

  test("stay when another version built the index", () => {
    const { writer, fixture } = withLogs();
    fixture.database.run("PRAGMA user_version = 1");
    const { database, isNew } = openIndex(writer.indexPath, IDENTITY);
    cleanups.push(() => database.close());
    expect(isNew).toBe(true);
    expect(countLogs({ database })).toEqual({ nodes: 1, stats: 1 });
  });

  test("go with the chain that they belong to", () => {
    const { writer } = withLogs();
    const { database } = openIndex(writer.indexPath, { ...IDENTITY, genesis: "00".repeat(32) });
    cleanups.push(() => database.close());
    expect(countLogs({ database })).toEqual({ nodes: 0, stats: 0 });
  });

  test("of other columns are made anew", () => {
    const { writer, fixture } = withLogs();
    fixture.database.run("ALTER TABLE nodes ADD COLUMN color TEXT");
    fixture.database.run("PRAGMA user_version = 1");
    const { database } = openIndex(writer.indexPath, IDENTITY);
    cleanups.push(() => database.close());
    expect(countLogs({ database })).toEqual({ nodes: 0, stats: 1 });
  });
});
