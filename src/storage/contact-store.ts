/**
 * The address book: names for other people's addresses, shared by all wallets of a node.
 *
 * Whether an address is one is the business of wallets. Part of `wallets.db`.
 */

import type { Database } from "bun:sqlite";
import { checkId, checkRoom, checkText, WalletStoreError } from "./wallet-store-error.ts";

/** Somebody who can be paid by name. */
export interface Contact {
  readonly name: string;
  readonly address: string;
  /** Empty if there is nothing to say. */
  readonly note: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Characters of a name. */
export const MAX_CONTACT_NAME_LENGTH = 64;

/** Characters of a note. */
export const MAX_CONTACT_NOTE_LENGTH = 255;

/** Contacts of a node: some 5 MB, so that all can be listed at once. */
export const MAX_CONTACTS = 10_000;

const COLUMNS = "name, address, note, created_at AS createdAt";

/** The contacts of a node; their names are told apart without regard to case. */
export class ContactStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Writes a contact; one of this name keeps its time. WalletStoreError beyond a bound. */
  put({ name, address, note, createdAt }: Contact): void {
    if (name.trim() === "") throw new WalletStoreError("malformed", "a contact's name is empty");
    checkText("a contact's name", name, MAX_CONTACT_NAME_LENGTH);
    checkId("a contact's address", address);
    checkText("a contact's note", note, MAX_CONTACT_NOTE_LENGTH);
    this.#database
      .transaction(() => {
        if (this.find(name) === undefined) checkRoom("contacts", this.#count(), MAX_CONTACTS);
        this.#database
          .query(
            `INSERT INTO contacts (key, name, address, note, created_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET
               name = excluded.name, address = excluded.address, note = excluded.note`,
          )
          .run(contactKeyOf(name), name, address, note, createdAt);
      })
      .immediate();
  }

  find(name: string): Contact | undefined {
    return (
      this.#database
        .query<Contact, [string]>(`SELECT ${COLUMNS} FROM contacts WHERE key = ?`)
        .get(contactKeyOf(name)) ?? undefined
    );
  }

  /** The first, by name, who has this address. */
  findByAddress(address: string): Contact | undefined {
    return (
      this.#database
        .query<Contact, [string]>(
          `SELECT ${COLUMNS} FROM contacts WHERE address = ? ORDER BY key LIMIT 1`,
        )
        .get(address) ?? undefined
    );
  }

  /** All of them, in order of their names. */
  list(): Contact[] {
    return this.#database.query<Contact, []>(`SELECT ${COLUMNS} FROM contacts ORDER BY key`).all();
  }

  /** Returns whether there was one. */
  delete(name: string): boolean {
    return (
      this.#database.query("DELETE FROM contacts WHERE key = ?").run(contactKeyOf(name)).changes > 0
    );
  }

  #count(): number {
    return (
      this.#database.query<{ count: number }, []>("SELECT count(*) AS count FROM contacts").get()
        ?.count ?? 0
    );
  }
}

/** Equal for names that people take for the same: other case, other composition, spaces around. */
export function contactKeyOf(name: string): string {
  return name.trim().normalize("NFKC").toUpperCase().toLowerCase().normalize("NFC");
}
