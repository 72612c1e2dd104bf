/**
 * The history of `cairn.db`: step n takes the database from version n to n + 1.
 *
 * Steps that a release has shipped are never changed, only followed by others.
 */

import type { Migration } from "./database.ts";

export const MIGRATIONS: readonly Migration[] = [
  `
  CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Every header known, in order of arrival. Status: see chain/block-index.ts.
  CREATE TABLE headers (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    height INTEGER NOT NULL,
    header BLOB NOT NULL,
    status INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    transaction_count INTEGER NOT NULL,
    size INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    invalid_code TEXT,
    invalid_reason TEXT
  ) STRICT;

  -- Blocks as they came, apart from the headers so that those are read fast.
  CREATE TABLE bodies (
    header_id INTEGER PRIMARY KEY REFERENCES headers (id),
    block BLOB NOT NULL
  ) STRICT;

  -- Coins that a block spent, in order: what disconnecting it needs.
  CREATE TABLE undos (
    header_id INTEGER PRIMARY KEY REFERENCES headers (id),
    undo BLOB NOT NULL
  ) STRICT;

  CREATE TABLE active_chain (
    height INTEGER PRIMARY KEY,
    header_id INTEGER NOT NULL REFERENCES headers (id)
  ) STRICT;

  -- Unspent outputs after the tip. Outpoint: 32 bytes of txid in wire order, 4 of index.
  CREATE TABLE coins (
    outpoint BLOB PRIMARY KEY,
    value INTEGER NOT NULL,
    height INTEGER NOT NULL,
    is_coinbase INTEGER NOT NULL,
    script BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Ids rise in order of acceptance, so that parents are read before their children.
  CREATE TABLE mempool (
    id INTEGER PRIMARY KEY,
    txid BLOB NOT NULL UNIQUE,
    accepted_at INTEGER NOT NULL,
    tx BLOB NOT NULL
  ) STRICT;
  `,
  `
  -- Where other nodes are or were. Place: see peer-store.ts. Times in milliseconds since 1970.
  CREATE TABLE peer_addresses (
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    source TEXT NOT NULL,
    services INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    tried_at INTEGER NOT NULL,
    succeeded_at INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (host, port)
  ) STRICT, WITHOUT ROWID;

  -- The secret that decides which bucket an address falls into.
  CREATE TABLE peer_bucket_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    key BLOB NOT NULL
  ) STRICT;

  -- Bans by the operator; those by misbehaviour are never stored.
  CREATE TABLE peer_bans (
    host TEXT PRIMARY KEY,
    banned_until INTEGER NOT NULL,
    reason TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Peers to dial first at the next start.
  CREATE TABLE peer_anchors (
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    PRIMARY KEY (host, port)
  ) STRICT, WITHOUT ROWID;
  `,
];
