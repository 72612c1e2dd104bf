/**
 * The composition root: makes every part of a node, hands each what it needs, and ends them in
 * reverse.
 *
 * A node without HTTP is a whole node: nothing here knows of routes. Who listens to whom is on one
 * page, subscriptions.ts.
 */

import { type BlockVerdict, Chain } from "../chain/chain.ts";
import { ScriptVerifier } from "../chain/script-verifier.ts";
import type { Network } from "../consensus/params.ts";
import type { SignatureVerifier } from "../crypto/signature-verifier.ts";
import { ExplorerQueries } from "../index/explorer-queries.ts";
import { IndexService, type IndexWorker } from "../index/index-service.ts";
import { MempoolAddresses } from "../index/mempool-addresses.ts";
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import type { Logger } from "../lib/logger.ts";
import { Mempool, type MempoolVerdict } from "../mempool/mempool.ts";
import { MAX_MEMPOOL_COUNT } from "../mempool/policy.ts";
import { selectTransactions } from "../mempool/select-transactions.ts";
import { Miner } from "../mining/miner.ts";
import type { MinerWorker } from "../mining/stream.ts";
import { TemplateBuilder } from "../mining/template-builder.ts";
import type { NodePort } from "../p2p/conversation.ts";
import type { PeerNetwork } from "../p2p/peer-network.ts";
import { orphanAccountOf } from "../p2p/transaction-relay.ts";
import type { Block } from "../primitives/block.ts";
import type { Transaction } from "../primitives/transaction.ts";
import {
  type DataDirectory,
  DataDirectoryError,
  openDataDirectory,
} from "../storage/data-directory.ts";
import { type ChainDatabase, closeChainDatabase, openChainDatabase } from "../storage/database.ts";
import { MempoolStore } from "../storage/mempool-store.ts";
import type { Wallets } from "../wallet/wallets.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { MempoolKeeper } from "./mempool-keeper.ts";
import { startNodeRecorder } from "./node-recorder.ts";
import { openWalletFiles, openWallets, type WalletFiles } from "./open-wallets.ts";
import { loadPayoutScript } from "./payout-key.ts";
import { type JoinOptions, joinPeers } from "./peers.ts";
import { connectSubscriptions } from "./subscriptions.ts";

/** Everything that a node is made of that may differ from one to the next. */
export interface NodeOptions {
  readonly network: Network;
  /** The `--difficulty` that made the network, if any: workers make it again. */
  readonly difficulty: number | undefined;
  /** Of this network alone. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signatures: SignatureVerifier;
  readonly spawnMiner: () => MinerWorker;
  readonly spawnIndex: () => IndexWorker;
  /** Told of a fault after which this node must end. Unless given, it is thrown where all see it. */
  readonly onFault?: (fault: unknown) => void;
  readonly mining: {
    readonly enabled: boolean;
    readonly threads: number;
    /** Undefined: to a key of the node's own, in its directory. */
    readonly payoutScript: Uint8Array | undefined;
    readonly tag: string;
    readonly refreshMs: number;
    readonly cpus: readonly number[];
  };
  readonly mempool: {
    /** Sats per virtual byte. */
    readonly minRelayFeerate: number;
    readonly maxBytes: number;
    readonly expiryMs: number;
  };
}

/** The files of a node; readers of the chain open the same ones. */
export const CHAIN_DATABASE_NAME = "cairn.db";
export const INDEX_DATABASE_NAME = "index.db";

/** What happens to a node as a whole. */
export type NodeEvents = {
  /** It has gone among others. */
  joined: { readonly peers: PeerNetwork };
};

/** Blocks below the tip among which abandoned ones are looked for at the start. */
const ABANDONED_WINDOW = 100;

/** A running node. */
export class Node {
  readonly network: Network;
  readonly directory: DataDirectory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly chain: Chain;
  readonly mempool: Mempool;
  /** Which waiting transactions touch which output script. */
  readonly waiting: MempoolAddresses;
  readonly templates: TemplateBuilder;
  readonly miner: Miner;
  readonly index: IndexService;
  readonly explorer: ExplorerQueries;
  readonly wallets: Wallets;
  /** Where continuous mining pays. */
  readonly payoutScript: Uint8Array;
  /** Sats per vbyte that a transaction must pay at least to be taken from others. */
  readonly minRelayFeerate: number;
  /** What verifies signatures. */
  readonly signatures: SignatureVerifier;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly events = new Emitter<NodeEvents>();

  readonly #database: ChainDatabase;
  readonly #walletFiles: WalletFiles;
  readonly #keeper: MempoolKeeper;
  readonly #stopHousekeeping: () => void;
  readonly #onFault: (fault: unknown) => void;
  #peers: PeerNetwork | undefined;
  #stopNodeRecorder = () => {};
  #stopped: Promise<void> | undefined;

  /** Opens the data directory and everything in it; throws DataDirectoryError or ConfigError. */
  static async start(options: NodeOptions): Promise<Node> {
    const directory = openDataDirectory(options.directory);
    let database: ChainDatabase | undefined;
    let index: IndexService | undefined;
    let walletFiles: WalletFiles | undefined;
    try {
      const { network } = options;
      const identity = { network: network.name, genesis: network.genesis.hash };
      database = openChainDatabase(directory.file(CHAIN_DATABASE_NAME), identity);
      // Made first: the index reads what the chain has written.
      const scripts = new ScriptVerifier(options.signatures);
      const chain = makeChain(options, database, scripts);
      index = makeIndex(options, directory);
      await startIndex(index, directory);
      walletFiles = openWalletFiles(directory, options);
      return new Node(options, { directory, database, scripts, chain, index, walletFiles });
    } catch (cause) {
      walletFiles?.store.close();
      await index?.stop();
      database?.close();
      directory.release();
      throw cause;
    }
  }

  private constructor(options: NodeOptions, parts: FirstParts) {
    const { network, clock, log } = options;
    const { directory, database, scripts, chain, index, walletFiles } = parts;
    this.network = network;
    this.directory = directory;
    this.clock = clock;
    this.log = log;
    this.chain = chain;
    this.index = index;
    this.startedAt = clock.now();
    this.minRelayFeerate = options.mempool.minRelayFeerate;
    this.signatures = options.signatures;
    this.payoutScript =
      options.mining.payoutScript ?? loadPayoutScript(directory.file("payout-key.json"), network);
    this.#database = database;
    this.#walletFiles = walletFiles;
    this.#onFault = options.onFault ?? throwForAll;

    const now = () => clock.now();
    this.mempool = new Mempool({
      chain,
      scripts,
      policy: { ...options.mempool, maxCount: MAX_MEMPOOL_COUNT },
      now,
      log: log.for("mempool"),
    });
    this.waiting = new MempoolAddresses(this.mempool);
    this.#keeper = new MempoolKeeper({
      mempool: this.mempool,
      store: new MempoolStore(database),
      clock,
      log: log.for("mempool"),
    });
    this.templates = new TemplateBuilder({
      chain,
      select: (limits) => selectTransactions(this.mempool, limits),
      now,
      log: log.for("mining"),
    });
    this.miner = this.#makeMiner(options);
    this.explorer = new ExplorerQueries(directory.file(INDEX_DATABASE_NAME));

    this.#keeper.load();
    connectSubscriptions(this, this.#keeper);
    this.wallets = openWallets(this, walletFiles, options.signatures);
    this.#readmitAbandoned();
    this.#stopHousekeeping = startHousekeeping({
      clock,
      mempool: this.mempool,
      index,
      countPeers: () => this.#peers?.manager.peers.size ?? 0,
    });
    if (options.mining.enabled) this.miner.start();
  }

  /** The other nodes; undefined while this one lives alone. */
  get peers(): PeerNetwork | undefined {
    return this.#peers;
  }

  /** Goes among others; once. TransportError if the port for them cannot be had. */
  async join(options: JoinOptions): Promise<void> {
    this.#peers = await joinPeers(this, this.#database, this.#port(), options);
    this.#stopNodeRecorder = startNodeRecorder({
      topology: this.#peers.topology,
      clock: this.clock,
      record: (records) => this.index.recordNodes(records),
    });
    this.events.emit("joined", { peers: this.#peers });
  }

  /** Offers a transaction to the mempool. When it answers "accepted", the disk has it. */
  submitTransaction(tx: Transaction): MempoolVerdict {
    return this.#soundly(() => {
      this.#peers?.blocks.propagation.noteOrigin(tx.txid);
      const verdict = this.mempool.submit(tx);
      this.#keeper.flush();
      return verdict;
    });
  }

  /** As submitTransaction for many in order, with one commit for all. */
  submitTransactions(txs: readonly Transaction[]): MempoolVerdict[] {
    return this.#soundly(() => {
      const verdicts = txs.map((tx) => this.mempool.submit(tx));
      this.#keeper.flush();
      return verdicts;
    });
  }

  /** Offers a block to the chain. When it answers, the disk has it. */
  submitBlock(block: Block): BlockVerdict {
    return this.#soundly(() => {
      this.#peers?.blocks.propagation.noteOrigin(block.hash);
      return this.chain.submitBlock(block);
    });
  }

  /** Ends everything in reverse; safe to call more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  /** The doors for what peers bring; they are told at once, and the disk within a second. */
  #port(): NodePort {
    const { chain, mempool, network } = this;
    return {
      network,
      chain,
      mempool,
      submitBlock: (block) => this.#soundly(() => chain.submitBlock(block)),
      submitTransaction: (tx, peer) =>
        this.#soundly(() => mempool.submit(tx, { keepOrphan: true, peer: orphanAccountOf(peer) })),
    };
  }

  /**
   * Runs `work` of the engine. Whoever asked may answer for a failure and go on, as the API does;
   * the node must not, so that the failure is told to those who end it as well.
   */
  #soundly<T>(work: () => T): T {
    try {
      return work();
    } catch (fault) {
      this.#onFault(fault);
      throw fault;
    }
  }

  async #end(): Promise<void> {
    this.miner.close();
    this.#peers?.stop();
    this.#stopNodeRecorder();
    this.#stopHousekeeping();
    this.wallets.stop();
    this.explorer.close();
    await this.index.stop();
    try {
      this.#keeper.flush();
    } finally {
      this.#release();
    }
  }

  /** A full disk may refuse the last words; the lock must go back all the same. */
  #release(): void {
    try {
      this.#walletFiles.store.close();
      closeChainDatabase(this.#database);
    } finally {
      this.directory.release();
    }
  }

  #makeMiner({ clock, log, spawnMiner, mining }: NodeOptions): Miner {
    return new Miner(
      {
        params: this.network.params,
        clock,
        log: log.for("mining"),
        buildTemplate: () => this.templates.build(),
        submitBlock: (block) => this.submitBlock(block),
        spawnWorker: spawnMiner,
      },
      { ...mining, payoutScript: this.payoutScript },
    );
  }

  /**
   * A node killed between leaving a branch and taking its transactions back would have lost them:
   * whatever recently abandoned blocks hold is offered again. What is confirmed is refused.
   */
  #readmitAbandoned(): void {
    const floor = this.chain.tip.height - ABANDONED_WINDOW;
    for (const entry of this.chain.index.abandonedSince(floor)) {
      const [, ...txs] = this.chain.getBlock(entry).transactions;
      for (const tx of txs) this.mempool.submit(tx);
    }
    this.#keeper.flush();
  }
}

/** What is made before the rest of a node can be. */
interface FirstParts {
  readonly directory: DataDirectory;
  readonly database: ChainDatabase;
  readonly scripts: ScriptVerifier;
  readonly chain: Chain;
  readonly index: IndexService;
  readonly walletFiles: WalletFiles;
}

function makeChain(
  { network, clock, log }: NodeOptions,
  database: ChainDatabase,
  scripts: ScriptVerifier,
): Chain {
  const now = () => clock.now();
  try {
    return new Chain({ network, database, scripts, now, log: log.for("chain") });
  } catch (cause) {
    if (isOfDisk(cause)) throw cause;
    throw new DataDirectoryError(
      `${database.filename} is damaged (${messageOf(cause)}); restore a copy, or move it away and ` +
        "begin again",
      { cause },
    );
  }
}

/** True if a disk was full or failed: nothing is wrong with what is on it. */
function isOfDisk(cause: unknown): boolean {
  const { code } = cause as { code?: string };
  return cause instanceof DataDirectoryError || /^SQLITE_(?:FULL|IOERR|BUSY)/.test(code ?? "");
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Starts `index`; DataDirectoryError if its file cannot be opened, for which nobody should wait. */
async function startIndex(index: IndexService, directory: DataDirectory): Promise<void> {
  const failed = Promise.withResolvers<never>();
  const forget = index.events.on("error", ({ message }) => {
    failed.reject(
      new DataDirectoryError(
        `the explorer index ${directory.file(INDEX_DATABASE_NAME)} cannot be opened: ${message}; ` +
          "if nobody else uses it, delete it, and it is built again",
      ),
    );
  });
  try {
    await Promise.race([index.start(), failed.promise]);
  } finally {
    forget();
  }
}

function throwForAll(fault: unknown): void {
  queueMicrotask(() => {
    throw fault;
  });
}

function makeIndex(
  { network, difficulty, clock, log, spawnIndex }: NodeOptions,
  directory: DataDirectory,
): IndexService {
  return new IndexService({
    spawnWorker: spawnIndex,
    setup: {
      chainPath: directory.file(CHAIN_DATABASE_NAME),
      indexPath: directory.file(INDEX_DATABASE_NAME),
      network: network.name,
      difficulty,
    },
    clock,
    log: log.for("index"),
  });
}
