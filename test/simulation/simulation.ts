/**
 * Whole nodes living through the trouble of one scenario, and what must have become of them.
 *
 * First trouble: blocks, payments, cuts, crashes and foes, while safety is checked all along. Then
 * all faults end, and within bounded virtual time all nodes must agree. One seed gives one run, to
 * the last delivery.
 */

import { Chain } from "../../src/chain/chain.ts";
import { ScriptVerifier } from "../../src/chain/script-verifier.ts";
import { nextBits } from "../../src/consensus/difficulty.ts";
import { workOfBits } from "../../src/consensus/target.ts";
import { PORTABLE_SIGNATURES } from "../../src/crypto/signature-verifier.ts";
import { toHex } from "../../src/lib/bytes.ts";
import { SILENT_LOGGER } from "../../src/lib/logger.ts";
import { type Block, encodeBlock } from "../../src/primitives/block.ts";
import { coinsAfter, openNodeDatabase } from "../support/chain-builder.ts";
import { SeededRandom } from "../support/random.ts";
import { ReferenceNode } from "../support/reference-model/reference-node.ts";
import { BlockLedger } from "./block-ledger.ts";
import { Foe, type FoeWorld } from "./foes.ts";
import { Payments } from "./payments.ts";
import { SafetyChecks, SimulationFailure } from "./safety-checks.ts";
import { baseOf, QUICK_MODEL, RETARGETING_MODEL, type Scenario } from "./scenario.ts";
import { type Flaw, SimulatedNode } from "./simulated-node.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { type VirtualHost, VirtualNetwork } from "./virtual-network.ts";

/** What a run has come to; the same for the same seed. */
export interface Outcome {
  /** Hash of all that was delivered, and of the tip. */
  readonly trace: string;
  readonly blocks: number;
  readonly height: number;
  readonly payments: number;
  readonly reorgs: number;
  readonly deepestReorg: number;
  readonly events: number;
  readonly foeLines: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** Between two looks at what nodes hold. */
const CHECK_MS = 5 * SECOND_MS;

/** Virtual time in which faults that have ended must be overcome, with blocks being found. */
const HEALING_MS = 6 * MINUTE_MS;

/** Virtual time for one new block to be everywhere, or for payments to be. */
const SETTLING_MS = MINUTE_MS;

/** Virtual time in which news must be everywhere: less than the minute after which nodes ask. */
const DRILL_MS = 40 * SECOND_MS;

/** Rounds of one more block each, in case two tips have the same work, or blocks are full. */
const MAX_ROUNDS = 12;

/** The easiest target's work: what `blockEveryMs` is meant for. */
const EASIEST_WORK = 2n;

/** A network whose first target is harder has its lottery drawn more often. */
const RETARGETING_DRAWS = 4;

/** One seed in so many is replayed by the reference model, too. */
const MODEL_EVERY = 10;

/** Lines of the story that are kept for a failure. */
const MAX_STORY = 20_000;

export class Simulation {
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly network: VirtualNetwork;
  readonly ledger: BlockLedger;
  readonly payments: Payments;
  readonly safety: SafetyChecks;
  readonly nodes: SimulatedNode[] = [];
  readonly foes: Foe[] = [];
  /** What happened, for readers. */
  readonly story: string[] = [];
  readonly #flaw: Flaw | undefined;
  #isTroubled = true;
  #isMining = true;

  constructor(scenario: Scenario, flaw?: Flaw) {
    this.scenario = scenario;
    this.#flaw = flaw;
    const { chain, seed, link, splitOneIn } = scenario;
    const base = baseOf(chain);
    this.clock = new VirtualClock((base.tip.header.time + 20) * SECOND_MS);
    this.random = new SeededRandom(seed);
    this.network = new VirtualNetwork(this.clock, new SeededRandom(seed ^ 0x5bd1e995), {
      link,
      splitOneIn,
    });
    this.ledger = new BlockLedger(base);
    this.payments = new Payments(chain, this.random);
    this.safety = new SafetyChecks({
      ledger: this.ledger,
      clock: this.clock,
      isQuiet: isQuiet(scenario),
      tell: (text) => this.tell(text),
    });
    this.#addNodes();
    this.#addFoes();
  }

  /** Lives through all of it; throws SimulationFailure if anything is not as it must be. */
  run(): Outcome {
    const undo = this.#flaw?.patch?.();
    try {
      return this.#run();
    } finally {
      undo?.();
    }
  }

  #run(): Outcome {
    const { scenario } = this;
    for (const node of this.nodes) node.start();
    for (const foe of this.foes) foe.start();
    this.#startLife();
    this.clock.pass(scenario.troubleMs);
    this.#endTrouble();
    this.clock.pass(HEALING_MS);
    this.#isMining = false;
    this.#agreeOnTip();
    this.#drillReorganisation();
    this.#agreeOnPayments();
    this.#mineAllPayments();
    for (const foe of this.foes) foe.checkEnded();
    this.#checkReplay();
    if (scenario.seed % MODEL_EVERY === 0) this.#checkModel();
    for (const foe of this.foes) foe.stop();
    for (const node of this.nodes) node.stop();
    // A dial under way takes 5 s at most.
    this.clock.pass(10 * SECOND_MS);
    for (const node of this.nodes) this.safety.checkGone(node);
    return this.#outcome();
  }

  /** Writes down what happened now. */
  tell(text: string): void {
    if (this.story.length >= MAX_STORY) this.story.splice(0, MAX_STORY / 2);
    this.story.push(`${(this.clock.monotonic() / SECOND_MS).toFixed(3)} ${text}`);
  }

  /** Everybody's block `block` of the node or foe called `finder` is written down. */
  noteFound(block: Block, finder: string): void {
    const { height } = this.ledger.add(block);
    this.tell(
      `${finder} finds ${height} ${block.hash.slice(-8)} on ${block.header.prevBlockHash.slice(-8)}`,
    );
  }

  #addNodes(): void {
    const { nodeCount, skewsMs, acquaintance } = this.scenario;
    const { clock, random } = this;
    const world = { clock, random, chain: this.scenario.chain, flaw: this.#flaw };
    const hosts = Array.from({ length: nodeCount }, (_, number) =>
      this.network.addHost(`10.0.0.${number + 1}`),
    );
    const base = baseOf(this.scenario.chain).blocks;
    for (const [number, host] of hosts.entries()) {
      const settings = {
        number,
        host,
        skewMs: skewsMs[number] ?? 0,
        discovers: acquaintance !== "manual",
        manualHosts: acquaintance === "multicast" ? [] : this.#chooseManual(hosts, number),
        watch: { nodeStarted: (node: SimulatedNode) => this.#watch(node) },
      };
      this.nodes.push(new SimulatedNode(world, settings, base));
    }
  }

  /** Each is told of one before it, so that all are connected, and perhaps of another. */
  #chooseManual(hosts: readonly VirtualHost[], number: number): string[] {
    if (number === 0) return [];
    const chosen = [hosts[this.random.below(number)], this.random.pick(hosts)];
    const addresses = chosen.flatMap((host) => (host === undefined ? [] : [host.address]));
    return [...new Set(addresses)].filter((address) => address !== hosts[number]?.address);
  }

  #addFoes(): void {
    const { scenario } = this;
    const world: FoeWorld = {
      clock: this.clock,
      random: this.random,
      chain: scenario.chain,
      network: this.network,
      ledger: this.ledger,
      payments: this.payments,
      nodes: this.nodes,
      honestShare: scenario.hashShares.reduce((sum, share) => sum + share, 0),
      isTroubled: () => this.#isTroubled,
      tell: (text) => this.tell(text),
      noteFound: (block, finder) => this.noteFound(block, finder),
    };
    for (const [number, kind] of scenario.foes.entries()) {
      this.foes.push(new Foe(world, kind, this.network.addHost(`10.0.1.${number + 1}`)));
    }
  }

  #watch(node: SimulatedNode): void {
    this.tell(`${node.name} starts at ${node.chain.tip.height}`);
    this.safety.watch(node);
    node.chain.events.on("tip-changed", ({ tip }) =>
      this.tell(`${node.name} is at ${tip.height} ${tip.hash.slice(-8)}`),
    );
  }

  #startLife(): void {
    const { scenario } = this;
    const draws = scenario.hasRetargets ? RETARGETING_DRAWS : 1;
    this.#repeat(
      scenario.blockEveryMs / draws,
      () => this.#isMining,
      () => this.#drawBlock(),
    );
    const isTroubled = () => this.#isTroubled;
    this.#repeat(scenario.paymentEveryMs, isTroubled, () => this.#pay());
    this.#repeat(scenario.partitionEveryMs, isTroubled, () => this.#partition());
    this.#repeat(scenario.cutEveryMs, isTroubled, () => this.#cut());
    this.#repeat(scenario.crashEveryMs, isTroubled, () => this.#crash());
    this.#repeat(scenario.stallEveryMs, isTroubled, () => this.#stall());
    this.#checkNowAndThen();
  }

  /** Does something again and again, at random times `meanMs` apart, as long as `goesOn`. */
  #repeat(meanMs: number, goesOn: () => boolean, act: () => void): void {
    if (meanMs === 0) return;
    const next = () => {
      const waitMs = -Math.log(1 - this.random.u32() / 0x1_0000_0000) * meanMs;
      this.clock.after(waitMs, () => {
        if (!goesOn()) return;
        act();
        next();
      });
    };
    next();
  }

  #checkNowAndThen(): void {
    for (const node of this.nodes) this.safety.checkBounds(node);
    this.clock.after(CHECK_MS, () => this.#checkNowAndThen());
  }

  /** One draw of the lottery: who finds the next block, if it is not too hard. */
  #drawBlock(): void {
    const { hashShares } = this.scenario;
    const total = [...hashShares, ...this.foes.map(({ hashShare }) => hashShare)];
    let ticket = this.random.below(total.reduce((sum, share) => sum + Math.round(share * 100), 0));
    const winner = total.findIndex((share) => {
      ticket -= Math.round(share * 100);
      return ticket < 0;
    });
    const foe = this.foes[winner - hashShares.length];
    if (foe !== undefined) {
      const { params } = this.scenario.chain;
      const work = workOfBits(nextBits(foe.miningOn(), params));
      if (this.#isTroubled && this.#isLucky(work)) foe.mine();
      return;
    }
    const node = this.nodes[winner];
    if (node === undefined || !node.isOn) return;
    const work = workOfBits(nextBits(node.chain.tip, this.scenario.chain.params));
    if (this.#isLucky(work)) this.mineAt(node);
  }

  #isLucky(work: bigint): boolean {
    return this.random.below(Number(work)) < Number(EASIEST_WORK);
  }

  /** Lets `node` find a block on its tip, and tell of it. */
  mineAt(node: SimulatedNode): void {
    const block = node.makeBlock();
    this.noteFound(block, node.name);
    for (const foe of this.foes) foe.blockFound(block, node);
    node.submitBlock(block);
  }

  get #running(): SimulatedNode[] {
    return this.nodes.filter(({ isOn }) => isOn);
  }

  #pay(): void {
    const running = this.#running;
    if (running.length === 0) return;
    const { conflictOneIn } = this.scenario;
    const node = this.random.pick(running);
    if (conflictOneIn > 0 && this.random.oneIn(conflictOneIn)) {
      this.payments.payTwice(node, this.random.pick(running));
    } else if (this.random.oneIn(8)) {
      this.payments.spendCoinbase(node);
    } else {
      const tx = this.payments.pay(node);
      if (tx === undefined) return;
      this.tell(`${node.name} pays ${tx.txid.slice(-8)}`);
      for (const foe of this.foes) foe.paid(tx, node);
    }
  }

  #partition(): void {
    const hosts = [...this.nodes, ...this.foes].map(({ host }) => host);
    const groups: VirtualHost[][] = [[], [], []];
    const groupCount = 2 + this.random.below(2);
    for (const host of hosts) groups[this.random.below(groupCount)]?.push(host);
    const cut = this.random.pick(["silent", "reset"] as const);
    this.tell(
      `partition (${cut}): ${groups.map((group) => group.map(({ address }) => address).join(" ")).join(" | ")}`,
    );
    this.network.partition(groups, cut);
    this.clock.after((20 + this.random.below(220)) * SECOND_MS, () => {
      this.tell("healed");
      this.network.healAll();
    });
  }

  #cut(): void {
    const from = this.random.pick(this.nodes).host;
    const to = this.random.pick(this.nodes).host;
    if (from === to) return;
    const cut = this.random.pick(["silent", "reset"] as const);
    this.tell(`cut (${cut}) from ${from.address} to ${to.address}`);
    this.network.cut(from, to, cut);
    this.clock.after((5 + this.random.below(300)) * SECOND_MS, () => this.network.heal(from, to));
  }

  #stall(): void {
    const from = this.random.pick(this.nodes).host;
    const to = this.random.pick(this.nodes).host;
    this.network.stall(from, to, this.random.below(45) * SECOND_MS);
  }

  #crash(): void {
    const node = this.random.pick(this.nodes);
    if (!node.isOn) return;
    const way = this.random.pick(["crash", "power", "stop"] as const);
    this.tell(`${node.name} goes off (${way})`);
    if (way === "stop") node.stop();
    else node.crash(way === "power");
    this.clock.after((1 + this.random.below(150)) * SECOND_MS, () => this.#revive(node));
  }

  #revive(node: SimulatedNode): void {
    node.host.restart();
    node.start();
  }

  #endTrouble(): void {
    this.tell("all trouble ends");
    this.#isTroubled = false;
    this.network.healAll();
    for (const node of this.nodes) this.#revive(node);
  }

  #agreeOnTip(): void {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (this.#isWithin(SETTLING_MS, () => this.#tips().size === 1)) return;
      this.mineAt(this.nodes[round % this.nodes.length] as SimulatedNode);
    }
    throw new SimulationFailure(`no common tip: ${this.nodes.map(describeTip).join(", ")}`);
  }

  /**
   * Where all but one are told of a longer branch by a node that has left its own for it, they are
   * told in time, before anybody would ask by himself.
   */
  #drillReorganisation(): void {
    const [hub, far, ...others] = this.nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
    const isConnected = [far, ...others].every(({ host }) => isPeerOf(hub, host));
    if (this.foes.length > 0 || this.scenario.hasRetargets || !isConnected) return;
    this.tell(`${far.name} is left to itself`);
    for (const { host } of [hub, ...others]) {
      this.network.cut(host, far.host, "silent");
      this.network.cut(far.host, host, "silent");
    }
    this.mineAt(hub);
    this.clock.pass(2 * SECOND_MS);
    this.mineAt(far);
    this.mineAt(far);
    this.network.heal(hub.host, far.host);
    this.network.heal(far.host, hub.host);
    if (!this.#isWithin(DRILL_MS, () => this.#tips().size === 1)) {
      throw new SimulationFailure(`not told in time: ${this.nodes.map(describeTip).join(", ")}`);
    }
    this.network.healAll();
  }

  #agreeOnPayments(): void {
    const missing = () => this.nodes.flatMap((node) => this.#missingAt(node));
    if (this.#isWithin(3 * SETTLING_MS, () => missing().length === 0)) return;
    const [first] = missing();
    throw new SimulationFailure(`${missing().length} payments missing, first: ${first}`);
  }

  #missingAt(node: SimulatedNode): string[] {
    const mined = this.#mined(node);
    return [...this.payments.safe.keys()]
      .filter((txid) => !mined.has(txid) && !node.mempool.has(txid))
      .map((txid) => `${txid.slice(-8)} at ${node.name}`);
  }

  #mined({ chain }: SimulatedNode): ReadonlySet<string> {
    const blocks = this.ledger.chainTo(this.ledger.get(chain.tip.hash));
    return new Set(blocks.flatMap(({ transactions }) => transactions.map(({ txid }) => txid)));
  }

  #mineAllPayments(): void {
    const isAllMined = () => {
      const mined = this.#mined(this.nodes[0] as SimulatedNode);
      return [...this.payments.safe.keys()].every((txid) => mined.has(txid));
    };
    for (let round = 0; !isAllMined(); round++) {
      if (round === MAX_ROUNDS) throw new SimulationFailure("payments that nobody mines");
      this.mineAt(this.random.pick(this.nodes));
      this.#agreeOnTip();
    }
  }

  #isWithin(limitMs: number, isDone: () => boolean): boolean {
    const endsAt = this.clock.monotonic() + limitMs;
    while (!isDone()) {
      if (this.clock.monotonic() >= endsAt) return false;
      this.clock.pass(SECOND_MS);
    }
    return true;
  }

  #tips(): ReadonlySet<string> {
    return new Set(this.nodes.map(({ chain }) => chain.tip.hash));
  }

  /** A node that is given the blocks alone comes to the same coins. */
  #checkReplay(): void {
    const { chain: network } = this.scenario;
    const database = openNodeDatabase(network);
    const chain = new Chain({
      network,
      database,
      scripts: new ScriptVerifier(PORTABLE_SIGNATURES),
      now: () => this.clock.now() + 24 * 60 * MINUTE_MS,
      log: SILENT_LOGGER,
    });
    const [tip] = this.#tips();
    for (const block of this.ledger.chainTo(this.ledger.get(tip ?? ""))) {
      const { status } = chain.submitBlock(block);
      if (status !== "connected") throw new SimulationFailure(`replay: ${block.hash} is ${status}`);
    }
    const coins = toHex(chain.coins.digest());
    database.close();
    for (const node of this.nodes) {
      if (toHex(node.chain.coins.digest()) === coins) continue;
      throw new SimulationFailure(`${node.name} has other coins than a replay`);
    }
  }

  /** The reference model, which shares nothing with the nodes, takes their chain block by block. */
  #checkModel(): void {
    const { chain, hasRetargets } = this.scenario;
    const [tip = ""] = this.#tips();
    const params = hasRetargets ? RETARGETING_MODEL : QUICK_MODEL;
    const model = new ReferenceNode(params, encodeBlock(chain.genesis));
    const now = Math.floor(this.clock.now() / SECOND_MS);
    const blocks = this.ledger.chainTo(this.ledger.get(tip));
    for (const block of blocks) {
      const { status, rule } = model.submit(encodeBlock(block), now);
      if (status === "connected") continue;
      throw new SimulationFailure(`the model: ${block.hash} is ${status}, ${rule}`);
    }
    const coinCount = coinsAfter(blocks).size;
    if (model.coins.size === coinCount) return;
    throw new SimulationFailure(`the model has ${model.coins.size} coins, not ${coinCount}`);
  }

  #outcome(): Outcome {
    const [tip] = this.#tips();
    return {
      trace: `${this.network.trace}-${tip?.slice(-8)}`,
      blocks: this.ledger.size,
      height: this.nodes[0]?.chain.tip.height ?? 0,
      payments: this.payments.safe.size,
      reorgs: this.safety.reorgs,
      deepestReorg: this.safety.deepestReorg,
      events: this.clock.eventsRun,
      foeLines: this.foes.reduce((sum, { lineCount }) => sum + lineCount, 0),
    };
  }
}

function isPeerOf({ network }: SimulatedNode, { address }: VirtualHost): boolean {
  return [...network.manager.peers].some(({ remote }) => remote.host === address);
}

function describeTip({ name, chain, network }: SimulatedNode): string {
  const { height, hash } = chain.tip;
  return `${name} ${height} ${hash.slice(-8)} with ${network.manager.peers.size} peers`;
}

/** True if no connection ends but by the will of a node, and soon. */
function isQuiet(scenario: Scenario): boolean {
  const { partitionEveryMs, cutEveryMs, crashEveryMs, stallEveryMs, link, foes } = scenario;
  const faults = partitionEveryMs + cutEveryMs + crashEveryMs + stallEveryMs;
  return faults === 0 && foes.length === 0 && link.latencyMs[1] <= 100;
}
