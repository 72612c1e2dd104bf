/**
 * Labels of a wallet's addresses, transactions and outputs, as BIP-0329 exchanges them.
 *
 * What a reference means is the business of wallets. Part of `wallets.db`.
 */

import type { Database } from "bun:sqlite";
import { checkId, checkRoom, checkText, checkWallet } from "./wallet-store-error.ts";

/** What can be labelled; BIP-0329's names. */
export type LabelType = "addr" | "tx" | "output";

/** A label, and what it is on. */
export interface Label {
  readonly type: LabelType;
  /** An address, a txid, or a txid and an index with a colon between. */
  readonly ref: string;
  readonly label: string;
}

/** Characters of a label: what BIP-0329 tells importers to cut them to. */
export const MAX_LABEL_LENGTH = 255;

/** Labels of one wallet: some 30 MB. */
export const MAX_LABELS = 100_000;

/** The labels of all wallets. */
export class LabelStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Writes a label over what was there; an empty one deletes it. WalletStoreError beyond a bound. */
  put(wallet: string, { type, ref, label }: Label): void {
    checkWallet(wallet);
    checkId("a label's reference", ref);
    checkText("a label", label, MAX_LABEL_LENGTH);
    this.#database
      .transaction(() => {
        if (label === "") this.#delete(wallet, type, ref);
        else this.#write(wallet, { type, ref, label });
      })
      .immediate();
  }

  find(wallet: string, type: LabelType, ref: string): string | undefined {
    return this.#database
      .query<{ label: string }, [string, string, string]>(
        "SELECT label FROM labels WHERE wallet = ? AND type = ? AND ref = ?",
      )
      .get(wallet, type, ref)?.label;
  }

  /** All labels of one kind, in order of their references. */
  list(wallet: string, type: LabelType): Label[] {
    return this.#database
      .query<Label, [string, string]>(
        "SELECT type, ref, label FROM labels WHERE wallet = ? AND type = ? ORDER BY ref",
      )
      .all(wallet, type);
  }

  /** All labels of a wallet, in order of kind and reference. */
  all(wallet: string): Label[] {
    return this.#database
      .query<Label, [string]>(
        "SELECT type, ref, label FROM labels WHERE wallet = ? ORDER BY type, ref",
      )
      .all(wallet);
  }

  #write(wallet: string, { type, ref, label }: Label): void {
    if (this.find(wallet, type, ref) === undefined) {
      checkRoom("labels", this.#count(wallet), MAX_LABELS);
    }
    this.#database
      .query("INSERT OR REPLACE INTO labels (wallet, type, ref, label) VALUES (?, ?, ?, ?)")
      .run(wallet, type, ref, label);
  }

  #delete(wallet: string, type: LabelType, ref: string): void {
    this.#database
      .query("DELETE FROM labels WHERE wallet = ? AND type = ? AND ref = ?")
      .run(wallet, type, ref);
  }

  #count(wallet: string): number {
    return (
      this.#database
        .query<{ count: number }, [string]>("SELECT count(*) AS count FROM labels WHERE wallet = ?")
        .get(wallet)?.count ?? 0
    );
  }
}
