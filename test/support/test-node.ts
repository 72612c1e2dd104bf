/**
 * A whole node for tests: real chain, mempool, miner and index workers, in a folder of its own that
 * goes away with it.
 *
 * Nothing is replaced by a stand-in but what a test hands in. `await using` ends it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, type ApiSettings, startApi } from "../../src/api/server.ts";
import { findNetwork, hasFixedDifficulty } from "../../src/consensus/networks.ts";
import type { Network } from "../../src/consensus/params.ts";
import type { IndexWorker } from "../../src/index/index-service.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { type Logger, SILENT_LOGGER } from "../../src/lib/logger.ts";
import type { MinerWorker } from "../../src/mining/stream.ts";
import { Node, type NodeOptions } from "../../src/node/node.ts";
import type { JoinOptions } from "../../src/node/peers.ts";
import { chooseSignatureVerifier } from "../../src/node/signature-verifier.ts";
import { SYSTEM_CLOCK } from "../../src/node/system-clock.ts";
import { SYSTEM_RANDOM } from "../../src/node/system-random.ts";
import { TcpTransport } from "../../src/p2p/tcp-transport.ts";
import { type PaymentKey, paymentKey } from "./payments.ts";

/** What a test may choose of its node. */
export interface TestNodeOptions {
  /** A name, or a network with parameters of its own; "regtest" unless given. */
  readonly network?: string | Network;
  /** 1 unless given, on networks that have a choice. */
  readonly difficulty?: number;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Whom mining pays; `key` of the node, unless given. */
  readonly payoutScript?: Uint8Array;
  readonly mining?: boolean;
  readonly threads?: number;
  readonly mempool?: Partial<NodeOptions["mempool"]>;
  /** Told of faults after which the node must end. */
  readonly onFault?: (fault: unknown) => void;
  /** A folder to open again; else a new one, removed at the end. */
  readonly directory?: string;
}

/** A running node, and the key that its blocks pay. */
export interface RunningNode extends AsyncDisposable {
  readonly node: Node;
  readonly key: PaymentKey;
  readonly directory: string;
}

/** Starts a node. */
export async function startTestNode(options: TestNodeOptions = {}): Promise<RunningNode> {
  const chosen = options.network ?? "regtest";
  const name = typeof chosen === "string" ? chosen : chosen.name;
  const difficulty = hasFixedDifficulty(name) ? undefined : (options.difficulty ?? 1);
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "cairn-test-"));
  const key = paymentKey();
  const node = await Node.start({
    network: typeof chosen === "string" ? findNetwork(name, difficulty) : chosen,
    difficulty,
    directory,
    clock: options.clock ?? SYSTEM_CLOCK,
    log: options.log ?? SILENT_LOGGER,
    signatures: chooseSignatureVerifier(),
    spawnMiner,
    spawnIndex,
    ...(options.onFault === undefined ? {} : { onFault: options.onFault }),
    mining: {
      enabled: options.mining ?? false,
      threads: options.threads ?? 1,
      payoutScript: options.payoutScript ?? key.scriptPubKey,
      tag: "test",
      refreshMs: 1_000,
      cpus: [],
    },
    mempool: {
      minRelayFeerate: 1,
      maxBytes: 16 * 1024 * 1024,
      expiryMs: 24 * 60 * 60 * 1000,
      ...options.mempool,
    },
  });
  return {
    node,
    key,
    directory,
    async [Symbol.asyncDispose]() {
      await node.stop();
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Joins the others over TCP on loopback, at any free port, without looking for anybody. */
export async function joinTestNode(
  node: Node,
  options: Partial<JoinOptions> = {},
): Promise<string> {
  await node.join({
    listen: { host: "127.0.0.1", port: 0 },
    mayMovePort: false,
    manualPeers: [],
    allowedNodes: [],
    maxInbound: 125,
    name: "",
    userAgent: "/cairn:test/",
    apiPort: 0,
    transport: new TcpTransport(node.clock),
    random: SYSTEM_RANDOM,
    ...options,
  });
  return `127.0.0.1:${node.peers?.manager.port}`;
}

/** Token of every API that tests start. */
export const TEST_TOKEN = "0123456789abcdef".repeat(4);

/** Version that those APIs say they are. */
export const TEST_VERSION = "0.0.0-test";

/** A node's API on a free port. */
export interface RunningApi extends AsyncDisposable {
  readonly server: ApiServer;
  /** Asks for a path of this API. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** Starts the API of `node`, on loopback unless `settings` say otherwise. */
export async function startTestApi(
  node: Node,
  settings: Partial<ApiSettings> = {},
): Promise<RunningApi> {
  const server = await startApi({
    node,
    token: TEST_TOKEN,
    version: TEST_VERSION,
    settings: { ...TEST_API_SETTINGS, ...settings },
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    server,
    fetch: (path, init) => fetch(url + path, init),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** Settings of an API on loopback, on any free port. */
export const TEST_API_SETTINGS: ApiSettings = {
  apiHost: "127.0.0.1",
  port: 0,
  apiExpose: false,
  apiAllowHost: [],
  corsOrigin: [],
  walletRemote: false,
  minerTag: "test",
};

function spawnMiner(): MinerWorker {
  const url = new URL("../../src/mining/miner.worker.ts", import.meta.url);
  return new Worker(url) as unknown as MinerWorker;
}

function spawnIndex(): IndexWorker {
  const url = new URL("../../src/index/index.worker.ts", import.meta.url);
  return new Worker(url) as unknown as IndexWorker;
}
