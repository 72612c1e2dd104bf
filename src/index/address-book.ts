/**
 * The addresses of an index while blocks are connected: looked up once, written once a batch.
 *
 * A miner's address changes with every block; written each time it would cost more than the rest of
 * a small block. Knows `addresses` and `address_history`; what a transaction does to an address is
 * told by explorer-index.ts.
 */

import type { Database, Statement } from "bun:sqlite";
import { toHex } from "../lib/bytes.ts";
import { type AddressPrefixes, formatAddress } from "../primitives/address.ts";

/** A row of `addresses`, with what the transaction at hand does to it. */
export interface Account {
  readonly id: number;
  readonly address: string;
  balance: number;
  received: number;
  sent: number;
  transactionCount: number;
  coinCount: number;
  readonly firstHeight: number;
  lastHeight: number;
  isNew: boolean;
  isChanged: boolean;
  /** Id of the last transaction that touched it, and what that one paid it, less what it spent. */
  transactionId: number;
  delta: number;
}

type AccountRow = Omit<Account, "isNew" | "isChanged" | "transactionId" | "delta">;

/** Accounts kept in memory from one batch to the next; some 300 bytes each. */
const MAX_KEPT_ACCOUNTS = 50_000;

const COLUMNS = `id, address, balance, received, sent, transaction_count AS transactionCount,
  coin_count AS coinCount, first_height AS firstHeight, last_height AS lastHeight`;

export class AddressBook {
  readonly #prefixes: AddressPrefixes;
  readonly #findById: Statement<AccountRow, [number]>;
  readonly #findByAddress: Statement<AccountRow, [string]>;
  readonly #countRows: Statement<{ count: number }, []>;
  readonly #insert: Statement<unknown, (number | string)[]>;
  readonly #update: Statement<unknown, number[]>;
  readonly #insertHistory: Statement<unknown, [number, number, number, number]>;

  readonly #byId = new Map<number, Account>();
  /** Scripts without an address are remembered too. */
  readonly #byScript = new Map<string, Account | undefined>();
  readonly #changed: Account[] = [];
  readonly #touched: Account[] = [];
  #count = 0;

  constructor(database: Database, prefixes: AddressPrefixes) {
    this.#prefixes = prefixes;
    this.#findById = database.query(`SELECT ${COLUMNS} FROM addresses WHERE id = ?`);
    this.#findByAddress = database.query(`SELECT ${COLUMNS} FROM addresses WHERE address = ?`);
    this.#countRows = database.query("SELECT coalesce(max(id), 0) AS count FROM addresses");
    this.#insert = database.query("INSERT INTO addresses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#update = database.query(
      `UPDATE addresses SET balance = ?, received = ?, sent = ?, transaction_count = ?,
         coin_count = ?, last_height = ? WHERE id = ?`,
    );
    this.#insertHistory = database.query("INSERT INTO address_history VALUES (?, ?, ?, ?)");
    this.forget();
  }

  /** Number of addresses, those not yet written included. */
  get count(): number {
    return this.#count;
  }

  /** Pays `value` to a script in a transaction; returns the id of its address, if it has one. */
  receive(script: Uint8Array, value: number, transactionId: number, height: number): number | null {
    const account = this.#accountOf(script, height);
    if (account === undefined) return null;
    this.#touch(account, transactionId);
    account.delta += value;
    account.received += value;
    account.coinCount += 1;
    return account.id;
  }

  /** Spends a coin of `value` of the address with this id in a transaction. */
  spend(id: number, value: number, transactionId: number): void {
    const account = this.#byId.get(id) ?? this.#load(id);
    this.#touch(account, transactionId);
    account.delta -= value;
    account.sent += value;
    account.coinCount -= 1;
  }

  /** Settles what the transaction did: balances, counts, and a line of history for each address. */
  endTransaction(transactionId: number, height: number): void {
    for (const account of this.#touched) {
      account.balance += account.delta;
      account.transactionCount += 1;
      account.lastHeight = height;
      this.#insertHistory.run(account.id, transactionId, account.delta, account.balance);
    }
    this.#touched.length = 0;
  }

  /** Writes all changes. */
  flush(): void {
    for (const account of this.#changed) {
      if (account.isNew) this.#write(account);
      else this.#rewrite(account);
      account.isNew = false;
      account.isChanged = false;
    }
    this.#changed.length = 0;
    if (this.#byId.size > MAX_KEPT_ACCOUNTS || this.#byScript.size > MAX_KEPT_ACCOUNTS) {
      this.#byId.clear();
      this.#byScript.clear();
    }
  }

  /** Drops what is in memory, changes included: the tables were changed by others or rolled back. */
  forget(): void {
    this.#byId.clear();
    this.#byScript.clear();
    this.#changed.length = 0;
    this.#touched.length = 0;
    this.#count = this.#countRows.get()?.count ?? 0;
  }

  #touch(account: Account, transactionId: number): void {
    if (account.transactionId === transactionId) return;
    account.transactionId = transactionId;
    account.delta = 0;
    this.#touched.push(account);
    if (account.isChanged) return;
    account.isChanged = true;
    this.#changed.push(account);
  }

  #accountOf(script: Uint8Array, height: number): Account | undefined {
    const key = toHex(script);
    const known = this.#byScript.get(key);
    if (known !== undefined || this.#byScript.has(key)) return known;

    const address = formatAddress(script, this.#prefixes);
    const account = address === undefined ? undefined : this.#findOrMake(address, height);
    this.#byScript.set(key, account);
    return account;
  }

  #findOrMake(address: string, height: number): Account {
    const row = this.#findByAddress.get(address);
    if (row !== null) return this.#byId.get(row.id) ?? this.#keep(row, false);

    this.#count += 1;
    const empty = { balance: 0, received: 0, sent: 0, transactionCount: 0, coinCount: 0 };
    const heights = { firstHeight: height, lastHeight: height };
    return this.#keep({ id: this.#count, address, ...empty, ...heights }, true);
  }

  #load(id: number): Account {
    const row = this.#findById.get(id);
    if (row === null) throw new Error(`the index has no address ${id}`);
    return this.#keep(row, false);
  }

  #keep(row: AccountRow, isNew: boolean): Account {
    const account = { ...row, isNew, isChanged: false, transactionId: 0, delta: 0 };
    this.#byId.set(account.id, account);
    return account;
  }

  #write(account: Account): void {
    this.#insert.run(
      account.id,
      account.address,
      account.balance,
      account.received,
      account.sent,
      account.transactionCount,
      account.coinCount,
      account.firstHeight,
      account.lastHeight,
    );
  }

  #rewrite(account: Account): void {
    this.#update.run(
      account.balance,
      account.received,
      account.sent,
      account.transactionCount,
      account.coinCount,
      account.lastHeight,
      account.id,
    );
  }
}
