/**
 * Which transactions a block should hold: those that pay most for its weight, parents first.
 *
 * A transaction is ranked together with those of its ancestors that are not chosen yet, so that a
 * child can pay for its parents (Bitcoin Core's addPackageTxs). Looks at entries only; what else a
 * block needs is the business of mining/.
 */

import { isFinal } from "../consensus/check-transaction.ts";
import { Heap, type HeapMember } from "../lib/heap.ts";
import type { Transaction } from "../primitives/transaction.ts";
import type { MempoolEntry } from "./mempool-entry.ts";
import { ancestorsOf, descendantsOf } from "./mempool-graph.ts";

/** What one block may take. */
export interface BlockRoom {
  readonly maxWeight: number;
  readonly maxSigopCost: number;
}

/** What one block may take, and where it will be. */
export interface SelectionLimits extends BlockRoom {
  readonly height: number;
  /** Of the parent. */
  readonly medianTimePast: number;
}

/** What was chosen for one block. */
export interface Selection {
  /** In a valid order. */
  readonly entries: readonly MempoolEntry[];
  readonly transactions: readonly Transaction[];
  /** Sats. */
  readonly totalFees: number;
  readonly weight: number;
  readonly sigopCost: number;
  /** Lowest feerate of what was chosen together, in sat per vbyte; 0 if nothing was. */
  readonly minFeerate: number;
}

/** Where entries come from: the mempool. */
export interface EntrySource {
  /** All entries, parents before children. */
  entries(): Iterable<MempoolEntry>;
}

/** Packages that may fail to fit one after the other into an almost full block before it is done. */
const MAX_MISSES = 1_000;

/** Weight units left over in a block that count as almost full. */
const ALMOST_FULL_WEIGHT = 4_000;

/** Returns the best choice for the next block from `mempool`, final transactions only. */
export function selectTransactions(mempool: EntrySource, limits: SelectionLimits): Selection {
  const { height, medianTimePast } = limits;
  const isEligible = ({ tx }: MempoolEntry) => isFinal(tx, height, medianTimePast);
  return new TransactionSelector(mempool, isEligible).fillBlock(limits);
}

/** An entry with what is left of its package. */
interface Choice extends HeapMember {
  readonly entry: MempoolEntry;
  state: "waiting" | "chosen" | "barred";
  /** Vbytes and sats of it and its ancestors, those chosen left out. */
  size: number;
  fees: number;
  feerate: number;
}

/** Fills one block after the other with the best of what is left of a mempool. */
export class TransactionSelector {
  readonly #choices = new Map<MempoolEntry, Choice>();
  readonly #bestFirst: Heap<Choice>;
  /** Did not fit into the block that is being filled. */
  readonly #misfits = new Set<Choice>();

  constructor(mempool: EntrySource, isEligible: (entry: MempoolEntry) => boolean = () => true) {
    for (const entry of mempool.entries()) {
      const state = isEligible(entry) ? "waiting" : "barred";
      this.#choices.set(entry, makeChoice(entry, state));
    }
    const waiting = [...this.#choices.values()].filter(({ state }) => state === "waiting");
    this.#bestFirst = new Heap(isBetter, waiting);
  }

  /** Sats per vbyte of the best package that no block has taken; 0 if nothing is left. */
  get bestFeerateLeft(): number {
    let best = this.#bestFirst.peek()?.feerate ?? 0;
    for (const { feerate } of this.#misfits) best = Math.max(best, feerate);
    return best;
  }

  /** Chooses for the next block, and takes what it chose out of what is left. */
  fillBlock(room: BlockRoom): Selection {
    this.#reviveMisfits();
    const block = new BlockInProgress(room);
    let misses = 0;
    for (let best = this.#bestFirst.pop(); best !== undefined; best = this.#bestFirst.pop()) {
      const choices = this.#packageOf(best);
      if (choices.some(({ state }) => state === "barred")) continue;
      if (block.add(choices, best.feerate)) {
        misses = 0;
        this.#take(choices);
        continue;
      }
      this.#misfits.add(best);
      misses += 1;
      if (misses > MAX_MISSES && block.isAlmostFull) break;
    }
    return block.finish();
  }

  #reviveMisfits(): void {
    for (const choice of this.#misfits) this.#bestFirst.add(choice);
    this.#misfits.clear();
  }

  /** `choice` and those of its ancestors that are not chosen, parents first. */
  #packageOf(choice: Choice): Choice[] {
    if (choice.entry.parents.length === 0) return [choice];
    const ancestors = ancestorsOf(choice.entry).map((entry) => this.#choiceOf(entry));
    return [...ancestors.filter(({ state }) => state !== "chosen"), choice].sort(
      (a, b) => a.entry.sequence - b.entry.sequence,
    );
  }

  #take(choices: readonly Choice[]): void {
    for (const choice of choices) {
      choice.state = "chosen";
      if (choice.heapIndex >= 0) this.#bestFirst.remove(choice);
      this.#misfits.delete(choice);
    }
    for (const { entry } of choices) this.#relieveDescendants(entry);
  }

  /** What descends from a chosen entry need not pay for it any more. */
  #relieveDescendants(entry: MempoolEntry): void {
    if (entry.children.length === 0) return;
    for (const descendant of descendantsOf(entry)) {
      const choice = this.#choiceOf(descendant);
      if (choice.state !== "waiting") continue;
      choice.size -= entry.virtualSize;
      choice.fees -= entry.fee;
      choice.feerate = choice.fees / choice.size;
      // One that did not fit has no place there; the rest of its package is in the block by now,
      // so that it cannot fit before the next one.
      if (choice.heapIndex >= 0) this.#bestFirst.update(choice);
    }
  }

  #choiceOf(entry: MempoolEntry): Choice {
    return this.#choices.get(entry) as Choice;
  }
}

/** A block that is being filled. */
class BlockInProgress {
  readonly #room: BlockRoom;
  readonly #entries: MempoolEntry[] = [];
  #weight = 0;
  #sigopCost = 0;
  #totalFees = 0;
  #minFeerate = Number.POSITIVE_INFINITY;

  constructor(room: BlockRoom) {
    this.#room = room;
  }

  get isAlmostFull(): boolean {
    return this.#weight > this.#room.maxWeight - ALMOST_FULL_WEIGHT;
  }

  /** Adds all of `choices`, whose common feerate is given, if there is room; false if not. */
  add(choices: readonly Choice[], feerate: number): boolean {
    let weight = this.#weight;
    let sigopCost = this.#sigopCost;
    for (const { entry } of choices) {
      weight += entry.tx.weight;
      sigopCost += entry.sigopCost;
    }
    if (weight > this.#room.maxWeight || sigopCost > this.#room.maxSigopCost) return false;

    this.#weight = weight;
    this.#sigopCost = sigopCost;
    this.#minFeerate = Math.min(this.#minFeerate, feerate);
    for (const { entry } of choices) {
      this.#entries.push(entry);
      this.#totalFees += entry.fee;
    }
    return true;
  }

  finish(): Selection {
    return {
      entries: this.#entries,
      transactions: this.#entries.map(({ tx }) => tx),
      totalFees: this.#totalFees,
      weight: this.#weight,
      sigopCost: this.#sigopCost,
      minFeerate: this.#entries.length === 0 ? 0 : this.#minFeerate,
    };
  }
}

function makeChoice(entry: MempoolEntry, state: Choice["state"]): Choice {
  const { ancestorSize: size, ancestorFees: fees } = entry;
  return { entry, state, size, fees, feerate: fees / size, heapIndex: -1 };
}

/** Of equals, the one that came first. */
function isBetter(a: Choice, b: Choice): boolean {
  const difference = a.feerate - b.feerate;
  return difference === 0 ? a.entry.sequence < b.entry.sequence : difference > 0;
}
