/**
 * The state of the node in one answer: what the status page and `cairn status` show.
 *
 * Never waits for anything, so that it answers whatever else is wrong.
 */

import { statSync } from "node:fs";
import { difficultyOf } from "../index/difficulty.ts";
import { formatAddress } from "../primitives/address.ts";
import { MAX_BATCH_BODY_BYTES, MAX_BODY_BYTES } from "./access.ts";
import type { ApiContext } from "./api-context.ts";
import { MAX_LIST_LIMIT } from "./schemas.ts";
import type { StatusView } from "./stats-schemas.ts";
import { MAX_BATCH } from "./transaction-schemas.ts";
import { formatBits, formatTarget, formatWork } from "./view-block.ts";
import { countPeers, viewAlone, viewSync } from "./view-peer.ts";

/** Files that hold what a node keeps. */
const DATABASE_FILES = ["cairn.db", "cairn.db-wal", "index.db", "index.db-wal"];

/** Seconds of a tip's age, in block intervals, from which on something seems wrong. */
const STALE_INTERVALS = 30;

/** Returns the state of the node. */
export function viewStatus({ node, version, name }: ApiContext): StatusView {
  const { chain, mempool, miner, network, clock } = node;
  const { tip } = chain;
  return {
    version,
    name,
    nodeId: node.peers?.nodeId ?? null,
    nodeName: node.peers?.name ?? "",
    network: network.name,
    genesis: network.genesis.hash,
    height: tip.height,
    tip: tip.hash,
    tipTime: tip.time,
    chainwork: formatWork(tip.chainwork),
    difficulty: difficultyOf(tip.bits),
    bits: formatBits(tip.bits),
    target: formatTarget(tip.bits),
    blockIntervalSeconds: network.params.retarget?.spacingSeconds ?? null,
    hashrate: { own: miner.hashrate, network: node.explorer.networkHashrate() },
    mempool: { count: mempool.count, bytes: mempool.bytes, minFeerate: mempool.minFeerate() },
    p2pPort: node.peers?.manager.port ?? null,
    peers: countPeers(node),
    alone: viewAlone(node),
    sync: viewSync(node),
    time: clock.now(),
    uptimeSeconds: Math.max(0, Math.floor((clock.now() - node.startedAt) / 1000)),
    memoryBytes: process.memoryUsage.rss(),
    databaseBytes: databaseBytes(node),
    signatures: node.signatures.name,
    mining: {
      running: miner.isRunning,
      threads: miner.threads,
      address: formatAddress(node.payoutScript, network.addressPrefixes) ?? null,
      blocksFound: miner.blocksFound,
    },
    warnings: warningsOf(node),
    limits: limitsOf(node),
  };
}

/** Returns the bytes of all database files together. */
export function databaseBytes({ directory }: ApiContext["node"]): number {
  return DATABASE_FILES.reduce((sum, file) => {
    const found = statSync(directory.file(file), { throwIfNoEntry: false });
    return sum + (found?.size ?? 0);
  }, 0);
}

function warningsOf({ chain, clock, miner, network, signatures }: ApiContext["node"]) {
  const warnings: string[] = [];
  if (signatures.name === "portable") {
    warnings.push("Signatures are verified by the portable code, which is slower.");
  }
  const spacing = network.params.retarget?.spacingSeconds;
  const age = Math.floor(clock.now() / 1000) - chain.tip.time;
  if (spacing !== undefined && miner.isRunning && chain.tip.height > 0) {
    if (age > STALE_INTERVALS * spacing) warnings.push(`The last block is ${age} seconds old.`);
  }
  return warnings;
}

function limitsOf({ network }: ApiContext["node"]): StatusView["limits"] {
  return {
    listLimit: MAX_LIST_LIMIT,
    batchTransactions: MAX_BATCH,
    bodyBytes: MAX_BODY_BYTES,
    batchBodyBytes: MAX_BATCH_BODY_BYTES,
    maxBlockWeight: network.params.maxBlockWeight,
    maxMoney: network.params.maxMoney,
    coinbaseMaturity: network.params.coinbaseMaturity,
    addressPrefix: `${network.addressPrefixes.bech32}1`,
  };
}
