/**
 * The table `users`: whose addresses have a name here, so that SQL can join people with their money.
 *
 * A copy for readers, replaced as a whole. What a wallet is, and which addresses it has handed out,
 * is decided by who writes it.
 */

import type { Database } from "bun:sqlite";
import type { UserRecord } from "./index-messages.ts";

/** Rows kept, those given first; some 20 MB. */
export const MAX_USER_ROWS = 100_000;

/** Puts `records` in the place of all rows; of two that say the same, the first stays. */
export function recordUsers(
  database: Database,
  records: readonly UserRecord[],
  maxRows = MAX_USER_ROWS,
): void {
  const put = database.query(
    `INSERT INTO users (kind, name, address, created_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  database.transaction(() => {
    database.run("DELETE FROM users");
    for (const { kind, name, address, createdAt } of records.slice(0, maxRows)) {
      put.run(kind, name, address, createdAt);
    }
  })();
}
