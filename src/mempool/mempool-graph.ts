/**
 * The entries of the mempool with their kinship: parents, children, and totals over each one's
 * ancestors and descendants.
 *
 * Keeps what is given consistent; judges nothing. Entries come in after their parents and, unless a
 * block took their parents before, go out after their children.
 */

import { Heap } from "../lib/heap.ts";
import type { Txid, Wtxid } from "../primitives/hash-id.ts";
import { type Outpoint, outpointKey, type Transaction } from "../primitives/transaction.ts";
import { entryMemoryBytes } from "./memory-bytes.ts";
import type { EntryFacts, MempoolEntry } from "./mempool-entry.ts";

/** An entry as its graph may change it. */
interface LinkedEntry extends MempoolEntry {
  parents: LinkedEntry[];
  children: LinkedEntry[];
  ancestorCount: number;
  ancestorSize: number;
  ancestorFees: number;
  descendantCount: number;
  descendantSize: number;
  descendantFees: number;
  heapIndex: number;
}

/** Shared by all entries without relatives; frozen, for it must never be added to. */
const NO_RELATIVES = Object.freeze([]) as unknown as LinkedEntry[];

export class MempoolGraph {
  readonly #byTxid = new Map<Txid, LinkedEntry>();
  readonly #byWtxid = new Map<Wtxid, LinkedEntry>();
  readonly #spenders = new Map<string, LinkedEntry>();
  readonly #worstFirst = new Heap<LinkedEntry>(isWorse);
  #bytes = 0;
  #nextSequence = 0;
  #revision = 0;

  get count(): number {
    return this.#byTxid.size;
  }

  /** Estimated bytes of memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Rises with every change. */
  get revision(): number {
    return this.#revision;
  }

  find(txid: Txid): MempoolEntry | undefined {
    return this.#byTxid.get(txid);
  }

  findByWtxid(wtxid: Wtxid): MempoolEntry | undefined {
    return this.#byWtxid.get(wtxid);
  }

  /** The entry that spends `outpoint`, if one does. */
  findSpender(outpoint: Outpoint): MempoolEntry | undefined {
    return this.#spenders.get(outpointKey(outpoint));
  }

  /** All entries, parents before children. */
  entries(): IterableIterator<MempoolEntry> {
    return this.#byTxid.values();
  }

  /** The entry that is worth least to a miner, by `packageFeerate`; of equals the youngest. */
  findWorst(): MempoolEntry | undefined {
    return this.#worstFirst.peek();
  }

  /** The entries that make coins which `tx` spends, each once. */
  findParents(tx: Transaction): MempoolEntry[] {
    return this.#parentsOf(tx);
  }

  /** Adds an entry; no other may spend the same coin, nor any coin it makes. */
  add(facts: EntryFacts): MempoolEntry {
    const { tx, virtualSize, fee } = facts;
    const parents = this.#parentsOf(tx);
    const entry: LinkedEntry = {
      ...facts,
      sequence: this.#nextSequence++,
      memoryBytes: entryMemoryBytes(tx),
      parents: parents.length === 0 ? NO_RELATIVES : parents,
      children: NO_RELATIVES,
      ancestorCount: 1,
      ancestorSize: virtualSize,
      ancestorFees: fee,
      descendantCount: 1,
      descendantSize: virtualSize,
      descendantFees: fee,
      heapIndex: -1,
    };

    this.#byTxid.set(tx.txid, entry);
    this.#byWtxid.set(tx.wtxid, entry);
    for (const { prevout } of tx.inputs) this.#spenders.set(outpointKey(prevout), entry);
    this.#bytes += entry.memoryBytes;
    this.#worstFirst.add(entry);
    this.#linkParents(entry);
    this.#revision += 1;
    return entry;
  }

  /** Takes out an entry that has no children left, or no parents (a block took it). */
  remove(entry: MempoolEntry): void {
    const linked = this.#byTxid.get(entry.tx.txid);
    if (linked === undefined || linked !== entry) throw new Error("not in the mempool");
    if (linked.children.length === 0) this.#unlinkParents(linked);
    else if (linked.parents.length === 0) this.#unlinkChildren(linked);
    else throw new Error("an entry cannot leave from between its relatives");

    const { tx, memoryBytes } = linked;
    this.#byTxid.delete(tx.txid);
    this.#byWtxid.delete(tx.wtxid);
    for (const { prevout } of tx.inputs) this.#spenders.delete(outpointKey(prevout));
    this.#bytes -= memoryBytes;
    this.#worstFirst.remove(linked);
    this.#revision += 1;
  }

  /** Takes out `entries` with all their descendants; returns all of them, parents first. */
  removeWithDescendants(entries: Iterable<MempoolEntry>): MempoolEntry[] {
    const leaving = new Set(entries);
    for (const entry of leaving) {
      for (const child of entry.children) leaving.add(child);
    }
    const inOrder = [...leaving].sort((a, b) => a.sequence - b.sequence);
    for (const entry of inOrder.toReversed()) this.remove(entry);
    return inOrder;
  }

  #parentsOf({ inputs }: Transaction): LinkedEntry[] {
    const parents = new Set<LinkedEntry>();
    for (const { prevout } of inputs) {
      const parent = this.#byTxid.get(prevout.txid);
      if (parent !== undefined) parents.add(parent);
    }
    return [...parents];
  }

  #linkParents(entry: LinkedEntry): void {
    for (const parent of entry.parents) {
      if (parent.children === NO_RELATIVES) parent.children = [];
      parent.children.push(entry);
    }
    for (const ancestor of ancestorsOf(entry) as LinkedEntry[]) {
      entry.ancestorCount += 1;
      entry.ancestorSize += ancestor.virtualSize;
      entry.ancestorFees += ancestor.fee;
      this.#countDescendant(ancestor, entry, 1);
    }
  }

  #unlinkParents(entry: LinkedEntry): void {
    for (const ancestor of ancestorsOf(entry) as LinkedEntry[]) {
      this.#countDescendant(ancestor, entry, -1);
    }
    for (const parent of entry.parents) {
      parent.children = without(parent.children, entry);
    }
  }

  #unlinkChildren(entry: LinkedEntry): void {
    for (const descendant of descendantsOf(entry) as LinkedEntry[]) {
      descendant.ancestorCount -= 1;
      descendant.ancestorSize -= entry.virtualSize;
      descendant.ancestorFees -= entry.fee;
    }
    for (const child of entry.children) {
      child.parents = without(child.parents, entry);
    }
  }

  #countDescendant(ancestor: LinkedEntry, { virtualSize, fee }: LinkedEntry, sign: 1 | -1): void {
    ancestor.descendantCount += sign;
    ancestor.descendantSize += sign * virtualSize;
    ancestor.descendantFees += sign * fee;
    this.#worstFirst.update(ancestor);
  }
}

/**
 * Sats per vbyte that a miner gets for `entry`: its own feerate, or that with all its descendants
 * if those pay for it. An eviction begins where this is lowest.
 */
export function packageFeerate(entry: MempoolEntry): number {
  return Math.max(entry.fee / entry.virtualSize, entry.descendantFees / entry.descendantSize);
}

/** Returns the ancestors of `entry`, itself not among them, in no order. */
export function ancestorsOf(entry: MempoolEntry): MempoolEntry[] {
  return reach(entry.parents, (relative) => relative.parents);
}

/** Returns the descendants of `entry`, itself not among them, in no order. */
export function descendantsOf(entry: MempoolEntry): MempoolEntry[] {
  return reach(entry.children, (relative) => relative.children);
}

function reach(
  first: readonly MempoolEntry[],
  next: (entry: MempoolEntry) => readonly MempoolEntry[],
): MempoolEntry[] {
  if (first.length === 0) return [];
  const found = new Set(first);
  // A set is walked in the order of insertion, so what is added on the way is reached too.
  for (const entry of found) {
    for (const relative of next(entry)) found.add(relative);
  }
  return [...found];
}

function without(entries: readonly LinkedEntry[], entry: LinkedEntry): LinkedEntry[] {
  return entries.length === 1 ? NO_RELATIVES : entries.filter((other) => other !== entry);
}

function isWorse(a: LinkedEntry, b: LinkedEntry): boolean {
  const difference = packageFeerate(a) - packageFeerate(b);
  return difference === 0 ? a.sequence > b.sequence : difference < 0;
}
