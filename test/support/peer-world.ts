/**
 * Nodes that connect and have nothing to say: true peers, managers and address books on a virtual
 * network, one chain for all of them.
 *
 * A node can crash, lose its power and come back with what its disk has. Hand-driven ends are made
 * of the network's own connections.
 */

import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { Logger, type LogRecord, SILENT_LOGGER } from "../../src/lib/logger.ts";
import { Mempool } from "../../src/mempool/mempool.ts";
import { AddressManager } from "../../src/p2p/address-manager.ts";
import { BanList } from "../../src/p2p/ban-list.ts";
import type { NodePort } from "../../src/p2p/conversation.ts";
import { NodeIdentity } from "../../src/p2p/identity.ts";
import { P2pService } from "../../src/p2p/p2p-service.ts";
import type { DisconnectReason, Peer } from "../../src/p2p/peer.ts";
import { DEFAULT_PEER_POLICY, type PeerPolicy } from "../../src/p2p/peer-manager.ts";
import type { Connection, ConnectionHandler } from "../../src/p2p/transport.ts";
import { FrameCutter } from "../../src/wire/frame.ts";
import { decodeMessage, frameMessage, type Message, peerLimits } from "../../src/wire/message.ts";
import type { NetAddress } from "../../src/wire/net-address.ts";
import { NODE_NETWORK, NODE_WITNESS } from "../../src/wire/services.ts";
import { PROTOCOL_VERSION, type VersionMessage } from "../../src/wire/version-message.ts";
import { HostClock, VirtualClock } from "../simulation/virtual-clock.ts";
import {
  type VirtualHost,
  VirtualNetwork,
  type VirtualNetworkOptions,
} from "../simulation/virtual-network.ts";
import { QUICK, TestNode } from "./chain-builder.ts";
import { ROOMY_POLICY } from "./mempool-harness.ts";
import { localNode } from "./peer-lab.ts";
import { openPeerStore } from "./peer-store.ts";
import { SeededRandom } from "./random.ts";

/** Port of every node. */
export const PORT = 18_444;

const SERVICES = NODE_NETWORK | NODE_WITNESS;

/** How a node differs from the ordinary one. */
export interface PeerNodeOptions {
  readonly policy?: Partial<PeerPolicy>;
  readonly identity?: NodeIdentity;
  /** Its own address instead of the next one of 10.0.0.0/16. */
  readonly host?: string;
  /** First bytes of its messages, if it is of another network. */
  readonly magic?: Uint8Array;
}

/** A clock, a network, and the nodes on it. */
export class PeerWorld {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: VirtualNetwork;
  readonly nodes: PeerNode[] = [];
  #hosts = 0;

  constructor(seed = 1, options: VirtualNetworkOptions = {}) {
    this.random = new SeededRandom(seed);
    this.network = new VirtualNetwork(this.clock, this.random, options);
  }

  addHost(address?: string): VirtualHost {
    if (address !== undefined) return this.network.addHost(address);
    this.#hosts += 1;
    return this.network.addHost(`10.0.${this.#hosts >> 8}.${this.#hosts & 0xff}`);
  }

  /** Adds a node that accepts peers and dials nobody. */
  addNode(options: PeerNodeOptions = {}): PeerNode {
    const node = new PeerNode(this, options);
    this.nodes.push(node);
    return node;
  }

  addNodes(count: number, options: PeerNodeOptions = {}): PeerNode[] {
    return Array.from({ length: count }, () => this.addNode(options));
  }

  /** Tells every node of all others, as somebody of the network would. */
  introduceAll(nodes: readonly PeerNode[] = this.nodes): void {
    for (const node of nodes) node.learn(nodes.filter((other) => other !== node));
  }

  until(isDone: () => boolean, limitMs = 60_000): number {
    const startedAt = this.clock.monotonic();
    this.clock.runUntil(isDone, limitMs);
    return this.clock.monotonic() - startedAt;
  }

  /** As `until` all are connected to all; looked at every 10 ms, since it takes a while. */
  untilMesh(limitMs = 60_000): number {
    const startedAt = this.clock.monotonic();
    while (!this.isFullMesh) {
      this.clock.pass(10);
      if (this.clock.monotonic() - startedAt > limitMs) throw new Error(`no mesh in ${limitMs} ms`);
    }
    return this.clock.monotonic() - startedAt;
  }

  pass(milliseconds: number): void {
    this.clock.pass(milliseconds);
  }

  /** How many connections each node has to each other: by places in `nodes`. */
  links(): readonly (readonly number[])[] {
    return this.nodes.map((node) =>
      this.nodes.map(
        (other) =>
          node.peers.filter(({ profile }) => profile.cairn?.nodeId === other.identity.id).length,
      ),
    );
  }

  /** True if every two nodes have one connection, and both know of it. */
  get isFullMesh(): boolean {
    const { length } = this.nodes;
    return this.nodes.every(({ peers, identity }) => {
      if (peers.length !== length - 1) return false;
      const ids = new Set(peers.map(({ profile }) => profile.cairn?.nodeId));
      return ids.size === length - 1 && !ids.has(identity.id);
    });
  }
}

/** A node. */
export class PeerNode {
  readonly world: PeerWorld;
  readonly host: VirtualHost;
  readonly identity: NodeIdentity;
  readonly store = openPeerStore();
  readonly ends: DisconnectReason[] = [];
  readonly starts: Peer[] = [];
  readonly log: LogRecord[] = [];
  readonly #options: PeerNodeOptions;
  addresses!: AddressManager;
  bans!: BanList;
  service!: P2pService;
  clock!: HostClock;

  constructor(world: PeerWorld, options: PeerNodeOptions) {
    this.world = world;
    this.#options = options;
    this.host = world.addHost(options.host);
    this.identity = options.identity ?? new NodeIdentity(world.random.bytes(32));
    this.#run();
  }

  get address(): NetAddress {
    return { host: this.host.address, port: PORT };
  }

  /** Its peers that have shaken hands. */
  get peers(): Peer[] {
    return [...this.service.peers];
  }

  /** Puts the addresses of `others` into its book. */
  learn(others: readonly PeerNode[]): void {
    const time = Math.floor(this.world.clock.now() / 1000);
    // Each tells of itself, so that no rate of one host is met.
    for (const { address } of others) {
      this.addresses.add([{ address, services: SERVICES, time }], address.host);
    }
  }

  /** The peer that is `other`, if it is there. */
  peerOf(other: PeerNode): Peer | undefined {
    return this.service.peers.findNode(other.identity.id);
  }

  /** Ends without a word; the disk keeps what was written. */
  crash({ losesPower = false } = {}): void {
    this.clock.stop();
    this.host.crash({ losesPower });
  }

  /** Begins anew after a crash. */
  restart(): void {
    this.host.restart();
    this.#run();
  }

  #run(): void {
    const { world, store } = this;
    const { random } = world;
    const clock = new HostClock(world.clock);
    this.clock = clock;
    const filter = { isLan: true, privilegedPorts: new Set<number>() };
    this.addresses = new AddressManager({ clock, random, store, filter });
    this.bans = new BanList({ clock, store });
    const magic = this.#options.magic ?? QUICK.magic;
    this.service = new P2pService({
      node: { ...portOfAll(), network: { ...QUICK, magic } },
      local: { ...localNode(this.identity), genesisHash: QUICK.genesis.hash },
      transport: this.host.transport,
      addresses: this.addresses,
      bans: this.bans,
      policy: { ...DEFAULT_PEER_POLICY, ...this.#options.policy },
      clock,
      random,
      log: new Logger({
        sink: (record) => this.log.push(record),
        level: "warn",
        category: "p2p",
      }),
      makeConversations: () => [],
    });
    const { events } = this.service.peers;
    events.on("peer-connected", ({ peer }) => this.starts.push(peer));
    events.on("peer-disconnected", ({ reason }) => this.ends.push(reason));
    void this.service.listen({ host: "::", port: PORT });
  }
}

/** An end of a connection that a test drives. */
export class LooseEnd implements ConnectionHandler {
  readonly host: VirtualHost;
  connection: Connection | undefined;
  readonly received: Uint8Array[] = [];
  isClosed = false;
  code: string | undefined;

  constructor(host: VirtualHost) {
    this.host = host;
  }

  /** Dials `address` and says nothing. */
  dial(address: NetAddress): this {
    void this.host.transport
      .connect(
        address,
        (connection) => {
          this.connection = connection;
          return this;
        },
        5_000,
      )
      .catch((error: { code: string }) => {
        this.code = error.code;
        this.isClosed = true;
      });
    return this;
  }

  onData(bytes: Uint8Array): void {
    this.received.push(bytes);
  }

  onDrain(): void {}

  onClose(): void {
    this.isClosed = true;
  }
}

let sharedPort: NodePort | undefined;

/** An ordinary peer, driven by hand as far as the handshake, that offers what it is told to. */
export class OrdinaryPeer extends LooseEnd {
  readonly heard: Message[] = [];
  readonly #cutter = new FrameCutter(QUICK.magic, peerLimits(QUICK.params.maxBlockWeight));
  /** What it says of itself; a nonce may be somebody else's. */
  version: Partial<VersionMessage> = {};

  /** Accepts whoever dials it. */
  listen(): this {
    void this.host.transport.listen({ host: "::", port: PORT }, (connection) => {
      this.connection = connection;
      return this;
    });
    return this;
  }

  get address(): NetAddress {
    return { host: this.host.address, port: PORT };
  }

  say(...messages: readonly Message[]): void {
    for (const message of messages) this.connection?.write(frameMessage(QUICK.magic, message));
  }

  /** Says its version. */
  introduce(): this {
    const end = { services: 0n, address: { host: "0.0.0.0", port: 0 } };
    this.say({
      command: "version",
      protocolVersion: PROTOCOL_VERSION,
      services: SERVICES,
      time: 0,
      receiver: end,
      sender: end,
      nonce: 4_711n,
      userAgent: "/ordinary:1/",
      startHeight: 0,
      relay: true,
      ...this.version,
    });
    return this;
  }

  override onData(bytes: Uint8Array): void {
    for (const { command, payload } of this.#cutter.push(bytes)) {
      const message = decodeMessage(command, payload);
      if (message === undefined) continue;
      this.heard.push(message);
      if (message.command !== "version") continue;
      if (this.connection?.isInbound) this.introduce();
      this.say({ command: "verack" });
    }
  }
}

/** A chain and a mempool that stand still, for all nodes of all worlds. */
function portOfAll(): NodePort {
  sharedPort ??= makePort();
  return sharedPort;
}

function makePort(): NodePort {
  const { chain } = new TestNode(QUICK);
  const mempool = new Mempool({
    chain,
    scripts: new ScriptVerifier(PORTABLE_SIGNATURES),
    policy: ROOMY_POLICY,
    now: () => 0,
    log: SILENT_LOGGER,
  });
  return {
    network: QUICK,
    chain,
    mempool,
    submitBlock: (block) => chain.submitBlock(block),
    submitTransaction: (tx) => mempool.submit(tx),
  };
}
