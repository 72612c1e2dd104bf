/**
 * Contracts of wallets: from which template and parameters an address was made.
 *
 * Without them nobody could ever spend what lies there. What templates are is the business of
 * wallets. Part of `wallets.db`.
 */

import type { Database } from "bun:sqlite";
import { MAX_LABEL_LENGTH } from "./label-store.ts";
import { checkId, checkRoom, checkText, checkWallet } from "./wallet-store-error.ts";

/** An address of a contract. */
export interface Contract {
  readonly wallet: string;
  readonly address: string;
  /** Name of the template. */
  readonly template: string;
  /** JSON. */
  readonly parameters: string;
  /** Empty if it has none. */
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Contracts of one wallet. */
export const MAX_CONTRACTS = 10_000;

/** Characters of the parameters: a script of the largest size in hex, and much beside it. */
export const MAX_CONTRACT_PARAMETERS_LENGTH = 65_536;

const COLUMNS = "wallet, address, template, parameters, label, created_at AS createdAt";

/** The contracts of all wallets; two of a node may have their parts in the same one. */
export class ContractStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Writes a contract over that of the same address. WalletStoreError beyond a bound. */
  put({ wallet, address, template, parameters, label, createdAt }: Contract): void {
    checkWallet(wallet);
    checkId("a contract's address", address);
    checkId("a contract's template", template);
    checkText("a contract's parameters", parameters, MAX_CONTRACT_PARAMETERS_LENGTH);
    checkText("a label", label, MAX_LABEL_LENGTH);
    this.#database
      .transaction(() => {
        if (this.find(wallet, address) === undefined) {
          checkRoom("contracts", this.#count(wallet), MAX_CONTRACTS);
        }
        this.#database
          .query(
            `INSERT INTO contracts (wallet, address, template, parameters, label, created_at)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET template = excluded.template,
               parameters = excluded.parameters, label = excluded.label`,
          )
          .run(wallet, address, template, parameters, label, createdAt);
      })
      .immediate();
  }

  find(wallet: string, address: string): Contract | undefined {
    return (
      this.#database
        .query<Contract, [string, string]>(
          `SELECT ${COLUMNS} FROM contracts WHERE wallet = ? AND address = ?`,
        )
        .get(wallet, address) ?? undefined
    );
  }

  /** Those of a wallet, newest first. */
  list(wallet: string): Contract[] {
    return this.#database
      .query<Contract, [string]>(
        `SELECT ${COLUMNS} FROM contracts WHERE wallet = ? ORDER BY created_at DESC, address DESC`,
      )
      .all(wallet);
  }

  /** Returns whether there was one. */
  delete(wallet: string, address: string): boolean {
    return (
      this.#database
        .query("DELETE FROM contracts WHERE wallet = ? AND address = ?")
        .run(wallet, address).changes > 0
    );
  }

  #count(wallet: string): number {
    return (
      this.#database
        .query<{ count: number }, [string]>(
          "SELECT count(*) AS count FROM contracts WHERE wallet = ?",
        )
        .get(wallet)?.count ?? 0
    );
  }
}
