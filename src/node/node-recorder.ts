/**
 * Writes what becomes known of other nodes into the `nodes` table, a few times a minute.
 *
 * Gathers changes and hands them on together, so that a peer that talks much costs nothing. What is
 * known of a node is told by p2p/, and the table kept by index/.
 */

import type { NodeRecord } from "../index/index-messages.ts";
import { BoundedMap } from "../lib/bounded.ts";
import type { Clock } from "../lib/clock.ts";
import { MAX_NODES, type NodeView, type Topology } from "../p2p/topology.ts";
import type { NodeId } from "../wire/node-id.ts";

/** Milliseconds between two writings. */
export const RECORD_INTERVAL_MS = 5_000;

/** Begins to record; returns what ends it, writing what is still to be written. */
export function startNodeRecorder({
  topology,
  clock,
  record,
}: {
  topology: Pick<Topology, "events" | "nodes">;
  clock: Pick<Clock, "after">;
  record: (records: readonly NodeRecord[]) => void;
}): () => void {
  let changed = new BoundedMap<NodeId, NodeView>(MAX_NODES);
  let cancel: (() => void) | undefined;
  const write = () => {
    cancel = undefined;
    if (changed.size === 0) return;
    const self = topology.nodes().find(({ isUs }) => isUs);
    const others = [...changed.entries()].map(([, node]) => node);
    changed = new BoundedMap(MAX_NODES);
    record([...(self === undefined ? [] : [self]), ...others].map(recordOf));
  };
  const unsubscribe = topology.events.on("node-changed", ({ node }) => {
    changed.set(node.nodeId, node);
    cancel ??= clock.after(RECORD_INTERVAL_MS, write);
  });
  return () => {
    unsubscribe();
    cancel?.();
    write();
  };
}

/** Returns what is known of a node as it is written down: null for what it has not said. */
export function recordOf(node: NodeView): NodeRecord {
  return {
    nodeId: node.nodeId,
    name: node.name,
    isSelf: node.isUs,
    isConnected: node.isConnected,
    host: node.host ?? null,
    port: node.port ?? null,
    apiPort: node.apiPort === 0 ? null : node.apiPort,
    height: node.height ?? null,
    tip: node.tip ?? null,
    peerCount: node.peerCount ?? null,
    hashrate: node.hashRate ?? null,
    mempoolCount: node.mempoolCount ?? null,
    mempoolBytes: node.mempoolBytes ?? null,
    lastSeen: node.lastSeen,
  };
}
