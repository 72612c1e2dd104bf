/**
 * What events of the push API carry, made from what the engine's own events hand over.
 *
 * Never waits and never asks the explorer index for what just happened: it is always a little late.
 */

import { difficultyOf } from "../index/difficulty.ts";
import { toHex } from "../lib/bytes.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import type { Node } from "../node/node.ts";
import { type AddressPrefixes, formatAddress } from "../primitives/address.ts";
import type { Transaction, TxOutput } from "../primitives/transaction.ts";
import {
  type LiveStatsView,
  type LiveTransactionView,
  MAX_LIVE_ITEMS,
  type MiningProgressView,
} from "./live-schemas.ts";
import { countPeers, viewSync } from "./view-peer.ts";
import { viewListed } from "./view-transaction.ts";

/** Returns a transaction that was accepted, with whom it pays. */
export function viewAccepted(entry: MempoolEntry, prefixes: AddressPrefixes): LiveTransactionView {
  const outputs = entry.tx.outputs.slice(0, MAX_LIVE_ITEMS).map((output, index) => ({
    index,
    address: formatAddress(output.scriptPubKey, prefixes) ?? null,
    amount: output.value,
  }));
  return { ...viewListed(entry), outputs };
}

/** Returns what every stream of the miner does. */
export function viewProgress({ miner }: Pick<Node, "miner">): MiningProgressView {
  const { streams } = miner;
  return {
    running: miner.isRunning,
    threads: miner.threads,
    hashrate: miner.hashrate,
    totalHashes: streams.reduce((sum, { totalHashes }) => sum + totalHashes, 0),
    blocksFound: miner.blocksFound,
    streams,
  };
}

/** Returns the members of the node's status that change. */
export function viewLiveStats(node: Node): LiveStatsView {
  const { chain, mempool, miner, explorer, clock } = node;
  const { tip } = chain;
  return {
    height: tip.height,
    tip: tip.hash,
    tipTime: tip.time,
    difficulty: difficultyOf(tip.bits),
    hashrate: { own: miner.hashrate, network: explorer.networkHashrate() },
    mempool: { count: mempool.count, bytes: mempool.bytes, minFeerate: mempool.minFeerate() },
    peers: countPeers(node),
    sync: viewSync(node),
    time: clock.now(),
    uptimeSeconds: Math.max(0, Math.floor((clock.now() - node.startedAt) / 1000)),
  };
}

/** What a transaction does to one script. Amounts in sat. */
export interface Touch {
  received: number;
  sent: number;
}

/** Returns what `tx`, which spends `spent` as far as known, does to each script, by its hex. */
export function touchesOf(
  tx: Transaction,
  spent: readonly (Pick<TxOutput, "scriptPubKey" | "value"> | undefined)[],
): Map<string, Touch> {
  const touches = new Map<string, Touch>();
  const touch = (script: Uint8Array): Touch => {
    const key = toHex(script);
    const known = touches.get(key) ?? { received: 0, sent: 0 };
    touches.set(key, known);
    return known;
  };
  for (const { scriptPubKey, value } of tx.outputs) touch(scriptPubKey).received += value;
  for (const output of spent) {
    if (output !== undefined) touch(output.scriptPubKey).sent += output.value;
  }
  return touches;
}
