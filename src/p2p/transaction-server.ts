/**
 * Gives peers the transactions that they ask for: as fast as their lines and their budgets take them,
 * and no faster.
 *
 * What has to wait does so in a queue of bounded length, a peer's own. Which transactions a peer may
 * have is decided by those who make this.
 */

import type { Clock } from "../lib/clock.ts";
import { encodeTransaction, type Transaction } from "../primitives/transaction.ts";
import { type InventoryEntry, MAX_INVENTORY_ENTRIES, MSG_TX } from "../wire/inventory-messages.ts";
import type { Peer } from "./peer.ts";

/** Requests of one peer that wait; more are answered by `notfound`. */
export const MAX_WAITING_REQUESTS = MAX_INVENTORY_ENTRIES;

/** Transactions given in one turn of the event loop. */
const TURN_COUNT = 100;

/** Milliseconds until a line that was full is looked at again. */
const CONGESTION_WAIT_MS = 100;

interface Customer {
  readonly waiting: InventoryEntry[];
  cancelTurn: (() => void) | undefined;
}

export class TransactionServer {
  readonly #clock: Clock;
  readonly #find: (peer: Peer, entry: InventoryEntry) => Transaction | undefined;
  readonly #customers = new Map<Peer, Customer>();

  /** `find` returns what `entry` names, if it is here and the peer may have it. */
  constructor(clock: Clock, find: (peer: Peer, entry: InventoryEntry) => Transaction | undefined) {
    this.#clock = clock;
    this.#find = find;
  }

  /** Everything kept for peers. */
  get size(): number {
    let size = this.#customers.size;
    for (const { waiting } of this.#customers.values()) size += waiting.length;
    return size;
  }

  /** `peer` asks for `entries`. */
  request(peer: Peer, entries: readonly InventoryEntry[]): void {
    const customer = this.#customers.get(peer) ?? { waiting: [], cancelTurn: undefined };
    this.#customers.set(peer, customer);
    const room = MAX_WAITING_REQUESTS - customer.waiting.length;
    customer.waiting.push(...entries.slice(0, room));
    const tooMany = entries.slice(room);
    if (tooMany.length > 0) peer.send({ command: "notfound", entries: tooMany });
    if (customer.cancelTurn === undefined) this.#serve(peer, customer);
  }

  removePeer(peer: Peer): void {
    this.#customers.get(peer)?.cancelTurn?.();
    this.#customers.delete(peer);
  }

  stop(): void {
    for (const { cancelTurn } of this.#customers.values()) cancelTurn?.();
  }

  #serve(peer: Peer, customer: Customer): void {
    const { waiting } = customer;
    const missing: InventoryEntry[] = [];
    let count = 0;
    let waitMs = 0;
    while (count < waiting.length && count < TURN_COUNT && peer.isReady) {
      waitMs = peer.isCongested ? CONGESTION_WAIT_MS : peer.budget.waitMs("uploadBytes");
      if (waitMs > 0) break;
      const entry = waiting[count] as InventoryEntry;
      count += 1;
      if (!this.#give(peer, entry)) missing.push(entry);
    }
    waiting.splice(0, count);
    if (missing.length > 0) peer.send({ command: "notfound", entries: missing });

    // The line may have ended meanwhile.
    if (this.#customers.get(peer) !== customer) return;
    if (waiting.length === 0 || !peer.isReady) {
      this.#customers.delete(peer);
      return;
    }
    customer.cancelTurn = this.#clock.after(waitMs, () => {
      customer.cancelTurn = undefined;
      this.#serve(peer, customer);
    });
  }

  #give(peer: Peer, entry: InventoryEntry): boolean {
    const tx = this.#find(peer, entry);
    if (tx === undefined) return false;
    const payload = encodeTransaction(tx, entry.type !== MSG_TX);
    peer.budget.charge("uploadBytes", payload.length);
    peer.sendFrame("tx", payload);
    return true;
  }
}
