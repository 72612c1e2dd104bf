/**
 * The engine beside the reference model: every block goes as bytes through both, and verdict, tip and
 * coins must agree after each.
 *
 * What is drawn, and how often, is here; how it is made is in `drawn-chain.ts` and `drawn-faults.ts`.
 */

import type { Network } from "../../src/consensus/params.ts";
import { compactToTarget } from "../../src/consensus/target.ts";
import { DecodeError, decodeAll } from "../../src/lib/codec.ts";
import { type Block, decodeBlock, encodeBlock } from "../../src/primitives/block.ts";
import { damage } from "./builders.ts";
import { type Outcome, TestNode } from "./chain-builder.ts";
import { type Delivery, DrawnChain, type Position } from "./drawn-chain.ts";
import { EDGES, FAULTS, LIMITS, mutatedTwin } from "./drawn-faults.ts";
import { SeededRandom } from "./random.ts";
import { parseBlock } from "./reference-model/block-format.ts";
import { describeCoins } from "./reference-model/block-rules.ts";
import { fromHex, fromLittleEndian, Malformed, toHex } from "./reference-model/bytes.ts";
import type { ReferenceParameters } from "./reference-model/parameters.ts";
import { ReferenceNode } from "./reference-model/reference-node.ts";

/** What to run. The same plan gives the same run. */
export interface DifferentialPlan {
  readonly network: Network;
  readonly parameters: ReferenceParameters;
  readonly seed: number;
  /** How many blocks to submit, at least. */
  readonly blocks: number;
  /** How many of them may be as large as a block can be. */
  readonly largeBlocks?: number;
}

/** Whatever happened how often. */
export type Counts = Map<string, number>;

/** What a run saw. */
export interface Tally {
  blocks: number;
  readonly statuses: Counts;
  readonly rules: Counts;
  readonly reorgDepths: Counts;
  /** Spends in blocks that were connected or stored, by the kind of lock. */
  readonly kinds: Counts;
  coinComparisons: number;
  /** Of the longest chain. */
  height: number;
}

/** The two disagree. Its message says how to have it again. */
export class Divergence extends Error {
  override readonly name = "Divergence";
}

/** Our names of two of Bitcoin Core's reject reasons. */
const OUR_NAMES: Readonly<Record<string, string>> = {
  "bad-txns-BIP30": "bad-txns-bip30",
  "mandatory-script-verify-flag-failed": "script-verify-failed",
};

/** Blocks between two comparisons of all coins; each reorganisation has one of its own. */
const COIN_COMPARISON_INTERVAL = 8;

/** Adds `by` to a count. */
export function count(counts: Counts, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

/** A tally of nothing. */
export function emptyTally(): Tally {
  return {
    blocks: 0,
    statuses: new Map(),
    rules: new Map(),
    reorgDepths: new Map(),
    kinds: new Map(),
    coinComparisons: 0,
    height: 0,
  };
}

/** Adds a run's tally to a sum. */
export function addTally(sum: Tally, tally: Tally): void {
  sum.blocks += tally.blocks;
  sum.coinComparisons += tally.coinComparisons;
  sum.height = Math.max(sum.height, tally.height);
  for (const name of ["statuses", "rules", "reorgDepths", "kinds"] as const) {
    for (const [key, by] of tally[name]) count(sum[name], key, by);
  }
}

/** Counts as text, the most frequent first. */
export function formatCounts(counts: Counts): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([key, times]) => `${key} ${times}`)
    .join(", ");
}

/** A tally as text. */
export function formatTally(tally: Tally): string {
  const list = formatCounts;
  return [
    `${tally.blocks} blocks, up to height ${tally.height}: ${list(tally.statuses)}`,
    `invalid: ${list(tally.rules)}`,
    `reorganisations by depth: ${list(tally.reorgDepths)}`,
    `spends: ${list(tally.kinds)}`,
    `comparisons of all coins: ${tally.coinComparisons}`,
  ].join("\n");
}

/** Runs a plan to its end; throws Divergence where the two disagree. */
export function runDifferential(plan: DifferentialPlan): Tally {
  const run = new DifferentialRun(plan);
  try {
    while (run.tally.blocks < plan.blocks) run.step();
    run.compareCoins();
    return run.tally;
  } finally {
    run.node.close();
  }
}

class DifferentialRun {
  readonly plan: DifferentialPlan;
  readonly node: TestNode;
  readonly model: ReferenceNode;
  readonly chain: DrawnChain;
  readonly tally = emptyTally();
  readonly #past: Delivery[] = [];
  /** Positions of blocks that were found invalid, the last ones. */
  #invalid: Position[] = [];
  #largeLeft: number;
  /** Heights after which the faults of edges were tried. */
  readonly #edges = new Set<number>();
  #reorgs = 0;

  constructor(plan: DifferentialPlan) {
    const { network, parameters, seed } = plan;
    this.plan = plan;
    this.node = new TestNode(network);
    this.model = new ReferenceNode(parameters, encodeBlock(network.genesis));
    this.chain = new DrawnChain(network, new SeededRandom(seed));
    this.#largeLeft = plan.largeBlocks ?? 0;
  }

  /** Draws one scene of one or more blocks, and submits them. */
  step(): void {
    for (const delivery of this.#draw()) this.#submit(delivery);
  }

  #draw(): Delivery[] {
    const { random } = this.chain;
    const { height } = this.chain.tip.context;
    if (this.#isAtEdge(height + 1) && !this.#edges.has(height)) {
      this.#edges.add(height);
      return [...EDGES, ...EDGES].flatMap((fault) => this.#fault([fault]));
    }
    const choice = random.below(100);
    // Until coinbases are mature there is little to break.
    const isYoung = this.chain.tip.context.height < 100;
    if (choice < (isYoung ? 80 : 44)) return this.#extend();
    if (choice < 79) return this.#fault(FAULTS);
    if (choice < 83) return this.#fork();
    if (choice < 86) return this.#outOfOrder();
    if (choice < 89) return this.#again();
    if (choice < 92) return this.#childOfInvalid();
    if (choice < 95) return this.#damaged();
    if (choice < 97) return this.#twins();
    if (choice < 98) return this.#tooNew();
    return this.#large();
  }

  /** Whether a block begins or ends a period, or has another subsidy than its parent. */
  #isAtEdge(height: number): boolean {
    const { retarget, halvingInterval } = this.plan.network.params;
    if (height % halvingInterval === 0) return true;
    return retarget !== undefined && (height + 1) % retarget.interval <= 1;
  }

  #extend(): Delivery[] {
    return [this.#deliverNext(this.chain.tip)];
  }

  /** A block that keeps all rules, if those before it do. */
  #next(parent: Position): { position: Position; kinds: readonly string[] } {
    const draft = this.chain.draft(parent);
    draft.addPayments(this.chain.random.below(4));
    return { position: draft.settle(), kinds: draft.kinds };
  }

  #deliverNext(parent: Position, what = "valid"): Delivery {
    const { position, kinds } = this.#next(parent);
    return this.chain.deliver(what, position.block, kinds);
  }

  /** One block with one fault, mostly on the tip. */
  #fault(faults: typeof FAULTS): Delivery[] {
    const { random } = this.chain;
    const parent =
      random.oneIn(5) && faults === FAULTS ? this.chain.below(1 + random.below(3)) : this.chain.tip;
    const [name, fault] = random.pick(faults);
    const draft = this.chain.draft(parent);
    draft.addPayments(random.below(3));
    const block = fault(draft);
    if (block === undefined) return [];
    draft.settle(block);
    return [this.chain.deliver(name, block, draft.kinds)];
  }

  /** A branch as long as the chain beside it, or a little longer; perhaps with a fault on the way. */
  #fork(): Delivery[] {
    const { random } = this.chain;
    const depth = random.oneIn(8) ? 8 + random.below(20) : 1 + random.below(5);
    let parent = this.chain.below(depth);
    const length = this.chain.tip.context.height - parent.context.height + random.below(3);
    const place = random.oneIn(3) ? random.below(length) : -1;
    const deliveries: Delivery[] = [];
    for (let index = 0; index < length; index++) {
      const draft = this.chain.draft(parent);
      draft.addPayments(random.below(3));
      const [name, fault] = random.pick(FAULTS);
      const broken = index === place ? fault(draft) : undefined;
      const position = draft.settle(broken ?? draft.finish());
      const what = `branch ${index + 1} of ${length}${broken ? `, ${name}` : ""}`;
      deliveries.push(this.chain.deliver(what, position.block, draft.kinds));
      if (!compactToTarget(position.block.header.bits)) break;
      parent = position;
    }
    return deliveries;
  }

  /** A few blocks, of which each may come before its parent. */
  #outOfOrder(): Delivery[] {
    const { random } = this.chain;
    const deliveries: Delivery[] = [];
    let parents = [this.chain.below(random.below(3))];
    for (let level = 2 + random.below(3); level > 0; level--) {
      const children = Array.from({ length: 1 + random.below(2) }, () => random.pick(parents));
      parents = children.map((parent) => {
        const { position, kinds } = this.#next(parent);
        deliveries.push(this.chain.deliver("out of order", position.block, kinds));
        return position;
      });
    }
    if (random.oneIn(4)) deliveries.push(random.pick(deliveries));
    const { nowSeconds } = this.chain;
    // Any order, at a time that suits all.
    return deliveries
      .map((delivery) => ({ key: random.u32(), delivery: { ...delivery, nowSeconds } }))
      .sort((a, b) => a.key - b.key)
      .map(({ delivery }) => delivery);
  }

  #again(): Delivery[] {
    if (this.#past.length === 0) return [];
    const { nowSeconds, random } = this.chain;
    return [{ ...random.pick(this.#past.slice(-60)), what: "again", nowSeconds, kinds: [] }];
  }

  #childOfInvalid(): Delivery[] {
    // What follows bits that are no target has none either.
    const parents = this.#invalid.filter(({ block }) => compactToTarget(block.header.bits));
    if (parents.length === 0) return [];
    return [this.#deliverNext(this.chain.random.pick(parents), "child of an invalid block")];
  }

  /** Bytes of a good block that were damaged on the way, and then the good ones. */
  #damaged(): Delivery[] {
    const { position, kinds } = this.#next(this.chain.tip);
    const honest = this.chain.deliver("valid after damage", position.block, kinds);
    const bytes = damage(honest.bytes, this.chain.random);
    const block = tryDecode(bytes);
    // A header's bit turned can make another good block.
    if (block !== undefined && block.hash !== position.block.hash) {
      const { time, bits } = block.header;
      const context = { ...position.context, time, bits };
      this.chain.positions.set(block.hash, { ...position, block, context });
    }
    return [{ ...honest, bytes, what: "damaged", kinds: [] }, honest];
  }

  /** A false body under an honest header, then the true one (CVE-2012-2459). */
  #twins(): Delivery[] {
    const { position, kinds } = this.#next(this.chain.tip);
    const { block } = position;
    const honest = this.chain.deliver("honest twin", block, kinds);
    const twin = mutatedTwin(block);
    if (twin === undefined) return [honest];
    return [{ ...honest, what: "mutated twin", bytes: encodeBlock(twin), kinds: [] }, honest];
  }

  /** A block one second further ahead than is allowed, and again when that second has passed. */
  #tooNew(): Delivery[] {
    const { chain } = this;
    const time = chain.nowSeconds + this.plan.network.params.maxFutureSeconds + 1;
    const draft = chain.draft();
    draft.header = { ...draft.header, time };
    const { block } = draft.settle();
    const early = {
      what: "too new",
      bytes: encodeBlock(block),
      nowSeconds: chain.nowSeconds,
      kinds: [],
    };
    chain.nowSeconds += 1;
    return [early, { ...early, what: "no longer too new", nowSeconds: chain.nowSeconds }];
  }

  #large(): Delivery[] {
    const { random } = this.chain;
    const [name, fault] = random.pick(LIMITS);
    const isLarge = name.startsWith("bytes") || name.startsWith("weight");
    if (isLarge && this.#largeLeft === 0) return [];
    const draft = this.chain.draft();
    const block = fault(draft);
    if (block === undefined) return [];
    if (isLarge) this.#largeLeft -= 1;
    draft.settle(block);
    return [this.chain.deliver(name, block, draft.kinds)];
  }

  #submit(delivery: Delivery): void {
    const { node, model, tally } = this;
    tally.blocks += 1;
    if (delivery.bytes.length < 1_000_000) this.#past.push(delivery);
    node.nowSeconds = delivery.nowSeconds;
    const ours = this.#offer(delivery.bytes);
    const verdict = model.submit(delivery.bytes, delivery.nowSeconds);
    const rule = verdict.rule && (OUR_NAMES[verdict.rule] ?? verdict.rule);
    const theirs = rule ?? verdict.status;

    if (ours !== theirs && !this.#isKnownDifference(ours, delivery.bytes)) {
      this.#diverge(delivery, `verdicts: engine ${ours}, model ${theirs}`);
    }
    if (toHex(fromHex(model.tipHash).toReversed()) !== node.tipHash) {
      this.#diverge(delivery, `tips: engine ${node.tipHash}, model ${model.tipHash}`);
    }
    this.#record(delivery, ours, rule !== undefined);

    const hasReorganised = node.reorgs.length > this.#reorgs;
    for (const [depth] of node.reorgs.slice(this.#reorgs)) count(tally.reorgDepths, `${depth}`);
    this.#reorgs = node.reorgs.length;
    if (hasReorganised || tally.blocks % COIN_COMPARISON_INTERVAL === 0)
      this.compareCoins(delivery);
  }

  #offer(bytes: Uint8Array): Outcome | "malformed" {
    const block = tryDecode(bytes);
    return block === undefined ? "malformed" : this.node.offer(block);
  }

  /**
   * The only place where the two may name different rules: amounts are numbers in the engine, so one
   * beyond 2^53 is not decoded; to the model, as to Bitcoin Core, it decodes and is out of range.
   */
  #isKnownDifference(ours: string, bytes: Uint8Array): boolean {
    if (ours !== "malformed") return false;
    try {
      const { transactions } = parseBlock(bytes);
      const values = transactions.flatMap(({ outputs }) => outputs.map(({ value }) => value));
      return values.some((value) => value >= 2n ** 53n || value <= -(2n ** 53n));
    } catch (error) {
      if (error instanceof Malformed) return false;
      throw error;
    }
  }

  #record({ bytes, kinds }: Delivery, outcome: string, isInvalid: boolean): void {
    const { tally, chain, node } = this;
    count(tally.statuses, isInvalid ? "invalid" : outcome);
    if (isInvalid) count(tally.rules, outcome);
    if (outcome === "connected" || outcome === "side-branch") {
      for (const kind of kinds) count(tally.kinds, kind);
    }
    chain.follow(node.tipHash);
    tally.height = Math.max(tally.height, node.height);
    if (isInvalid) {
      const position = chain.positions.get(tryDecode(bytes)?.hash ?? "");
      if (position !== undefined) this.#invalid = [...this.#invalid.slice(-5), position];
    }
  }

  /** Compares all coins, one by one where the digests differ. */
  compareCoins(after?: Delivery): void {
    this.tally.coinComparisons += 1;
    const rows = this.node.database
      .query<CoinRow, []>("SELECT outpoint, value, height, is_coinbase, script FROM coins")
      .all();
    const ours = describeCoins(
      rows.map(({ outpoint, value, height, is_coinbase, script }) => [
        `${toHex(outpoint.slice(0, 32))}:${fromLittleEndian(outpoint.slice(32))}`,
        { value: BigInt(value), script, height, isCoinbase: is_coinbase === 1 },
      ]),
    );
    const theirs = describeCoins(this.model.coins);
    if (ours === theirs) return;
    const only = (text: string, other: string) =>
      [...new Set(text.split("\n")).difference(new Set(other.split("\n")))].slice(0, 5).join("; ");
    const difference = `coins: engine alone ${only(ours, theirs)}, model alone ${only(theirs, ours)}`;
    this.#diverge(after, difference);
  }

  #diverge(after: Delivery | undefined, difference: string): never {
    const { network, seed } = this.plan;
    const place = `${network.name}, seed ${seed}, block ${this.tally.blocks}`;
    throw new Divergence(`${place} (${after?.what ?? "end"}): ${difference}`);
  }
}

function tryDecode(bytes: Uint8Array): Block | undefined {
  try {
    return decodeAll(bytes, decodeBlock);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

interface CoinRow {
  readonly outpoint: Uint8Array;
  readonly value: number;
  readonly height: number;
  readonly is_coinbase: number;
  readonly script: Uint8Array;
}
