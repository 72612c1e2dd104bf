/**
 * Whole nodes in one process, on a virtual network over a virtual clock.
 *
 * Each has the true chain, mempool and peers; only sockets, time and chance are the world's. A node
 * can go off and come back with what its disk has. Hand-driven peers are in hand-peer.ts.
 */

import { Chain } from "../../src/chain/chain.ts";
import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import type { Network } from "../../src/consensus/params.ts";
import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { Mempool } from "../../src/mempool/mempool.ts";
import type { AddressFilter } from "../../src/p2p/address-filter.ts";
import { AddressManager } from "../../src/p2p/address-manager.ts";
import { BanList } from "../../src/p2p/ban-list.ts";
import { type BlockSync, makeBlockConversations } from "../../src/p2p/block-sync.ts";
import type { Conversation, ConversationContext, NodePort } from "../../src/p2p/conversation.ts";
import type { HeaderLimits } from "../../src/p2p/header-sync.ts";
import { NodeIdentity } from "../../src/p2p/identity.ts";
import { P2pService } from "../../src/p2p/p2p-service.ts";
import type { DisconnectReason, Peer } from "../../src/p2p/peer.ts";
import { DEFAULT_PEER_POLICY } from "../../src/p2p/peer-manager.ts";
import type { Block } from "../../src/primitives/block.ts";
import type { ChainDatabase } from "../../src/storage/database.ts";
import { PeerStore } from "../../src/storage/peer-store.ts";
import { HostClock, VirtualClock } from "../simulation/virtual-clock.ts";
import {
  type VirtualHost,
  VirtualNetwork,
  type VirtualNetworkOptions,
} from "../simulation/virtual-network.ts";
import { type Branch, openNodeDatabase, REGTEST } from "./chain-builder.ts";
import { ROOMY_POLICY } from "./mempool-harness.ts";
import { SeededRandom } from "./random.ts";

/** Port of every node of a world. */
export const WORLD_PORT = 18_444;

const ANY_ADDRESS: AddressFilter = { isLan: true, privilegedPorts: new Set() };

/** Milliseconds of virtual time after which a world has failed to get somewhere. */
const PATIENCE_MS = 600_000;

/** How a world differs from the ordinary one. */
export interface WorldOptions extends VirtualNetworkOptions {
  readonly seed?: number;
  /** What clocks show at the beginning, in milliseconds since 1970. */
  readonly startMs?: number;
  readonly chain?: Network;
  /** Headers that each node keeps, if not as many as usual. */
  readonly headerLimits?: HeaderLimits;
  /** Added to each node's conversations about blocks. */
  readonly moreConversations?: (
    context: ConversationContext,
    sync: BlockSync,
  ) => readonly Conversation[];
}

/** Everything that exists. */
export class P2pWorld {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly network: VirtualNetwork;
  readonly chain: Network;
  readonly nodes: WorldNode[] = [];
  readonly options: WorldOptions;
  #hosts = 0;

  constructor(options: WorldOptions = {}) {
    this.options = options;
    this.clock = new VirtualClock(options.startMs);
    this.random = new SeededRandom(options.seed ?? 1);
    this.network = new VirtualNetwork(this.clock, this.random, options);
    this.chain = options.chain ?? REGTEST;
  }

  /** Adds a host of its own address. */
  addHost(): VirtualHost {
    this.#hosts += 1;
    return this.network.addHost(`10.0.${this.#hosts >> 8}.${this.#hosts & 255}`);
  }

  /** Adds nodes that run and know of nobody; they have the blocks of `branch`. */
  addNodes(count: number, branch?: Branch): WorldNode[] {
    return Array.from({ length: count }, () => {
      const node = new WorldNode(this);
      this.nodes.push(node);
      if (branch !== undefined) node.submit(branch.blocks);
      return node;
    });
  }

  /** Connects every two of `nodes`. */
  connectAll(nodes: readonly WorldNode[] = this.nodes): void {
    for (const [place, node] of nodes.entries()) {
      for (const other of nodes.slice(place + 1)) node.dial(other);
    }
  }

  /** Lets this much time pass. */
  pass(milliseconds: number): void {
    this.clock.pass(milliseconds);
  }

  /** Lets time pass until `isDone`; throws if that is not within `limitMs`. Returns how long. */
  until(isDone: () => boolean, limitMs = PATIENCE_MS): number {
    const startedAt = this.clock.monotonic();
    this.clock.runUntil(isDone, limitMs);
    return this.clock.monotonic() - startedAt;
  }

  /** Lets time pass until all `nodes` have the tip `hash`. */
  untilTip(hash: string, nodes: readonly WorldNode[] = this.nodes, limitMs?: number): number {
    return this.until(() => nodes.every(({ tipHash }) => tipHash === hash), limitMs);
  }

  /** Ends all nodes. */
  stop(): void {
    for (const node of this.nodes) node.stop();
  }
}

/** A peer that a node has lost, and why. */
export interface Loss {
  readonly peer: Peer;
  readonly reason: DisconnectReason;
  /** True if it had done what only a bad peer does. */
  readonly isDiscouraged: boolean;
}

/** One node. */
export class WorldNode {
  readonly world: P2pWorld;
  readonly host: VirtualHost;
  readonly database: ChainDatabase;
  readonly losses: Loss[] = [];
  readonly reorgDepths: number[] = [];
  chain!: Chain;
  mempool!: Mempool;
  service!: P2pService;
  sync!: BlockSync;
  #clock!: HostClock;
  #isOn = false;

  constructor(world: P2pWorld) {
    this.world = world;
    this.host = world.addHost();
    this.database = openNodeDatabase(world.chain);
    this.start();
  }

  get tipHash(): string {
    return this.chain.tip.hash;
  }

  get height(): number {
    return this.chain.tip.height;
  }

  /** The digest of all coins. */
  get coins(): string {
    return toHex(this.chain.coins.digest());
  }

  /** Its peers that have shaken hands. */
  get peers(): Peer[] {
    return [...this.service.manager.peers];
  }

  /** Starts on what the disk has; listens, and knows of nobody. */
  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    const { world } = this;
    const clock = new HostClock(world.clock);
    this.#clock = clock;
    const now = () => clock.now();
    const log = SILENT_LOGGER;
    const scripts = new ScriptVerifier(PORTABLE_SIGNATURES);
    const { database } = this;
    this.chain = new Chain({ network: world.chain, database, scripts, now, log });
    this.mempool = new Mempool({ chain: this.chain, scripts, policy: ROOMY_POLICY, now, log });
    const { chain, mempool } = this;
    chain.events.on("block-connected", ({ block }) => mempool.blockConnected(block));
    chain.events.on("block-disconnected", ({ block }) => mempool.blockDisconnected(block));
    chain.events.on("tip-changed", () => mempool.settle());
    chain.events.on("reorg", ({ disconnected }) => this.reorgDepths.push(disconnected.length));
    this.#startPeers(clock);
  }

  #startPeers(clock: HostClock): void {
    const { world, chain, mempool } = this;
    const node: NodePort = {
      network: world.chain,
      chain,
      mempool,
      submitBlock: (block) => chain.submitBlock(block),
      submitTransaction: (tx, peer) =>
        mempool.submit(tx, { keepOrphan: true, peer: String(peer.id) }),
    };
    const store = new PeerStore(this.database);
    this.service = new P2pService({
      node,
      local: {
        genesisHash: world.chain.genesis.hash,
        identity: new NodeIdentity(world.random.bytes(32)),
        userAgent: "/world:1/",
        name: "",
        apiPort: 0,
        height: () => chain.tip.height,
      },
      transport: this.host.transport,
      addresses: new AddressManager({ clock, random: world.random, store, filter: ANY_ADDRESS }),
      bans: new BanList({ clock, store }),
      policy: DEFAULT_PEER_POLICY,
      clock,
      random: world.random,
      log: SILENT_LOGGER,
      makeConversations: (context) => {
        this.sync = makeBlockConversations(context, world.options.headerLimits);
        const more = world.options.moreConversations?.(context, this.sync) ?? [];
        return [...this.sync.conversations, ...more];
      },
    });
    this.service.manager.peers.events.on("peer-disconnected", ({ peer, reason }) =>
      this.losses.push({ peer, reason, isDiscouraged: peer.isDiscouraged }),
    );
    void this.service.manager.listen({ host: "::", port: WORLD_PORT });
  }

  /** Dials `other`; what becomes of it is seen in `peers`. */
  dial(other: { readonly host: VirtualHost }): void {
    const address = { host: other.host.address, port: WORLD_PORT };
    void this.service.manager.connect(address);
  }

  /** Gives blocks to the node itself, as its own miner or its API do. */
  submit(blocks: Iterable<Block>): void {
    for (const block of blocks) {
      if (this.chain.index.find(block.hash) === undefined) this.chain.submitBlock(block);
    }
  }

  /** Ends in order. */
  stop(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.service.stop();
    this.#clock.stop();
  }

  /** Goes off without a word; `start` brings it back. */
  crash(): void {
    this.#isOn = false;
    this.#clock.stop();
    this.host.crash({ losesPower: false });
  }
}
