/**
 * The conversation about addresses: asks for them, answers once, passes on what is new, and says
 * where this node is.
 *
 * What is worth keeping, and how much of it one host may tell, is decided by the address book
 * (address-manager.ts); whom to dial, by the peer manager.
 */

import { BoundedSet } from "../lib/bounded.ts";
import type { AddressEntry } from "../wire/address-messages.ts";
import type { Command, Message } from "../wire/message.ts";
import { formatNetAddress, type NetAddress } from "../wire/net-address.ts";
import { isTellable } from "./address-filter.ts";
import type { Conversation, ConversationContext } from "./conversation.ts";
import { OUR_SERVICES } from "./handshake.ts";
import type { Peer } from "./peer.ts";

/** A longer message is an answer to `getaddr`, which is not passed on (Bitcoin Core's number). */
export const MAX_RELAYED_ENTRIES = 10;

/** Peers to whom a new address is passed on (Bitcoin Core's number). */
export const RELAY_PEERS = 2;

/** Seconds since an address was seen, after which it is no news. */
export const MAX_NEWS_AGE_SECONDS = 600;

/** Addresses that wait to be told to one peer; more are left out. */
export const MAX_PENDING = 100;

/** Addresses remembered that a peer has told or was told. */
export const MAX_KNOWN_ADDRESSES = 2_000;

/** Milliseconds until what waits is told, drawn anew each time. */
export const ADDRESS_FLUSH_MS = { least: 1_000, most: 5_000 } as const;

/** Milliseconds after which peers are told again where this node is: a day. */
export const SELF_ANNOUNCEMENT_MS = 24 * 60 * 60 * 1000;

/** The address book, as it is needed here. */
export interface AddressBook {
  has(address: NetAddress): boolean;
  /** Takes what the host `source` tells, as far as it is worth it and within the host's rate. */
  add(heard: readonly AddressEntry[], source: string): number;
  /** What to tell the host `asker`. */
  reply(asker: string): readonly AddressEntry[];
}

/** What the conversation needs beside the context. */
export interface AddressGossipParts {
  readonly book: AddressBook;
  /** The addresses at which this node accepts peers; none if it does not. */
  readonly listening: () => readonly NetAddress[];
}

interface Neighbor {
  /** Texts of addresses that it has told or was told. */
  readonly known: BoundedSet<string>;
  readonly pending: Map<string, AddressEntry>;
  wasAnswered: boolean;
}

export class AddressGossip implements Conversation {
  readonly commands: readonly Command[] = ["getaddr", "addr", "addrv2"];
  readonly #context: ConversationContext;
  readonly #parts: AddressGossipParts;
  readonly #neighbors = new Map<Peer, Neighbor>();
  #cancelFlush: (() => void) | undefined;
  #cancelAnnouncement: (() => void) | undefined;

  constructor(context: ConversationContext, parts: AddressGossipParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Everything kept for peers: 0 when none is left. */
  get size(): number {
    let size = this.#neighbors.size;
    for (const { pending } of this.#neighbors.values()) size += pending.size;
    return size;
  }

  peerReady(peer: Peer): void {
    // The others are for one purpose each; what they know of us must not get about.
    if (peer.kind === "block-relay" || peer.kind === "feeler") return;
    this.#neighbors.set(peer, {
      known: new BoundedSet(MAX_KNOWN_ADDRESSES),
      pending: new Map(),
      wasAnswered: false,
    });
    if (peer.isInbound) return;
    this.#announceSelf(peer);
    peer.send({ command: "getaddr" });
    this.#scheduleAnnouncement();
  }

  peerClosed(peer: Peer): void {
    this.#neighbors.delete(peer);
    if (this.#neighbors.size > 0) return;
    this.#cancelAnnouncement?.();
    this.#cancelAnnouncement = undefined;
  }

  receive(peer: Peer, message: Message): void {
    const neighbor = this.#neighbors.get(peer);
    if (neighbor === undefined) return;
    switch (message.command) {
      case "getaddr":
        this.#answer(peer, neighbor);
        return;
      case "addr":
      case "addrv2":
        this.#take(peer, neighbor, message.entries);
        return;
      default:
    }
  }

  stop(): void {
    this.#cancelFlush?.();
    this.#cancelAnnouncement?.();
  }

  /** Once a connection, and none that we made: what one is told could show it elsewhere (P-41). */
  #answer(peer: Peer, neighbor: Neighbor): void {
    if (!peer.isInbound || neighbor.wasAnswered) return;
    neighbor.wasAnswered = true;
    const entries = this.#parts.book.reply(peer.remote.host);
    for (const { address } of entries) neighbor.known.add(formatNetAddress(address));
    if (entries.length > 0) send(peer, entries);
  }

  #take(peer: Peer, neighbor: Neighbor, entries: readonly AddressEntry[]): void {
    const { book } = this.#parts;
    const fresh = entries.filter(({ address }) => !book.has(address));
    for (const { address } of entries) neighbor.known.add(formatNetAddress(address));
    book.add(entries, peer.remote.host);
    if (entries.length > MAX_RELAYED_ENTRIES) return;
    const oldest = Math.floor(this.#context.clock.now() / 1000) - MAX_NEWS_AGE_SECONDS;
    for (const entry of fresh) {
      // What the book would not have is nobody else's business either.
      if (entry.time >= oldest && book.has(entry.address)) this.#passOn(entry);
    }
  }

  /** Tells two peers, whom chance draws, of those who have not heard of it. */
  #passOn(entry: AddressEntry): void {
    const key = formatNetAddress(entry.address);
    const candidates = [...this.#neighbors].filter(
      ([peer, { known, pending }]) =>
        pending.size < MAX_PENDING &&
        !known.has(key) &&
        !pending.has(key) &&
        isTellable(entry.address.host, peer.remote.host),
    );
    for (let count = 0; count < RELAY_PEERS && candidates.length > 0; count++) {
      const [drawn] = candidates.splice(this.#context.random.below(candidates.length), 1);
      drawn?.[1].pending.set(key, entry);
    }
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    const { clock, random } = this.#context;
    const { least, most } = ADDRESS_FLUSH_MS;
    this.#cancelFlush ??= clock.after(least + random.below(most - least + 1), () => {
      this.#cancelFlush = undefined;
      for (const [peer, { known, pending }] of this.#neighbors) {
        const entries = [...pending].filter(([key]) => !known.has(key));
        pending.clear();
        if (entries.length === 0 || peer.isCongested) continue;
        for (const [key] of entries) known.add(key);
        send(
          peer,
          entries.map(([, entry]) => entry),
        );
      }
    });
  }

  #scheduleAnnouncement(): void {
    this.#cancelAnnouncement ??= this.#context.clock.after(SELF_ANNOUNCEMENT_MS, () => {
      this.#cancelAnnouncement = undefined;
      for (const peer of this.#neighbors.keys()) if (!peer.isInbound) this.#announceSelf(peer);
      this.#scheduleAnnouncement();
    });
  }

  /**
   * Says where we are, if the peer sees us at an address at which we listen: in a LAN that is the
   * private one that it can reach; behind a translator of addresses it is none of ours.
   */
  #announceSelf(peer: Peer): void {
    const { host } = peer.profile.ourAddress;
    const address = this.#parts.listening().find((listening) => listening.host === host);
    if (address === undefined || !isTellable(host, peer.remote.host)) return;
    const time = Math.floor(this.#context.clock.now() / 1000);
    send(peer, [{ time, services: OUR_SERVICES, address }]);
  }
}

function send(peer: Peer, entries: readonly AddressEntry[]): void {
  peer.send({ command: peer.profile.wantsAddrv2 ? "addrv2" : "addr", entries });
}
