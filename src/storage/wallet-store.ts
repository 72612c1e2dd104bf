/**
 * `wallets.db`: what wallets know beyond their keys and the chain. It is nobody's derivative.
 *
 * One writer; every commit is on the disk before it returns. Each subject has a store of its own,
 * and `transaction` makes one commit of what several do. Knows no keys: a wallet is an id.
 */

import type { Database } from "bun:sqlite";
import { ContactStore } from "./contact-store.ts";
import { ContractStore } from "./contract-store.ts";
import { type DatabaseIdentity, openWalletDatabase } from "./database.ts";
import { DraftStore } from "./draft-store.ts";
import { KeptTransactionStore } from "./kept-transaction-store.ts";
import { LabelStore } from "./label-store.ts";
import { checkWallet, WalletStoreError } from "./wallet-store-error.ts";

/** Branches and indexes are numbers below this, as BIP-0032 has them for keys that need no secret. */
const FIRST_HARDENED = 2 ** 31;

/** An open `wallets.db`. */
export class WalletStore {
  readonly labels: LabelStore;
  readonly contacts: ContactStore;
  readonly kept: KeptTransactionStore;
  readonly drafts: DraftStore;
  readonly contracts: ContractStore;

  readonly #database: Database;

  /** Opens (or makes) the file at `path`; throws as openWalletDatabase does. */
  constructor(path: string, identity: DatabaseIdentity) {
    const database = openWalletDatabase(path, identity);
    this.#database = database;
    this.labels = new LabelStore(database);
    this.contacts = new ContactStore(database);
    this.kept = new KeptTransactionStore(database);
    this.drafts = new DraftStore(database);
    this.contracts = new ContractStore(database);
  }

  /** Runs `work` in one commit, of which nothing stays if it throws. */
  transaction<T>(work: () => T): T {
    return this.#database.transaction(work).immediate();
  }

  /** Returns the index of the next address of a branch to hand out; 0 for a new one. */
  nextIndex(wallet: string, branch: number): number {
    return (
      this.#database
        .query<{ index: number }, [string, number]>(
          `SELECT next_index AS "index" FROM branches WHERE wallet = ? AND branch = ?`,
        )
        .get(wallet, branch)?.index ?? 0
    );
  }

  /** Sets what nextIndex returns. */
  setNextIndex(wallet: string, branch: number, index: number): void {
    checkWallet(wallet);
    checkIndex("a branch", branch, FIRST_HARDENED - 1);
    checkIndex("an index", index, FIRST_HARDENED);
    this.#database
      .query("INSERT OR REPLACE INTO branches (wallet, branch, next_index) VALUES (?, ?, ?)")
      .run(wallet, branch, index);
  }

  /** Closes the file, all of it in one place; the store is of no use after this. */
  close(): void {
    try {
      this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      this.#database.close();
    }
  }
}

function checkIndex(what: string, index: number, most: number): void {
  if (Number.isInteger(index) && index >= 0 && index <= most) return;
  throw new WalletStoreError("malformed", `${what} is a whole number from 0 to ${most}`);
}
