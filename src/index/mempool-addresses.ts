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
  readonly received: number;
  readonly sent: number;
  /** The part of `sent` that is confirmed. */
  readonly sentConfirmed: number;
}

/** What a transaction moves at one script, by what it is made of: true for as long as it waits. */
interface Touch {
  received: number;
  readonly spent: { readonly txid: Txid; readonly value: number }[];
}

/** Follows one mempool for as long as that lives. */
export class MempoolAddresses {
  readonly #mempool: Mempool;
  readonly #byScript = new Map<string, Map<Txid, Touch>>();
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
    return [...found]
      .flatMap(([txid, touch]) => this.#waitingOf(txid, touch))
      .sort((a, b) => b.entry.sequence - a.entry.sequence);
  }

  /** True if anything that waits touches `script`. */
  has(script: Uint8Array): boolean {
    return this.#byScript.has(toHex(script));
  }

  /** Hex of the scripts that a waiting transaction pays or spends from, each once. */
  scriptsOf(txid: Txid): readonly string[] {
    return this.#scriptsOf.get(txid) ?? [];
  }

  /** Asked anew: a parent may be confirmed since, or wait again, and entries made anew with it. */
  #waitingOf(txid: Txid, { received, spent }: Touch): Waiting[] {
    const entry = this.#mempool.find(txid);
    if (entry === undefined) return [];
    let [sent, sentConfirmed] = [0, 0];
    for (const { txid: parent, value } of spent) {
      sent += value;
      if (!this.#mempool.has(parent)) sentConfirmed += value;
    }
    return [{ entry, received, sent, sentConfirmed }];
  }

  #add({ tx }: MempoolEntry): void {
    const touched = new Map<string, Touch>();
    const touch = ({ scriptPubKey }: TxOutput) => {
      const key = toHex(scriptPubKey);
      const known = touched.get(key);
      if (known !== undefined) return known;
      const touch: Touch = { received: 0, spent: [] };
      touched.set(key, touch);
      return touch;
    };

    for (const output of tx.outputs) touch(output).received += output.value;
    for (const { prevout } of tx.inputs) {
      const output = this.#mempool.findOutput(prevout);
      if (output === undefined) continue;
      touch(output).spent.push({ txid: prevout.txid, value: output.value });
    }
    for (const [key, touch] of touched) this.#put(key, tx.txid, touch);
    this.#scriptsOf.set(tx.txid, [...touched.keys()]);
  }

  #put(key: string, txid: Txid, touch: Touch): void {
    const known = this.#byScript.get(key);
    if (known === undefined) this.#byScript.set(key, new Map([[txid, touch]]));
    else known.set(txid, touch);
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
