/**
 * Which connections are let in at all, before a word is said: by host, by neighbourhood, by rate.
 *
 * Only counts. Who has to go when all places are taken is decided in peer-manager.ts. This machine
 * itself is exempt from limits by host, since all nodes on it are one host.
 */

import type { Clock } from "../lib/clock.ts";
import { RateLimiter } from "../lib/rate-limiter.ts";
import { isIpv4, parseIp } from "../wire/ip-address.ts";
import { scopeOf } from "./address-group.ts";
import type { BanList } from "./ban-list.ts";

/** Connections from one host. */
export const MAX_PER_HOST = 8;

/**
 * Connections from one /24 of IPv4 or /64 of IPv6 out in the world. Private networks are exempt: a
 * whole school is one of them, and its nodes all connect to each other (FULL_MESH_NODES).
 */
export const MAX_PER_NEIGHBORHOOD = 32;

/** Connections taken from one host in a second. */
export const ACCEPT_RATE = { perSecond: 5, burst: 10 };

/** Why a connection is not let in. */
export type Refusal =
  | "not-an-address"
  | "banned"
  | "discouraged"
  | "too-many-of-host"
  | "too-many-of-neighborhood"
  | "too-fast";

export class InboundGate {
  readonly #bans: BanList;
  readonly #limiter: RateLimiter;
  readonly #hosts = new Map<string, number>();
  readonly #neighborhoods = new Map<string, number>();

  constructor({ clock, bans }: { clock: Pick<Clock, "monotonic">; bans: BanList }) {
    this.#bans = bans;
    this.#limiter = new RateLimiter({ now: () => clock.monotonic() });
  }

  /** Connections that were let in and have not left, as far as they are counted. */
  get size(): number {
    let size = 0;
    for (const count of this.#hosts.values()) size += count;
    return size;
  }

  /** Hosts and neighbourhoods remembered: none once all have left. */
  get entryCount(): number {
    return this.#hosts.size + this.#neighborhoods.size;
  }

  /**
   * Lets a connection from `host` in and returns undefined, or returns why not; `isFull` if somebody
   * would have to go for it. Whoever was let in has to leave.
   */
  enter(host: string, isFull: boolean): Refusal | undefined {
    const refusal = this.#refusal(host, isFull);
    if (refusal === undefined) this.#count(host, 1);
    return refusal;
  }

  /** A connection that was let in is gone. */
  leave(host: string): void {
    this.#count(host, -1);
  }

  #refusal(host: string, isFull: boolean): Refusal | undefined {
    if (parseIp(host) === undefined) return "not-an-address";
    if (this.#bans.isBanned(host)) return "banned";
    if (isFull && this.#bans.isDiscouraged(host)) return "discouraged";
    if (isExempt(host)) return undefined;
    if (countOf(this.#hosts, host) >= MAX_PER_HOST) return "too-many-of-host";
    const neighborhood = neighborhoodOf(host);
    const neighbors = neighborhood === undefined ? 0 : countOf(this.#neighborhoods, neighborhood);
    if (neighbors >= MAX_PER_NEIGHBORHOOD) return "too-many-of-neighborhood";
    return this.#limiter.take(host, ACCEPT_RATE) > 0 ? "too-fast" : undefined;
  }

  #count(host: string, change: number): void {
    if (isExempt(host)) return;
    add(this.#hosts, host, change);
    const neighborhood = neighborhoodOf(host);
    if (neighborhood !== undefined) add(this.#neighborhoods, neighborhood, change);
  }
}

function isExempt(host: string): boolean {
  return scopeOf(host) === "loopback";
}

/** The first bytes of a public address, which one customer of a provider may have all of. */
function neighborhoodOf(host: string): string | undefined {
  const bytes = parseIp(host);
  if (bytes === undefined || scopeOf(host) === "private") return undefined;
  return bytes.subarray(0, isIpv4(bytes) ? 15 : 8).join(".");
}

function countOf(counts: ReadonlyMap<string, number>, key: string): number {
  return counts.get(key) ?? 0;
}

/** Changes a count; nothing is kept of what is not there. */
function add(counts: Map<string, number>, key: string, change: number): void {
  const count = countOf(counts, key) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
