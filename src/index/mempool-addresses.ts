/**
 * Which waiting transactions touch which output script, kept up to date with the mempool.
 *
 * The mempool itself knows no addresses, and walking it for every question would take a second when
 * it is full. Memory is a small part of what the mempool bounds already.
 */

import { toHex } from "../lib/bytes.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { MempoolEntry } from "../mempool/mempool-entry.ts";
import type { Txid } from "../primitives/hash-id.ts";
import type { TxOutput } from "../primitives/transaction.ts";

/** What one waiting transaction does to one script. Amounts in sat. */
export interface Waiting {
  readonly entry: MempoolEntry;
  received: number;
  sent: number;
  /** The part of `sent` that is confirmed. */
  sentConfirmed: number;
}

/** Follows one mempool for as long as that lives. */
export class MempoolAddresses {
  readonly #mempool: Mempool;
  readonly #byScript = new Map<string, Map<Txid, Waiting>>();
  readonly #scriptsOf = new Map<Txid, readonly string[]>();

  /** Takes in what waits already, and follows the mempool from here on. */
  constructor(mempool: Mempool) {
    this.#mempool = mempool;
    for (const entry of mempool.entries()) this.#add(entry);
    mempool.events.on("transaction-accepted", ({ entry }) => this.#add(entry));
    mempool.events.on("transaction-removed", ({ tx }) => this.#remove(tx.txid));
  }

  /** Returns what touches `script`, newest first. */
  find(script: Uint8Array): Waiting[] {
    const found = this.#byScript.get(toHex(script));
    if (found === undefined) return [];
    return [...found.values()].sort((a, b) => b.entry.sequence - a.entry.sequence);
  }

  /** True if anything that waits touches `script`. */
  has(script: Uint8Array): boolean {
    return this.#byScript.has(toHex(script));
  }

  /** Hex of the scripts that a waiting transaction pays or spends from, each once. */
  scriptsOf(txid: Txid): readonly string[] {
    return this.#scriptsOf.get(txid) ?? [];
  }

  #add(entry: MempoolEntry): void {
    const { tx } = entry;
    const touched = new Map<string, Waiting>();
    const touch = ({ scriptPubKey }: TxOutput) => {
      const key = toHex(scriptPubKey);
      const known = touched.get(key);
      if (known !== undefined) return known;
      const waiting = { entry, received: 0, sent: 0, sentConfirmed: 0 };
      touched.set(key, waiting);
      return waiting;
    };

    for (const output of tx.outputs) touch(output).received += output.value;
    for (const { prevout } of tx.inputs) {
      const output = this.#mempool.findOutput(prevout);
      if (output === undefined) continue;
      const waiting = touch(output);
      waiting.sent += output.value;
      if (!this.#mempool.has(prevout.txid)) waiting.sentConfirmed += output.value;
    }
    for (const [key, waiting] of touched) this.#put(key, waiting);
    this.#scriptsOf.set(tx.txid, [...touched.keys()]);
  }

  #put(key: string, waiting: Waiting): void {
    const known = this.#byScript.get(key);
    const { txid } = waiting.entry.tx;
    if (known === undefined) this.#byScript.set(key, new Map([[txid, waiting]]));
    else known.set(txid, waiting);
  }

  #remove(txid: Txid): void {
    for (const key of this.#scriptsOf.get(txid) ?? []) {
      const found = this.#byScript.get(key);
      found?.delete(txid);
      if (found?.size === 0) this.#byScript.delete(key);
    }
    this.#scriptsOf.delete(txid);
  }
}
