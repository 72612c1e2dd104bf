/**
 * How blocks and transactions came here: links passed, and time since they were made (`hops`).
 *
 * For display alone: no decision may depend on it, since nobody can check it. What a peer says waits
 * with the peer until the thing itself has been accepted; only then is it worth remembering.
 */

import { BoundedMap } from "../lib/bounded.ts";
import type { Clock } from "../lib/clock.ts";
import type { BlockHash, Txid } from "../primitives/hash-id.ts";
import { type HopsEntry, MAX_HOPS, MAX_HOPS_ENTRIES } from "../wire/cairn-messages.ts";
import type { Command, Message } from "../wire/message.ts";
import type { Conversation } from "./conversation.ts";
import type { Peer } from "./peer.ts";

/** Things remembered: some 4 MB, and the last seconds of a network as busy as it can be. */
export const MAX_PROPAGATION_RECORDS = 20_000;

/** Things of which one peer may have told us before we had them: one batch of announcements. */
export const MAX_HINTS_PER_PEER = 1_000;

/** How one block or transaction came here. */
export interface PropagationRecord {
  /** Links passed; 0 if it began here, MAX_HOPS for that many or more. */
  readonly hopCount: number;
  /** When it began, and when it was here, by the clock that never goes back. */
  readonly originAt: number;
  readonly arrivedAt: number;
}

type Hash = BlockHash | Txid;

export class Propagation implements Conversation {
  readonly commands: readonly Command[] = ["hops"];
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #records = new BoundedMap<Hash, PropagationRecord>(MAX_PROPAGATION_RECORDS);
  readonly #hints = new Map<Peer, BoundedMap<Hash, PropagationRecord>>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** `hash` begins here: mined by this node, or given to its API. */
  noteOrigin(hash: Hash): void {
    const now = this.#clock.monotonic();
    this.#remember(hash, { hopCount: 0, originAt: now, arrivedAt: now });
  }

  /** `hash` was accepted, after that many links and milliseconds. What is known stays. */
  noteReceived(hash: Hash, hopCount: number, elapsedMs: number): void {
    const now = this.#clock.monotonic();
    const record = { hopCount: Math.min(hopCount, MAX_HOPS), originAt: now - elapsedMs };
    this.#remember(hash, { ...record, arrivedAt: now });
  }

  /** `hash` was accepted from `peer`: as far as the peer has said how it came, that is known now. */
  noteAccepted(hash: Hash, peer: Peer): void {
    const hint = this.#hints.get(peer)?.get(hash);
    if (hint === undefined) return;
    this.#hints.get(peer)?.delete(hash);
    this.#remember(hash, { ...hint, arrivedAt: this.#clock.monotonic() });
  }

  /** How `hash` came here, if anybody has said. */
  find(hash: Hash): PropagationRecord | undefined {
    return this.#records.get(hash);
  }

  /**
   * Tells `peer`, if it has the Cairn extension, what is known of `hashes`. To be called just before
   * they are announced, so that the peer knows when it accepts them.
   */
  announce(peer: Peer, hashes: Iterable<Hash>): void {
    if (peer.profile.cairn === undefined || peer.isCongested) return;
    const entries: HopsEntry[] = [];
    for (const hash of hashes) {
      const record = this.#records.get(hash);
      if (record === undefined) continue;
      const elapsedMs = Math.round(this.#clock.monotonic() - record.originAt);
      entries.push({ hash, hopCount: Math.min(record.hopCount + 1, MAX_HOPS), elapsedMs });
    }
    for (let from = 0; from < entries.length; from += MAX_HOPS_ENTRIES) {
      peer.send({ command: "hops", entries: entries.slice(from, from + MAX_HOPS_ENTRIES) });
    }
  }

  peerReady(): void {}

  peerClosed(peer: Peer): void {
    this.#hints.delete(peer);
  }

  receive(peer: Peer, message: Message): void {
    if (message.command !== "hops" || peer.profile.cairn === undefined) return;
    const hints = this.#hints.get(peer) ?? new BoundedMap(MAX_HINTS_PER_PEER);
    this.#hints.set(peer, hints);
    const now = this.#clock.monotonic();
    // Half of a round trip is what the link itself took.
    const linkMs = (peer.statistics.minPingMs ?? 0) / 2;
    for (const { hash, hopCount, elapsedMs } of message.entries) {
      if (this.#records.has(hash) || hints.has(hash)) continue;
      hints.set(hash, { hopCount, originAt: now - elapsedMs - linkMs, arrivedAt: now });
    }
  }

  stop(): void {}

  #remember(hash: Hash, record: PropagationRecord): void {
    if (!this.#records.has(hash)) this.#records.set(hash, record);
  }
}
