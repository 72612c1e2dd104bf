/**
 * `cairn.db`: opening, settings, migrations, and whose chain it holds; `wallets.db` likewise.
 *
 * One writer, write-ahead log, every commit on the disk before it returns. What is in the tables is
 * the business of the stores; everything derived lives elsewhere, in `index.db`.
 */

import { Database } from "bun:sqlite";
import { DataDirectoryError } from "./data-directory.ts";
import { MIGRATIONS } from "./migrations.ts";
import { WALLET_MIGRATIONS } from "./wallet-migrations.ts";

/** Pages of the write-ahead log after which SQLite copies them into the database. */
const CHECKPOINT_PAGES = 1_000;

/** Bytes to which the write-ahead log is cut back after a checkpoint. */
const JOURNAL_SIZE_LIMIT = 64 * 1024 * 1024;

/** KiB of pages that SQLite keeps in memory: its cache is our cache of coins. */
const CACHE_KIBIBYTES = 64 * 1024;

/** An open connection, for those above who hand it on without knowing SQLite. */
export type ChainDatabase = Database;

/** What a database says of itself; one of another network must not be opened. */
export interface DatabaseIdentity {
  readonly network: string;
  readonly genesis: string;
}

/**
 * Opens (or makes) the chain database at `path`. DataDirectoryError if it belongs to another
 * network, was written by a newer version, or is damaged.
 */
export function openChainDatabase(path: string, identity: DatabaseIdentity): Database {
  const database = openDatabase(path);
  try {
    migrate(database, path, MIGRATIONS);
    checkIdentity(database, path, identity);
    // A process that did not say goodbye may have met a bad disk on its way out.
    if (readMeta(database, "clean") === "no") checkSound(database, path, "sync again");
    writeMeta(database, "clean", "no");
    return database;
  } catch (cause) {
    database.close();
    throw cause instanceof DataDirectoryError ? cause : cannotOpen(path, cause);
  }
}

/**
 * Opens (or makes) the wallets' database at `path`, all of it checked. DataDirectoryError as for the
 * chain's; nothing is ever deleted, since nobody could make it again.
 */
export function openWalletDatabase(path: string, identity: DatabaseIdentity): Database {
  const database = openDatabase(path);
  try {
    checkSound(database, path, "begin without names, labels and drafts");
    migrate(database, path, WALLET_MIGRATIONS);
    checkIdentity(database, path, identity);
    return database;
  } catch (cause) {
    database.close();
    throw cause instanceof DataDirectoryError ? cause : cannotOpen(path, cause);
  }
}

/** Closes a database that openChainDatabase gave: after this, the next start skips its checks. */
export function closeChainDatabase(database: Database): void {
  try {
    writeMeta(database, "clean", "yes");
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
}

/** Opens a database file with this project's settings. */
export function openDatabase(path: string): Database {
  let database: Database | undefined;
  try {
    database = new Database(path, { create: true, strict: true });
    database.run("PRAGMA busy_timeout = 5000");
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = FULL");
    database.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.run(`PRAGMA journal_size_limit = ${JOURNAL_SIZE_LIMIT}`);
    database.run(`PRAGMA cache_size = -${CACHE_KIBIBYTES}`);
    database.run("PRAGMA foreign_keys = ON");
    database.run("PRAGMA trusted_schema = OFF");
    return database;
  } catch (cause) {
    database?.close();
    throw cannotOpen(path, cause);
  }
}

/** Opens a database that another connection writes, for reading alone. */
export function openDatabaseReadOnly(path: string): ChainDatabase {
  const database = new Database(path, { readonly: true, strict: true });
  database.run("PRAGMA busy_timeout = 5000");
  return database;
}

/** One step of a database's history: SQL that takes it from version n to n + 1. */
export type Migration = string;

/**
 * Brings `database` to the newest version, each step in a transaction of its own.
 * DataDirectoryError if it is already newer than we know.
 */
export function migrate(database: Database, path: string, migrations: readonly Migration[]): void {
  const version = readVersion(database, path);
  if (version > migrations.length) {
    throw new DataDirectoryError(
      `${path} was written by a newer version of cairn (format ${version}, this one knows ` +
        `${migrations.length}); use that version, or another directory with --data`,
    );
  }
  for (let step = version; step < migrations.length; step++) {
    database.transaction(() => {
      database.run(migrations[step] as string);
      database.run(`PRAGMA user_version = ${step + 1}`);
    })();
  }
}

function readVersion(database: Database, path: string): number {
  try {
    const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
    return row?.user_version ?? 0;
  } catch (cause) {
    throw new DataDirectoryError(`${path} is damaged or not a database: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function checkIdentity(database: Database, path: string, identity: DatabaseIdentity): void {
  const genesis = readMeta(database, "genesis");
  if (genesis === undefined) {
    writeMeta(database, "network", identity.network);
    writeMeta(database, "genesis", identity.genesis);
    return;
  }
  if (genesis !== identity.genesis) {
    throw new DataDirectoryError(
      `${path} belongs to network "${readMeta(database, "network")}" (genesis ` +
        `${genesis.slice(0, 16)}…), not to "${identity.network}" (genesis ` +
        `${identity.genesis.slice(0, 16)}…); give this network another directory with --data`,
    );
  }
}

function checkSound(database: Database, path: string, lastResort: string): void {
  const row = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
  if (row?.quick_check !== "ok") {
    throw new DataDirectoryError(
      `${path} is damaged (${row?.quick_check}); restore a copy, or move it away and ${lastResort}`,
    );
  }
}

function readMeta(database: Database, key: string): string | undefined {
  return database
    .query<{ value: string }, [string]>("SELECT value FROM meta WHERE key = ?")
    .get(key)?.value;
}

function writeMeta(database: Database, key: string, value: string): void {
  database
    .query(
      "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    )
    .run(key, value);
}

function cannotOpen(path: string, cause: unknown): DataDirectoryError {
  return new DataDirectoryError(`cannot open ${path}: ${messageOf(cause)}`, { cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
