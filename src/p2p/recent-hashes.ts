/**
 * Hashes met of late, in little memory: 48 bits of each, at a place drawn for each set.
 *
 * Two halves: when the younger one is full, the older one is forgotten. For what may be wrong once in
 * a blue moon, such as what a peer is taken to have; never for what is valid.
 */

import type { Random } from "./transport.ts";

/** Digits of a hash that are kept: what a number holds exactly, and more than anybody can foresee. */
const DIGITS = 12;

/** Digits of a whole hash. */
const HASH_DIGITS = 64;

/** Remembers at least the last half of `capacity` hashes, and never more than `capacity`. */
export class RecentHashes {
  readonly #halfCapacity: number;
  readonly #offset: number;
  #younger = new Set<number>();
  #older = new Set<number>();

  constructor(capacity: number, random: Pick<Random, "below">) {
    this.#halfCapacity = Math.max(1, Math.floor(capacity / 2));
    this.#offset = random.below(HASH_DIGITS - DIGITS + 1);
  }

  /** Hashes remembered. */
  get size(): number {
    return this.#younger.size + this.#older.size;
  }

  /** True for every hash remembered, and for another one in 2^48. */
  has(hash: string): boolean {
    const short = this.#shorten(hash);
    return this.#younger.has(short) || this.#older.has(short);
  }

  /** Remembers `hash`, which is 64 hex digits. */
  add(hash: string): void {
    const short = this.#shorten(hash);
    if (this.#younger.has(short)) return;
    this.#older.delete(short);
    this.#younger.add(short);
    if (this.#younger.size < this.#halfCapacity) return;
    this.#older = this.#younger;
    this.#younger = new Set();
  }

  /** Forgets all. */
  clear(): void {
    this.#younger.clear();
    this.#older.clear();
  }

  #shorten(hash: string): number {
    return Number.parseInt(hash.substring(this.#offset, this.#offset + DIGITS), 16);
  }
}
