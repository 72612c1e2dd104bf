/**
 * A node's whole life among others: finding them, talking to them, and what can be told of them.
 *
 * The composition root of this layer. Takes the ports to the world, real or simulated; knows
 * nothing of routes, pages, or the names of settings.
 */

import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { NetAddress } from "../wire/net-address.ts";
import type { NodeId } from "../wire/node-id.ts";
import { AddressGossip } from "./address-gossip.ts";
import { scopeOf } from "./address-group.ts";
import type { AddressManager } from "./address-manager.ts";
import type { BanList } from "./ban-list.ts";
import { type BlockSync, makeBlockConversations } from "./block-sync.ts";
import type { Conversation, ConversationContext, NodePort } from "./conversation.ts";
import { DialRecord, type LastDial } from "./dial-record.ts";
import { Discovery, type DiscoveryState } from "./discovery.ts";
import type { LocalNode } from "./handshake.ts";
import { P2pService } from "./p2p-service.ts";
import type { PeerManager, PeerPolicy } from "./peer-manager.ts";
import { Topology } from "./topology.ts";
import { TransactionRelay } from "./transaction-relay.ts";
import type { Datagrams, Random, Transport } from "./transport.ts";

/** What a node's peers are made of. */
export interface PeerNetworkParts {
  readonly node: NodePort;
  readonly local: LocalNode;
  readonly transport: Transport;
  /** Absent where nodes nearby are neither looked for nor told of this one. */
  readonly datagrams?: Datagrams | undefined;
  readonly addresses: AddressManager;
  readonly bans: BanList;
  readonly policy: PeerPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Hashes a second of this node's miner. */
  readonly hashRate: () => number;
  /** Sats per vbyte that the mempool asks for at least. */
  readonly leastFeerate: number;
  /** The addresses of this machine at which others can reach it. */
  readonly ownHosts: () => readonly string[];
}

/** Hosts that stand for every address of this machine. */
const EVERY_ADDRESS: readonly string[] = ["::", "0.0.0.0"];

/** Milliseconds between two writings of the address book. */
const FLUSH_INTERVAL_MS = 60_000;

/** Bytes of all connections since the start. */
export interface Traffic {
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

export class PeerNetwork {
  readonly manager: PeerManager;
  /** Where nodes may be found, those to which the operator wants a connection among them. */
  readonly addresses: AddressManager;
  readonly bans: BanList;
  readonly #parts: PeerNetworkParts;
  readonly #service: P2pService;
  readonly #dials: DialRecord;
  /** Of the connections that have ended. */
  #endedTraffic: Traffic = { bytesReceived: 0, bytesSent: 0 };
  #blocks: BlockSync | undefined;
  #topology: Topology | undefined;
  #discovery: Discovery | undefined;
  #cancelFlush: (() => void) | undefined;
  #listenHost = "";

  constructor(parts: PeerNetworkParts) {
    this.#parts = parts;
    this.addresses = parts.addresses;
    this.bans = parts.bans;
    this.#dials = new DialRecord(parts.transport, parts.clock);
    this.#service = new P2pService({
      ...parts,
      transport: this.#dials,
      makeConversations: (context) => this.#makeConversations(context),
    });
    this.manager = this.#service.manager;
    this.manager.peers.events.on("peer-disconnected", ({ peer }) => {
      this.#endedTraffic = addTraffic(this.#endedTraffic, peer.statistics);
    });
  }

  /** By which the others know this node. */
  get nodeId(): NodeId {
    return this.#parts.local.identity.id;
  }

  /** By which the others show it; may be empty. */
  get name(): string {
    return this.#parts.local.name;
  }

  /** What went over connections on which hands were shaken. */
  get traffic(): Traffic {
    let traffic = this.#endedTraffic;
    for (const { statistics } of this.manager.peers) traffic = addTraffic(traffic, statistics);
    return traffic;
  }

  /** How the last dial of `address` ended; undefined if there was none. */
  lastDial(address: NetAddress): LastDial | undefined {
    return this.#dials.lastOf(address);
  }

  /**
   * Says at once that this node is here, and dials at once whom it knows and lacks. False if it
   * cannot say so, because nodes nearby are not looked for.
   */
  lookForPeers(): boolean {
    const isAnnounced = this.#discovery?.announceNow() ?? false;
    this.manager.dialer.wake();
    return isAnnounced;
  }

  /** How far we have caught up, and how things came here. */
  get blocks(): BlockSync {
    return this.#blocks as BlockSync;
  }

  /** What is known of all nodes. */
  get topology(): Topology {
    return this.#topology as Topology;
  }

  /** Why one may be alone; undefined where nobody nearby is looked for. */
  get discovery(): DiscoveryState | undefined {
    return this.#discovery?.state();
  }

  /** Accepts peers at `address`, and begins to look for some. Rejects if the port cannot be had. */
  async start(address: NetAddress): Promise<void> {
    await this.#service.listen(address);
    this.#listenHost = address.host;
    this.#service.start();
    this.#scheduleFlush();
    await this.#startDiscovery();
  }

  /** Ends all connections, and keeps what was learnt of addresses. */
  stop(): void {
    this.#cancelFlush?.();
    this.#discovery?.stop();
    this.#service.stop();
  }

  async #startDiscovery(): Promise<void> {
    const { clock, datagrams, local, log, node, random } = this.#parts;
    const { port } = this.manager;
    if (datagrams === undefined || port === undefined) return;
    this.#discovery = new Discovery({
      magic: node.network.magic,
      nodeId: local.identity.id,
      p2pPort: port,
      apiPort: local.apiPort,
      height: local.height,
      datagrams,
      clock,
      random,
      log,
    });
    this.#discovery.events.on("node-heard", ({ address, nodeId }) => {
      this.manager.heard(address, nodeId);
      this.topology.heard(nodeId, address);
    });
    await this.#discovery.start();
  }

  #makeConversations(context: ConversationContext): readonly Conversation[] {
    const { addresses, hashRate, leastFeerate, local } = this.#parts;
    const blocks = makeBlockConversations(context);
    const topology = new Topology(context, {
      nodeId: local.identity.id,
      name: local.name,
      apiPort: local.apiPort,
      hashRate,
    });
    this.#blocks = blocks;
    this.#topology = topology;
    return [
      ...blocks.conversations,
      new TransactionRelay(context, {
        hops: blocks.propagation,
        leastFeerate,
        isCatchingUp: () => blocks.progress().isSyncing,
      }),
      new AddressGossip(context, {
        book: addresses,
        listening: () => this.#listening(),
      }),
      topology,
    ];
  }

  /** Where others can reach us, for them to be told; on this machine multicast is enough. */
  #listening(): NetAddress[] {
    const { port } = this.manager;
    if (port === undefined) return [];
    const hosts = EVERY_ADDRESS.includes(this.#listenHost)
      ? this.#parts.ownHosts()
      : [this.#listenHost];
    return hosts.filter((host) => scopeOf(host) !== "loopback").map((host) => ({ host, port }));
  }

  #scheduleFlush(): void {
    this.#cancelFlush = this.#parts.clock.after(FLUSH_INTERVAL_MS, () => {
      this.#parts.addresses.flush();
      this.#scheduleFlush();
    });
  }
}

function addTraffic(sum: Traffic, { bytesReceived, bytesSent }: Traffic): Traffic {
  return {
    bytesReceived: sum.bytesReceived + bytesReceived,
    bytesSent: sum.bytesSent + bytesSent,
  };
}
