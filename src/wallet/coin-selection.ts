/**
 * Which coins to spend: by branch and bound, so that no change is left over, or else by the best of
 * three plain ways, judged by what each wastes (M. Erhardt, "An Evaluation of Coin Selection
 * Strategies", 2016; as Bitcoin Core does it).
 *
 * Knows values and weights only. What has to be reached is told by a goal; see fund-payment.ts.
 */

/** What the ways of selecting see of a coin. */
export interface Candidate {
  /** Sats that it brings, less what its unconfirmed ancestors lack. */
  readonly netValue: number;
  /** Weight units of its input. */
  readonly weight: number;
}

/** What a selection has to reach. */
export interface SelectionGoal {
  /**
   * Sats left over by `count` coins of these sums, exactly; negative if they are not enough. May not
   * fall by more than a vbyte's fee when a coin is added that is worth its weight.
   */
  surplus(netValue: number, weight: number, count: number): number;
  /** Sats per vbyte that a coin's own weight takes from what it brings. */
  readonly weightFeerate: number;
  /** Sats per vbyte that somebody pays for the weight. */
  readonly feerate: number;
  /** The least surplus of which change is made; infinite if none is wanted. */
  readonly changeLimit: number;
  /** Sats that making the change, and spending it one day, cost. */
  readonly changeCost: number;
  /** Weight units that the selected inputs may have. */
  readonly maxWeight: number;
}

/** Where chance comes from: an integer of 0..limit - 1. */
export interface Chance {
  below(limit: number): number;
}

export type SelectionAlgorithm =
  | "branch-and-bound"
  | "single-coin"
  | "random-draw"
  | "largest-first";

export interface Selection<T> {
  readonly coins: readonly T[];
  readonly algorithm: SelectionAlgorithm;
  /** Sats; the least is best. */
  readonly waste: number;
}

/** Sums that branch and bound looks at before it takes the best so far: milliseconds. */
export const MAX_TRIES = 100_000;

/**
 * Sats per vbyte at which a coin can be spent in calm times, the least that is relayed. Weight paid
 * for at more than this is waste.
 */
export const CALM_FEERATE = 1;

/** Places of coins in the sorted pool, found by one way of selecting. */
type Picks = readonly number[];

/**
 * Returns the coins of `coins` that reach `goal` with the least waste, or undefined if all those
 * worth their weight do not, or cannot within the goal's weight. Coins that cost more than they
 * bring are left alone. The same chance gives the same selection.
 */
export function selectCoins<T extends Candidate>(
  coins: readonly T[],
  goal: SelectionGoal,
  chance: Chance,
): Selection<T> | undefined {
  const pool = new Pool(coins, goal);
  // The fewest and largest: if these do not reach it, nothing does.
  if (largestFirst(pool, goal, 0) === undefined) return undefined;

  let best: (Score & { picks: Picks; algorithm: SelectionAlgorithm }) | undefined;
  const consider = (algorithm: SelectionAlgorithm, picks: Picks | undefined) => {
    if (picks === undefined) return;
    const score = pool.score(picks, goal);
    if (best === undefined || isBetter(score, best)) best = { ...score, picks, algorithm };
  };
  consider("branch-and-bound", branchAndBound(pool, goal));
  // Just enough, or enough for change too: giving up what is left over may cost more.
  for (const aim of new Set([0, goal.changeLimit])) {
    consider("single-coin", singleCoin(pool, goal, aim));
    consider("random-draw", randomDraw(pool, goal, aim, chance));
    consider("largest-first", largestFirst(pool, goal, aim));
  }
  if (best === undefined) return undefined;
  const { picks, algorithm, waste } = best;
  return { coins: picks.map((at) => pool.coins[at] as T), algorithm, waste };
}

/**
 * Returns the coins worth their weight that bring the most within the goal's weight: what can be
 * sent at once.
 */
export function heaviestLoad<T extends Candidate>(
  coins: readonly T[],
  goal: SelectionGoal,
): readonly T[] {
  const pool = new Pool(coins, goal);
  let weight = 0;
  return pool.coins.filter((coin) => {
    if (weight + coin.weight > goal.maxWeight) return false;
    weight += coin.weight;
    return true;
  });
}

/** Returns `items` in an order drawn by `chance`. */
export function shuffled<T>(items: readonly T[], chance: Chance): T[] {
  const order = [...items];
  for (let at = order.length - 1; at > 0; at--) swap(order, at, chance.below(at + 1));
  return order;
}

interface Score {
  readonly waste: number;
  readonly weight: number;
  readonly surplus: number;
}

/** By waste; where that is equal the lighter is cheaper now, and the tighter ties up less. */
function isBetter(a: Score, b: Score): boolean {
  if (a.waste !== b.waste) return a.waste < b.waste;
  if (a.weight !== b.weight) return a.weight < b.weight;
  return a.surplus < b.surplus;
}

/** The coins worth their weight, those that bring most first. */
class Pool<T extends Candidate = Candidate> {
  readonly coins: readonly T[];
  /** What each brings after its own weight is paid for. */
  readonly worths: Float64Array;

  constructor(coins: readonly T[], { weightFeerate }: SelectionGoal) {
    const worths = Float64Array.from(
      coins,
      ({ netValue, weight }) => netValue - (weight * weightFeerate) / 4,
    );
    const worthOf = (at: number) => worths[at] as number;
    const weightOf = (at: number) => (coins[at] as T).weight;
    const order = Uint32Array.from(coins.keys())
      .filter((at) => worthOf(at) > 0)
      .sort((a, b) => worthOf(b) - worthOf(a) || weightOf(a) - weightOf(b) || a - b);
    this.coins = Array.from(order, (at) => coins[at] as T);
    this.worths = Float64Array.from(order, worthOf);
  }

  score(picks: Picks, goal: SelectionGoal): Score {
    let netValue = 0;
    let weight = 0;
    for (const at of picks) {
      const coin = this.coins[at] as T;
      netValue += coin.netValue;
      weight += coin.weight;
    }
    const surplus = goal.surplus(netValue, weight, picks.length);
    const leftOver = surplus >= goal.changeLimit ? goal.changeCost : surplus;
    return { waste: leftOver + wastePerWeight(goal) * weight, weight, surplus };
  }
}

function wastePerWeight({ feerate }: SelectionGoal): number {
  return (feerate - CALM_FEERATE) / 4;
}

/** Adds the coins of `order` until they reach `aim`; undefined if they end, or become too heavy. */
function addUntil(
  pool: Pool,
  goal: SelectionGoal,
  aim: number,
  order: Iterable<number>,
): Picks | undefined {
  const picks: number[] = [];
  let netValue = 0;
  let weight = 0;
  for (const at of order) {
    const coin = pool.coins[at] as Candidate;
    netValue += coin.netValue;
    weight += coin.weight;
    picks.push(at);
    if (weight > goal.maxWeight) return undefined;
    if (goal.surplus(netValue, weight, picks.length) >= aim) return picks;
  }
  return undefined;
}

function largestFirst(pool: Pool, goal: SelectionGoal, aim: number): Picks | undefined {
  return addUntil(pool, goal, aim, pool.coins.keys());
}

/** Leaves the wallet's coins as mixed as they were, and tells nothing by what is taken. */
function randomDraw(
  pool: Pool,
  goal: SelectionGoal,
  aim: number,
  chance: Chance,
): Picks | undefined {
  return addUntil(pool, goal, aim, drawAll(pool.coins.length, chance));
}

/** Every integer below `count`, in an order that is drawn as far as it is asked for. */
function* drawAll(count: number, chance: Chance): Generator<number> {
  const left = Array.from({ length: count }, (_, at) => at);
  for (let end = count; end > 0; end--) {
    swap(left, end - 1, chance.below(end));
    yield left[end - 1] as number;
  }
}

/** The smallest coin that is enough alone. */
function singleCoin(pool: Pool, goal: SelectionGoal, aim: number): Picks | undefined {
  for (let at = pool.coins.length - 1; at >= 0; at--) {
    const { netValue, weight } = pool.coins[at] as Candidate;
    if (weight <= goal.maxWeight && goal.surplus(netValue, weight, 1) >= aim) return [at];
  }
  return undefined;
}

/**
 * Searches, coin by coin taken and then left out, for the least waste that leaves no change.
 * Undefined if there is no such set, or none was met within MAX_TRIES.
 */
function branchAndBound(pool: Pool, goal: SelectionGoal): Picks | undefined {
  const { coins, worths } = pool;
  const reachable = sumsFrom(worths);
  const nextUnlike = nextUnlikes(coins);
  const perWeight = wastePerWeight(goal);
  // Fees are whole sats of whole vbytes, so that an exact surplus is off its worth by this at most.
  const rounding = goal.feerate + 2;

  const taken: number[] = [];
  let best: Picks | undefined;
  let leastWaste = Number.POSITIVE_INFINITY;
  let netValue = 0;
  let weight = 0;
  let next = 0;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const surplus = goal.surplus(netValue, weight, taken.length);
    const isMatch = taken.length > 0 && surplus >= 0 && surplus < goal.changeLimit;
    const waste = weight * perWeight + Math.max(0, surplus);
    const isInWeight = weight <= goal.maxWeight;
    if (isMatch && isInWeight && waste < leastWaste) {
      best = [...taken];
      leastWaste = waste;
    }
    const isHopeless =
      isMatch ||
      !isInWeight ||
      surplus + (reachable[next] as number) + rounding < 0 ||
      surplus > goal.changeLimit + rounding ||
      (perWeight >= 0 && weight * perWeight > leastWaste);

    if (!isHopeless && next < coins.length) {
      const coin = coins[next] as Candidate;
      netValue += coin.netValue;
      weight += coin.weight;
      taken.push(next++);
      continue;
    }
    const last = taken.pop();
    if (last === undefined) break;
    const coin = coins[last] as Candidate;
    netValue -= coin.netValue;
    weight -= coin.weight;
    // Without this one, others like it would only give the same sums again.
    next = nextUnlike[last] as number;
  }
  return best;
}

/** The sum of all numbers from each place on; 0 behind the end. */
function sumsFrom(numbers: Float64Array): Float64Array {
  const sums = new Float64Array(numbers.length + 1);
  for (let at = numbers.length - 1; at >= 0; at--) {
    sums[at] = (sums[at + 1] as number) + (numbers[at] as number);
  }
  return sums;
}

/** For each coin, the place of the next that differs from it. */
function nextUnlikes(coins: readonly Candidate[]): Uint32Array {
  const next = new Uint32Array(coins.length);
  for (let at = coins.length - 1; at >= 0; at--) {
    const coin = coins[at] as Candidate;
    const other = coins[at + 1];
    const isLike = other?.netValue === coin.netValue && other.weight === coin.weight;
    next[at] = isLike ? (next[at + 1] as number) : at + 1;
  }
  return next;
}

function swap(items: unknown[], a: number, b: number): void {
  [items[a], items[b]] = [items[b], items[a]];
}
