/**
 * What must hold in a simulated world at any time, whatever happens in it.
 *
 * Tips never go back in work, no bound is exceeded, no honest node is blamed by another, and who
 * comes also goes. Throws a Violation, which names the node and the moment.
 */

import { MAX_FULL_ORPHAN_SHARES, MAX_ORPHAN_SCORE } from "../../src/mempool/orphan-transactions.ts";
import { MAX_WINDOW_BLOCKS, MAX_WINDOW_BYTES } from "../../src/p2p/block-download.ts";
import { MAX_PARALLEL_REQUESTS } from "../../src/p2p/block-requests.ts";
import { MAX_TREE_HEADERS } from "../../src/p2p/header-tree.ts";
import { violationPoints } from "../../src/p2p/misbehavior.ts";
import type { DisconnectReason } from "../../src/p2p/peer.ts";
import { MAX_INBOUND_PEERS } from "../../src/p2p/peer-manager.ts";
import type { BlockLedger } from "./block-ledger.ts";
import { MEMPOOL_POLICY, type SimulatedNode } from "./simulated-node.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Something that must never be. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
}

/** Reasons of disconnection that blame the other side, beside those that are violations. */
const BLAMES: ReadonlySet<string> = new Set<DisconnectReason>([
  "misbehaving",
  "banned",
  "bad-handshake",
  "wrong-services",
  "not-allowed",
]);

/** Connections, dials and what is remembered of each, of one node. */
const MAX_HELD = 6 * (MAX_INBOUND_PEERS + 64);

/** What is known of a node across its restarts. */
interface Record {
  work: bigint;
  connected: number;
  disconnected: number;
}

/** What the checks need of the world. */
export interface SafetyParts {
  readonly ledger: BlockLedger;
  readonly clock: VirtualClock;
  /** True if no connection ends but by the will of a node. */
  readonly isQuiet: boolean;
  readonly tell: (text: string) => void;
}

/** Milliseconds after which one of two connections must be seen to have stayed: before any is new. */
const DUPLICATE_MS = 500;

export class SafetyChecks {
  readonly #ledger: BlockLedger;
  readonly #honestHosts = new Map<string, SimulatedNode>();
  readonly #records = new Map<SimulatedNode, Record>();
  readonly #clock: VirtualClock;
  readonly #isQuiet: boolean;
  readonly #tell: (text: string) => void;
  /** Disconnections between honest nodes, by reason. */
  readonly losses = new Map<string, number>();
  /** Blocks left in the deepest reorganisation. */
  deepestReorg = 0;
  reorgs = 0;

  constructor({ ledger, clock, isQuiet, tell }: SafetyParts) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#isQuiet = isQuiet;
    this.#tell = tell;
  }

  /** Watches over `node`, which was made or has come back. */
  watch(node: SimulatedNode): void {
    const record = this.#records.get(node) ?? { work: 0n, connected: 0, disconnected: 0 };
    // Whoever crashed has forgotten its peers.
    record.connected = 0;
    record.disconnected = 0;
    this.#records.set(node, record);
    this.#honestHosts.set(node.host.address, node);
    this.#checkTip(node, record);
    node.chain.events.on("tip-changed", () => this.#checkTip(node, record));
    node.chain.events.on("reorg", ({ disconnected }) => {
      this.reorgs += 1;
      this.deepestReorg = Math.max(this.deepestReorg, disconnected.length);
      this.#tell(`${node.name} leaves ${disconnected.length} blocks`);
    });
    const { events } = node.network.manager.peers;
    events.on("peer-connected", () => {
      record.connected += 1;
    });
    events.on("peer-disconnected", ({ peer, reason }) => {
      record.disconnected += 1;
      const other = this.#honestHosts.get(peer.remote.host);
      this.#tell(`${node.name} loses ${other?.name ?? peer.remote.host}: ${reason}`);
      if (other === undefined) return;
      if (reason === "duplicate" && this.#isQuiet) this.#checkOneStays(node, other);
      this.losses.set(reason, (this.losses.get(reason) ?? 0) + 1);
      if (peer.isDiscouraged || BLAMES.has(reason) || isViolation(reason)) {
        throw new SimulationFailure(`${node.name} blames honest ${other.name}: ${reason}`);
      }
    });
  }

  /** Checks what `node` holds. */
  checkBounds(node: SimulatedNode): void {
    if (!node.isOn) return;
    const { mempool, network } = node;
    const { treeHeaders, heldBlocks, heldBytes, requests, partialBlocks } = network.blocks.load();
    const peerCount = network.manager.peers.size;
    const atMost = (what: string, value: number, most: number) => {
      if (value > most) throw new SimulationFailure(`${node.name}: ${what} ${value} > ${most}`);
    };
    atMost("held of connections", network.manager.heldCount, MAX_HELD);
    atMost("mempool bytes", mempool.bytes, MEMPOOL_POLICY.maxBytes);
    atMost("mempool entries", mempool.count, MEMPOOL_POLICY.maxCount);
    atMost("orphans", mempool.orphans.count, MAX_ORPHAN_SCORE * MAX_FULL_ORPHAN_SHARES);
    atMost("headers", treeHeaders, MAX_TREE_HEADERS);
    atMost("held blocks", heldBlocks, MAX_WINDOW_BLOCKS);
    atMost("held bytes", heldBytes, MAX_WINDOW_BYTES);
    atMost("requests", requests, MAX_WINDOW_BLOCKS * MAX_PARALLEL_REQUESTS);
    atMost("partial blocks", partialBlocks, 3 * Math.max(1, peerCount));
    for (const { host, address } of [...this.#honestHosts.values()].map((other) => ({
      host: other,
      address: other.host.address,
    }))) {
      if (!node.bans.isDiscouraged(address)) continue;
      throw new SimulationFailure(`${node.name} discourages honest ${host.name}`);
    }
  }

  /** Checks that of a node that has stopped in order nothing is left. */
  checkGone(node: SimulatedNode): void {
    const record = this.#records.get(node);
    const { heldCount } = node.network.manager;
    if (heldCount !== 0)
      throw new SimulationFailure(`${node.name} has ended and holds ${heldCount}`);
    if (node.clock.timersWaiting !== 0) {
      throw new SimulationFailure(
        `${node.name} has ended and ${node.clock.timersWaiting} timers wait`,
      );
    }
    if (record?.connected === record?.disconnected) return;
    throw new SimulationFailure(
      `${node.name} told of ${record?.connected} peers that came and ${record?.disconnected} that went`,
    );
  }

  /** Of two connections between two nodes one has been ended: the other one stays. */
  #checkOneStays(node: SimulatedNode, other: SimulatedNode): void {
    this.#clock.after(DUPLICATE_MS, () => {
      const peers = [...node.network.manager.peers];
      if (!node.isOn || peers.some(({ remote }) => remote.host === other.host.address)) return;
      throw new SimulationFailure(`neither connection of ${node.name} and ${other.name} stays`);
    });
  }

  #checkTip({ name, chain }: SimulatedNode, record: Record): void {
    const { work } = this.#ledger.get(chain.tip.hash);
    if (work < record.work) {
      throw new SimulationFailure(`${name} has gone back from work ${record.work} to ${work}`);
    }
    record.work = work;
  }
}

function isViolation(reason: string): boolean {
  return violationPoints(reason as Parameters<typeof violationPoints>[0]) !== undefined;
}
