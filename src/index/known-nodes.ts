/**
 * The log of nodes that this one has met: one row of `nodes` each, as it last was.
 *
 * Follows no chain, as network-stats.ts does not. When to write, and what is known of a node, is
 * decided by the node.
 */

import type { Database } from "bun:sqlite";
import type { NodeRecord } from "./index-messages.ts";

/** Rows kept; those not seen for longest go first. Some 5 MB. */
export const MAX_NODE_ROWS = 10_000;

/** Writes what is known of `records` over what was; what they no longer say of themselves stays. */
export function recordNodes(
  database: Database,
  records: readonly NodeRecord[],
  maxRows = MAX_NODE_ROWS,
): void {
  const put = database.query(
    `INSERT INTO nodes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14)
     ON CONFLICT (node_id) DO UPDATE SET
       name = excluded.name, is_self = excluded.is_self, is_connected = excluded.is_connected,
       host = coalesce(excluded.host, host), port = coalesce(excluded.port, port),
       api_port = excluded.api_port, height = coalesce(excluded.height, height),
       tip = coalesce(excluded.tip, tip), peer_count = coalesce(excluded.peer_count, peer_count),
       hashrate = coalesce(excluded.hashrate, hashrate),
       mempool_count = coalesce(excluded.mempool_count, mempool_count),
       mempool_bytes = coalesce(excluded.mempool_bytes, mempool_bytes),
       last_seen = excluded.last_seen`,
  );
  database.transaction(() => {
    for (const record of records) {
      put.run(
        record.nodeId,
        record.name,
        record.isSelf ? 1 : 0,
        record.isConnected ? 1 : 0,
        record.host,
        record.port,
        record.apiPort,
        record.height,
        record.tip,
        record.peerCount,
        record.hashrate,
        record.mempoolCount,
        record.mempoolBytes,
        record.lastSeen,
      );
    }
    database
      .query(
        `DELETE FROM nodes WHERE node_id IN (
           SELECT node_id FROM nodes ORDER BY is_self DESC, last_seen DESC LIMIT -1 OFFSET ?)`,
      )
      .run(maxRows);
  })();
}

/** Nobody is connected to a node that has just started: what the last run left says otherwise. */
export function disconnectNodes(database: Database): void {
  database.run("UPDATE nodes SET is_connected = 0 WHERE is_connected = 1");
}
