/**
 * The address book: where other nodes are, and which of them to dial next.
 *
 * Bitcoin Core's design in small. What was only heard of and what was reached are in tables of their
 * own, of fixed size; a secret key and the groups of address and source decide the bucket, so nobody
 * can fill the book or foresee what falls out of it (P-29, P-31). Dials nobody itself; what may be
 * taken at all is decided in address-filter.ts.
 */

import { BoundedMap } from "../lib/bounded.ts";
import type { Clock } from "../lib/clock.ts";
import { RateLimiter } from "../lib/rate-limiter.ts";
import type { Rate } from "../lib/token-bucket.ts";
import { ADDRESS_PLACE, type PeerStore, type StoredAddress } from "../storage/peer-store.ts";
import { type AddressEntry, MAX_ADDRESSES } from "../wire/address-messages.ts";
import { formatIp, parseIp } from "../wire/ip-address.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import {
  BUCKET_KEY_SIZE,
  MAX_ADDRESSES_KEPT,
  NEW_BUCKETS,
  newPosition,
  TRIED_BUCKETS,
  triedPosition,
} from "./address-buckets.ts";
import { type AddressFilter, isTellable, isWorthTaking } from "./address-filter.ts";
import { scopeOf } from "./address-group.ts";
import {
  ADDRESS_MEMORY_MS,
  dialChance,
  isForgotten,
  isJustTried,
  isTerrible,
  MAX_CLOCK_LEAD_MS,
} from "./address-quality.ts";
import { AddressTable, type KnownAddress, type Position } from "./address-table.ts";
import type { Random } from "./transport.ts";

/** How many addresses one host may tell us: a full answer at once, then as many as change. */
export const ADDRESS_RATE: Rate = { perSecond: 0.1, burst: 1_000 };

/** Addresses given by hand. */
export const MAX_MANUAL_ADDRESSES = 256;

/** Peers that are dialled first after a restart. */
export const MAX_ANCHORS = 2;

/** Share of the book that one answer tells, in percent, so that asking does not lay it open. */
export const REPLY_PERCENT = 23;

/**
 * A book up to this size is told whole: so few nodes all connect to each other, and each must hear
 * of all others even where no multicast goes.
 */
export const SMALL_BOOK = 50;

/** Milliseconds for which everybody is told the same (P-41). */
const REPLY_CACHE_MS = 24 * 60 * 60 * 1000;

/** Milliseconds for which an address that led to ourselves is not taken (P-32). */
const OWN_MEMORY_MS = 24 * 60 * 60 * 1000;
const MAX_OWN_ADDRESSES = 64;

/** Addresses that wait for the holder of their place to be tested. */
const MAX_TESTS = 10;

/** A holder reached, or dialled in vain, within this time has been tested: 4 hours. */
const TEST_VALID_MS = 4 * 60 * 60 * 1000;

/** A holder that nobody tested for this long has to go: 40 minutes. */
const TEST_WINDOW_MS = 40 * 60 * 1000;

/** Told times that cannot be true are taken for this long ago. */
const DOUBTFUL_AGE_MS = 5 * 24 * 60 * 60 * 1000;

/** Being seen is noted again after this long: 20 minutes. */
const SEEN_INTERVAL_MS = 20 * 60 * 1000;

/** Draws of one selection, after which chance no longer decides: each raises the odds by a fifth. */
const MAX_DRAWS = 100;

/** Chances are compared in steps of 2^-30. */
const CHANCE_STEPS = 2 ** 30;

export class AddressManager {
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  readonly #random: Random;
  readonly #store: PeerStore;
  readonly #filter: AddressFilter;
  readonly #key: Uint8Array;
  #isKeyStored: boolean;

  readonly #entries = new Map<string, KnownAddress>();
  readonly #manual = new Map<string, KnownAddress>();
  readonly #new = new AddressTable(NEW_BUCKETS);
  readonly #tried = new AddressTable(TRIED_BUCKETS);
  readonly #own = new BoundedMap<string, number>(MAX_OWN_ADDRESSES);
  readonly #limiter: RateLimiter;
  /** Addresses reached that found their bucket full, with the moment. */
  readonly #tests = new Map<string, number>();
  /** Dials that succeeded: an address's failures count once between two of them. */
  #successes = 0;
  #reply: { readonly until: number; readonly entries: readonly AddressEntry[] } | undefined;
  /** Keys of what differs from the disk: written if still known, else deleted. */
  readonly #changed = new Map<string, NetAddress>();

  /** Reads the book from `store`. */
  constructor({
    clock,
    random,
    store,
    filter,
  }: {
    clock: Pick<Clock, "now" | "monotonic">;
    random: Random;
    store: PeerStore;
    filter: AddressFilter;
  }) {
    this.#clock = clock;
    this.#random = random;
    this.#store = store;
    this.#filter = filter;
    this.#limiter = new RateLimiter({ now: () => clock.monotonic() });
    const key = store.loadBucketKey();
    this.#isKeyStored = key?.length === BUCKET_KEY_SIZE;
    this.#key = key?.length === BUCKET_KEY_SIZE ? key : random.bytes(BUCKET_KEY_SIZE);
    this.#load();
  }

  /** Addresses known, those given by hand among them. */
  get size(): number {
    return this.#entries.size;
  }

  /** Addresses that were reached; of those given by hand, none. */
  get triedCount(): number {
    return this.#tried.size;
  }

  has(address: NetAddress): boolean {
    return this.#entries.has(formatNetAddress(address));
  }

  /**
   * Takes what the host `source` tells; returns how many addresses are new. What is over the host's
   * rate, cannot be dialled, or finds no room is dropped. This machine has no rate: all nodes on it
   * are one host.
   */
  add(heard: readonly AddressEntry[], source: string): number {
    const isLimited = scopeOf(source) !== "loopback";
    let added = 0;
    for (const entry of heard) {
      if (isLimited && this.#limiter.take(source, ADDRESS_RATE) > 0) break;
      if (this.#take(entry, source)) added += 1;
    }
    return added;
  }

  /** Takes an address given by the operator, which is never forgotten; false if there is no room. */
  addManual(address: NetAddress): boolean {
    const key = formatNetAddress(address);
    if (this.#manual.has(key)) return true;
    if (!isDialable(address) || this.#manual.size >= MAX_MANUAL_ADDRESSES) return false;
    const known = this.#entries.get(key);
    known?.table?.remove(known);
    const entry = known ?? makeEntry(address, { source: address.host, seenAt: this.#clock.now() });
    entry.isStored ||= this.#changed.has(key);
    this.#manual.set(key, entry);
    this.#entries.set(key, entry);
    this.#note(entry);
    return true;
  }

  /** Treats an address given by hand as any other; false if it was not. */
  removeManual(address: NetAddress): boolean {
    const entry = this.#manual.get(formatNetAddress(address));
    if (entry === undefined) return false;
    this.#manual.delete(entry.key);
    const isTried = entry.succeededAt > 0;
    if (!isTried || !this.#placeTried(entry)) this.#placeNew(entry);
    if (entry.table === undefined) this.#forget(entry);
    this.#note(entry);
    return true;
  }

  /** The addresses given by hand. */
  manual(): readonly NetAddress[] {
    return [...this.#manual.values()].map(({ address }) => address);
  }

  /** All addresses that may be dialled, in no order of worth: for small networks, where all are. */
  all(): readonly NetAddress[] {
    const now = this.#clock.now();
    return [...this.#entries.values()]
      .filter((entry) => this.#manual.has(entry.key) || !isTerrible(entry, now))
      .map(({ address }) => address);
  }

  /**
   * Draws an address to dial, as often one that was reached before as one that was not; with
   * `isNewOnly` only the latter. Undefined if there is none. Those given by hand are not drawn: they
   * are always to be dialled.
   */
  select(isNewOnly = false): NetAddress | undefined {
    const now = this.#clock.now();
    let odds = 1;
    let drawn: KnownAddress | undefined;
    for (let draw = 0; draw < MAX_DRAWS; draw++) {
      drawn = this.#chooseTable(isNewOnly).draw(this.#random);
      if (drawn === undefined) return undefined;
      const chance = Math.min(1, odds * dialChance(drawn, now));
      if (this.#random.below(CHANCE_STEPS) < chance * CHANCE_STEPS) break;
      odds *= 1.2;
    }
    return drawn?.address;
  }

  /** A dial of `address` begins. It counts as failed until `good` says otherwise. */
  attempt(address: NetAddress): void {
    const entry = this.#entries.get(formatNetAddress(address));
    if (entry === undefined) return;
    const now = this.#clock.now();
    entry.triedAt = now;
    // While nobody at all can be reached, the fault is ours and not that of each address.
    if (entry.countedAt !== this.#successes) entry.failures += 1;
    entry.countedAt = this.#successes;
    this.#note(entry);
    if (isForgotten(entry, now) && !this.#manual.has(entry.key)) this.#forget(entry);
  }

  /** A dial of `address` led to a node of our network. */
  good(address: NetAddress, services?: bigint): void {
    const key = formatNetAddress(address);
    const now = this.#clock.now();
    if (!this.#entries.has(key)) {
      this.#take({ address, services: services ?? 0n, time: Math.floor(now / 1000) }, address.host);
    }
    this.#successes += 1;
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.services = services ?? entry.services;
    entry.seenAt = now;
    entry.triedAt = now;
    entry.succeededAt = now;
    entry.failures = 0;
    this.#note(entry);
    if (entry.table !== this.#new) return;
    if (!this.#placeTried(entry) && this.#tests.size < MAX_TESTS) this.#tests.set(key, now);
  }

  /** A connection to `address` is up, or ended just now: told to others so that they keep it. */
  seen(address: NetAddress): void {
    const entry = this.#entries.get(formatNetAddress(address));
    const now = this.#clock.now();
    if (entry === undefined || now - entry.seenAt < SEEN_INTERVAL_MS) return;
    entry.seenAt = now;
    this.#note(entry);
  }

  /**
   * An address to dial for no other reason than to see whether it deserves the place that another
   * asks for; undefined if there is none. Also settles what earlier tests have shown.
   */
  selectTest(): NetAddress | undefined {
    const now = this.#clock.now();
    const open: KnownAddress[] = [];
    for (const [key, since] of this.#tests) {
      const holder = this.#settleTest(key, since, now);
      if (holder !== undefined && !isJustTried(holder, now)) open.push(holder);
    }
    if (open.length === 0) return undefined;
    return open[this.#random.below(open.length)]?.address;
  }

  /** `address` led to ourselves: it is not dialled nor taken for a day. */
  markOwn(address: NetAddress): void {
    const key = formatNetAddress(address);
    this.#own.set(key, this.#clock.monotonic() + OWN_MEMORY_MS);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#manual.delete(key);
    this.#forget(entry);
  }

  /** True if `address` led to ourselves within a day. */
  isOwn(address: NetAddress): boolean {
    const until = this.#own.get(formatNetAddress(address));
    return until !== undefined && until > this.#clock.monotonic();
  }

  /**
   * What to tell the host `asker`: at most 23 % of the book and 1,000 addresses, the same to all for
   * a day; a small book whole. Nothing nearer than the asker itself: 127.0.0.1 is another machine to
   * another machine. Times are told to the hour.
   */
  reply(asker: string): readonly AddressEntry[] {
    return this.#replyToAll().filter(({ address }) => isTellable(address.host, asker));
  }

  /** Returns the anchors and forgets them, so that one that harms us does so once. */
  takeAnchors(): readonly NetAddress[] {
    const anchors = this.#store.loadAnchors().filter(isDialable).slice(0, MAX_ANCHORS);
    this.#store.replaceAnchors([]);
    return anchors;
  }

  /** Keeps the first two of `addresses`, block-only peers at an orderly stop, for the next start. */
  putAnchors(addresses: readonly NetAddress[]): void {
    this.#store.replaceAnchors(addresses.slice(0, MAX_ANCHORS));
  }

  /** Writes what has changed since the last time, in one commit. For now and then, and the end. */
  flush(): void {
    if (this.#changed.size === 0) return;
    if (!this.#isKeyStored) this.#store.putBucketKey(this.#key);
    this.#isKeyStored = true;
    const changed: StoredAddress[] = [];
    const removed: NetAddress[] = [];
    for (const [key, address] of this.#changed) {
      const entry = this.#entries.get(key);
      if (entry === undefined) {
        removed.push(address);
      } else {
        changed.push({ ...entry, place: this.#placeOf(entry) });
        entry.isStored = true;
      }
    }
    this.#store.applyAddresses(changed, removed);
    this.#changed.clear();
  }

  /** True if it was not known, is worth it, and found room. */
  #take({ time, services, address }: AddressEntry, source: string): boolean {
    if (this.isOwn(address) || !isWorthTaking(address, source, this.#filter)) return false;
    const now = this.#clock.now();
    const seenAt = believableTime(time * 1000, now);
    const known = this.#entries.get(formatNetAddress(address));
    if (known !== undefined) {
      if (seenAt <= known.seenAt) return false;
      known.seenAt = seenAt;
      known.services |= services;
      this.#note(known);
      return false;
    }
    const entry = makeEntry(address, { source, services, seenAt });
    entry.isStored = this.#changed.has(entry.key);
    if (!this.#placeNew(entry)) return false;
    this.#entries.set(entry.key, entry);
    this.#note(entry);
    return true;
  }

  #chooseTable(isNewOnly: boolean): AddressTable {
    if (isNewOnly || this.#tried.size === 0) return this.#new;
    if (this.#new.size === 0) return this.#tried;
    return this.#random.below(2) === 0 ? this.#new : this.#tried;
  }

  /** Puts `entry` among those heard of if there is room, or who holds its place is terrible. */
  #placeNew(entry: KnownAddress): boolean {
    const position = newPosition(this.#key, entry.address, entry.source);
    const rival = this.#new.rivalAt(position);
    if (rival !== undefined) {
      if (!isTerrible(rival, this.#clock.now())) return false;
      this.#forget(rival);
    }
    this.#new.place(entry, position);
    return true;
  }

  /** Puts `entry` among those reached if there is room. */
  #placeTried(entry: KnownAddress): boolean {
    const position = triedPosition(this.#key, entry.address);
    if (this.#tried.rivalAt(position) !== undefined) return false;
    entry.table?.remove(entry);
    this.#tried.place(entry, position);
    return true;
  }

  /** Decides a test if it can be; returns the holder that is still to be dialled. */
  #settleTest(key: string, since: number, now: number): KnownAddress | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.table !== this.#new || this.#placeTried(entry)) {
      this.#tests.delete(key);
      return undefined;
    }
    const position = triedPosition(this.#key, entry.address);
    const holder = this.#tried.rivalAt(position);
    if (holder === undefined) return undefined;
    const isAlive = holder.succeededAt > 0 && now - holder.succeededAt < TEST_VALID_MS;
    const wasDialled = now - holder.triedAt < TEST_VALID_MS && !isJustTried(holder, now);
    if (isAlive) {
      this.#tests.delete(key);
    } else if (wasDialled || now - since > TEST_WINDOW_MS) {
      this.#tests.delete(key);
      this.#replaceTried(holder, entry, position);
    } else {
      return holder;
    }
    return undefined;
  }

  /** The one that leaves goes back among those heard of, where it may displace another. */
  #replaceTried(holder: KnownAddress, entry: KnownAddress, position: Position): void {
    this.#tried.remove(holder);
    this.#new.remove(entry);
    this.#tried.place(entry, position);
    const back = newPosition(this.#key, holder.address, holder.source);
    const displaced = this.#new.rivalAt(back);
    if (displaced !== undefined) this.#forget(displaced);
    this.#new.place(holder, back);
    this.#note(holder);
    this.#note(entry);
  }

  #replyToAll(): readonly AddressEntry[] {
    const now = this.#clock.monotonic();
    if (this.#reply !== undefined && this.#reply.until > now) return this.#reply.entries;

    const wallTime = this.#clock.now();
    const known = [...this.#entries.values()].filter((entry) => !isTerrible(entry, wallTime));
    const isSmall = known.length <= SMALL_BOOK;
    const share = isSmall ? known.length : Math.floor((known.length * REPLY_PERCENT) / 100);
    const count = Math.min(share, MAX_ADDRESSES);
    const entries = drawSome(known, count, this.#random).map(toldOf);
    // A small book grows by the minute, and there is nothing to be learned from how it does.
    this.#reply = isSmall ? undefined : { until: now + REPLY_CACHE_MS, entries };
    return entries;
  }

  #forget(entry: KnownAddress): void {
    entry.table?.remove(entry);
    this.#entries.delete(entry.key);
    this.#tests.delete(entry.key);
    // What comes and goes between two writes leaves nothing behind, however much of it there is.
    if (entry.isStored) this.#note(entry);
    else this.#changed.delete(entry.key);
  }

  #note({ key, address }: KnownAddress): void {
    this.#changed.set(key, address);
  }

  #placeOf({ key, table }: KnownAddress): number {
    if (this.#manual.has(key)) return ADDRESS_PLACE.manual;
    return table === this.#tried ? ADDRESS_PLACE.tried : ADDRESS_PLACE.heard;
  }

  /** Rows that make no sense, or find no room, are deleted with the next flush. */
  #load(): void {
    const limit = MAX_ADDRESSES_KEPT + MAX_MANUAL_ADDRESSES;
    for (const { address, place, ...rest } of this.#store.loadAddresses(limit)) {
      const entry = makeEntry(address, rest);
      entry.isStored = true;
      if (isDialable(address) && this.#restore(entry, place)) this.#entries.set(entry.key, entry);
      else this.#note(entry);
    }
  }

  #restore(entry: KnownAddress, place: number): boolean {
    if (place === ADDRESS_PLACE.manual) {
      if (this.#manual.size >= MAX_MANUAL_ADDRESSES) return false;
      this.#manual.set(entry.key, entry);
      return true;
    }
    return (place === ADDRESS_PLACE.tried && this.#placeTried(entry)) || this.#placeNew(entry);
  }
}

function makeEntry(
  address: NetAddress,
  known: { source: string; seenAt: number } & Partial<Omit<StoredAddress, "address" | "place">>,
): KnownAddress {
  return {
    services: 0n,
    triedAt: 0,
    succeededAt: 0,
    failures: 0,
    ...known,
    key: formatNetAddress(address),
    address,
    countedAt: -1,
    isStored: false,
    table: undefined,
    bucket: 0,
    slot: 0,
  };
}

/** True for a numeric host, spelled as everywhere, and a port. */
function isDialable({ host, port }: NetAddress): boolean {
  const bytes = parseIp(host);
  const isPort = Number.isInteger(port) && port >= 1 && port <= 0xffff;
  return bytes !== undefined && formatIp(bytes) === host && isPort;
}

/** `time` if it can be true; else long ago, but not long enough to be worthless. */
function believableTime(time: number, now: number): number {
  const isBelievable = time <= now + MAX_CLOCK_LEAD_MS && time > now - ADDRESS_MEMORY_MS;
  return isBelievable ? time : now - DOUBTFUL_AGE_MS;
}

const HOUR_SECONDS = 3_600;

function toldOf({ address, services, seenAt }: KnownAddress): AddressEntry {
  const hours = Math.floor(seenAt / 1000 / HOUR_SECONDS);
  return { address, services, time: hours * HOUR_SECONDS };
}

/** `count` of `items`, each as likely. */
function drawSome<T>(items: readonly T[], count: number, random: Pick<Random, "below">): T[] {
  const left = [...items];
  for (let index = 0; index < count; index++) {
    const other = index + random.below(left.length - index);
    [left[index], left[other]] = [left[other] as T, left[index] as T];
  }
  return left.slice(0, count);
}
