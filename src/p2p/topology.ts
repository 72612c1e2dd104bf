/**
 * What is known of the network's nodes and of who is connected to whom: `nodestat`, both ways.
 *
 * For display alone: nothing may depend on it. A node is one that was a peer of ours and has proven
 * its id; what it says of itself, and whom it names as its neighbours, is only its word.
 */

import { Emitter } from "../lib/emitter.ts";
import { type Rate, TokenBucket } from "../lib/token-bucket.ts";
import type { BlockHash } from "../primitives/hash-id.ts";
import { MAX_NEIGHBORS, type NodeStatMessage } from "../wire/cairn-messages.ts";
import type { Command, Message } from "../wire/message.ts";
import type { NetAddress } from "../wire/net-address.ts";
import type { NodeId } from "../wire/node-id.ts";
import type { Conversation, ConversationContext } from "./conversation.ts";
import type { Peer } from "./peer.ts";

/** Milliseconds between two of ours, at least. */
export const NODE_STAT_INTERVAL_MS = 5_000;

/** Milliseconds after which ours is sent though nothing has changed, lest we be forgotten. */
export const NODE_STAT_HEARTBEAT_MS = 60_000;

/** Of one peer, more frequent ones are read over. Lines are uneven, so some may come together. */
const HEARD_RATE: Rate = { perSecond: 1_000 / NODE_STAT_INTERVAL_MS, burst: 4 };

/** Nodes remembered; of those not connected, the one heard of longest ago goes first. */
export const MAX_NODES = 1_024;

/** Connections shown; a picture of more cannot be read. Our own come first. */
export const MAX_EDGES = 10_000;

/** Milliseconds after which a node that is not connected is forgotten. */
export const NODE_EXPIRY_MS = 600_000;

/** Largest number in the fields of 16 and 32 bits. */
const MAX_U16 = 0xffff;
const MAX_U32 = 0xffffffff;

/** What is known of one node. */
export interface NodeView {
  readonly nodeId: NodeId;
  /** Chosen by its owner; may be empty. */
  readonly name: string;
  /** Undefined of ourselves. */
  readonly host: string | undefined;
  /** Where it accepts peers; undefined if it dialled us and nobody has said. */
  readonly port: number | undefined;
  /** 0 if others cannot reach its API. */
  readonly apiPort: number;
  /** Undefined, as all that follows it, before the node's first word. */
  readonly height: number | undefined;
  readonly tip: BlockHash | undefined;
  readonly peerCount: number | undefined;
  /** Hashes a second. */
  readonly hashRate: number | undefined;
  readonly mempoolCount: number | undefined;
  readonly mempoolBytes: number | undefined;
  /** Milliseconds since 1970. */
  readonly lastSeen: number;
  readonly isConnected: boolean;
  readonly isUs: boolean;
}

/** Two nodes that are connected; the lesser id first. */
export interface EdgeView {
  readonly from: NodeId;
  readonly to: NodeId;
  /** True of our own connections; others are the word of one of the two. */
  readonly isProven: boolean;
}

/** The network as seen from here. Edges may name nodes that are not among `nodes`. */
export interface TopologyView {
  readonly nodes: readonly NodeView[];
  readonly edges: readonly EdgeView[];
  /** False if there are more edges than these. */
  readonly isComplete: boolean;
}

/** Told when a node comes, goes, or says something new of itself. */
export type TopologyEvents = { "node-changed": { readonly node: NodeView } };

/** What the conversation needs beside the context. */
export interface TopologyParts {
  readonly nodeId: NodeId;
  readonly name: string;
  readonly apiPort: number;
  /** Hashes a second of this node's miner. */
  readonly hashRate: () => number;
  /** MAX_NODES unless given. */
  readonly maxNodes?: number;
  /** MAX_EDGES unless given. */
  readonly maxEdges?: number;
}

interface KnownNode {
  readonly nodeId: NodeId;
  name: string;
  host: string;
  port: number | undefined;
  apiPort: number;
  stat: NodeStatMessage | undefined;
  /** By the wall clock, for people; and by the one that never goes back, for expiry. */
  lastSeen: number;
  seenAt: number;
  /** The connection, while there is one. */
  peer: Peer | undefined;
}

export class Topology implements Conversation {
  readonly events = new Emitter<TopologyEvents>();
  readonly commands: readonly Command[] = ["nodestat"];
  readonly #context: ConversationContext;
  readonly #parts: TopologyParts;
  /** In the order in which they were heard of, the latest last. */
  readonly #nodes = new Map<NodeId, KnownNode>();
  readonly #budgets = new Map<Peer, TokenBucket>();
  readonly #unsubscribe: readonly (() => void)[];
  #sentAt = Number.NEGATIVE_INFINITY;
  #sendAt = Number.POSITIVE_INFINITY;
  #cancelSend: (() => void) | undefined;

  constructor(context: ConversationContext, parts: TopologyParts) {
    this.#context = context;
    this.#parts = parts;
    const { chain, mempool } = context.node;
    const changed = () => this.#scheduleSend(0);
    this.#unsubscribe = [
      chain.events.on("tip-changed", changed),
      mempool.events.on("transaction-accepted", changed),
    ];
  }

  /** A node says by a datagram, unproven, that it accepts peers at `address`. */
  heard(nodeId: NodeId, address: NetAddress): void {
    const node = this.#nodes.get(nodeId);
    if (node?.host === address.host) node.port = address.port;
  }

  /** Nodes remembered, and peers that have spoken. */
  get size(): number {
    return this.#nodes.size + this.#budgets.size;
  }

  peerReady(peer: Peer): void {
    const { cairn } = peer.profile;
    if (cairn === undefined) return;
    const node = this.#touch(cairn.nodeId, peer);
    node.name = cairn.name;
    node.apiPort = cairn.apiPort;
    node.host = peer.remote.host;
    // The port of a connection made to us says nothing of where it accepts any.
    if (!peer.isInbound) node.port = peer.remote.port;
    node.peer = peer;
    this.#trim();
    peer.send(this.#ourStat());
    // The others are told of the new neighbour a little later, with others that come now.
    this.#scheduleSend(NODE_STAT_INTERVAL_MS);
    this.#tell(node);
  }

  peerClosed(peer: Peer): void {
    this.#budgets.delete(peer);
    for (const node of this.#nodes.values()) {
      if (node.peer !== peer) continue;
      node.peer = undefined;
      node.lastSeen = this.#context.clock.now();
      node.seenAt = this.#context.clock.monotonic();
      this.#tell(node);
      this.#scheduleSend(0);
    }
    this.#trim();
    if (this.#hasListeners()) return;
    this.#cancelSend?.();
    this.#cancelSend = undefined;
    this.#sendAt = Number.POSITIVE_INFINITY;
  }

  receive(peer: Peer, message: Message): void {
    if (message.command !== "nodestat" || !peer.isReady) return;
    const { cairn } = peer.profile;
    if (cairn === undefined) return;
    const now = this.#context.clock.monotonic();
    const budget = this.#budgets.get(peer) ?? new TokenBucket(HEARD_RATE, now);
    this.#budgets.set(peer, budget);
    if (!budget.take(1, now)) return;
    const node = this.#touch(cairn.nodeId, peer);
    node.stat = message;
    this.#trim();
    this.#tell(node);
  }

  /** The network as it is known at this moment, ourselves first; at most MAX_EDGES connections. */
  view(): TopologyView {
    return { nodes: this.nodes(), ...this.#edges() };
  }

  /** The nodes known at this moment, ourselves first, those heard of latest last. */
  nodes(): readonly NodeView[] {
    this.#trim();
    return [this.#viewOfUs(), ...[...this.#nodes.values()].map(viewOf)];
  }

  /** What is known of `nodeId`; undefined if nothing is. */
  find(nodeId: NodeId): NodeView | undefined {
    const node = this.#nodes.get(nodeId);
    return node === undefined ? undefined : viewOf(node);
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#cancelSend?.();
  }

  /** The record of `nodeId`, as the latest that was heard of. */
  #touch(nodeId: NodeId, peer: Peer): KnownNode {
    const { clock } = this.#context;
    const known = this.#nodes.get(nodeId);
    const node: KnownNode = known ?? {
      nodeId,
      name: "",
      host: peer.remote.host,
      port: undefined,
      apiPort: 0,
      stat: undefined,
      lastSeen: 0,
      seenAt: 0,
      peer: undefined,
    };
    node.lastSeen = clock.now();
    node.seenAt = clock.monotonic();
    this.#nodes.delete(nodeId);
    this.#nodes.set(nodeId, node);
    return node;
  }

  /** Forgets those not heard of for long, and the oldest where there are too many. */
  #trim(): void {
    const { maxNodes = MAX_NODES } = this.#parts;
    const oldest = this.#context.clock.monotonic() - NODE_EXPIRY_MS;
    for (const { nodeId, seenAt, peer } of this.#nodes.values()) {
      if (peer !== undefined) continue;
      if (seenAt > oldest && this.#nodes.size <= maxNodes) continue;
      this.#nodes.delete(nodeId);
    }
  }

  #scheduleSend(waitMs: number): void {
    const { clock } = this.#context;
    const now = clock.monotonic();
    const at = Math.max(now + waitMs, this.#sentAt + NODE_STAT_INTERVAL_MS);
    if (at >= this.#sendAt || !this.#hasListeners()) return;
    this.#cancelSend?.();
    this.#sendAt = at;
    this.#cancelSend = clock.after(at - now, () => this.#send());
  }

  #send(): void {
    this.#sendAt = Number.POSITIVE_INFINITY;
    this.#cancelSend = undefined;
    this.#sentAt = this.#context.clock.monotonic();
    const stat = this.#ourStat();
    for (const peer of this.#context.peers) {
      if (peer.profile.cairn !== undefined && !peer.isCongested) peer.send(stat);
    }
    this.#scheduleSend(NODE_STAT_HEARTBEAT_MS);
  }

  #hasListeners(): boolean {
    for (const peer of this.#context.peers) if (peer.profile.cairn !== undefined) return true;
    return false;
  }

  #ourStat(): NodeStatMessage {
    const { node, peers } = this.#context;
    return {
      command: "nodestat",
      height: node.chain.tip.height,
      tip: node.chain.tip.hash,
      peerCount: Math.min(peers.size, MAX_U16),
      hashRate: Math.floor(this.#parts.hashRate()),
      mempoolCount: Math.min(node.mempool.count, MAX_U32),
      mempoolBytes: node.mempool.bytes,
      neighbors: this.#neighbors().slice(0, MAX_NEIGHBORS),
    };
  }

  #neighbors(): NodeId[] {
    const ids = new Set<NodeId>();
    for (const { profile } of this.#context.peers) {
      if (profile.cairn !== undefined) ids.add(profile.cairn.nodeId);
    }
    return [...ids];
  }

  #viewOfUs(): NodeView {
    const { nodeId, name, apiPort } = this.#parts;
    const { height, tip, peerCount, hashRate, mempoolCount, mempoolBytes } = this.#ourStat();
    return {
      nodeId,
      name,
      host: undefined,
      port: undefined,
      apiPort,
      height,
      tip,
      peerCount,
      hashRate,
      mempoolCount,
      mempoolBytes,
      lastSeen: this.#context.clock.now(),
      isConnected: true,
      isUs: true,
    };
  }

  #edges(): Pick<TopologyView, "edges" | "isComplete"> {
    const { maxEdges = MAX_EDGES } = this.#parts;
    let isComplete = true;
    const edges = new Map<string, EdgeView>();
    const add = (a: NodeId, b: NodeId, isProven: boolean) => {
      if (a === b) return;
      const [from, to] = a < b ? [a, b] : [b, a];
      const key = `${from}-${to}`;
      if (edges.has(key)) return;
      if (edges.size < maxEdges) edges.set(key, { from, to, isProven });
      else isComplete = false;
    };
    const us = this.#parts.nodeId;
    for (const neighbor of this.#neighbors()) add(us, neighbor, true);
    for (const { nodeId, stat } of this.#nodes.values()) {
      for (const neighbor of stat?.neighbors ?? []) {
        // Of our own connections we need nobody's word.
        if (neighbor !== us) add(nodeId, neighbor, false);
      }
    }
    return { edges: [...edges.values()], isComplete };
  }

  #tell(node: KnownNode): void {
    this.events.emit("node-changed", { node: viewOf(node) });
  }
}

function viewOf({ stat, peer, nodeId, name, host, port, apiPort, lastSeen }: KnownNode): NodeView {
  return {
    nodeId,
    name,
    host,
    port,
    apiPort,
    height: stat?.height,
    tip: stat?.tip,
    peerCount: stat?.peerCount,
    hashRate: stat?.hashRate,
    mempoolCount: stat?.mempoolCount,
    mempoolBytes: stat?.mempoolBytes,
    lastSeen,
    isConnected: peer !== undefined,
    isUs: false,
  };
}
