/**
 * Views of peers that need no network: progress while catching up, and how things came here.
 */

import { describe, expect, test } from "bun:test";
import { viewNode, viewPropagation, viewSync } from "../../../src/api/view-peer.ts";
import type { Node } from "../../../src/node/node.ts";
import type { PeerNetwork } from "../../../src/p2p/peer-network.ts";
import type { PropagationRecord } from "../../../src/p2p/propagation.ts";
import type { SyncProgress } from "../../../src/p2p/sync-progress.ts";
import type { NodeView } from "../../../src/p2p/topology.ts";
import type { Txid } from "../../../src/primitives/hash-id.ts";
import type { NodeId } from "../../../src/wire/node-id.ts";

const TXID = "ab".repeat(32) as Txid;

/** A node of which nothing but its progress is asked. */
function syncing(height: number, progress?: Partial<SyncProgress>) {
  const known = {
    ourHeight: height,
    bestHeaderHeight: height,
    isSyncing: false,
    blocksPerSecond: 0,
    estimatedSeconds: undefined,
    ...progress,
  };
  const peers = progress === undefined ? undefined : { blocks: { progress: () => known } };
  return { chain: { tip: { height } }, peers } as unknown as Pick<Node, "peers" | "chain">;
}

describe("viewSync", () => {
  test("shows a part of the way, the pace, and the time left", () => {
    const progress = { bestHeaderHeight: 400, isSyncing: true, blocksPerSecond: 12.345 };
    expect(viewSync(syncing(100, { ...progress, estimatedSeconds: 24.3 }))).toEqual({
      state: "syncing",
      progress: 0.25,
      isSyncing: true,
      headers: 400,
      blocksPerSecond: 12.3,
      estimatedSeconds: 25,
    });
  });

  test("is done at the tip, also a few blocks behind it, and without peers", () => {
    const done = { state: "synced", progress: 1, isSyncing: false, estimatedSeconds: null };
    expect(viewSync(syncing(5, {}))).toMatchObject({ ...done, headers: 5 });
    expect(viewSync(syncing(5, { bestHeaderHeight: 7 }))).toMatchObject({ ...done, headers: 7 });
    expect(viewSync(syncing(0))).toMatchObject({ ...done, headers: 0 });
  });

  test("never exceeds the whole, though a better chain may have fewer blocks", () => {
    const shorter = { bestHeaderHeight: 40, isSyncing: true };
    expect(viewSync(syncing(50, shorter))).toMatchObject({ progress: 1, headers: 50 });
  });
});

describe("viewPropagation", () => {
  const sourceOf = (record: PropagationRecord | undefined) => {
    const peers = { blocks: { propagation: { find: () => record } } } as unknown as PeerNetwork;
    return { peers };
  };

  test("shows links and whole milliseconds, and nothing where nobody has said", () => {
    const record = { hopCount: 3, originAt: 100.4, arrivedAt: 350.6 };
    expect(viewPropagation(sourceOf(record), TXID)).toEqual({ hops: 3, milliseconds: 250 });
    expect(viewPropagation(sourceOf(undefined), TXID)).toBeNull();
    expect(viewPropagation({}, TXID)).toBeNull();
  });
});

describe("viewNode", () => {
  test("shows null for what a node has not said", () => {
    const silent: NodeView = {
      nodeId: `02${"ab".repeat(32)}` as NodeId,
      name: "",
      host: "10.0.0.1",
      port: undefined,
      apiPort: 0,
      height: undefined,
      tip: undefined,
      peerCount: undefined,
      hashRate: undefined,
      mempoolCount: undefined,
      mempoolBytes: undefined,
      lastSeen: 5,
      isConnected: true,
      isUs: false,
    };
    const { nodeId, name, host, lastSeen, connected, self, ...unknown } = viewNode(silent);
    expect([nodeId, name, host]).toEqual([silent.nodeId, "", "10.0.0.1"]);
    expect([lastSeen, connected, self]).toEqual([5, true, false]);
    expect(Object.values(unknown)).toEqual(Array(8).fill(null));
  });
});
