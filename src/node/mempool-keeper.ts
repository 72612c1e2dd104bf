/**
 * Keeps the mempool on disk, so that no acknowledged transaction is lost with the process.
 *
 * Changes are gathered and written in one commit: at once when somebody is about to be told
 * "accepted", else within a second. What may be in the mempool is not decided here.
 */

import type { Clock } from "../lib/clock.ts";
import { DecodeError, decodeAll } from "../lib/codec.ts";
import type { Logger } from "../lib/logger.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { Txid } from "../primitives/hash-id.ts";
import { decodeTransaction, type Transaction } from "../primitives/transaction.ts";
import type { MempoolStore } from "../storage/mempool-store.ts";

/** Milliseconds for which changes nobody waits for are gathered. */
const FLUSH_INTERVAL_MS = 1_000;

export class MempoolKeeper {
  readonly #mempool: Mempool;
  readonly #store: MempoolStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #added = new Map<Txid, { tx: Transaction; acceptedAt: number }>();
  readonly #removed = new Set<Txid>();
  #cancelFlush: (() => void) | undefined;

  constructor({
    mempool,
    store,
    clock,
    log,
  }: {
    mempool: Mempool;
    store: MempoolStore;
    clock: Clock;
    log: Logger;
  }) {
    this.#mempool = mempool;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Offers what was stored to the mempool again; what no longer belongs there is forgotten. */
  load(): void {
    let waiting = this.#readStored();
    // A parent that came back from an abandoned block may stand behind its children.
    for (let before = Number.POSITIVE_INFINITY; waiting.length < before; ) {
      before = waiting.length;
      waiting = waiting.filter(
        ({ tx, acceptedAt }) => this.#mempool.submit(tx, { acceptedAt }).status !== "accepted",
      );
    }
    for (const { tx } of waiting) {
      this.#removed.add(tx.txid);
      this.#log.debug("stored transaction dropped", { txid: tx.txid });
    }
    // What was accepted again is on the disk already.
    this.#added.clear();
    this.flush();
  }

  /** What the disk has changed is forgotten: its owner can send it again, and the node must start. */
  #readStored(): { tx: Transaction; acceptedAt: number }[] {
    return this.#store.loadAll().flatMap(({ txid, bytes, acceptedAt }) => {
      const tx = decodeStored(bytes);
      if (tx?.txid === txid) return { tx, acceptedAt };
      this.#removed.add(txid);
      this.#log.warn("stored transaction damaged, dropped", { txid });
      return [];
    });
  }

  noteAccepted(tx: Transaction, acceptedAt: number): void {
    this.#added.set(tx.txid, { tx, acceptedAt });
    this.#removed.delete(tx.txid);
    this.#scheduleFlush();
  }

  noteRemoved(txid: Txid): void {
    // It may be on the disk or not yet: deleting what is not there does no harm.
    this.#added.delete(txid);
    this.#removed.add(txid);
    this.#scheduleFlush();
  }

  /** Writes all that was gathered; when it returns, the disk has it. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    if (this.#added.size === 0 && this.#removed.size === 0) return;
    this.#store.apply(this.#added.values(), this.#removed);
    this.#added.clear();
    this.#removed.clear();
  }

  #scheduleFlush(): void {
    this.#cancelFlush ??= this.#clock.after(FLUSH_INTERVAL_MS, () => {
      this.#cancelFlush = undefined;
      this.flush();
    });
  }
}

function decodeStored(bytes: Uint8Array): Transaction | undefined {
  try {
    return decodeAll(bytes, decodeTransaction);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
