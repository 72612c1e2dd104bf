/**
 * The tables of `index.db`: what the explorer shows, derived from the chain, readable with any SQL
 * tool.
 *
 * Hashes and addresses are text as Bitcoin shows them, each once; other tables refer to them by
 * integers. Nothing here is the only copy of anything but the logs of what this node saw, so there
 * are no migrations: another version is dropped and built again. Rows are written by
 * explorer-index.ts, network-stats.ts, known-nodes.ts and named-users.ts.
 */

import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import type { OutputType } from "../script/standard.ts";
import { openDatabase } from "../storage/database.ts";

/** Raised with every change below: a database of another version is built again. */
export const SCHEMA_VERSION = 3;

/** The place of a kind in this list is its number in `outputs.script_type`. */
export const OUTPUT_TYPES: readonly OutputType[] = [
  "nonstandard",
  "pubkey",
  "pubkeyhash",
  "scripthash",
  "multisig",
  "nulldata",
  "anchor",
  "witness_v0_keyhash",
  "witness_v0_scripthash",
  "witness_v1_taproot",
  "witness_unknown",
];

/** Whose chain an index follows. */
export interface IndexIdentity {
  readonly network: string;
  readonly genesis: string;
}

/** An index ready to be written. */
export interface OpenedIndex {
  readonly database: Database;
  /** True if it was made or made anew, so that everything has to be indexed. */
  readonly isNew: boolean;
  /** True if a damaged file was deleted for it: who has that one open must connect again. */
  readonly isReplaced: boolean;
}

const TABLES = `
  CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- The active chain. Its highest row is what the index has followed so far.
  CREATE TABLE blocks (
    height INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    previous TEXT NOT NULL,
    time INTEGER NOT NULL,              -- seconds since 1970, as the miner wrote it
    received_at INTEGER NOT NULL,       -- milliseconds since 1970, by this node's clock
    interval_seconds INTEGER,           -- since the block before; none up to block 1
    bits INTEGER NOT NULL,
    difficulty REAL NOT NULL,           -- as Bitcoin defines it
    chainwork REAL NOT NULL,            -- hashes expected up to here: differences give hash rates
    size INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    transaction_count INTEGER NOT NULL,
    first_transaction INTEGER NOT NULL, -- id of its coinbase; the others follow it
    chain_transactions INTEGER NOT NULL,-- transactions up to here, its own included
    fees INTEGER NOT NULL,              -- sat
    subsidy INTEGER NOT NULL,           -- sat minted: what the coinbase paid, without the fees
    output_value INTEGER NOT NULL,      -- sat in all outputs
    miner_id INTEGER NOT NULL,          -- in mining_pool
    miner_tag TEXT NOT NULL,
    miner_stream TEXT NOT NULL,
    miner_address TEXT
  ) STRICT;
  CREATE UNIQUE INDEX blocks_hash ON blocks (hash);
  CREATE INDEX blocks_time ON blocks (time);
  CREATE INDEX blocks_miner ON blocks (miner_id);

  -- Ids rise in the order of the chain, without gaps.
  CREATE TABLE transactions (
    id INTEGER PRIMARY KEY,
    txid TEXT NOT NULL,
    height INTEGER NOT NULL,
    position INTEGER NOT NULL,          -- in its block; 0 is the coinbase
    offset INTEGER NOT NULL,            -- of its first byte in the encoded block
    size INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    input_count INTEGER NOT NULL,
    output_count INTEGER NOT NULL,
    fee INTEGER NOT NULL,               -- sat
    output_value INTEGER NOT NULL       -- sat
  ) STRICT;
  CREATE UNIQUE INDEX transactions_txid ON transactions (txid);

  CREATE TABLE script_types (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
  ) STRICT;

  CREATE TABLE outputs (
    transaction_id INTEGER NOT NULL,
    vout INTEGER NOT NULL,
    value INTEGER NOT NULL,             -- sat
    script_type INTEGER NOT NULL,
    address_id INTEGER,
    is_coin INTEGER NOT NULL,           -- 0: no input could ever spend it
    spent_by INTEGER,                   -- id of a transaction, and which of its inputs
    spent_vin INTEGER,
    PRIMARY KEY (transaction_id, vout)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX outputs_spent ON outputs (spent_by, spent_vin) WHERE spent_by IS NOT NULL;
  CREATE INDEX outputs_unspent ON outputs (address_id, transaction_id, vout)
    WHERE spent_by IS NULL AND address_id IS NOT NULL;

  -- Addresses that the active chain has paid, numbered in order of their first appearance.
  CREATE TABLE addresses (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    balance INTEGER NOT NULL,           -- sat
    received INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    transaction_count INTEGER NOT NULL,
    coin_count INTEGER NOT NULL,
    first_height INTEGER NOT NULL,
    last_height INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX addresses_address ON addresses (address);

  -- One row for each transaction that moved an address's money, with the balance after it.
  CREATE TABLE address_history (
    address_id INTEGER NOT NULL,
    transaction_id INTEGER NOT NULL,
    delta INTEGER NOT NULL,             -- sat received, less sat sent
    balance INTEGER NOT NULL,
    PRIMARY KEY (address_id, transaction_id)
  ) STRICT, WITHOUT ROWID;

  -- Who mined: a coinbase's tag and the address it pays.
  CREATE TABLE mining_pool (
    id INTEGER PRIMARY KEY,
    tag TEXT NOT NULL,
    address TEXT NOT NULL,              -- empty: the coinbase pays to none
    blocks INTEGER NOT NULL,
    fees INTEGER NOT NULL,
    subsidy INTEGER NOT NULL,
    first_height INTEGER NOT NULL,
    last_height INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX mining_pool_miner ON mining_pool (tag, address);
  CREATE INDEX mining_pool_blocks ON mining_pool (blocks, first_height);

  CREATE TABLE totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    blocks INTEGER NOT NULL,
    transactions INTEGER NOT NULL,
    outputs INTEGER NOT NULL,
    unspent_outputs INTEGER NOT NULL,
    supply INTEGER NOT NULL,            -- sat in unspent outputs
    fees INTEGER NOT NULL,
    addresses INTEGER NOT NULL
  ) STRICT;
  INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0, 0, 0);

  -- For people: the same with names in place of numbers.
  CREATE VIEW output_details AS
    SELECT t.txid, o.vout, o.value, k.name AS script_type, a.address, t.height,
      s.txid AS spent_by_txid, o.spent_vin AS spent_by_vin
    FROM outputs o
    JOIN transactions t ON t.id = o.transaction_id
    JOIN script_types k ON k.id = o.script_type
    LEFT JOIN addresses a ON a.id = o.address_id
    LEFT JOIN transactions s ON s.id = o.spent_by;
  CREATE VIEW address_transactions AS
    SELECT a.address, t.height, t.position, t.txid, h.delta, h.balance
    FROM address_history h
    JOIN addresses a ON a.id = h.address_id
    JOIN transactions t ON t.id = h.transaction_id;
`;

/**
 * What no chain can tell again, such as the logs of what this node saw: it outlives a rebuilding in
 * place, as long as it has the same columns.
 */
const LOGS: Readonly<Record<string, string>> = {
  // One row a minute; reorganisations leave it alone.
  network_stats: `CREATE TABLE network_stats (
    time INTEGER PRIMARY KEY,           -- seconds since 1970, a whole minute
    height INTEGER NOT NULL,
    difficulty REAL NOT NULL,
    hashrate REAL NOT NULL,             -- hashes a second, estimated from the last blocks
    interval_seconds REAL,              -- mean of the last blocks
    transactions INTEGER NOT NULL,      -- in the chain
    transactions_per_second REAL NOT NULL,
    mempool_count INTEGER NOT NULL,
    mempool_bytes INTEGER NOT NULL,
    mempool_feerate REAL NOT NULL,      -- sat per vbyte
    peers INTEGER NOT NULL
  ) STRICT`,

  // Nodes that this one has met, each as it last was. What it says of itself is only its word.
  nodes: `CREATE TABLE nodes (
    node_id TEXT PRIMARY KEY,           -- the public key that it has proven to hold
    name TEXT NOT NULL,                 -- chosen by its owner
    is_self INTEGER NOT NULL,           -- 1: this node
    is_connected INTEGER NOT NULL,      -- 1: a peer when last seen
    host TEXT,
    port INTEGER,                       -- where it accepts peers, if that is known
    api_port INTEGER,
    height INTEGER,
    tip TEXT,
    peer_count INTEGER,
    hashrate REAL,                      -- hashes a second
    mempool_count INTEGER,
    mempool_bytes INTEGER,
    first_seen INTEGER NOT NULL,        -- milliseconds since 1970
    last_seen INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,

  // Whose addresses are known here by name, for joins with `addresses`: a copy of what the node's
  // wallets and its address book say.
  users: `CREATE TABLE users (
    kind TEXT NOT NULL,                 -- wallet or contact
    name TEXT NOT NULL,
    address TEXT NOT NULL,              -- a wallet has many
    created_at INTEGER NOT NULL,        -- milliseconds since 1970
    PRIMARY KEY (kind, name, address)
  ) STRICT, WITHOUT ROWID`,
};

/**
 * Opens (or makes) the index at `path` for writing. One of another version or chain is emptied in
 * place, so that readers stay connected; a damaged one is deleted.
 */
export function openIndex(path: string, identity: IndexIdentity): OpenedIndex {
  try {
    return { ...openSound(path, identity), isReplaced: false };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return replaceIndex(path, identity);
  }
}

/** Opens the index at `path` for reading; throws if it is not there. */
export function openIndexReader(path: string): Database {
  const database = new Database(path, { readonly: true, strict: true });
  database.run("PRAGMA busy_timeout = 5000");
  database.run("PRAGMA query_only = ON");
  return database;
}

/** Empties `database` and makes its tables, in one transaction. */
export function resetIndex(database: Database, identity: IndexIdentity): void {
  database.transaction(() => {
    const kept = findLogs(database, identity);
    dropEverything(database, kept);
    database.run(TABLES);
    for (const [name, create] of Object.entries(LOGS)) if (!kept.has(name)) database.run(create);
    const putType = database.query("INSERT INTO script_types (id, name) VALUES (?, ?)");
    for (const [id, name] of OUTPUT_TYPES.entries()) putType.run(id, name);
    const putMeta = database.query("INSERT INTO meta (key, value) VALUES (?, ?)");
    putMeta.run("network", identity.network);
    putMeta.run("genesis", identity.genesis);
    database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  })();
}

/** True if `error` is SQLite's word for a file that is no database or a damaged one. */
export function isDamage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: string };
    if (code?.startsWith("SQLITE_CORRUPT") === true || code === "SQLITE_NOTADB") return true;
  }
  return false;
}

/** True if the index itself is damaged, and not what it was made from. Reads all of it. */
export function isDamagedIndex(database: Database): boolean {
  try {
    const row = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
    return row?.quick_check !== "ok";
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  }
}

/** Deletes the files of a damaged index, which nobody may be writing to, and makes a new one. */
export function replaceIndex(path: string, identity: IndexIdentity): OpenedIndex {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  return { ...openSound(path, identity), isReplaced: true };
}

function openSound(path: string, identity: IndexIdentity): Omit<OpenedIndex, "isReplaced"> {
  const database = openDatabase(path);
  try {
    // A power cut may cost the last commits, never soundness, and they are derived anyway.
    database.run("PRAGMA synchronous = NORMAL");
    const isNew = !isCurrent(database, identity);
    if (isNew) resetIndex(database, identity);
    return { database, isNew };
  } catch (error) {
    database.close();
    throw error;
  }
}

function isCurrent(database: Database, { genesis }: IndexIdentity): boolean {
  const version = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return version?.user_version === SCHEMA_VERSION && isOfChain(database, genesis);
}

function isOfChain(database: Database, genesis: string): boolean {
  const row = database
    .query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'genesis'")
    .get();
  return row?.value === genesis;
}

/** The logs in `database` that can stay: of this chain, and of the present form. */
function findLogs(database: Database, { genesis }: IndexIdentity): ReadonlySet<string> {
  const tables = database
    .query<{ name: string; sql: string }, []>(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table'",
    )
    .all();
  if (!tables.some(({ name }) => name === "meta") || !isOfChain(database, genesis)) {
    return new Set();
  }
  return new Set(tables.filter(({ name, sql }) => LOGS[name] === sql).map(({ name }) => name));
}

function dropEverything(database: Database, kept: ReadonlySet<string>): void {
  const objects = database
    .query<{ type: string; name: string }, []>(
      `SELECT type, name FROM sqlite_schema
       WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC`,
    )
    .all();
  for (const { type, name } of objects) {
    if (!kept.has(name)) database.run(`DROP ${type} "${name}"`);
  }
}
