/**
 * Figures for Prometheus, each chosen: the library's default ones hold a value it cannot parse.
 *
 * Read from the node when asked. A figure that is no number is left out rather than written.
 */

import { Counter, Gauge, Registry } from "prom-client";
import { difficultyOf } from "../index/difficulty.ts";
import type { Node } from "../node/node.ts";
import { countPeers, viewSync } from "./view-peer.ts";
import { databaseBytes } from "./view-status.ts";

/** Name, help, and where it comes from. */
type Figure = readonly [name: string, help: string, read: (node: Node) => number];

const FIGURES: readonly Figure[] = [
  ["cairn_height", "Height of the active chain", ({ chain }) => chain.tip.height],
  ["cairn_tip_time_seconds", "Time of the last block", ({ chain }) => chain.tip.time],
  ["cairn_headers", "Blocks known on all branches", ({ chain }) => chain.index.size],
  ["cairn_difficulty", "Difficulty of the tip", ({ chain }) => difficultyOf(chain.tip.bits)],
  ["cairn_network_hashrate", "Hashes a second", ({ explorer }) => explorer.networkHashrate()],
  ["cairn_mempool_transactions", "Waiting transactions", ({ mempool }) => mempool.count],
  ["cairn_mempool_bytes", "Memory of the mempool", ({ mempool }) => mempool.bytes],
  ["cairn_mempool_min_feerate", "Least sat per vbyte", ({ mempool }) => mempool.minFeerate()],
  ["cairn_mining_running", "1 while mining", ({ miner }) => (miner.isRunning ? 1 : 0)],
  ["cairn_mining_hashrate", "Own hashes a second", ({ miner }) => miner.hashrate],
  ["cairn_mining_blocks_found", "Blocks found since start", ({ miner }) => miner.blocksFound],
  ["cairn_peers_inbound", "Peers that dialled us", (node) => countPeers(node).inbound],
  ["cairn_peers_outbound", "Peers that we dialled", (node) => countPeers(node).outbound],
  [
    "cairn_peer_received_bytes",
    "Bytes from peers since the start",
    ({ peers }) => peers?.traffic.bytesReceived ?? 0,
  ],
  [
    "cairn_peer_sent_bytes",
    "Bytes to peers since the start",
    ({ peers }) => peers?.traffic.bytesSent ?? 0,
  ],
  [
    "cairn_blocks_behind",
    "Blocks known by their headers and not yet here",
    (node) => viewSync(node).headers - node.chain.tip.height,
  ],
  ["cairn_database_bytes", "Size of the databases", (node) => databaseBytes(node)],
  ["cairn_memory_bytes", "Resident memory", () => process.memoryUsage.rss()],
  [
    "cairn_uptime_seconds",
    "Seconds since the start",
    ({ clock, startedAt }) => Math.max(0, (clock.now() - startedAt) / 1000),
  ],
];

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<"status">;

  constructor(node: Node) {
    for (const [name, help, read] of FIGURES) {
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect() {
          const value = read(node);
          this.reset();
          if (Number.isFinite(value)) this.set(value);
        },
      });
    }
    this.#requests = new Counter({
      name: "cairn_http_requests_total",
      help: "Requests answered, by status",
      labelNames: ["status"],
      registers: [this.#registry],
    });
  }

  /** Counts an answer of this status. */
  countAnswer(status: number): void {
    this.#requests.inc({ status: String(status) });
  }

  /** Returns all figures in Prometheus' text format. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
