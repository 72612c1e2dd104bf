/**
 * Whole nodes with real chains, mempools and peers on a virtual network, and peers that a test drives
 * by hand, message by message.
 *
 * For what is said of transactions, addresses and nodes; blocks are given to each node by the test.
 */

import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import { subsidyAt } from "../../src/consensus/subsidy.ts";
import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { Mempool, type MempoolPolicy } from "../../src/mempool/mempool.ts";
import type { Conversation, ConversationContext } from "../../src/p2p/conversation.ts";
import { Handshake, type LocalNode } from "../../src/p2p/handshake.ts";
import { NodeIdentity } from "../../src/p2p/identity.ts";
import { MessagePump } from "../../src/p2p/message-pump.ts";
import { MessageRouter } from "../../src/p2p/message-router.ts";
import { type DisconnectReason, Peer, type PeerKind, type PeerOwner } from "../../src/p2p/peer.ts";
import { PeerMemory } from "../../src/p2p/peer-memory.ts";
import { PeerSet } from "../../src/p2p/peer-set.ts";
import { Propagation } from "../../src/p2p/propagation.ts";
import { SharedFrames } from "../../src/p2p/shared-frames.ts";
import { orphanAccountOf, TransactionRelay } from "../../src/p2p/transaction-relay.ts";
import type { Connection } from "../../src/p2p/transport.ts";
import type { Block } from "../../src/primitives/block.ts";
import type { Transaction } from "../../src/primitives/transaction.ts";
import { FrameCutter } from "../../src/wire/frame.ts";
import {
  type Command,
  decodeMessage,
  frameMessage,
  type Message,
  type MessageOf,
  peerLimits,
} from "../../src/wire/message.ts";
import type { NetAddress } from "../../src/wire/net-address.ts";
import { NODE_NETWORK, NODE_WITNESS } from "../../src/wire/services.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import {
  type VirtualHost,
  VirtualNetwork,
  type VirtualNetworkOptions,
} from "../simulation/virtual-network.ts";
import type { SpendableCoin } from "./chain-builder.ts";
import {
  ANYONE_BY_WITNESS,
  type Branch,
  chainOf,
  coinOf,
  QUICK,
  TestNode,
} from "./chain-builder.ts";
import { ROOMY_POLICY } from "./mempool-harness.ts";
import { SeededRandom } from "./random.ts";

/** Where nodes accept peers. */
export const PORT = 8_333;

/** A branch whose block 1 has `count` coins that anybody may spend, ripe at its tip. */
export function coinsFor(count: number): { branch: Branch; coins: SpendableCoin[] } {
  const value = Math.min(1_000_000, Math.floor(subsidyAt(1, QUICK.params) / count));
  const outputs = Array.from({ length: count }, () => ({
    value,
    scriptPubKey: ANYONE_BY_WITNESS,
  }));
  const branch = chainOf(0, QUICK).mine({ coinbaseOutputs: outputs }).mine(2);
  const coinbase = branch.at(1).transactions[0]!;
  return { branch, coins: outputs.map((_, vout) => coinOf(coinbase, vout)) };
}

/** What a node of a test may have otherwise. */
export interface RelayNodeOptions {
  readonly policy?: Partial<MempoolPolicy>;
  /** Beside transactions and hops. */
  readonly conversations?: (context: ConversationContext, node: RelayNode) => Conversation[];
  readonly isCatchingUp?: () => boolean;
}

/** A clock, a network, and the nodes on it. */
export class RelayWorld {
  readonly clock = new VirtualClock(QUICK.genesis.header.time * 1000 + 100_000_000_000);
  readonly random: SeededRandom;
  readonly network: VirtualNetwork;
  readonly nodes: RelayNode[] = [];
  #hosts = 0;

  constructor(seed = 1, options: VirtualNetworkOptions = {}) {
    this.random = new SeededRandom(seed);
    this.network = new VirtualNetwork(this.clock, this.random, options);
  }

  addHost(): VirtualHost {
    this.#hosts += 1;
    return this.network.addHost(`10.0.${this.#hosts >>> 8}.${this.#hosts & 0xff}`);
  }

  addNode(options: RelayNodeOptions = {}): RelayNode {
    const node = new RelayNode(this, this.addHost(), options);
    this.nodes.push(node);
    return node;
  }

  addNodes(count: number, options: RelayNodeOptions = {}): RelayNode[] {
    return Array.from({ length: count }, () => this.addNode(options));
  }

  /** Lets `from` dial `to`, and waits until both have shaken hands. */
  connect(from: RelayNode, to: RelayNode, kind: PeerKind = "outbound"): void {
    const before = [from.service.peers.size, to.service.peers.size] as const;
    void from.service.connect({ host: to.host.address, port: PORT }, kind);
    const isDone = () => from.service.peers.size > before[0] && to.service.peers.size > before[1];
    this.clock.runUntil(isDone, 30_000);
  }

  /** Connects every node to every other. */
  connectAll(): void {
    for (const [index, to] of this.nodes.entries()) {
      for (const from of this.nodes.slice(index + 1)) this.connect(from, to);
    }
  }

  /** A hand-driven peer that has dialled `node` and shaken hands. */
  handPeer(node: RelayNode, options: HandPeerOptions = {}, host?: VirtualHost): HandPeer {
    const peer = new HandPeer(this, options, host);
    peer.dial(node);
    return peer;
  }
}

/** A node: everything that speaks of transactions is the real thing. */
export class RelayNode {
  readonly world: RelayWorld;
  readonly host: VirtualHost;
  readonly identity: NodeIdentity;
  readonly ledger = new TestNode(QUICK);
  readonly mempool: Mempool;
  readonly propagation: Propagation;
  readonly service: PlainService;
  readonly disconnects: DisconnectReason[] = [];
  /** Transactions that peers have had us check. */
  submittedByPeers = 0;
  relay!: TransactionRelay;

  constructor(world: RelayWorld, host: VirtualHost, options: RelayNodeOptions) {
    const { clock, random } = world;
    const { chain } = this.ledger;
    this.world = world;
    this.host = host;
    this.identity = new NodeIdentity(random.bytes(32));
    this.propagation = new Propagation(clock);
    const policy = { ...ROOMY_POLICY, ...options.policy };
    this.mempool = new Mempool({
      chain,
      scripts: new ScriptVerifier(PORTABLE_SIGNATURES),
      policy,
      now: () => clock.now(),
      log: SILENT_LOGGER,
    });
    chain.events.on("block-connected", ({ block }) => this.mempool.blockConnected(block));
    chain.events.on("block-disconnected", ({ block }) => this.mempool.blockDisconnected(block));
    chain.events.on("tip-changed", () => this.mempool.settle());
    this.service = new PlainService(this, (peers) => {
      const { random } = world;
      const context: ConversationContext = {
        node: {
          network: QUICK,
          chain,
          mempool: this.mempool,
          submitBlock: (block) => chain.submitBlock(block),
          submitTransaction: (tx, peer) => {
            this.submittedByPeers += 1;
            return this.mempool.submit(tx, { keepOrphan: true, peer: orphanAccountOf(peer) });
          },
        },
        peers,
        clock,
        random,
        log: SILENT_LOGGER,
      };
      this.relay = new TransactionRelay(context, {
        hops: this.propagation,
        leastFeerate: policy.minRelayFeerate,
        ...(options.isCatchingUp === undefined ? {} : { isCatchingUp: options.isCatchingUp }),
      });
      return [this.relay, this.propagation, ...(options.conversations?.(context, this) ?? [])];
    });
    this.service.peers.events.on("peer-disconnected", ({ reason }) => {
      this.disconnects.push(reason);
    });
    this.service.listen();
  }

  /** Gives the node the blocks of `branch`. */
  follow(branch: Branch): this {
    this.ledger.follow(branch);
    return this;
  }

  offer(block: Block): void {
    this.ledger.offer(block);
  }

  /** Submits `tx` as its API would; it must be accepted. */
  submit(tx: Transaction): void {
    const verdict = this.mempool.submit(tx);
    if (verdict.status === "rejected") throw verdict.error;
    if (verdict.status !== "accepted") throw new Error(verdict.status);
  }

  has(tx: Transaction): boolean {
    return this.mempool.has(tx.txid);
  }
}

/** The peers of a node without anybody who chooses them: all are let in, none is dialled unasked. */
class PlainService implements PeerOwner {
  readonly peers = new PeerSet();
  readonly #node: RelayNode;
  readonly #router: MessageRouter;
  readonly #pump: MessagePump;
  readonly #frames = new SharedFrames(QUICK.magic);
  readonly #memory = new PeerMemory();
  #lastId = 0;

  constructor(node: RelayNode, makeConversations: (peers: PeerSet) => readonly Conversation[]) {
    this.#node = node;
    this.#router = new MessageRouter(makeConversations(this.peers));
    this.#pump = new MessagePump(node.world.clock, (peer, message) =>
      this.#router.receive(peer, message),
    );
  }

  listen(): void {
    const address = { host: "0.0.0.0", port: PORT };
    void this.#node.host.transport.listen(address, (connection) =>
      this.#admit(connection, "inbound"),
    );
  }

  async connect(address: NetAddress, kind: PeerKind): Promise<void> {
    const { transport } = this.#node.host;
    await transport.connect(address, (connection) => this.#admit(connection, kind), 5_000);
  }

  peerReady(peer: Peer): void {
    this.peers.add(peer);
    this.#router.peerReady(peer);
  }

  peerHasMail(peer: Peer): void {
    this.#pump.add(peer);
  }

  peerClosed(peer: Peer, reason: DisconnectReason): void {
    this.peers.remove(peer, reason);
    this.#router.peerClosed(peer);
  }

  #admit(connection: Connection, kind: PeerKind): Peer {
    const { identity, ledger, world } = this.#node;
    const { clock, random } = world;
    this.#lastId += 1;
    const peer = new Peer({
      id: this.#lastId,
      kind,
      connection,
      handshake: new Handshake({
        local: localNode(identity, () => ledger.height),
        isInbound: connection.isInbound,
        remote: connection.remote,
        nonce: new DataView(random.bytes(8).buffer).getBigUint64(0),
        isOwnNonce: () => false,
        nowSeconds: () => Math.floor(clock.now() / 1000),
        wantsTransactions: kind !== "block-relay",
      }),
      magic: QUICK.magic,
      frames: this.#frames,
      memory: this.#memory,
      maxBlockWeight: QUICK.params.maxBlockWeight,
      clock,
      random,
      log: SILENT_LOGGER,
      owner: this,
    });
    // The handler has to be known to the connection before it is written to.
    clock.after(0, () => peer.start());
    return peer;
  }
}

/** How a hand-driven peer presents itself. */
export interface HandPeerOptions {
  /** Announcements by wtxid; true unless given. */
  readonly wantsWtxids?: boolean;
  readonly wantsTransactions?: boolean;
  readonly wantsAddrv2?: boolean;
  /** Speaks the Cairn extension as this node. */
  readonly identity?: NodeIdentity;
  /** Answers pings; true unless given. */
  readonly isAlive?: boolean;
}

/** A peer that says what a test tells it to, and keeps all that it hears. */
export class HandPeer {
  readonly world: RelayWorld;
  readonly host: VirtualHost;
  readonly heard: Message[] = [];
  isClosed = false;
  readonly #options: HandPeerOptions;
  readonly #cutter = new FrameCutter(QUICK.magic, peerLimits(QUICK.params.maxBlockWeight));
  #connection: Connection | undefined;
  #handshake: Handshake | undefined;
  #isReady = false;
  /** Called with each message after the handshake. */
  onMessage: ((message: Message) => void) | undefined;

  constructor(world: RelayWorld, options: HandPeerOptions = {}, host = world.addHost()) {
    this.world = world;
    this.host = host;
    this.#options = options;
  }

  /** Dials `node` and shakes hands. */
  dial(node: RelayNode): void {
    const address = { host: node.host.address, port: PORT };
    const peerCount = node.service.peers.size;
    void this.host.transport.connect(address, (connection) => this.#begin(connection), 5_000);
    this.world.clock.runUntil(() => this.#isReady && node.service.peers.size > peerCount, 30_000);
  }

  /** Waits for `node` to dial this peer, and shakes hands. */
  beDialled(node: RelayNode, kind: PeerKind = "outbound"): void {
    const peerCount = node.service.peers.size;
    void this.host.transport.listen({ host: "0.0.0.0", port: PORT }, (connection) =>
      this.#begin(connection),
    );
    void node.service.connect({ host: this.host.address, port: PORT }, kind);
    this.world.clock.runUntil(() => this.#isReady && node.service.peers.size > peerCount, 30_000);
  }

  send(...messages: readonly Message[]): void {
    for (const message of messages) {
      this.#connection?.write(frameMessage(QUICK.magic, message));
    }
  }

  /** Sends bytes that need not be any message. */
  sendBytes(bytes: Uint8Array): void {
    this.#connection?.write(bytes);
  }

  close(): void {
    this.#connection?.close();
  }

  /** All messages of `command` heard so far. */
  of<C extends Command>(command: C): MessageOf<C>[] {
    return this.heard.filter((message) => message.command === command) as MessageOf<C>[];
  }

  /** Hashes of all entries of `command` heard so far. */
  hashes(command: "inv" | "getdata" | "notfound"): string[] {
    return this.of(command).flatMap(({ entries }) => entries.map(({ hash }) => hash as string));
  }

  #begin(connection: Connection) {
    const { identity, wantsTransactions = true } = this.#options;
    const { clock, random } = this.world;
    this.#connection = connection;
    this.#handshake = new Handshake({
      local: localNode(identity ?? new NodeIdentity(random.bytes(32)), () => 0),
      isInbound: connection.isInbound,
      remote: connection.remote,
      nonce: new DataView(random.bytes(8).buffer).getBigUint64(0),
      isOwnNonce: () => false,
      nowSeconds: () => Math.floor(clock.now() / 1000),
      wantsTransactions,
    });
    clock.after(0, () => this.#shake(this.#handshake?.begin() ?? []));
    return {
      onData: (bytes: Uint8Array) => this.#receive(bytes),
      onDrain() {},
      onClose: () => {
        this.isClosed = true;
      },
    };
  }

  #receive(bytes: Uint8Array): void {
    for (const { command, payload } of this.#cutter.push(bytes)) {
      const message = decodeMessage(command, payload);
      if (message === undefined) continue;
      if (!this.#isReady) {
        this.#continueHandshake(message);
        continue;
      }
      const isPing = message.command === "ping";
      if (isPing && this.#options.isAlive !== false) {
        this.send({ command: "pong", nonce: message.nonce });
      }
      this.heard.push(message);
      this.onMessage?.(message);
    }
  }

  #continueHandshake(message: Message): void {
    const step = this.#handshake!.receive(message);
    if (step.status === "failed") throw new Error(step.failure);
    this.#shake(step.send);
    if (step.status === "done") this.#isReady = true;
  }

  /** Sends what our own handshake would say, less what this peer is not to have. */
  #shake(messages: readonly Message[]): void {
    const { identity, wantsWtxids = true, wantsAddrv2 = true } = this.#options;
    for (const message of messages) {
      if (message.command === "wtxidrelay" && !wantsWtxids) continue;
      if (message.command === "sendaddrv2" && !wantsAddrv2) continue;
      const isExtension = message.command === "cairn" || message.command === "cairnproof";
      if (isExtension && identity === undefined) continue;
      if (message.command === "version" && identity === undefined) {
        this.send({ ...message, services: NODE_NETWORK | NODE_WITNESS });
      } else {
        this.send(message);
      }
    }
  }
}

function localNode(identity: NodeIdentity, height: () => number): LocalNode {
  return {
    genesisHash: QUICK.genesis.hash,
    identity,
    userAgent: "/test:0/",
    name: "",
    apiPort: 8_080,
    height,
  };
}

/** The address of `node`. */
export function addressOf({ host }: { host: VirtualHost }): NetAddress {
  return { host: host.address, port: PORT };
}
