/**
 * Buckets of addresses: a fixed number of slots, shared out so that no group can have them all.
 *
 * Only places, takes out and draws. What may be displaced, and which bucket is whose, is decided in
 * address-manager.ts.
 */

import type { NetAddress } from "../wire/net-address.ts";
import type { Random } from "./transport.ts";

/** Slots of one bucket, in both tables, as in Bitcoin Core. */
export const BUCKET_SIZE = 64;

/** What is known of an address; times in milliseconds since 1970, 0 for never. */
export interface KnownAddress {
  /** Its one text: see formatNetAddress. */
  readonly key: string;
  readonly address: NetAddress;
  /** Host of whoever told of it first. */
  readonly source: string;
  services: bigint;
  seenAt: number;
  triedAt: number;
  succeededAt: number;
  /** Dials that failed since the last that did not. */
  failures: number;
  /** How many dials of ours had succeeded when its last failure was counted; -1 before. */
  countedAt: number;
  /** True if the disk has a row of it, current or not. */
  isStored: boolean;
  table: AddressTable | undefined;
  bucket: number;
  slot: number;
}

/** Where in a table an address belongs. */
export interface Position {
  readonly bucket: number;
  /** The slot whose holder it may displace, should the bucket be full. */
  readonly slot: number;
}

export class AddressTable {
  readonly #buckets: (KnownAddress | undefined)[][];
  readonly #counts: number[];
  #size = 0;

  constructor(bucketCount: number) {
    this.#buckets = Array.from({ length: bucketCount }, () =>
      new Array<KnownAddress | undefined>(BUCKET_SIZE).fill(undefined),
    );
    this.#counts = new Array<number>(bucketCount).fill(0);
  }

  /** Addresses held. */
  get size(): number {
    return this.#size;
  }

  /** Returns who would have to go for another at `position`; undefined: there is room. */
  rivalAt({ bucket, slot }: Position): KnownAddress | undefined {
    return this.#counts[bucket] === BUCKET_SIZE ? this.#buckets[bucket]?.[slot] : undefined;
  }

  /** Puts `entry` at `position` or into another free slot of its bucket. There must be room. */
  place(entry: KnownAddress, { bucket, slot }: Position): void {
    const slots = this.#buckets[bucket];
    if (slots === undefined) throw new RangeError("no such bucket");
    const free = slots[slot] === undefined ? slot : slots.indexOf(undefined);
    if (free < 0) throw new RangeError("the bucket is full");
    slots[free] = entry;
    this.#count(bucket, 1);
    entry.table = this;
    entry.bucket = bucket;
    entry.slot = free;
  }

  /** Takes out `entry`, which must be in this table. */
  remove(entry: KnownAddress): void {
    const slots = this.#buckets[entry.bucket];
    if (slots?.[entry.slot] !== entry) throw new RangeError("the address is not in this table");
    slots[entry.slot] = undefined;
    this.#count(entry.bucket, -1);
    entry.table = undefined;
  }

  /** Draws a bucket that is not empty, then one of its addresses: a full bucket is worth no more. */
  draw(random: Pick<Random, "below">): KnownAddress | undefined {
    const filled = [...this.#counts.keys()].filter((bucket) => this.#counts[bucket] !== 0);
    if (filled.length === 0) return undefined;
    const slots = this.#buckets[filled[random.below(filled.length)] ?? 0] ?? [];
    const held = slots.filter((entry) => entry !== undefined);
    return held[random.below(held.length)];
  }

  #count(bucket: number, change: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + change;
    this.#size += change;
  }
}
