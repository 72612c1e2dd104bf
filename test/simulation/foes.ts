/**
 * Those among the others who do not mean well, or do not do well: each dials every node and acts by
 * its kind.
 *
 * They know more than any foe could (all blocks, at once), so that what they do is as bad as it gets.
 * What a kind does is in foe-kinds.ts and secret-miners.ts.
 */

import type { HeaderContext } from "../../src/consensus/difficulty.ts";
import type { Network } from "../../src/consensus/params.ts";
import type { Block } from "../../src/primitives/block.ts";
import type { BlockHeader } from "../../src/primitives/block-header.ts";
import type { BlockHash } from "../../src/primitives/hash-id.ts";
import type { Transaction } from "../../src/primitives/transaction.ts";
import type { Message } from "../../src/wire/message.ts";
import type { SeededRandom } from "../support/random.ts";
import type { BlockLedger, LedgerEntry } from "./block-ledger.ts";
import { makeConduct } from "./foe-kinds.ts";
import { FoeLine, type LineOwner } from "./foe-line.ts";
import type { Payments } from "./payments.ts";
import { SimulationFailure } from "./safety-checks.ts";
import type { FoeKind } from "./scenario.ts";
import { NODE_PORT, type SimulatedNode } from "./simulated-node.ts";
import { HostClock, type VirtualClock } from "./virtual-clock.ts";
import type { VirtualHost, VirtualNetwork } from "./virtual-network.ts";

/** What foes see of the world: everything. */
export interface FoeWorld {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly chain: Network;
  readonly network: VirtualNetwork;
  readonly ledger: BlockLedger;
  readonly payments: Payments;
  readonly nodes: readonly SimulatedNode[];
  /** Hash shares of all nodes together. */
  readonly honestShare: number;
  readonly isTroubled: () => boolean;
  readonly tell: (text: string) => void;
  readonly noteFound: (block: Block, finder: string) => void;
}

/** What a kind of foe does; all of it as often as it likes. */
export interface Conduct {
  readonly startHeight?: number;
  /** True if it sends its version by itself. */
  readonly shakesOddly?: boolean;
  readonly hashShare?: number;
  /** There is a connection. */
  opened?(line: FoeLine): void;
  ready?(line: FoeLine): void;
  /** Some time has passed. */
  act?(lines: readonly FoeLine[]): void;
  received?(line: FoeLine, message: Message): void;
  /** An honest node has found `block`, and has not told anybody yet. */
  blockFound?(block: Block, lines: readonly FoeLine[]): void;
  /** An honest node has taken `tx`, and has not told anybody yet. */
  paid?(tx: Transaction, lines: readonly FoeLine[]): void;
  /** What the next block that it finds stands on. */
  miningOn?(): HeaderContext;
  /** It has found a block. */
  mine?(): void;
}

/** Milliseconds between two acts, and until a lost connection is dialled again. */
const ACT_MS = 1_000;
const DIAL_MS = 15_000;

/** Links of a foe: it is always the first. */
const FAST_LINK = {
  latencyMs: [0.1, 0.2],
  bytesPerSecond: 100_000_000,
  lossPerThousand: 0,
} as const;

export class Foe implements LineOwner {
  readonly world: FoeWorld;
  readonly kind: FoeKind;
  readonly host: VirtualHost;
  readonly clock: HostClock;
  /** Connections so far. */
  lineCount = 0;
  readonly #conduct: Conduct;
  readonly #lines = new Map<SimulatedNode, FoeLine>();
  readonly #dialling = new Set<SimulatedNode>();
  /** Connections that broke a rule when nothing else was wrong any more. */
  readonly #bad: FoeLine[] = [];

  constructor(world: FoeWorld, kind: FoeKind, host: VirtualHost) {
    this.world = world;
    this.kind = kind;
    this.host = host;
    this.clock = new HostClock(world.clock);
    this.#conduct = makeConduct(kind, this);
    for (const node of world.nodes) {
      world.network.setLink(host, node.host, FAST_LINK);
      world.network.setLink(node.host, host, FAST_LINK);
    }
  }

  get chain(): Network {
    return this.world.chain;
  }

  get name(): string {
    return this.kind;
  }

  get startHeight(): number {
    return this.#conduct.startHeight ?? 0;
  }

  get hashShare(): number {
    return this.#conduct.hashShare ?? 0;
  }

  readonly nonce = (): bigint => BigInt(this.world.random.u32());

  start(): void {
    this.#dialAll();
    this.#actSoon();
  }

  stop(): void {
    this.clock.stop();
    for (const line of this.#lines.values()) line.close();
  }

  /** What its next block stands on. */
  miningOn(): HeaderContext {
    return this.#conduct.miningOn?.() ?? this.world.ledger.get(this.world.chain.genesis.hash);
  }

  mine(): void {
    this.#conduct.mine?.();
  }

  /** `finder` has found `block`, and has not told anybody yet. */
  blockFound(block: Block, finder: SimulatedNode): void {
    const others = this.lines().filter(({ node }) => node !== finder);
    this.#conduct.blockFound?.(block, others);
  }

  /** Somebody has given `node` the payment `tx`. */
  paid(tx: Transaction, node: SimulatedNode): void {
    const others = this.lines().filter((line) => line.node !== node);
    this.#conduct.paid?.(tx, others);
  }

  /** The headers up to `tip` after the last one that `isKnown`. */
  headersAfter(tip: LedgerEntry, isKnown: (hash: BlockHash) => boolean): BlockHeader[] {
    const headers: BlockHeader[] = [];
    let entry: LedgerEntry | undefined = tip;
    while (entry?.parent !== undefined && !isKnown(entry.block.hash)) {
      headers.push(entry.block.header);
      entry = entry.parent;
    }
    return headers.reverse();
  }

  /** The best tip that any node has. */
  publicTip(): LedgerEntry {
    const { ledger, nodes } = this.world;
    const tips = nodes.map(({ chain }) => ledger.get(chain.tip.hash));
    return tips.reduce((best, tip) => (tip.work > best.work ? tip : best));
  }

  /** Connections on which hands are shaken. */
  lines(): FoeLine[] {
    return [...this.#lines.values()].filter(({ isReady, isClosed }) => isReady && !isClosed);
  }

  /** Throws if a node still bears with one that broke a rule, though nothing kept it from knowing. */
  checkEnded(): void {
    const now = this.clock.monotonic();
    const borne = this.#bad.find(({ isClosed, mustEndBy = now }) => !isClosed && mustEndBy < now);
    if (borne === undefined) return;
    throw new SimulationFailure(`${borne.node.name} bears with a ${this.kind}`);
  }

  /** `line` breaks a rule: the node has so long to end it. */
  breakRule(line: FoeLine, withinMs: number): void {
    line.mustEndBy ??= this.clock.monotonic() + withinMs;
    if (!this.world.isTroubled() && !this.#bad.includes(line)) this.#bad.push(line);
  }

  ready(line: FoeLine): void {
    this.#conduct.ready?.(line);
  }

  received(line: FoeLine, message: Message): void {
    this.#conduct.received?.(line, message);
  }

  closed(line: FoeLine): void {
    if (this.#lines.get(line.node) === line) this.#lines.delete(line.node);
  }

  #dialAll(): void {
    for (const node of this.world.nodes) void this.#dial(node);
    this.clock.after(DIAL_MS, () => this.#dialAll());
  }

  async #dial(node: SimulatedNode): Promise<void> {
    if (this.#lines.has(node) || this.#dialling.has(node)) return;
    this.#dialling.add(node);
    const address = { host: node.host.address, port: NODE_PORT };
    const handlerOf = (connection: ConstructorParameters<typeof FoeLine>[2]) => {
      const line = new FoeLine(this, node, connection, this.clock.monotonic());
      this.lineCount += 1;
      this.#lines.set(node, line);
      return line;
    };
    try {
      await this.host.transport.connect(address, handlerOf, 5_000);
    } catch {
      // It is off, cut off, or wants nothing of us.
      return;
    } finally {
      this.#dialling.delete(node);
    }
    const line = this.#lines.get(node);
    if (line === undefined) return;
    if (this.#conduct.shakesOddly !== true) line.sendBytes(line.versionBytes);
    this.#conduct.opened?.(line);
  }

  #actSoon(): void {
    this.clock.after(ACT_MS, () => {
      this.#conduct.act?.(this.lines());
      this.#actSoon();
    });
  }
}
