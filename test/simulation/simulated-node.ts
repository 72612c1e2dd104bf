/**
 * One whole node of a simulated world: chain, mempool, its disk, its miner's templates and its peers
 * are the real ones; sockets, time and chance are the world's.
 *
 * It crashes and comes back with what its database has. What a `Flaw` spoils is spoilt here, so that
 * nothing in src/ knows of it.
 */

import { Chain } from "../../src/chain/chain.ts";
import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import type { Network } from "../../src/consensus/params.ts";
import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { Mempool, type MempoolPolicy, type MempoolVerdict } from "../../src/mempool/mempool.ts";
import { selectTransactions } from "../../src/mempool/select-transactions.ts";
import { makeCandidate, makeMinedBlock } from "../../src/mining/block-template.ts";
import { TemplateBuilder } from "../../src/mining/template-builder.ts";
import { MempoolKeeper } from "../../src/node/mempool-keeper.ts";
import { AddressManager } from "../../src/p2p/address-manager.ts";
import { BanList } from "../../src/p2p/ban-list.ts";
import type { NodePort } from "../../src/p2p/conversation.ts";
import { NodeIdentity } from "../../src/p2p/identity.ts";
import { DEFAULT_PEER_POLICY } from "../../src/p2p/peer-manager.ts";
import { PeerNetwork } from "../../src/p2p/peer-network.ts";
import { orphanAccountOf } from "../../src/p2p/transaction-relay.ts";
import type { Block } from "../../src/primitives/block.ts";
import type { Transaction } from "../../src/primitives/transaction.ts";
import type { ChainDatabase } from "../../src/storage/database.ts";
import { MempoolStore } from "../../src/storage/mempool-store.ts";
import { PeerStore } from "../../src/storage/peer-store.ts";
import { ANYONE_BY_WITNESS, mineHeader, openNodeDatabase } from "../support/chain-builder.ts";
import type { SeededRandom } from "../support/random.ts";
import { HostClock, type VirtualClock } from "./virtual-clock.ts";
import type { VirtualHost } from "./virtual-network.ts";

/** Where every node accepts peers. */
export const NODE_PORT = 18_444;

/** As in a node's own settings, but with a mempool that could be filled. */
export const MEMPOOL_POLICY: MempoolPolicy = {
  minRelayFeerate: 1,
  maxBytes: 16 * 1024 * 1024,
  maxCount: 20_000,
  expiryMs: 24 * 60 * 60 * 1000,
};

/** Blocks below the tip among which a node looks for abandoned ones when it starts, as in node.ts. */
const ABANDONED_WINDOW = 100;

/** A fault that is put back into nodes, to see that the simulator finds it. */
export interface Flaw {
  readonly name: string;
  /** Spoils what the node is to its peers. */
  readonly port?: (port: NodePort) => NodePort;
  /** Spoils the parts that were just made; called before anybody listens to them. */
  readonly parts?: (chain: Chain, mempool: Mempool) => void;
  /** True if the mempool is not told of blocks that leave. */
  readonly forgetsAbandoned?: boolean;
  /** Spoils who the node takes itself to be. */
  readonly identity?: (identity: NodeIdentity) => { readonly identity: NodeIdentity };
  /** Spoils classes for as long as the world exists; returns what undoes it. */
  readonly patch?: () => () => void;
}

/** What a node needs of its world. */
export interface NodeWorld {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly chain: Network;
  readonly flaw?: Flaw | undefined;
}

/** What the world is told of a node's life. */
export interface NodeWatch {
  /** It is about to go among the others. */
  nodeStarted(node: SimulatedNode): void;
}

/** What is a node's own. */
export interface NodeSettings {
  readonly number: number;
  readonly host: VirtualHost;
  /** How far its clock is ahead, in milliseconds. */
  readonly skewMs: number;
  readonly discovers: boolean;
  /** Hosts that it is told to keep a connection to. */
  readonly manualHosts: readonly string[];
  readonly watch: NodeWatch;
}

export class SimulatedNode {
  readonly settings: NodeSettings;
  readonly host: VirtualHost;
  readonly database: ChainDatabase;
  readonly identity: NodeIdentity;
  readonly #world: NodeWorld;
  chain!: Chain;
  mempool!: Mempool;
  network!: PeerNetwork;
  bans!: BanList;
  clock!: HostClock;
  templates!: TemplateBuilder;
  isOn = false;
  #keeper!: MempoolKeeper;
  #extranonce = 0;

  constructor(world: NodeWorld, settings: NodeSettings, blocks: readonly Block[]) {
    this.#world = world;
    this.settings = settings;
    this.host = settings.host;
    this.identity = new NodeIdentity(world.random.bytes(32));
    this.database = openNodeDatabase(world.chain);
    this.#makeEngine();
    for (const block of blocks) this.chain.submitBlock(block);
  }

  get name(): string {
    return `node ${this.settings.number}`;
  }

  /** Starts on what the disk has. */
  start(): void {
    if (this.isOn) return;
    this.isOn = true;
    this.#makeEngine();
    this.#keeper.load();
    this.#subscribe();
    this.#readmitAbandoned();
    this.#makePeers();
    this.settings.watch.nodeStarted(this);
    void this.network.start({ host: "::", port: NODE_PORT });
  }

  /** Ends in order. */
  stop(): void {
    if (!this.isOn) return;
    this.isOn = false;
    this.network.stop();
    this.#keeper.flush();
  }

  /** Goes off without a word: what was not written is lost. */
  crash(losesPower: boolean): void {
    if (!this.isOn) return;
    this.isOn = false;
    this.clock.stop();
    this.host.crash({ losesPower });
  }

  /** Offers a transaction as the API does: once it answers, the disk has it. */
  submitTransaction(tx: Transaction): MempoolVerdict {
    this.network.blocks.propagation.noteOrigin(tx.txid);
    const verdict = this.mempool.submit(tx);
    this.#keeper.flush();
    return verdict;
  }

  /** Makes the next block on the node's tip, without giving it to anybody. */
  makeBlock(): Block {
    this.#extranonce += 1;
    const template = this.templates.build();
    const candidate = makeCandidate(template, {
      payoutScript: ANYONE_BY_WITNESS,
      tag: String(this.settings.number),
      stream: "",
      extranonce: this.#world.clock.eventsRun * 4_096 + this.#extranonce,
    });
    const block = makeMinedBlock(candidate, 0);
    return mineHeader(block.header, block.transactions);
  }

  /** Gives the node a block that its own miner has found. */
  submitBlock(block: Block): void {
    this.network.blocks.propagation.noteOrigin(block.hash);
    this.chain.submitBlock(block);
  }

  #makeEngine(): void {
    const { chain: network, clock: time, flaw } = this.#world;
    const { database } = this;
    const log = SILENT_LOGGER;
    const clock = new HostClock(time, this.settings.skewMs);
    const now = () => clock.now();
    const scripts = new ScriptVerifier(PORTABLE_SIGNATURES);
    this.clock = clock;
    this.chain = new Chain({ network, database, scripts, now, log });
    const { chain } = this;
    this.mempool = new Mempool({ chain, scripts, policy: MEMPOOL_POLICY, now, log });
    const { mempool } = this;
    flaw?.parts?.(chain, mempool);
    const store = new MempoolStore(database);
    this.#keeper = new MempoolKeeper({ mempool, store, clock, log });
    const select = (limits: Parameters<typeof selectTransactions>[1]) =>
      selectTransactions(mempool, limits);
    this.templates = new TemplateBuilder({ chain, select, now, log });
  }

  /** The node's own page of subscriptions, without miner and index. */
  #subscribe(): void {
    const { chain, mempool } = this;
    const keeper = this.#keeper;
    chain.events.on("block-connected", ({ block }) => mempool.blockConnected(block));
    if (this.#world.flaw?.forgetsAbandoned !== true) {
      chain.events.on("block-disconnected", ({ block }) => mempool.blockDisconnected(block));
    }
    chain.events.on("tip-changed", () => mempool.settle());
    mempool.events.on("transaction-accepted", ({ entry }) =>
      keeper.noteAccepted(entry.tx, entry.acceptedAt),
    );
    mempool.events.on("transaction-removed", ({ tx }) => keeper.noteRemoved(tx.txid));
  }

  #readmitAbandoned(): void {
    if (this.#world.flaw?.forgetsAbandoned === true) return;
    const floor = this.chain.tip.height - ABANDONED_WINDOW;
    for (const entry of this.chain.index.abandonedSince(floor)) {
      const [, ...txs] = this.chain.getBlock(entry).transactions;
      for (const tx of txs) this.mempool.submit(tx);
    }
    this.#keeper.flush();
  }

  #makePeers(): void {
    const { chain: network, flaw, random } = this.#world;
    const { chain, clock, host, mempool, settings } = this;
    const store = new PeerStore(this.database);
    const addresses = new AddressManager({
      clock,
      random,
      store,
      filter: { isLan: true, privilegedPorts: new Set() },
    });
    for (const manual of settings.manualHosts) {
      addresses.addManual({ host: manual, port: NODE_PORT });
    }
    this.bans = new BanList({ clock, store });
    const port: NodePort = {
      network,
      chain,
      mempool,
      submitBlock: (block) => chain.submitBlock(block),
      submitTransaction: (tx, peer) =>
        mempool.submit(tx, { keepOrphan: true, peer: orphanAccountOf(peer) }),
    };
    const local = {
      genesisHash: network.genesis.hash,
      userAgent: "/simulated:1/",
      name: this.name,
      apiPort: 0,
      height: () => chain.tip.height,
    };
    const known = flaw?.identity?.(this.identity) ?? { identity: this.identity };
    this.network = new PeerNetwork({
      node: flaw?.port?.(port) ?? port,
      // Kept as it is: what a flaw makes of it may be another thing each time it is asked.
      local: Object.defineProperties(
        known,
        Object.getOwnPropertyDescriptors(local),
      ) as typeof local & {
        readonly identity: NodeIdentity;
      },
      transport: host.transport,
      datagrams: settings.discovers ? host.datagrams : undefined,
      addresses,
      bans: this.bans,
      policy: DEFAULT_PEER_POLICY,
      clock,
      random,
      log: SILENT_LOGGER,
      hashRate: () => 1,
      leastFeerate: MEMPOOL_POLICY.minRelayFeerate,
      ownHosts: () => [host.address],
    });
  }
}
