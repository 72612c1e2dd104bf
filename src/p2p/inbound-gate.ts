/**
 * Which connections are let in at all, before a word is said: by host, by neighbourhood, by rate.
 *
 * Only counts. Who has to go when all places are taken is decided in eviction.ts; this machine
 * itself is exempt from limits by host, since all nodes on it are one host.
 */

import type { Clock } from "../lib/clock.ts";
import { RateLimiter } from "../lib/rate-limiter.ts";
import { scopeOf } from "./address-group.ts";
import type { BanList } from "./ban-list.ts";

/** Peers that may have dialled us, unless the operator says otherwise (Bitcoin Core's 125). */
export const MAX_INBOUND_PEERS = 125;

/** Connections on which the handshake is not done. */
export const MAX_PENDING_HANDSHAKES = 32;

/** Connections from one host, and from one /24 of IPv4 or /64 of IPv6. */
export const MAX_PER_HOST = 8;
export const MAX_PER_NEIGHBORHOOD = 32;

/** Connections taken from one host in a second. */
const ACCEPT_RATE = { perSecond: 5, burst: 10 };

/** Why a connection is not let in. */
export type Refusal =
  | "banned"
  | "discouraged"
  | "too-many-pending"
  | "too-many-of-host"
  | "too-fast";

export class InboundGate {
  readonly #bans: BanList;
  readonly #limiter: RateLimiter;
  readonly #hosts = new Map<string, number>();
  readonly #neighborhoods = new Map<string, number>();
  #pending = 0;

  constructor({ clock, bans }: { clock: Clock; bans: BanList }) {
    this.#bans = bans;
    this.#limiter = new RateLimiter({ now: () => clock.monotonic() });
  }

  /** Connections let in of which the handshake is not done. */
  get pending(): number {
    return this.#pending;
  }

  /** Returns why `host` is not let in, or undefined; `isFull` if somebody would have to go for it. */
  refusal(host: string, isFull: boolean): Refusal | undefined {
    if (this.#bans.isBanned(host)) return "banned";
    if (isFull && this.#bans.isDiscouraged(host)) return "discouraged";
    if (this.#pending >= MAX_PENDING_HANDSHAKES) return "too-many-pending";
    if (scopeOf(host) === "loopback") return undefined;
    if (countOf(this.#hosts, host) >= MAX_PER_HOST) return "too-many-of-host";
    if (countOf(this.#neighborhoods, neighborhoodOf(host)) >= MAX_PER_NEIGHBORHOOD) {
      return "too-many-of-host";
    }
    return this.#limiter.take(host, ACCEPT_RATE) > 0 ? "too-fast" : undefined;
  }

  /** A connection from `host` was let in. */
  entered(host: string): void {
    this.#pending += 1;
    add(this.#hosts, host, 1);
    add(this.#neighborhoods, neighborhoodOf(host), 1);
  }

  /** One of those has shaken hands. */
  settled(): void {
    this.#pending -= 1;
  }

  /** A connection that was let in is gone; `wasPending` if it never shook hands. */
  left(host: string, wasPending: boolean): void {
    if (wasPending) this.#pending -= 1;
    add(this.#hosts, host, -1);
    add(this.#neighborhoods, neighborhoodOf(host), -1);
  }
}

function neighborhoodOf(host: string): string {
  if (host.includes(":")) return host.split(":").slice(0, 4).join(":");
  return host.split(".").slice(0, 3).join(".");
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
