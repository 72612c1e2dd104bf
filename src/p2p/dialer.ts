/**
 * Whom to dial next, and when: those named by the operator always, all of a small network, and of a
 * large one a few that nobody else can choose for us.
 *
 * Dials and waits; what a connection turns out to be is told by the peer manager.
 */

import type { Clock } from "../lib/clock.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import { groupOf } from "./address-group.ts";
import type { AddressManager } from "./address-manager.ts";
import { Backoff } from "./backoff.ts";
import type { BanList } from "./ban-list.ts";
import type { PeerKind } from "./peer.ts";
import type { Random } from "./transport.ts";

/** Below this number of known nodes everybody connects to everybody (protocol.md). */
export const FULL_MESH_NODES = 50;

/** Peers of our own choice in a larger network (Bitcoin Core's figures). */
export const OUTBOUND_PEERS = 8;
export const BLOCK_RELAY_PEERS = 2;

/** Milliseconds between two looks at what is missing, and between two feelers. */
const TICK_MS = 500;
const FEELER_INTERVAL_MS = 120_000;

/** Dials at one time, and milliseconds between two of one group, unless it is nearby. */
const MAX_PARALLEL_DIALS = 8;
const GROUP_INTERVAL_MS = 1_000;

/** Addresses whose failures are remembered; beyond, the oldest is forgotten. */
const MAX_BACKOFFS = 1_024;

/** What the dialer asks of the peer manager. */
export interface DialerPort {
  /** Addresses that are connected or being dialled, as formatNetAddress writes them. */
  isConnected(address: NetAddress): boolean;
  /** Peers of `kind` that are there or on their way. */
  count(kind: PeerKind): number;
  /** Groups of the outbound peers there are. */
  outboundGroups(): ReadonlySet<string>;
  /** Dials; resolves once there is a connection or none. */
  dial(address: NetAddress, kind: PeerKind): Promise<boolean>;
}

interface Attempt {
  readonly backoff: Backoff;
  notBefore: number;
}

export class Dialer {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #addresses: AddressManager;
  readonly #bans: BanList;
  readonly #port: DialerPort;
  readonly #attempts = new Map<string, Attempt>();
  readonly #lastByGroup = new Map<string, number>();
  /** Heard of just now, on the local network: dialled before others. */
  readonly #heard = new Map<string, NetAddress>();
  #anchors: NetAddress[] = [];
  #dialling = 0;
  #nextFeelerAt = Number.POSITIVE_INFINITY;
  #cancelTick: (() => void) | undefined;

  constructor({
    clock,
    random,
    addresses,
    bans,
    port,
  }: {
    clock: Clock;
    random: Random;
    addresses: AddressManager;
    bans: BanList;
    port: DialerPort;
  }) {
    this.#clock = clock;
    this.#random = random;
    this.#addresses = addresses;
    this.#bans = bans;
    this.#port = port;
  }

  /** Begins to dial. */
  start(): void {
    this.#anchors = [...this.#addresses.takeAnchors()];
    this.#nextFeelerAt = this.#clock.monotonic() + FEELER_INTERVAL_MS;
    this.#tick();
  }

  /** Dials nobody any more. */
  stop(): void {
    this.#cancelTick?.();
    this.#nextFeelerAt = Number.POSITIVE_INFINITY;
  }

  /** A node of our network was heard at `address`, nearby. */
  heard(address: NetAddress): void {
    if (this.#heard.size < MAX_BACKOFFS) this.#heard.set(formatNetAddress(address), address);
  }

  /** Looks at once at what there is to dial, whatever failed before. */
  wake(): void {
    this.#attempts.clear();
    this.#lastByGroup.clear();
    this.#schedule(0);
  }

  /** A connection that we dialled is up. */
  connected(address: NetAddress): void {
    this.#attemptOf(address).backoff.connected(this.#clock.monotonic());
  }

  /** A connection that we dialled has ended, or there was none. */
  ended(address: NetAddress): void {
    const now = this.#clock.monotonic();
    const attempt = this.#attemptOf(address);
    attempt.notBefore = now + attempt.backoff.failed(now);
  }

  #schedule(milliseconds: number): void {
    this.#cancelTick?.();
    this.#cancelTick = this.#clock.after(milliseconds, () => this.#tick());
  }

  #tick(): void {
    for (
      let next = this.#choose();
      next !== undefined && this.#dialling < MAX_PARALLEL_DIALS;
      next = this.#choose()
    ) {
      this.#dial(next.address, next.kind);
    }
    this.#schedule(TICK_MS);
  }

  #dial(address: NetAddress, kind: PeerKind): void {
    this.#dialling += 1;
    this.#noteGroup(groupOf(address.host));
    this.#heard.delete(formatNetAddress(address));
    this.#addresses.attempt(address);
    void this.#port.dial(address, kind).then((isConnected) => {
      this.#dialling -= 1;
      if (!isConnected) this.ended(address);
    });
  }

  #noteGroup(group: string): void {
    const now = this.#clock.monotonic();
    for (const [other, at] of this.#lastByGroup) {
      if (now - at >= GROUP_INTERVAL_MS) this.#lastByGroup.delete(other);
    }
    this.#lastByGroup.set(group, now);
  }

  /** The next address to dial now, the most wanted kind first. */
  #choose(): { address: NetAddress; kind: PeerKind } | undefined {
    if (this.#dialling >= MAX_PARALLEL_DIALS) return undefined;
    const manual = this.#firstDialable(this.#addresses.manual());
    if (manual !== undefined) return { address: manual, kind: "manual" };

    const heard = this.#firstDialable([...this.#heard.values()]);
    if (heard !== undefined && this.#wantsMore("outbound")) {
      return { address: heard, kind: "outbound" };
    }
    if (this.#isSmall()) {
      const member = this.#firstDialable(this.#addresses.all());
      return member === undefined ? undefined : { address: member, kind: "outbound" };
    }
    return this.#chooseOfMany();
  }

  #chooseOfMany(): { address: NetAddress; kind: PeerKind } | undefined {
    if (this.#wantsMore("block-relay")) {
      const anchor = this.#firstDialable(this.#anchors.splice(0, 1));
      if (anchor !== undefined) return { address: anchor, kind: "block-relay" };
    }
    for (const kind of ["outbound", "block-relay"] as const) {
      const address = this.#wantsMore(kind) ? this.#drawOfNewGroup() : undefined;
      if (address !== undefined) return { address, kind };
    }
    return this.#chooseFeeler();
  }

  #chooseFeeler(): { address: NetAddress; kind: PeerKind } | undefined {
    if (this.#clock.monotonic() < this.#nextFeelerAt) return undefined;
    this.#nextFeelerAt = this.#clock.monotonic() + FEELER_INTERVAL_MS;
    const address = this.#addresses.selectTest() ?? this.#addresses.select(true);
    if (address === undefined || !this.#isDialable(address)) return undefined;
    return { address, kind: "feeler" };
  }

  /** One operator's addresses get one of our places, however many there are (P-31). */
  #drawOfNewGroup(): NetAddress | undefined {
    const groups = this.#port.outboundGroups();
    for (let draw = 0; draw < 20; draw++) {
      const address = this.#addresses.select();
      if (address === undefined) return undefined;
      const group = groupOf(address.host);
      if (this.#isDialable(address) && (isNear(group) || !groups.has(group))) return address;
    }
    return undefined;
  }

  #wantsMore(kind: "outbound" | "block-relay"): boolean {
    if (this.#isSmall()) return true;
    const most = kind === "outbound" ? OUTBOUND_PEERS : BLOCK_RELAY_PEERS;
    return this.#port.count(kind) < most;
  }

  #isSmall(): boolean {
    return this.#addresses.size < FULL_MESH_NODES;
  }

  #firstDialable(addresses: readonly NetAddress[]): NetAddress | undefined {
    if (addresses.length === 0) return undefined;
    // From a random place on, so that nobody is always the last.
    const start = this.#random.below(addresses.length);
    for (let step = 0; step < addresses.length; step++) {
      const address = addresses[(start + step) % addresses.length] as NetAddress;
      if (this.#isDialable(address)) return address;
    }
    return undefined;
  }

  #isDialable(address: NetAddress): boolean {
    const now = this.#clock.monotonic();
    const group = groupOf(address.host);
    const lastOfGroup = this.#lastByGroup.get(group) ?? Number.NEGATIVE_INFINITY;
    return (
      now >= (this.#attempts.get(formatNetAddress(address))?.notBefore ?? 0) &&
      (isNear(group) || now - lastOfGroup >= GROUP_INTERVAL_MS) &&
      !this.#port.isConnected(address) &&
      !this.#addresses.isOwn(address) &&
      !this.#bans.isBanned(address.host) &&
      !this.#bans.isDiscouraged(address.host)
    );
  }

  #attemptOf(address: NetAddress): Attempt {
    const key = formatNetAddress(address);
    const known = this.#attempts.get(key);
    if (known !== undefined) return known;
    const attempt = { backoff: new Backoff(this.#random), notBefore: 0 };
    this.#attempts.set(key, attempt);
    for (const oldest of this.#attempts.keys()) {
      if (this.#attempts.size <= MAX_BACKOFFS) break;
      this.#attempts.delete(oldest);
    }
    return attempt;
  }
}

function isNear(group: string): boolean {
  return group === "private" || group === "loopback";
}
