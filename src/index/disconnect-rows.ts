/**
 * Takes the last block's rows out of the index: the exact inverse of connecting it.
 *
 * Works from the tables alone. Since ids rise in the order of the chain, the rows of the last block
 * are those from its first transaction on; the same holds for addresses and miners that it was the
 * first to name.
 */

import type { Database } from "bun:sqlite";

interface BlockRow {
  first_transaction: number;
  transaction_count: number;
  fees: number;
  subsidy: number;
  miner_id: number;
}

interface AddressChange {
  id: number;
  received: number;
  sent: number;
  coins: number;
}

/** Deletes block `height`, which must be the highest. To be called within a transaction. */
export function disconnectRows(database: Database, height: number): void {
  const block = database
    .query<BlockRow, [number]>(
      `SELECT first_transaction, transaction_count, fees, subsidy, miner_id
       FROM blocks WHERE height = ?`,
    )
    .get(height);
  if (block === null) throw new Error(`the index has no block ${height}`);

  const first = block.first_transaction;
  for (const change of listAddressChanges(database, first)) {
    disconnectAddress(database, change, first);
  }
  subtractTotals(database, block);
  deleteRows(database, first, height);
  disconnectMiner(database, block);
}

function listAddressChanges(database: Database, first: number): AddressChange[] {
  return database
    .query<AddressChange, [number]>(
      `SELECT address_id AS id, sum(received) AS received, sum(sent) AS sent, sum(coins) AS coins
       FROM (
         SELECT address_id, value AS received, 0 AS sent, 1 AS coins FROM outputs
         WHERE transaction_id >= ?1 AND address_id IS NOT NULL
         UNION ALL
         SELECT address_id, 0, value, -1 FROM outputs
         WHERE spent_by >= ?1 AND spent_by IS NOT NULL AND address_id IS NOT NULL
       ) GROUP BY address_id`,
    )
    .all(first);
}

function disconnectAddress(database: Database, change: AddressChange, first: number): void {
  const { id, received, sent, coins } = change;
  const { changes } = database
    .query("DELETE FROM address_history WHERE address_id = ? AND transaction_id >= ?")
    .run(id, first);
  const last = database
    .query<{ height: number }, [number]>(
      `SELECT t.height FROM address_history h JOIN transactions t ON t.id = h.transaction_id
       WHERE h.address_id = ? ORDER BY h.transaction_id DESC LIMIT 1`,
    )
    .get(id);
  if (last === null) {
    database.query("DELETE FROM addresses WHERE id = ?").run(id);
    return;
  }
  database
    .query(
      `UPDATE addresses SET balance = balance - ?, received = received - ?, sent = sent - ?,
         transaction_count = transaction_count - ?, coin_count = coin_count - ?, last_height = ?
       WHERE id = ?`,
    )
    .run(received - sent, received, sent, changes, coins, last.height, id);
}

function subtractTotals(database: Database, block: BlockRow): void {
  database
    .query(
      `UPDATE totals SET blocks = blocks - 1, transactions = transactions - ?2,
         outputs = outputs - made.count,
         unspent_outputs = unspent_outputs - made.coins + spent.coins,
         supply = supply - made.value + spent.value, fees = fees - ?3,
         addresses = (SELECT coalesce(max(id), 0) FROM addresses)
       FROM
         (SELECT count(*) AS count, coalesce(sum(is_coin), 0) AS coins,
            coalesce(sum(value * is_coin), 0) AS value
          FROM outputs WHERE transaction_id >= ?1) AS made,
         (SELECT count(*) AS coins, coalesce(sum(value), 0) AS value
          FROM outputs WHERE spent_by >= ?1 AND spent_by IS NOT NULL) AS spent
       WHERE id = 1`,
    )
    .run(block.first_transaction, block.transaction_count, block.fees);
}

function deleteRows(database: Database, first: number, height: number): void {
  database
    .query(
      `UPDATE outputs SET spent_by = NULL, spent_vin = NULL
       WHERE spent_by >= ? AND spent_by IS NOT NULL`,
    )
    .run(first);
  database.query("DELETE FROM outputs WHERE transaction_id >= ?").run(first);
  database.query("DELETE FROM transactions WHERE id >= ?").run(first);
  database.query("DELETE FROM blocks WHERE height = ?").run(height);
}

function disconnectMiner(database: Database, { miner_id: id, fees, subsidy }: BlockRow): void {
  const row = database
    .query<{ height: number | null }, [number]>(
      "SELECT max(height) AS height FROM blocks WHERE miner_id = ?",
    )
    .get(id);
  if (row === null || row.height === null) {
    database.query("DELETE FROM mining_pool WHERE id = ?").run(id);
    return;
  }
  database
    .query(
      `UPDATE mining_pool SET blocks = blocks - 1, fees = fees - ?, subsidy = subsidy - ?,
         last_height = ? WHERE id = ?`,
    )
    .run(fees, subsidy, row.height, id);
}
