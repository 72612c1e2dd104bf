/**
 * Runs a node with its API until it is told to stop, and says on the terminal what it did.
 *
 * The one place where a configuration becomes a node: networks are found, addresses read, ports
 * chosen. What a node is made of is written in node/node.ts.
 */

import { readFileSync } from "node:fs";
import { type ApiServer, startApiOnFreePort } from "../api/server.ts";
import type { Network } from "../consensus/params.ts";
import type { IndexWorker } from "../index/index-service.ts";
import { Logger } from "../lib/logger.ts";
import type { Config } from "../node/config.ts";
import { ConfigError } from "../node/config-error.ts";
import {
  DEVELOPMENT_MNEMONIC,
  developmentPayoutScript,
  openDevelopmentAccounts,
} from "../node/development-accounts.ts";
import { startDevelopmentMining } from "../node/development-chain.ts";
import { makeLogSink } from "../node/logging.ts";
import {
  findSetNetwork,
  networkFolder,
  TOKEN_FILE_NAME,
  URL_FILE_NAME,
} from "../node/network-folder.ts";
import { Node } from "../node/node.ts";
import { isLoopbackHost } from "../node/settings.ts";
import { chooseSignatureVerifier } from "../node/signature-verifier.ts";
import { startMiningWhenCaughtUp } from "../node/start-mining.ts";
import { SYSTEM_RANDOM } from "../node/system-random.ts";
import { Multicast } from "../p2p/multicast.ts";
import type { PeerNetwork } from "../p2p/peer-network.ts";
import { TcpTransport } from "../p2p/tcp-transport.ts";
import { TransportError } from "../p2p/transport.ts";
import { AddressError, formatAddress, parseAddress } from "../primitives/address.ts";
import { formatCoins } from "../primitives/amount.ts";
import { writePrivateFile } from "../storage/private-file.ts";
import type { Wallet } from "../wallet/wallet.ts";
import { EXIT_CODE, type World } from "./command.ts";
import { Terminal } from "./terminal.ts";

/** What only the entry of the program can give. */
export interface RunNodeNeeds {
  readonly world: World;
  readonly spawnIndex: () => IndexWorker;
}

const MEGABYTE = 1_000_000;
const HOUR_MS = 3_600_000;

/** Milliseconds that an orderly end may take before the process goes anyway. */
const STOP_TIMEOUT_MS = 5_000;

/** Milliseconds for which the accounts' coins are waited for. */
const ACCOUNTS_TIMEOUT_MS = 5_000;

/** Milliseconds between two lines about the tip. */
const LOG_INTERVAL_MS = 1_000;

/** Long enough that nobody guesses one. */
const TOKEN_PATTERN = /^[\x21-\x7e]{32,1024}$/;

/** Runs a node of `config`; returns the exit code once it has stopped. */
export async function runNode(given: Config, needs: RunNodeNeeds): Promise<number> {
  const config = withMinerTag(given);
  const terminal = new Terminal(needs.world);
  const network = findSetNetwork(config);
  const log = new Logger({
    sink: makeLogSink(
      config.logFormat,
      (line) => needs.world.stderr.write(line),
      () => needs.world.clock.now(),
    ),
    level: config.logLevel,
    category: "node",
  });

  // Before anything is opened: whoever asks for an end meanwhile gets an orderly one.
  const end = waitForEnd();
  const node = await startNode(config, network, log, needs);
  let api: ApiServer;
  let accounts: readonly Wallet[] = [];
  try {
    if (config.dev) accounts = await openDevelopmentAccounts(node);
    api = await serveApi(node, config, needs.world.version);
  } catch (cause) {
    await node.stop();
    throw cause;
  }

  try {
    await joinPeers(node, api, config, needs.world.version);
  } catch (cause) {
    await api.stop();
    await node.stop();
    throw cause;
  }

  // The port may have moved: commands on this machine find it here.
  const url = localUrl(api);
  writePrivateFile(node.directory.file(URL_FILE_NAME), `${url}\n`);
  const stopMining = startMining(node, config);
  printWelcome(terminal, node, url, config, needs.world.version);
  if (config.dev) await printAccounts(terminal, node, accounts);
  terminal.print({ text: "Stop with Ctrl-C.", style: "dim" });
  const stopped = watchChain(node, log);
  const reason = await end;
  stopped();
  log.info("stopping", { reason: reason.name });
  // Said first: what keeps a node from going on may keep it from ending well, too.
  if (reason.error !== undefined) {
    log.error("the node cannot go on", { reason: messageOf(reason.error) });
  }
  await endWithin(needs.world, async () => {
    stopMining();
    // Whoever waits for blocks is told that none will come, rather than cut off.
    node.miner.close();
    await api.stop();
    await node.stop();
  });
  if (reason.error === undefined) return EXIT_CODE.ok;

  if (needs.world.environment.CAIRN_DEBUG) terminal.printError(String(reason.error.stack));
  return EXIT_CODE.failed;
}

/** Starts what makes blocks; returns what ends the waiting for it. */
function startMining(node: Node, { mine, dev, devMine }: Config): () => void {
  if (mine) return startMiningWhenCaughtUp(node);
  return dev ? startDevelopmentMining(node, devMine) : () => {};
}

async function startNode(
  config: Config,
  network: Network,
  log: Logger,
  { world, spawnIndex }: RunNodeNeeds,
): Promise<Node> {
  return await Node.start({
    network,
    difficulty: config.difficulty,
    directory: networkFolder(config),
    clock: world.clock,
    log,
    signatures: chooseSignatureVerifier(),
    spawnMiner: () => world.spawnMiner(),
    spawnIndex,
    mining: {
      // Not before it is known what others have: see start-mining.ts.
      enabled: false,
      threads: config.threads,
      payoutScript: payoutScriptOf(config, network),
      tag: config.minerTag,
      refreshMs: config.templateRefreshSeconds * 1000,
      cpus: config.cpuAffinity ?? [],
    },
    mempool: {
      minRelayFeerate: config.minRelayFeerate,
      maxBytes: config.mempoolMaxMegabytes * MEGABYTE,
      expiryMs: config.mempoolExpiryHours * HOUR_MS,
    },
  });
}

/** A node that has a name mines under it, unless it was told another. */
function withMinerTag(config: Config): Config {
  const isNamed = config.nodeName !== "" && config.origins.minerTag === "default";
  return isNamed ? { ...config, minerTag: config.nodeName } : config;
}

/** Opens the node to others, and looks for them. */
async function joinPeers(
  node: Node,
  api: ApiServer,
  config: Config,
  version: string,
): Promise<void> {
  const { clock, network } = node;
  // Whom only this machine can reach has nothing to tell to others.
  const nearest = isLoopbackHost(config.p2pHost) ? "127.0.0.1" : undefined;
  const interfaceAddress = config.multicastInterface ?? nearest;
  try {
    await node.join({
      listen: { host: config.p2pHost, port: config.p2pPort ?? network.p2pPort },
      mayMovePort: config.p2pPort === undefined,
      manualPeers: config.peer,
      allowedNodes: config.allowNode,
      maxInbound: config.maxInbound,
      name: config.nodeName,
      userAgent: `/cairn:${version}/`,
      apiPort: config.apiExpose ? api.port : 0,
      transport: new TcpTransport(clock),
      datagrams: config.discover ? new Multicast({ clock, interfaceAddress }) : undefined,
      random: SYSTEM_RANDOM,
    });
  } catch (cause) {
    if (!(cause instanceof TransportError)) throw cause;
    throw new ConfigError(
      "bad-value",
      `peers cannot be accepted at ${config.p2pHost} port ${config.p2pPort}: ${cause.message}`,
      { cause },
    );
  }
}

/** Undefined: to a key of the node's own. */
function payoutScriptOf({ address, dev }: Config, network: Network): Uint8Array | undefined {
  if (address === undefined) return dev ? developmentPayoutScript() : undefined;
  try {
    return parseAddress(address, network.addressPrefixes);
  } catch (cause) {
    if (!(cause instanceof AddressError)) throw cause;
    throw new ConfigError("bad-value", `--address ${address}: ${cause.message}`, { cause });
  }
}

async function serveApi(node: Node, config: Config, version: string): Promise<ApiServer> {
  const token = readToken(config, node);
  const mayMove = config.origins.port === "default";
  return await startApiOnFreePort({ node, settings: config, token, version }, mayMove);
}

/** A token is new at each start unless its file was named, and readable by the owner alone. */
function readToken(config: Config, node: Node): string {
  if (config.apiTokenFile !== undefined) return readTokenFile(config.apiTokenFile);
  const token = crypto.getRandomValues(new Uint8Array(32)).toHex();
  writePrivateFile(node.directory.file(TOKEN_FILE_NAME), `${token}\n`);
  return token;
}

function readTokenFile(path: string): string {
  let token: string;
  try {
    token = readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new ConfigError("bad-file", `--api-token-file ${path}: ${messageOf(cause)}`, { cause });
  }
  if (!TOKEN_PATTERN.test(token)) {
    throw new ConfigError(
      "bad-value",
      `--api-token-file ${path}: a token is one word of 32 to 1024 printable characters`,
    );
  }
  return token;
}

/** The API's address as this machine can ask for it: an unspecified one is no place to go to. */
function localUrl({ url }: ApiServer): string {
  return url
    .replace(/\/$/, "")
    .replace("//0.0.0.0:", "//127.0.0.1:")
    .replace("//[::]:", "//[::1]:");
}

function printWelcome(
  terminal: Terminal,
  node: Node,
  url: string,
  config: Config,
  version: string,
): void {
  const { network, directory, payoutScript, peers, chain } = node;
  const address = formatAddress(payoutScript, network.addressPrefixes) ?? "a script of your own";
  terminal.print(
    { text: `Cairn ${version}`, style: "bold" },
    ` on network ${network.name}, height ${chain.tip.height}`,
  );
  terminal.printPairs([
    ["Dashboard", { text: `${url}/`, style: "cyan" }],
    ["API", `${url}/api/status, described at ${url}/swagger`],
    ["Data", directory.path],
    ["Mining", describeMining(node, config, address)],
    ["Peers", describePeers(peers, config)],
  ]);
  if (config.apiExpose) {
    const where = `Other machines can reach the API at port ${new URL(url).port} of this one`;
    terminal.print({ text: `${where}; what changes anything needs the token.`, style: "red" });
  }
}

/** The keys of a development network are published; this is where. */
async function printAccounts(
  terminal: Terminal,
  { index, chain }: Node,
  accounts: readonly Wallet[],
): Promise<void> {
  await index.caughtUp(chain.tip.hash, ACCOUNTS_TIMEOUT_MS);
  terminal.printHeading("Accounts, whose keys everybody has");
  terminal.printTable(
    [{ title: "name" }, { title: "address" }, { title: "coins", align: "right" }],
    accounts.map((wallet) => [
      wallet.name,
      wallet.receiveAddress(false).address,
      formatCoins(wallet.ledger.balance().spendable),
    ]),
  );
  terminal.print();
  terminal.print({ text: DEVELOPMENT_MNEMONIC, style: "dim" });
  terminal.print({ text: "m/84h/1h/0h for the first, and so on", style: "dim" });
}

function describeMining({ miner }: Node, { mine, dev, devMine }: Config, address: string): string {
  if (mine) return `${miner.threads} thread${miner.threads === 1 ? "" : "s"}, for ${address}`;
  if (!dev) return `off; coins would go to ${address}`;
  switch (devMine) {
    case "auto":
      return "a block for each transaction, at once, and whenever asked";
    case "manual":
      return "a block whenever asked";
    default:
      return `a block every ${devMine} s, and whenever asked`;
  }
}

function describePeers(peers: PeerNetwork | undefined, { discover }: Config): string {
  const search = discover ? "looking for others nearby" : "not looking for others";
  return `accepted at port ${peers?.manager.port}; ${search}`;
}

/** Logs blocks as they come, at most one line a second: a branch of thousands is one line. */
function watchChain({ chain, clock }: Node, log: Logger): () => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return chain.events.on("tip-changed", ({ tip }) => {
    if (clock.monotonic() - loggedAt < LOG_INTERVAL_MS) return;
    loggedAt = clock.monotonic();
    log.info("new tip", { height: tip.height, hash: tip.hash });
  });
}

/** Why a node ends: somebody asked, or it cannot trust itself any more. */
interface EndReason {
  readonly name: string;
  readonly error?: Error;
}

/** A broken invariant must stop the node: going on would write what cannot be trusted. */
function waitForEnd(): Promise<EndReason> {
  const { promise, resolve } = Promise.withResolvers<EndReason>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      resolve({ name: signal });
      // Whoever asks twice does not want to wait.
      process.once(signal, () => process.exit(EXIT_CODE.failed));
    });
  }
  process.on("uncaughtException", (error) => resolve({ name: "fault", error }));
  process.on("unhandledRejection", (cause) => {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    resolve({ name: "fault", error });
  });
  return promise;
}

async function endWithin({ clock }: World, end: () => Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(STOP_TIMEOUT_MS, resolve);
  await Promise.race([end(), promise]);
  cancel();
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
