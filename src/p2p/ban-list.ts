/**
 * Hosts we want nothing to do with: discouraged for a day by what they did, or banned by hand.
 *
 * The discouraged are held in memory alone and in bounded number (CVE-2020-14198); bans are kept on
 * the disk. What deserves either is decided in misbehavior.ts and by the operator.
 */

import { BoundedMap } from "../lib/bounded.ts";
import type { Clock } from "../lib/clock.ts";
import type { PeerStore, StoredBan } from "../storage/peer-store.ts";
import { formatIp, parseIp } from "../wire/ip-address.ts";
import { scopeOf } from "./address-group.ts";

/** Hosts remembered as discouraged; the one that was discouraged longest ago goes first. */
export const MAX_DISCOURAGED_HOSTS = 10_000;

/** Milliseconds for which a host is discouraged. */
export const DISCOURAGEMENT_MS = 24 * 60 * 60 * 1000;

/** Bans by hand: a page of them can still be read, and 10^6 fill no disk. */
export const MAX_BANS = 1_000;

/** Characters kept of a ban's reason. */
export const MAX_BAN_REASON_LENGTH = 200;

/** A ban by the operator. */
export type Ban = StoredBan;

/** What became of a demand to ban. */
export type BanOutcome = "banned" | "not-an-address" | "full";

export class BanList {
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  readonly #store: PeerStore;
  readonly #bans = new Map<string, Ban>();
  /** When each host's discouragement ends, by the clock that never goes back. */
  readonly #discouraged: BoundedMap<string, number>;

  constructor({ clock, store }: { clock: Pick<Clock, "now" | "monotonic">; store: PeerStore }) {
    this.#clock = clock;
    this.#store = store;
    this.#discouraged = new BoundedMap(MAX_DISCOURAGED_HOSTS);
    for (const ban of store.loadBans(MAX_BANS)) this.#bans.set(ban.host, ban);
  }

  /** Hosts remembered as discouraged. */
  get discouragedCount(): number {
    return this.#discouraged.size;
  }

  /** True if the operator has banned `host`: no connection either way. */
  isBanned(host: string): boolean {
    const ban = this.#bans.get(canonical(host) ?? host);
    return ban !== undefined && ban.until > this.#clock.now();
  }

  /** True if `host` misbehaved within a day: it is not dialled, and the first to go when it dials. */
  isDiscouraged(host: string): boolean {
    const key = canonical(host) ?? host;
    const until = this.#discouraged.get(key);
    if (until === undefined) return false;
    if (until > this.#clock.monotonic()) return true;
    this.#discouraged.delete(key);
    return false;
  }

  /**
   * Discourages `host` for a day. Never this machine itself, whose nodes all have one address: there
   * the connection's end is enough.
   */
  discourage(host: string): void {
    const key = canonical(host);
    if (key === undefined || scopeOf(key) === "loopback") return;
    this.#discouraged.set(key, this.#clock.monotonic() + DISCOURAGEMENT_MS);
  }

  /** Bans `host` until `until`, in milliseconds since 1970; a ban that was there is replaced. */
  ban(host: string, until: number, reason: string): BanOutcome {
    const key = canonical(host);
    if (key === undefined) return "not-an-address";
    this.#dropExpired();
    if (!this.#bans.has(key) && this.#bans.size >= MAX_BANS) return "full";
    const ban = { host: key, until, reason: reason.slice(0, MAX_BAN_REASON_LENGTH) };
    this.#store.putBan(ban);
    this.#bans.set(key, ban);
    return "banned";
  }

  /** Forgives `host`, banned or discouraged; false if it was neither. */
  lift(host: string): boolean {
    const key = canonical(host) ?? host;
    const wasDiscouraged = this.isDiscouraged(key) && this.#discouraged.delete(key);
    const wasBanned = this.isBanned(key);
    if (this.#bans.delete(key)) this.#store.deleteBans([key]);
    return wasDiscouraged || wasBanned;
  }

  /** The bans in force, those that end first at the front. */
  list(): readonly Ban[] {
    this.#dropExpired();
    return [...this.#bans.values()].sort((a, b) => a.until - b.until);
  }

  /** At most `limit` hosts that are discouraged, the latest first, with the milliseconds left. */
  listDiscouraged(limit: number): readonly { readonly host: string; readonly leftMs: number }[] {
    const now = this.#clock.monotonic();
    return [...this.#discouraged.entries()]
      .map(([host, until]) => ({ host, leftMs: until - now }))
      .filter(({ leftMs }) => leftMs > 0)
      .reverse()
      .slice(0, limit);
  }

  #dropExpired(): void {
    const now = this.#clock.now();
    const expired = [...this.#bans.values()].filter(({ until }) => until <= now);
    if (expired.length === 0) return;
    for (const { host } of expired) this.#bans.delete(host);
    this.#store.deleteBans(expired.map(({ host }) => host));
  }
}

/** The one spelling of a numeric address. */
function canonical(host: string): string | undefined {
  const bytes = parseIp(host);
  return bytes === undefined ? undefined : formatIp(bytes);
}
