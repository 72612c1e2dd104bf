/**
 * Our dials, and the addresses at which peers are known to accept: so that nobody is dialled twice.
 *
 * Remembers a dial from the first packet to the end of its connection, and what is known of a peer
 * for as long as it is there.
 */

import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import { groupOf } from "./address-group.ts";
import type { DisconnectReason, Peer, PeerKind } from "./peer.ts";

/** What became of a dial. */
export type DialOutcome =
  /** The hand is shaken. */
  | { readonly status: "connected"; readonly peer: Peer }
  /** There is no connection: the system's word for why. */
  | { readonly status: "unreachable"; readonly code: string }
  /** There was a connection, and it ended before the hand was shaken. */
  | { readonly status: "refused"; readonly reason: DisconnectReason };

/** One dial. */
export interface Dial {
  readonly address: NetAddress;
  readonly kind: Exclude<PeerKind, "inbound">;
  readonly outcome: Promise<DialOutcome>;
  /** Settles `outcome`; what is said later counts no more. */
  readonly settle: (outcome: DialOutcome) => void;
}

/** Addresses remembered of one peer, beside the one that was dialled. */
const MAX_ALIASES = 8;

export class DialBook {
  readonly #dials = new Map<string, Dial>();
  readonly #dialOf = new Map<Peer, Dial>();
  readonly #aliases = new Map<string, { readonly address: NetAddress; readonly peer: Peer }>();

  /** Everything remembered: nothing once all connections have ended. */
  get size(): number {
    return this.#dials.size + this.#dialOf.size + this.#aliases.size;
  }

  /** Dials that have not led to a connection yet. */
  get knockingCount(): number {
    return this.#dials.size - this.#dialOf.size;
  }

  /** A dial begins; there must be none of this address. */
  begin(address: NetAddress, kind: Dial["kind"]): Dial {
    const { promise, resolve } = Promise.withResolvers<DialOutcome>();
    const dial: Dial = { address, kind, outcome: promise, settle: resolve };
    this.#dials.set(formatNetAddress(address), dial);
    return dial;
  }

  /** `dial` led to `peer`. */
  connected(dial: Dial, peer: Peer): void {
    this.#dialOf.set(peer, dial);
  }

  /** `dial` led to nobody. */
  failed(dial: Dial): void {
    this.#dials.delete(formatNetAddress(dial.address));
  }

  /** `peer` is gone. */
  closed(peer: Peer): void {
    const dial = this.#dialOf.get(peer);
    if (dial !== undefined) this.#dials.delete(formatNetAddress(dial.address));
    this.#dialOf.delete(peer);
    for (const address of this.aliasesOf(peer)) this.#aliases.delete(formatNetAddress(address));
  }

  /** The dial that led to `peer`; undefined if it dialled us. */
  dialOf(peer: Peer): Dial | undefined {
    return this.#dialOf.get(peer);
  }

  /** The dial of `address` that is under way, or has led to a connection that is there. */
  find(address: NetAddress): Dial | undefined {
    return this.#dials.get(formatNetAddress(address));
  }

  /** The peer that is known to accept at `address` though that is not how we got to it. */
  findAlias(address: NetAddress): Peer | undefined {
    return this.#aliases.get(formatNetAddress(address))?.peer;
  }

  /** The addresses at which `peer` is known to accept though that is not how we got to it. */
  aliasesOf(peer: Peer): readonly NetAddress[] {
    return [...this.#aliases.values()]
      .filter(({ peer: other }) => other === peer)
      .map(({ address }) => address);
  }

  /** `kept` and `dropped` are one node: what leads to the one leads to the other. */
  merge(kept: Peer, dropped: Peer): void {
    const dial = this.#dialOf.get(dropped);
    const addresses = [...this.aliasesOf(dropped), ...(dial === undefined ? [] : [dial.address])];
    const room = Math.max(0, MAX_ALIASES - this.aliasesOf(kept).length);
    for (const address of addresses.slice(0, room)) {
      this.#aliases.set(formatNetAddress(address), { address, peer: kept });
    }
  }

  /** Somebody says that `peer` accepts at `address`, which is its own host: not proven. */
  learn(peer: Peer, address: NetAddress): void {
    if (this.aliasesOf(peer).length >= MAX_ALIASES) return;
    const key = formatNetAddress(address);
    if (!this.#dials.has(key)) this.#aliases.set(key, { address, peer });
  }

  /** Dials of `kind` that are under way or connected. */
  count(kind: Dial["kind"]): number {
    let count = 0;
    for (const dial of this.#dials.values()) if (dial.kind === kind) count += 1;
    return count;
  }

  /** Groups of those that we chose ourselves and that are to stay. */
  groups(): ReadonlySet<string> {
    const groups = new Set<string>();
    for (const { kind, address } of this.#dials.values()) {
      if (kind === "outbound" || kind === "block-relay") groups.add(groupOf(address.host));
    }
    return groups;
  }
}
