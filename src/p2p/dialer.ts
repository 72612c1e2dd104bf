/**
 * Whom to dial next, and when: those named by the operator always, all of a small network, and of a
 * large one a few that nobody else can choose for us.
 *
 * Only chooses and waits. What becomes of a dial, and who is connected, is known to the peer
 * manager.
 */

import { BoundedMap } from "../lib/bounded.ts";
import type { Clock } from "../lib/clock.ts";
import { type Rate, TokenBucket } from "../lib/token-bucket.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import { groupOf, isNear } from "./address-group.ts";
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
export const TICK_MS = 500;
export const FEELER_INTERVAL_MS = 120_000;

/** Dials at one time, until the hand is shaken or not, and how many of them the operator's. */
export const MAX_PARALLEL_DIALS = 8;
export const MAX_MANUAL_DIALS = 6;

/** Milliseconds between two dials of one group out in the world, and of one address heard of. */
export const GROUP_INTERVAL_MS = 1_000;
export const HEARD_INTERVAL_MS = 10_000;

/**
 * Dials of addresses that no operator has named: enough for a small network at once, and no more
 * than a trickle for a book full of false ones (P-53).
 */
export const DIAL_RATE: Rate = { perSecond: 5, burst: FULL_MESH_NODES };

/** Milliseconds for which a peer sent away by hand is not dialled. */
export const BY_HAND_PAUSE_MS = 300_000;

/** Addresses whose failures are remembered, and addresses just heard of; the oldest go first. */
const MAX_ATTEMPTS = 1_024;
const MAX_HEARD = 1_024;

/** Draws from the book in search of one that will do. */
const MAX_DRAWS = 20;

/** A kind of peer that we choose ourselves. */
type DialKind = Exclude<PeerKind, "inbound">;

/** What the dialer asks of the peer manager. */
export interface DialerPort {
  /** True if a peer is known to accept at `address`, or it is being dialled. */
  isConnected(address: NetAddress): boolean;
  /** Peers of `kind` that are there or on their way. */
  count(kind: DialKind): number;
  /** Groups of our own peers out there, those on their way among them. */
  outboundGroups(): ReadonlySet<string>;
  /** Dials at once; resolves when the hand is shaken, or when it will not be. */
  dial(address: NetAddress, kind: DialKind): Promise<unknown>;
  /** Sends one of more than `most` outbound peers away, if there is such a one. */
  dropSurplus(most: number): void;
}

interface Attempt {
  backoff: Backoff;
  notBefore: number;
  lastAt: number;
  /** Until when it is left alone, because the operator has sent it away. */
  leftAloneUntil: number;
}

interface Choice {
  readonly address: NetAddress;
  readonly kind: DialKind;
}

export class Dialer {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #addresses: AddressManager;
  readonly #bans: BanList;
  readonly #port: DialerPort;
  readonly #bucket: TokenBucket;
  readonly #attempts = new BoundedMap<string, Attempt>(MAX_ATTEMPTS);
  readonly #lastByGroup = new Map<string, number>();
  /** Heard of just now, on the local network: dialled before others. */
  readonly #heard = new BoundedMap<string, NetAddress>(MAX_HEARD);
  #anchors: NetAddress[] = [];
  #dialling = 0;
  #diallingManual = 0;
  #nextFeelerAt = 0;
  #cancelTick: (() => void) | undefined;
  #isRunning = false;

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
    this.#bucket = new TokenBucket(DIAL_RATE, clock.monotonic());
  }

  /** Begins to dial. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#anchors = [...this.#addresses.takeAnchors()];
    this.#nextFeelerAt = this.#clock.monotonic() + FEELER_INTERVAL_MS;
    this.#tick();
  }

  /** Dials nobody any more. */
  stop(): void {
    this.#isRunning = false;
    this.#cancelTick?.();
  }

  /**
   * A node of our network says that it is at `address`, nearby. It is dialled soon, whatever failed
   * before, since it is there now.
   */
  heard(address: NetAddress): void {
    const key = formatNetAddress(address);
    this.#heard.set(key, address);
    const attempt = this.#attempts.get(key);
    if (attempt === undefined) return;
    // Nobody can make us dial another without end by speaking in his name.
    attempt.notBefore = Math.min(attempt.notBefore, attempt.lastAt + HEARD_INTERVAL_MS);
  }

  /** Looks at once at what there is to dial, whatever failed before. */
  wake(): void {
    for (const [, attempt] of this.#attempts.entries()) {
      attempt.backoff = new Backoff(this.#random);
      attempt.notBefore = 0;
    }
    this.#lastByGroup.clear();
    if (this.#isRunning) this.#schedule(0);
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

  /** The operator has sent away whoever is at `address`. */
  leaveAlone(address: NetAddress): void {
    this.#attemptOf(address).leftAloneUntil = this.#clock.monotonic() + BY_HAND_PAUSE_MS;
  }

  #schedule(milliseconds: number): void {
    this.#cancelTick?.();
    this.#cancelTick = this.#clock.after(milliseconds, () => this.#tick());
  }

  #tick(): void {
    for (let choice = this.#choose(); choice !== undefined; choice = this.#choose()) {
      this.#dial(choice);
    }
    if (!this.#isSmall()) this.#port.dropSurplus(OUTBOUND_PEERS);
    if (this.#isRunning) this.#schedule(TICK_MS);
  }

  #dial({ address, kind }: Choice): void {
    const now = this.#clock.monotonic();
    const manual = kind === "manual" ? 1 : 0;
    this.#dialling += 1;
    this.#diallingManual += manual;
    if (manual === 0) this.#bucket.take(1, now);
    this.#noteGroup(groupOf(address.host), now);
    this.#attemptOf(address).lastAt = now;
    this.#addresses.attempt(address);
    void this.#port.dial(address, kind).finally(() => {
      this.#dialling -= 1;
      this.#diallingManual -= manual;
    });
  }

  #noteGroup(group: string, now: number): void {
    for (const [other, at] of this.#lastByGroup) {
      if (now - at >= GROUP_INTERVAL_MS) this.#lastByGroup.delete(other);
    }
    this.#lastByGroup.set(group, now);
  }

  /** The next address to dial now, the most wanted kind first. */
  #choose(): Choice | undefined {
    if (this.#dialling >= MAX_PARALLEL_DIALS) return undefined;
    const manual = this.#chooseManual();
    if (manual !== undefined) return { address: manual, kind: "manual" };
    if (this.#bucket.waitMs(1, this.#clock.monotonic()) > 0) return undefined;

    const heard = this.#wantsMore("outbound") ? this.#takeHeard() : undefined;
    if (heard !== undefined) return { address: heard, kind: "outbound" };
    if (!this.#isSmall()) return this.#chooseOfMany();
    const member = this.#anyOf(this.#addresses.all(), (address) => this.#isDialable(address));
    return member === undefined ? undefined : { address: member, kind: "outbound" };
  }

  /** The dead among them must not keep all others from being dialled. */
  #chooseManual(): NetAddress | undefined {
    if (this.#diallingManual >= MAX_MANUAL_DIALS) return undefined;
    return this.#anyOf(this.#addresses.manual(), (address) => this.#isDue(address));
  }

  /** One that was heard of; those with whom there is nothing to do are forgotten on the way. */
  #takeHeard(): NetAddress | undefined {
    for (const [key, address] of [...this.#heard.entries()]) {
      if (this.#isDialable(address)) {
        this.#heard.delete(key);
        return address;
      }
      if (this.#port.isConnected(address) || !this.#isWelcome(address)) this.#heard.delete(key);
    }
    return undefined;
  }

  #chooseOfMany(): Choice | undefined {
    if (this.#wantsMore("block-relay")) {
      const anchor = this.#anchors.find((address) => this.#isDialable(address));
      this.#anchors = this.#anchors.filter((other) => other !== anchor);
      if (anchor !== undefined) return { address: anchor, kind: "block-relay" };
    }
    for (const kind of ["outbound", "block-relay"] as const) {
      const address = this.#wantsMore(kind) ? this.#drawOfNewGroup() : undefined;
      if (address !== undefined) return { address, kind };
    }
    return this.#chooseFeeler();
  }

  #chooseFeeler(): Choice | undefined {
    const now = this.#clock.monotonic();
    if (now < this.#nextFeelerAt) return undefined;
    this.#nextFeelerAt = now + FEELER_INTERVAL_MS;
    const address = this.#addresses.selectTest() ?? this.#addresses.select(true);
    if (address === undefined || !this.#isDialable(address)) return undefined;
    return { address, kind: "feeler" };
  }

  /** One operator's addresses get one of our places, however many there are (P-31). */
  #drawOfNewGroup(): NetAddress | undefined {
    const groups = this.#port.outboundGroups();
    for (let draw = 0; draw < MAX_DRAWS; draw++) {
      const address = this.#addresses.select();
      if (address === undefined) return undefined;
      const group = groupOf(address.host);
      if (this.#isDialable(address) && (isNear(group) || !groups.has(group))) return address;
    }
    return undefined;
  }

  #wantsMore(kind: "outbound" | "block-relay"): boolean {
    if (this.#isSmall()) return kind === "outbound";
    return this.#port.count(kind) < (kind === "outbound" ? OUTBOUND_PEERS : BLOCK_RELAY_PEERS);
  }

  #isSmall(): boolean {
    return this.#addresses.size < FULL_MESH_NODES;
  }

  /** Any that will do, so that nobody is always the last. */
  #anyOf(
    addresses: readonly NetAddress[],
    willDo: (address: NetAddress) => boolean,
  ): NetAddress | undefined {
    const candidates = addresses.filter(willDo);
    if (candidates.length === 0) return undefined;
    return candidates[this.#random.below(candidates.length)];
  }

  #isDialable(address: NetAddress): boolean {
    if (!this.#isDue(address) || !this.#isWelcome(address)) return false;
    const group = groupOf(address.host);
    if (isNear(group)) return true;
    const lastOfGroup = this.#lastByGroup.get(group) ?? Number.NEGATIVE_INFINITY;
    return this.#clock.monotonic() - lastOfGroup >= GROUP_INTERVAL_MS;
  }

  /** True if it may be dialled by now, as far as it and its operator are concerned. */
  #isDue(address: NetAddress): boolean {
    if (this.#port.isConnected(address)) return false;
    const { notBefore = 0, leftAloneUntil = 0 } =
      this.#attempts.get(formatNetAddress(address)) ?? {};
    return (
      this.#clock.monotonic() >= Math.max(notBefore, leftAloneUntil) &&
      !this.#addresses.isOwn(address) &&
      !this.#bans.isBanned(address.host)
    );
  }

  /** False for those that nobody but the operator may make us dial. */
  #isWelcome(address: NetAddress): boolean {
    const { host } = address;
    return (
      !this.#addresses.isOwn(address) &&
      !this.#bans.isBanned(host) &&
      !this.#bans.isDiscouraged(host)
    );
  }

  #attemptOf(address: NetAddress): Attempt {
    const key = formatNetAddress(address);
    const known = this.#attempts.get(key);
    if (known !== undefined) return known;
    const attempt = {
      backoff: new Backoff(this.#random),
      notBefore: 0,
      lastAt: Number.NEGATIVE_INFINITY,
      leftAloneUntil: 0,
    };
    this.#attempts.set(key, attempt);
    return attempt;
  }
}
