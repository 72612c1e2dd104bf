/**
 * The peers' tables over a database of their own, in memory.
 */

import { Database } from "bun:sqlite";
import { migrate } from "../../src/storage/database.ts";
import { MIGRATIONS } from "../../src/storage/migrations.ts";
import { PeerStore } from "../../src/storage/peer-store.ts";

export function openPeerStore(): PeerStore {
  const database = new Database(":memory:", { strict: true });
  migrate(database, ":memory:", MIGRATIONS);
  return new PeerStore(database);
}
