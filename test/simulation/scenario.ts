/**
 * What one seed makes happen: how many nodes, on what links, with which faults and which foes.
 *
 * Every seed draws which kinds of trouble there are at all, so that each is met alone and with
 * others (swarm testing). Knows no node; simulation.ts makes it happen.
 */

import { findNetwork } from "../../src/consensus/networks.ts";
import type { Network } from "../../src/consensus/params.ts";
import { ANYONE_BY_WITNESS, Branch, QUICK, withParams } from "../support/chain-builder.ts";
import { SeededRandom } from "../support/random.ts";
import { CAIRN, REGTEST, type ReferenceParameters } from "../support/reference-model/parameters.ts";
import type { LinkSettings } from "./virtual-link.ts";

/** Who may be among the others without meaning well. */
export const FOE_KINDS = [
  "withholder",
  "header-spammer",
  "mutator",
  "flooder",
  "liar",
  "double-spender",
  "selfish-miner",
  "fuzzer",
  "dripper",
  "time-stretcher",
  "careless-wallet",
] as const;

export type FoeKind = (typeof FOE_KINDS)[number];

/** How nodes come to know of each other. */
export type Acquaintance = "multicast" | "manual" | "both";

export interface Scenario {
  readonly seed: number;
  readonly chain: Network;
  readonly hasRetargets: boolean;
  readonly nodeCount: number;
  /** Of each node; they add up to anything. */
  readonly hashShares: readonly number[];
  readonly skewsMs: readonly number[];
  readonly acquaintance: Acquaintance;
  readonly link: LinkSettings;
  readonly splitOneIn: number;
  /** Virtual milliseconds of trouble. */
  readonly troubleMs: number;
  /** Virtual milliseconds between blocks of all nodes together, at the easiest target. */
  readonly blockEveryMs: number;
  /** Between what is submitted; 0 for nothing. */
  readonly paymentEveryMs: number;
  /** One payment in so many is spent twice; 0 for none. */
  readonly conflictOneIn: number;
  /** Mean time between faults of a kind; 0 for none. */
  readonly partitionEveryMs: number;
  readonly cutEveryMs: number;
  readonly crashEveryMs: number;
  readonly stallEveryMs: number;
  readonly foes: readonly FoeKind[];
}

/** What differs from the drawn scenario, to look at one thing alone. */
export type ScenarioChanges = Partial<Omit<Scenario, "seed">>;

/** Shorter periods than cairn's, so that an hour sees many; clocks may be as wrong as on regtest. */
export const RETARGETING = withParams(findNetwork("simulated", 1), {
  coinbaseMaturity: 2,
  retarget: { interval: 10, spacingSeconds: 20, timewarpGraceSeconds: 120 },
  maxFutureSeconds: 7_200,
});

/** The same two networks for the reference model. */
export const QUICK_MODEL: ReferenceParameters = { ...REGTEST, coinbaseMaturity: 2 };
export const RETARGETING_MODEL: ReferenceParameters = {
  ...CAIRN,
  coinbaseMaturity: 2,
  retarget: { interval: 10, spacing: 20, grace: 120 },
  maxSecondsAhead: 7_200,
};

const MINUTE_MS = 60_000;

/** Returns what `seed` makes happen. */
export function drawScenario(seed: number, changes: ScenarioChanges = {}): Scenario {
  const random = new SeededRandom(Math.imul(seed, 0x9e3779b1));
  const sometimes = (oneIn: number, value: () => number) => (random.oneIn(oneIn) ? value() : 0);
  const nodeCount = changes.nodeCount ?? 3 + Math.min(random.below(7), random.below(7));
  const hasRetargets = changes.hasRetargets ?? random.oneIn(4);
  const slowMs = random.pick([2, 20, 100, 400]);
  const areClocksWrong = random.oneIn(3);
  const foeCount = random.oneIn(3) ? 0 : random.below(Math.floor(nodeCount / 2) + 1);
  const kinds = FOE_KINDS.filter((kind) => hasRetargets || kind !== "time-stretcher");
  return {
    seed,
    chain: hasRetargets ? RETARGETING : QUICK,
    hasRetargets,
    nodeCount,
    hashShares: Array.from({ length: nodeCount }, () => random.pick([0, 1, 1, 2, 5])).with(0, 2),
    skewsMs: Array.from({ length: nodeCount }, () =>
      areClocksWrong ? random.below(100 * MINUTE_MS) - 50 * MINUTE_MS : 0,
    ),
    acquaintance: random.pick(["multicast", "manual", "both"]),
    link: {
      latencyMs: [slowMs / 4, slowMs],
      bytesPerSecond: random.pick([50_000, 1_000_000, 100_000_000]),
      lossPerThousand: random.pick([0, 10, 300]),
    },
    splitOneIn: random.pick([0, 0, 5]),
    troubleMs: (6 + random.below(11)) * MINUTE_MS,
    blockEveryMs: (5 + random.below(25)) * 1_000,
    paymentEveryMs: random.pick([0, 3_000, 8_000, 8_000]),
    conflictOneIn: random.pick([0, 5, 20]),
    partitionEveryMs: sometimes(2, () => (2 + random.below(6)) * MINUTE_MS),
    cutEveryMs: sometimes(2, () => (1 + random.below(5)) * MINUTE_MS),
    crashEveryMs: sometimes(2, () => (1 + random.below(6)) * MINUTE_MS),
    stallEveryMs: sometimes(3, () => (1 + random.below(10)) * MINUTE_MS),
    foes: Array.from({ length: foeCount }, () => random.pick(kinds)),
    ...changes,
  };
}

/** Coins that anybody may spend and that no reorganisation takes back; the network's first blocks. */
export const BASE_COINS = 400;
export const BASE_COIN_VALUE = 1_000_000;
const BASE_HEIGHT = 3;
const bases = new Map<Network, Branch>();

/** The blocks that every node of a scenario has at the beginning: the first pays `BASE_COINS` coins. */
export function baseOf(network: Network): Branch {
  const known = bases.get(network);
  if (known !== undefined) return known;
  const coin = { value: BASE_COIN_VALUE, scriptPubKey: ANYONE_BY_WITNESS };
  const coinbaseOutputs = new Array<typeof coin>(BASE_COINS).fill(coin);
  const base = new Branch(network).mine({ coinbaseOutputs }).mine(BASE_HEIGHT - 1);
  bases.set(network, base);
  return base;
}

/** One line that says what a seed is about. */
export function describeScenario(scenario: Scenario): string {
  const { seed, nodeCount, acquaintance, link, foes, hasRetargets } = scenario;
  const every = (name: string, ms: number) => (ms === 0 ? [] : [`${name} every ${ms / 1_000} s`]);
  return [
    `seed ${seed}: ${nodeCount} nodes by ${acquaintance}`,
    `${link.latencyMs.join("-")} ms at ${link.bytesPerSecond} B/s, loss ${link.lossPerThousand}`,
    ...(hasRetargets ? ["retargets"] : []),
    ...(scenario.skewsMs.some((skew) => skew !== 0) ? ["wrong clocks"] : []),
    `${scenario.troubleMs / MINUTE_MS} min, a block every ${scenario.blockEveryMs / 1_000} s`,
    ...every("payment", scenario.paymentEveryMs),
    ...every("partition", scenario.partitionEveryMs),
    ...every("cut", scenario.cutEveryMs),
    ...every("crash", scenario.crashEveryMs),
    ...every("stall", scenario.stallEveryMs),
    ...(foes.length === 0 ? [] : [`foes: ${foes.join(", ")}`]),
  ].join("; ");
}
