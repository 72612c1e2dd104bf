/**
 * The history of `wallets.db`: step n takes the database from version n to n + 1.
 *
 * Steps that a release has shipped are never changed, only followed by others. No key is ever in it:
 * a wallet is an opaque id here. Times are in milliseconds since 1970.
 */

import type { Migration } from "./database.ts";

export const WALLET_MIGRATIONS: readonly Migration[] = [
  `
  CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- The next address of each branch that was not handed out yet.
  CREATE TABLE branches (
    wallet TEXT NOT NULL,
    branch INTEGER NOT NULL,
    next_index INTEGER NOT NULL,
    PRIMARY KEY (wallet, branch)
  ) STRICT, WITHOUT ROWID;

  -- As BIP-0329 has them.
  CREATE TABLE labels (
    wallet TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('addr', 'tx', 'output')),
    ref TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (wallet, type, ref)
  ) STRICT, WITHOUT ROWID;

  -- The address book. Key: the name without regard to case.
  CREATE TABLE contacts (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX contacts_address ON contacts (address);

  -- Transactions that touched a wallet, for when mempool and chain have them no more.
  CREATE TABLE kept_transactions (
    id INTEGER PRIMARY KEY,
    wallet TEXT NOT NULL,
    txid TEXT NOT NULL,
    raw BLOB NOT NULL,
    is_own INTEGER NOT NULL CHECK (is_own IN (0, 1)),
    first_seen INTEGER NOT NULL,
    replaces TEXT
  ) STRICT;
  CREATE UNIQUE INDEX kept_transactions_txid ON kept_transactions (wallet, txid);
  CREATE INDEX kept_transactions_seen ON kept_transactions (wallet, first_seen, id);
  CREATE INDEX kept_transactions_foreign ON kept_transactions (wallet, first_seen, id)
    WHERE is_own = 0;

  -- Payments from their making to where the chain has them for good. A sent one is live until then.
  CREATE TABLE drafts (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    wallet TEXT NOT NULL,
    client_id TEXT,
    request_hash TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'sent', 'failed', 'cancelled', 'expired')),
    is_live INTEGER NOT NULL CHECK (is_live IN (0, 1)),
    psbt BLOB NOT NULL,
    facts TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    txid TEXT,
    raw BLOB
  ) STRICT;
  CREATE UNIQUE INDEX drafts_client ON drafts (wallet, client_id) WHERE client_id IS NOT NULL;
  CREATE INDEX drafts_wallet ON drafts (wallet, created_at, sequence);
  CREATE INDEX drafts_live ON drafts (wallet, state) WHERE is_live = 1;
  CREATE INDEX drafts_ended ON drafts (wallet, created_at, sequence) WHERE is_live = 0;
  CREATE INDEX drafts_expiry ON drafts (expires_at) WHERE state = 'open';
  CREATE INDEX drafts_unsettled ON drafts (sequence) WHERE state = 'sent' AND is_live = 1;

  -- Coins that live drafts spend. One that replaces another holds the same coins beside it.
  CREATE TABLE reservations (
    txid TEXT NOT NULL,
    vout INTEGER NOT NULL,
    draft_id TEXT NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    PRIMARY KEY (txid, vout, draft_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX reservations_draft ON reservations (draft_id);

  -- What an address of a contract was made from.
  CREATE TABLE contracts (
    wallet TEXT NOT NULL,
    address TEXT NOT NULL,
    template TEXT NOT NULL,
    parameters TEXT NOT NULL,           -- JSON
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (wallet, address)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX contracts_created ON contracts (wallet, created_at, address);
  `,
];
