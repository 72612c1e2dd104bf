/**
 * How a node goes among others: its key, its address book, its port, and the real network.
 *
 * What peers are, and what is said to them, is written in p2p/; here it is only given what it needs
 * of the machine.
 */

import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { AddressManager } from "../p2p/address-manager.ts";
import { BanList } from "../p2p/ban-list.ts";
import type { NodePort } from "../p2p/conversation.ts";
import { IdentityError, loadIdentity, NODE_KEY_FILE, type NodeIdentity } from "../p2p/identity.ts";
import { PeerNetwork } from "../p2p/peer-network.ts";
import { type Datagrams, type Random, type Transport, TransportError } from "../p2p/transport.ts";
import type { DataDirectory } from "../storage/data-directory.ts";
import type { ChainDatabase } from "../storage/database.ts";
import { PeerStore } from "../storage/peer-store.ts";
import { writePrivateFile } from "../storage/private-file.ts";
import type { NetAddress } from "../wire/net-address.ts";
import type { NodeId } from "../wire/node-id.ts";
import { ConfigError } from "./config-error.ts";
import type { Node } from "./node.ts";

/** What an operator decides of a node's peers, and the ports to the world. */
export interface JoinOptions {
  readonly listen: NetAddress;
  /** True if another port will do where this one is taken. */
  readonly mayMovePort: boolean;
  /** Nodes to keep a connection to. */
  readonly manualPeers: readonly NetAddress[];
  /** Only these; none: any. */
  readonly allowedNodes: readonly NodeId[];
  readonly maxInbound: number;
  readonly name: string;
  readonly userAgent: string;
  /** Where the API listens, if others can reach it; else 0. */
  readonly apiPort: number;
  readonly transport: Transport;
  /** Absent: nodes nearby are not looked for. */
  readonly datagrams?: Datagrams | undefined;
  readonly random: Random;
}

/** Ports tried one after the other, if the first may be another. */
const PORTS_TRIED = 100;

/** Makes the peers of `node` and starts to accept and look for them. */
export async function joinPeers(
  node: Node,
  database: ChainDatabase,
  port: NodePort,
  options: JoinOptions,
): Promise<PeerNetwork> {
  const { clock, directory, log, network } = node;
  const { allowedNodes, maxInbound, random, transport, datagrams } = options;
  const store = new PeerStore(database);
  const addresses = new AddressManager({
    clock,
    random,
    store,
    filter: { isLan: true, privilegedPorts: new Set() },
  });
  for (const address of options.manualPeers) addresses.addManual(address);

  const peers = new PeerNetwork({
    node: port,
    local: {
      genesisHash: network.genesis.hash,
      identity: loadNodeKey(directory, random),
      userAgent: options.userAgent,
      name: options.name,
      apiPort: options.apiPort,
      height: () => node.chain.tip.height,
    },
    transport,
    datagrams,
    addresses,
    bans: new BanList({ clock, store }),
    policy: {
      maxInbound,
      allowedNodes: allowedNodes.length === 0 ? undefined : new Set(allowedNodes),
    },
    clock,
    random,
    log: log.for("peers"),
    hashRate: () => node.miner.hashrate,
    leastFeerate: node.minRelayFeerate,
    ownHosts,
  });
  await startOnFreePort(peers, options);
  return peers;
}

async function startOnFreePort(
  peers: PeerNetwork,
  { listen, mayMovePort }: JoinOptions,
): Promise<void> {
  const last = mayMovePort ? Math.min(65_535, listen.port + PORTS_TRIED - 1) : listen.port;
  for (let port = listen.port; ; port++) {
    try {
      await peers.start({ host: listen.host, port });
      return;
    } catch (error) {
      const isTaken = error instanceof TransportError && error.code === "EADDRINUSE";
      if (!isTaken || port >= last) throw error;
    }
  }
}

/** The key that names this node to others, made at the first start. */
function loadNodeKey(directory: DataDirectory, random: Random): NodeIdentity {
  const path = directory.file(NODE_KEY_FILE);
  try {
    return loadIdentity(
      {
        load: () => (existsSync(path) ? readFileSync(path, "utf8") : undefined),
        save: (text) => writePrivateFile(path, text),
      },
      random,
    );
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause;
    throw new ConfigError("bad-file", `${path}: ${cause.message}`, { cause });
  }
}

function ownHosts(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  );
}
