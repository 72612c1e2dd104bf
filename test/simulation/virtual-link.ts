/**
 * What a virtual network is made of below its connections: links, and the trace of what they carry.
 *
 * A link has one direction, so that a cut may have one too.
 */

import type { SeededRandom } from "../support/random.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** How one direction between two hosts behaves. */
export interface LinkSettings {
  /** Least and most time on the way, in milliseconds; drawn anew for each piece. */
  readonly latencyMs: readonly [least: number, most: number];
  /** Shared by everything on the link. */
  readonly bytesPerSecond: number;
  /** Datagrams lost, of a thousand. Streams lose nothing. */
  readonly lossPerThousand: number;
}

/** A local network: fast, and almost without loss. */
export const LAN: LinkSettings = {
  latencyMs: [0.2, 2],
  bytesPerSecond: 100_000_000,
  lossPerThousand: 1,
};

/** A host to itself. */
export const LOOPBACK: LinkSettings = {
  latencyMs: [0.01, 0.01],
  bytesPerSecond: 1_000_000_000,
  lossPerThousand: 0,
};

/**
 * How a link is cut: `silent` swallows everything, and connections hang until they time out;
 * `reset` ends them at once, and refuses new ones.
 */
export type Cut = "silent" | "reset";

/** Something that waits for its link to be healed. */
export interface Held {
  release(heldForMs: number): void;
}

/** One direction between two hosts, which it knows by their numbers. */
export class Link {
  readonly from: number;
  readonly to: number;
  settings: LinkSettings;
  /** Nothing arrives before. */
  stalledUntilMs = 0;
  /** What waits, since when. */
  readonly held = new Map<Held, number>();
  #cut: Cut | undefined;
  /** How many of the two hosts are without power. */
  #hostsDown = 0;
  /** When the last byte accepted so far has left. */
  #freeAtMs = 0;

  constructor(from: number, to: number, settings: LinkSettings) {
    this.from = from;
    this.to = to;
    this.settings = settings;
  }

  /** How it is cut; undefined if it is whole. */
  get cut(): Cut | undefined {
    return this.#hostsDown > 0 ? "silent" : this.#cut;
  }

  /** Returns when `byteLength` bytes sent now arrive, and takes the link for as long. */
  arrivalMs(nowMs: number, byteLength: number, random: SeededRandom): number {
    const { latencyMs, bytesPerSecond } = this.settings;
    const [least, most] = latencyMs;
    const leavesAtMs = Math.max(nowMs, this.#freeAtMs) + (byteLength * 1_000) / bytesPerSecond;
    this.#freeAtMs = leavesAtMs;
    return leavesAtMs + least + ((most - least) * random.u32()) / 0x1_0000_0000;
  }

  hold(what: Held, nowMs: number): void {
    if (!this.held.has(what)) this.held.set(what, nowMs);
  }

  setCut(cut: Cut | undefined, nowMs: number): void {
    this.#cut = cut;
    this.#releaseIfWhole(nowMs);
  }

  /** One of its hosts has lost power, or has it again. */
  setHostDown(isDown: boolean, nowMs: number): void {
    this.#hostsDown += isDown ? 1 : -1;
    this.#releaseIfWhole(nowMs);
  }

  #releaseIfWhole(nowMs: number): void {
    if (this.cut !== undefined) return;
    const waiting = [...this.held];
    this.held.clear();
    for (const [what, sinceMs] of waiting) what.release(nowMs - sinceMs);
  }
}

/** What connections need of their network. */
export interface Wire {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly trace: Trace;
  /** Most bytes of one direction that the system takes before the other side has read them. */
  readonly windowBytes: number;
  /** Most bytes in one piece. */
  readonly pieceBytes: number;
  /** One piece in so many is cut short at a random place; 0 for none. */
  readonly splitOneIn: number;
  /** After this long without an answer, the system gives a connection up. */
  readonly timeoutMs: number;
}

/** What happened, as one number: the same seed gives the same. */
export class Trace {
  readonly #clock: VirtualClock;
  #hash = 0x811c9dc5;
  #deliveries = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Takes in that `bytes`, or an event without any, came from host `from` to host `to`. */
  add(kind: number, from: number, to: number, bytes?: Uint8Array): void {
    this.#deliveries++;
    let hash = bytes === undefined ? this.#hash : Bun.hash.xxHash32(bytes, this.#hash);
    // Microseconds, so that order within a millisecond counts.
    hash = mix(hash, Math.floor(this.#clock.monotonic() * 1_000) % 0x1_0000_0000);
    hash = mix(hash, (kind << 24) ^ (from << 12) ^ to);
    this.#hash = hash;
  }

  /** How many events it holds. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** Hash and count, in hexadecimal. */
  toString(): string {
    return `${this.#hash.toString(16).padStart(8, "0")}-${this.#deliveries.toString(16)}`;
  }
}

function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
