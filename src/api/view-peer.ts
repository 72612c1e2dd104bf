/**
 * Peers and nodes as the API shows them; with none of them where a node was made without peers.
 *
 * Copies figures and nothing more: whom to connect to, and what peers are, is the business of p2p/.
 */

import type { Node } from "../node/node.ts";
import { recordOf } from "../node/node-recorder.ts";
import type { PeerNetwork } from "../p2p/peer-network.ts";
import type { PeerView } from "../p2p/peer-view.ts";
import type { NodeView } from "../p2p/topology.ts";
import type { BlockHash, Txid } from "../primitives/hash-id.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import { explainAlone } from "./explain-alone.ts";
import type {
  AloneView,
  ConnectResultView,
  KnownNodeView,
  ManualPeerView,
  PeerViewType,
} from "./peer-schemas.ts";
import type { PropagationView, StatusView } from "./stats-schemas.ts";

/** What peers are shown from; none where a node was made without them. */
export interface PeerSource {
  readonly peers?: PeerNetwork | undefined;
}

/** Returns how many peers there are, by who dialled whom. */
export function countPeers({ peers }: PeerSource): StatusView["peers"] {
  let inbound = 0;
  let total = 0;
  for (const peer of peers?.manager.peers ?? []) {
    if (!peer.isReady) continue;
    total += 1;
    if (peer.isInbound) inbound += 1;
  }
  return { inbound, outbound: total - inbound, total };
}

/** Returns a peer that has shaken hands. */
export function viewPeer(network: PeerNetwork, view: PeerView): PeerViewType {
  const { services, claimedHeight, nodeId, pingMs, minPingMs, apiPort, ...rest } = view;
  const known = nodeId === undefined ? undefined : network.topology.find(nodeId);
  return {
    ...rest,
    nodeId: nodeId ?? null,
    apiPort: apiPort === 0 ? null : apiPort,
    services: services.toString(16).padStart(16, "0"),
    // What it said last; an ordinary Bitcoin peer says it once.
    height: known?.height ?? claimedHeight,
    quietMs: Math.max(0, Math.round(view.quietMs)),
    pingMs: roundMs(pingMs),
    minPingMs: roundMs(minPingMs),
  };
}

/** Returns the nodes to which the operator wants a connection, and what keeps any of them away. */
export function viewManualPeers(network: PeerNetwork): ManualPeerView[] {
  return network.addresses.manual().map((address) => {
    const isConnected = network.manager.findAt(address) !== undefined;
    return {
      address: formatNetAddress(address),
      connected: isConnected,
      problem: isConnected ? null : findProblem(network, address),
    };
  });
}

/** Returns what became of a dial. */
export function viewConnection(
  network: PeerNetwork,
  address: string,
  outcome: { status: "connected"; id: number } | { status: "unreachable" | "refused"; why: string },
): ConnectResultView {
  if (outcome.status !== "connected") {
    const { status, why } = outcome;
    const what =
      status === "unreachable"
        ? `There is no connection to ${address}: ${why}.`
        : `${address} answered, but the connection did not last: ${why}.`;
    const detail = `${what} It is tried again from time to time.`;
    return { status, address, reason: why, detail, peer: null };
  }
  const view = network.manager.view().find(({ id }) => id === outcome.id);
  return {
    status: "connected",
    address,
    reason: null,
    detail: `Connected to ${address}.`,
    peer: view === undefined ? null : viewPeer(network, view),
  };
}

/** Returns what is known of a node. */
export function viewNode(node: NodeView): KnownNodeView {
  const { isSelf, isConnected, ...rest } = recordOf(node);
  return { ...rest, connected: isConnected, self: isSelf };
}

/** Returns why the node may be alone; null if it is not. */
export function viewAlone({
  peers,
  clock,
  startedAt,
}: Pick<Node, "peers" | "clock" | "startedAt">): AloneView | null {
  if (countPeers({ peers }).total > 0) return null;
  return explainAlone({
    now: clock.now(),
    uptimeMs: clock.now() - startedAt,
    port: peers?.manager.port,
    discovery: peers?.discovery,
    manual: peers === undefined ? [] : viewManualPeers(peers),
  });
}

/** Returns how far the node has caught up with what its peers have shown. */
export function viewSync({ peers, chain }: Pick<Node, "peers" | "chain">): StatusView["sync"] {
  const { height } = chain.tip;
  const progress = peers?.blocks.progress();
  const headers = Math.max(height, progress?.bestHeaderHeight ?? height);
  const isSyncing = progress?.isSyncing ?? false;
  return {
    state: isSyncing ? "syncing" : "synced",
    progress: isSyncing ? height / headers : 1,
    isSyncing,
    headers,
    blocksPerSecond: Math.round((progress?.blocksPerSecond ?? 0) * 10) / 10,
    estimatedSeconds:
      progress?.estimatedSeconds === undefined ? null : Math.ceil(progress.estimatedSeconds),
  };
}

/** Returns how a block or transaction came here; null if nobody has said. */
export function viewPropagation(
  { peers }: PeerSource,
  hash: BlockHash | Txid,
): PropagationView | null {
  const record = peers?.blocks.propagation.find(hash);
  if (record === undefined) return null;
  const { hopCount, originAt, arrivedAt } = record;
  return { hops: hopCount, milliseconds: Math.max(0, Math.round(arrivedAt - originAt)) };
}

function findProblem(network: PeerNetwork, address: NetAddress): ManualPeerView["problem"] {
  const last = network.lastDial(address);
  if (last === undefined) return null;
  const text = formatNetAddress(address);
  if (last.code !== undefined) {
    const detail = `${text} cannot be reached: ${last.code}.`;
    return { code: last.code, detail, since: last.at };
  }
  const detail =
    `${text} answered, but the connection did not last: it may be of another network, or talk ` +
    "to nodes of its own choice only.";
  return { code: "refused", detail, since: last.at };
}

function roundMs(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 10) / 10;
}
